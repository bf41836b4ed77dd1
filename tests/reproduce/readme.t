# readme.t - README.md's key table is what the program declares.
. "$ORW_ROOT/tests/tap.sh"
[ -x "$BUILD/bin/target_image" ] || skip_all "target_image is not built"

# What a profile takes, by the table that reproduce.sh plans with.
seconds() { # seconds PROFILE CORES: of runs and figures on that many cores
    awk -v profile="$1" -v cores="$2" '$1 ~ /^run\// && $2 == profile { sum += $3 * ($4 > 0 ? $4 : cores) / cores }
        $1 == "figures" && cores > 1 { sum += $3 } END { print sum }' "$ORW_ROOT/scripts/expected-times.tsv"
}
said() { # said PROFILE UNIT: the number before it in the profile's line
    sed -n "/^| \`$1\` |/s/.*[ (]\([0-9.,]*\) $2.*/\1/p" "$ORW_ROOT/README.md" | tr -d ,
}
near() { # near FOUND EXPECTED NAME: to one in twenty
    awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > 0.95 * b && a < 1.05 * b) }'
    report $? "$3: $1 said, $2 by the table"
}
for profile in smoke quick; do near "$(said $profile minutes)" "$(seconds $profile 2 | awk '{ print $1 / 60 }')" "minutes of $profile"; done
for profile in standard paper; do
    near "$(said $profile core-hours)" "$(seconds $profile 1 | awk '{ print $1 / 3600 }')" "core-hours of $profile"
done

# The line that draws, with a gnuplot that has no window.
if command -v gnuplot > /dev/null; then
    printf '# a b c d e\n0 1 0 0 0.2\n0 2 0 0 0.6\n0 3 0 0 0.4\n' > metrics.tsv
    sed -n '/^gnuplot /p' "$ORW_ROOT/README.md" > line.sh
    found=$(unset DISPLAY WAYLAND_DISPLAY && sh line.sh 2>&1)
    like "$found" '\*.*\*' "the page's line of gnuplot draws"
else
    skip "gnuplot is not installed"
fi

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
