# setup.t - what `reproduce.sh setup` does where something is missing: with apt it installs that and nothing else, without it lists it.
. "$ORW_ROOT/tests/tap.sh"

mkdir bin
# Only these commands exist for reproduce.sh: what it needs itself, and all that it looks for except h5dump.
for command in bash sh env sed awk cut paste sort dirname basename date find grep head tail id sleep cat rm ln touch mkdir tr readlink realpath nproc make cc gcc \
    pkg-config mpicc mpirun gnuplot perl prove; do
    path=$(command -v $command) || continue
    ln -s "$path" bin/$command
done
setup() { PATH=$PWD/bin bash "$ORW_ROOT/reproduce.sh" setup < /dev/null 2>&1; }

for command in make cc pkg-config mpicc mpirun gnuplot perl prove; do
    [ -e bin/$command ] || skip_all "$command is not installed"
done
ln -s /bin/true bin/h5dump
found=$(setup)
is $? 0 "with everything there setup succeeds" 
like "$found" "everything needed is there" "and says so"
like "$found" "^== setup: up to date" "and has done nothing"

# HDF5 of a module that comes without a .pc file
h5pcc=$(command -v h5pcc)
rm bin/pkg-config
printf '#!/bin/sh\ncase "$*" in *hdf5*) exit 1 ;; esac\nexec %s "$@"\n' "$(command -v pkg-config)" > bin/pkg-config
chmod +x bin/pkg-config
like "$(setup)" "missing: parallel-HDF5;" "HDF5 that pkg-config does not know and h5pcc neither is missing"
if [ -n "$h5pcc" ]; then
    ln -s "$h5pcc" bin/h5pcc
    like "$(setup)" "everything needed is there" "what h5pcc knows is there"
    hdf5() { PKG=$PWD/bin/pkg-config "$ORW_ROOT/scripts/hdf5.sh" "$1"; }
    printf '#include <hdf5.h>\nint main(void) { return H5open() < 0 || H5Pset_fapl_mpio(0, MPI_COMM_NULL, MPI_INFO_NULL) > 0; }\n' > uses.c
    # shellcheck disable=SC2046
    mpicc $(hdf5 --cflags) -o uses uses.c $(hdf5 --libs) && ./uses 2> /dev/null
    is $? 0 "by its flags a program is compiled, linked and runs"
    printf '#!/bin/sh\necho %s -I/usr/include/serial -lhdf5\n' "$(command -v cc)" > serial
    rm bin/h5pcc
    cp serial bin/h5pcc
    chmod +x bin/h5pcc
    like "$(setup)" "missing: parallel-HDF5;" "an h5pcc that is not one of a parallel HDF5 is none"
    rm bin/h5pcc
else
    skip "h5pcc is not installed"
fi
rm bin/h5dump bin/pkg-config
ln -s "$(command -v pkg-config)" bin/pkg-config

found=$(setup)
is $? 2 "without apt-get a missing program stops with status 2"
like "$found" "^reproduce.sh: missing: h5dump; expected them installed or loaded" "and is listed"
rm bin/mpicc
like "$(setup)" "^reproduce.sh: missing: mpicc h5dump;" "so are two"
ln -s "$(command -v mpicc)" bin/mpicc

cat > bin/apt-get <<END
#!/bin/sh
echo "\$*" >> "$PWD/calls"
case "\$*" in
    *update*) [ -e "$PWD/hiccup" ] || { touch "$PWD/hiccup"; exit 100; } ;;
    *install*) [ -e "$PWD/useless" ] || ln -s /bin/true "$PWD/bin/h5dump" ;;
esac
END
chmod +x bin/apt-get
if [ "$(id -u)" = 0 ]; then
    found=$(setup)
    is $? 0 "as root apt-get installs what is missing, without a terminal too"
    is "$(grep -c update calls)" 2 "a failed update is tried once more"
    is "$(grep install calls)" "-q install -y --no-install-recommends hdf5-tools" "only the missing package is installed"
    rm bin/h5dump
    touch useless
    found=$(setup)
    is $? 2 "an installation that does not help stops with status 2"
    like "$found" "still missing after installation: h5dump" "and says what is missing"
else
    found=$(setup)
    is $? 2 "without root or sudo setup stops with status 2"
    like "$found" "apt-get install hdf5-tools" "and says what root would have to do"
fi

done_testing
