# readme.t - README.md and the pages that it leads to: times, commands, links; docs/keys.md is what the programs declare.
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

# A page and a half, and every link of it and of the pages of docs/ leads somewhere.
is "$(awk 'length > 240' "$ORW_ROOT/README.md" | wc -l | tr -d ' ') $([ "$(wc -l < "$ORW_ROOT/README.md")" -le 130 ] && echo short)" "0 short" \
    "README.md is short enough to be read to its end"
missing=
for page in $(cd "$ORW_ROOT" && ls README.md CONTRIBUTING.md ARTIFACT.md docs/*.md analysis/README.md 2> /dev/null); do
    for link in $(grep -o '](\([^)#: ]*\)[^) ]*)' "$ORW_ROOT/$page" | grep -v '](http' | sed 's/^](//; s/[#)].*//'); do
        [ -e "$ORW_ROOT/$(dirname "$page")/$link" ] || missing="$missing $page:$link"
    done
done
is "$missing" "" "no link leads nowhere"
is "$(grep -o '`[a-z_/]*/[a-z_/]*\.[a-z]*`' "$ORW_ROOT/CONTRIBUTING.md" | tr -d '`' | while read -r file; do
    [ -f "$ORW_ROOT/$file" ] || echo "$file"
done)" "" "the files that CONTRIBUTING.md names are there"

found=$("$ORW_ROOT/scripts/update-readme.sh" --check 2>&1)
is "$? $found" "0 " "the page of keys is up to date (else: scripts/update-readme.sh)"
found=$("$ORW_ROOT/scripts/update-readme.sh" --frob 2>&1)
is $? 2 "an unknown argument is refused"
mkdir -p tree/scripts tree/docs
cp "$ORW_ROOT/scripts/update-readme.sh" tree/scripts
cp -r "$ORW_ROOT/experiments" tree
sed '$d' "$ORW_ROOT/docs/keys.md" > tree/docs/keys.md
tree/scripts/update-readme.sh --check > /dev/null 2>&1
is $? 1 "a page that lacks a key is out of date"
tree/scripts/update-readme.sh
is $? 0 "it is written"
cmp -s tree/docs/keys.md "$ORW_ROOT/docs/keys.md"
report $? "and is the one that comes with the source"
for experiment in "$ORW_ROOT"/experiments/*/main.c; do
    name=$(basename "$(dirname "$experiment")")
    like "$(cat tree/docs/keys.md)" "^## $name" "$name has its part of it"
done

done_testing
