# other_code.t - results that were made by other code, or on another machine, than is at work now: told, and refused by --strict.
. "$ORW_ROOT/tests/tap.sh"
. "$ORW_ROOT/tests/experiments/places.sh"

# ---- another instruction set
isa=$("$BUILD/bin/orw" info 2> /dev/null | sed -n "s/^  isa *//p")
if [ "$isa" != portable ]; then
    stop elsewhere
    once_portable() { ORW_KERNEL=portable once "$@"; }
    once_portable elsewhere --set finetune.updates_per_round=15
    "$BUILD/bin/orw" export --provenance elsewhere/$one/policy.h5 > about
    like "$(cat about)" "^changes.at round [1-5]: isa = $isa, now portable" "a run that went on elsewhere names both instruction sets"
else
    skip "there is one instruction set only"
fi

# ---- other code
make=$(command -v make) || skip_all "make is not installed"
mkdir tree
(cd "$ORW_ROOT" && tar -cf - Makefile include src experiments scripts) | tar -xf - -C tree
flags=$(sed -n "s/.*-Wvla *//; s/ *$//p" "$BUILD/flags")
if ! grep -q -e ' -Ibuild/include ' "$BUILD/flags" || grep -q -e -fsanitize "$BUILD/flags"; then
    skip "the build has other flags or another folder than the default: all of it would have to be made again"
    done_testing
fi
mkdir -p tree/build/bin
cp -a "$BUILD/obj" "$BUILD/flags" "$BUILD/include" "$BUILD/liborw.a" tree/build/
find tree -name '*.[ch]' -exec touch -d '2020-01-01' {} +
echo '/* another reward */' >> tree/src/reward/even_digit.c
"$make" -C tree BUILD=build CFLAGS_EXTRA="$flags" build/bin/target_image > make.log 2>&1
is $? 0 "the reward's code is changed"
like "$(cat make.log)" "even_digit.c" "and what depends on it is built again"
[ "$(grep -c '^cc ' make.log)" -lt 10 ]
report $? "and no more" || tap_show log "$(head -n 20 make.log)"
once out --set weight.tau=7
before=$(state out)
ours=$program
program=tree/build/bin/target_image
once out --set weight.tau=7
is "$status" 0 "results by other code are kept"
is "$(state out)" "$before" "as they are"
is "$(printf '%s\n' "$err" | grep -c 'by other code (sources')" 1 "it is said, once"
like "$err" "^warning: out/target_image/base was made by other code (sources [0-9a-f]*, this program's are [0-9a-f]*) and is kept" "of the first"
like "$err" "^warning: out/target_image: 5 of the results there were made by other code" "and how many they are"
once out --set weight.tau=7 --strict
is "$status" 2 "--strict refuses"
is "$(printf '%s\n' "$err" | grep -c .)" 1 "in one line"
like "$err" "orw: error: out/target_image/base was made by other code" "which says what"
is "$(state out)" "$before" "and nothing is made"
once out --set weight.tau=8
"$BUILD/bin/orw" export --provenance out/$one/run.h5 > about
like "$(cat about)" "^sources.base" "what is made from such a model says so"
like "$(cat about)" "^sources.classifier_a" "of each"
program=$ours
once out --set weight.tau=7 --stage rewards --strict
is "$status" 0 "--strict has nothing against what the same code has made: $err"
stop went
program=tree/build/bin/target_image
once went --set finetune.updates_per_round=15 --strict
is "$status" 2 "--strict: not gone on with, either"
once went --set finetune.updates_per_round=15
is "$status" 0 "else it goes on"
"$BUILD/bin/orw" export --provenance went/$one/policy.h5 > about
like "$(cat about)" "^changes.at round [1-5]: sources = [0-9a-f]*, now [0-9a-f]*" "and the result says by which code from where on"
done_testing
