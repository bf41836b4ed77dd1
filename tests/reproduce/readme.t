# readme.t - README.md's key table is what the program declares.
. "$ORW_ROOT/tests/tap.sh"
[ -x "$BUILD/bin/target_image" ] || skip_all "target_image is not built"

found=$("$ORW_ROOT/scripts/update-readme.sh" --check 2>&1)
is "$? $found" "0 " "the key table is up to date (else: scripts/update-readme.sh)"
found=$("$ORW_ROOT/scripts/update-readme.sh" --frob 2>&1)
is $? 2 "an unknown argument is refused"
mkdir -p tree/scripts
cp "$ORW_ROOT/scripts/update-readme.sh" tree/scripts
sed '/^<!-- keys -->$/,/^<!-- \/keys -->$/{//!d}' "$ORW_ROOT/README.md" > tree/README.md
tree/scripts/update-readme.sh --check > /dev/null 2>&1
is $? 1 "a table that is not there is out of date"
tree/scripts/update-readme.sh
is $? 0 "it is refreshed"
cmp -s tree/README.md "$ORW_ROOT/README.md"
report $? "and the rest of the page is untouched"

done_testing
