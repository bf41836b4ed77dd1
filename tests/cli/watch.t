# watch.t - orw watch shows every run below a folder and the curves of one: while a job writes, finished, damaged, under odd names; in a
# terminal and as PNG. It changes nothing.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
mkdir some
"$BUILD/tests/cli/test_fixture" some || { report 1 "the fixture's files"; done_testing; }
LC_ALL=C.UTF-8 export LC_ALL

state() { find some -printf '%p %i %s %T@\n' | sort | sha256sum; }
before=$(state)
run "$orw" watch some
is "$status $err" "0 " "a folder of runs"
like "$out" "^[0-9]* runs: " "how many there are"
like "$out" " seed1 .*\[" "each by its folder"
like "$out" "^reward\|^distance" "a curve has its name"
has_braille() { printf '%s' "$out" | LC_ALL=C grep -q "$(printf '\342[\240-\243]')"; }
has_braille
report $? "and is drawn in braille"
like "$("$orw" watch some --run seed1)" "update 0 to " "with its range"
run "$orw" watch some --ascii
is "$(printf '%s' "$out" | LC_ALL=C tr -d '\n -~')" "" "or in ASCII"
like "$out" '^ *\*' "with stars"
run env LC_ALL=C "$orw" watch some
is "$(printf '%s' "$out" | LC_ALL=C tr -d '\n -~')" "" "as where the locale is not UTF-8"
run "$orw" watch some --run seed2 --once
like "$out" "^> *seed2 " "the run that is asked for"
is "$(state)" "$before" "nothing is changed"

# Damaged, cut short, of another kind, and names made to deceive.
mkdir -p bad/short bad/flipped bad/other bad/empty "bad/\$(touch executed)'; system \"touch executed\"" "bad/<b>&" "bad/$(printf 'a\033[31m\nb')" bad/away.replaced-1
head -c 1500 some/seed1/run.h5 > bad/short/run.h5
cp some/seed1/run.h5 bad/flipped
printf x | dd of=bad/flipped/run.h5 bs=1 seek=1500 conv=notrunc 2> dd.err
cp some/rewarded.h5 bad/other/run.h5
: > bad/empty/run.h5
for folder in bad/*touch* "bad/<b>&" bad/a*b bad/away.replaced-1; do cp some/seed1/run.h5 "$folder"; done
ln -s .. bad/around
run "$orw" watch bad
is "$status $err" "0 " "folders with damaged files"
for folder in short flipped other empty; do like "$out" " $folder  *not read: ." "$folder: said in its line"; done
like "$out" "^7 runs: .*, some not read" "each is counted once, what was moved aside is not"
is "$(printf '%s' "$out" | LC_ALL=C tr -d '\n -~\200-\377')" "" "no name reaches the terminal with control characters"
is "$(find . -name 'executed*')" "" "none is executed"
like "$out" "^loss " "what can be read is drawn"
run "$orw" watch bad --run flipped
is "$status" 0 "nor is a damaged one a failure when it is asked for"
! has_braille
report $? "it has no curve"

fails "nowhere: no run file below it, expected the folder of a run" "a folder that is not there" "$orw" watch nowhere
mkdir nothing
fails "nothing: no run file below it" "one without runs" "$orw" watch nothing
fails "--run none: no run below some has that in its name" "a run that is not there" "$orw" watch some --run none
fails "orw watch: " "no folder" "$orw" watch
fails "every.*expected an integer from 1" "a pause of nothing" "$orw" watch some --every 0

# As PNG.
if command -v gnuplot > /dev/null; then
    run "$orw" watch some --run seed1 --png curve.png
    is "$status $out$err $(head -c 8 curve.png | tr -dc A-Z)" "0  PNG" "an image"
    run "$orw" watch bad --run touch --png 'a$(touch executed).png'
    is "$status$err $(find . -name executed)" "0 " "of a run and to a file with commands in their names"
    fails "is what is read" "the run file is not written over" "$orw" watch some --run seed1 --png some/seed1/run.h5
    fails "damaged" "a damaged file has no image" "$orw" watch bad --run flipped --png other.png
    mkdir none
    fails "gnuplot: .*expected it to be installed" "without gnuplot" env PATH="$PWD/none" "$orw" watch some --run seed1 --png third.png
    is "$(find . -name 'other.png*' -o -name 'third.png*')" "" "and nothing is left behind"
    is "$(state)" "$before" "nor changed"
else
    skip "gnuplot is not installed"
fi

# In a terminal: one screen over the other, keys, and the terminal as it was.
if command -v script > /dev/null; then
    { sleep 1; printf n; sleep 1; printf q; sleep 5; } | timeout 60 script -qec "stty cols 100 rows 40; $orw watch some --every 1; echo status \$?" log > screen 2>&1
    like "$(tr -d '\r' < screen)" "status 0" "q ends it"
    is "$(grep -o "$(printf '\033')\[?1049[hl]" screen | tr -d '\033\n')" "[?1049h[?1049l" "the screen before comes back"
    [ "$(tr '\033' '\n' < screen | grep -c '^\[H')" -ge 2 ]
    report $? "a screen at the start, one after each second or key"
    is "$(awk 'length > 100 + 400' screen)" "" "no line is much longer than the terminal is wide"
    # In the foreground: what is not may not set the terminal, and is stopped.
    sleep 5 | timeout 60 script -qec "stty cols 80 rows 24; timeout --foreground -s INT 2 $orw watch some --every 1; echo status \$?" log > screen 2>&1
    like "$(tr '\033' '\n' < screen)" '^\[?1049l' "an interrupt leaves the terminal as it was"
else
    skip "script (util-linux) is not installed"
fi

# While a job writes: every look succeeds, and the job ends with the bits that it has undisturbed.
small="--set pretrain.updates=4 --set classifier_a.updates=4 --set classifier_b.updates=4 --set finetune.rounds=12 --set evaluate.every=6
    --set sweep.orw=0 --set sweep.offline= --set sweep.seeds=1"
program="$BUILD/bin/target_image $ORW_ROOT/experiments/target_image/smoke.conf"
# shellcheck disable=SC2086
$program --out quiet $small > quiet.log 2>&1 || { report 1 "a small run"; tail -n 3 quiet.log; done_testing; }
# shellcheck disable=SC2086
$program --out watched $small > watched.log 2>&1 &
job=$!
looks=0 bad=''
while kill -0 $job 2> /dev/null; do
    if [ -n "$(find watched -name run.h5 2> /dev/null | head -n 1)" ]; then
        "$orw" watch watched > look 2>&1 || bad="$bad $(cat look)"
        grep -q 'not read' look && bad="$bad $(grep 'not read' look)"
        looks=$((looks + 1))
    fi
done
wait $job
is "$?$bad" 0 "a job that is watched runs through, and every look at it is a good one"
[ $looks -ge 3 ]
report $? "there were some: $looks"
"$ORW_ROOT/scripts/same-results.sh" quiet watched > same 2>&1
report $? "its results are those of one that nobody watched" || cat same
run "$orw" watch watched
like "$out" "orw-alpha0-seed1.*100 % complete" "a finished run is complete"

done_testing
