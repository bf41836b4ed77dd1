# hostile.t - sealed files whose inside sends HDF5 1.10 to memory that is not there (addresses of dense links and attributes beyond the
# file): one line, status 2.
. "$ORW_ROOT/tests/tap.sh"

for file in "$ORW_ROOT"/tests/cli/hostile/*.h5; do
    name=$(basename "$file")
    fails "$name: .*HDF5 cannot read it\|$name: cannot be read" "orw info $name" "$BUILD/bin/orw" info "$file"
    fails "$name: " "orw export $name" "$BUILD/bin/orw" export --provenance "$file"
done
done_testing
