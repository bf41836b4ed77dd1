# places.t - results of other settings: kept beside the new ones and found again wherever they lie; nothing is moved by a command that is
# refused.
. "$ORW_ROOT/tests/tap.sh"
. "$ORW_ROOT/tests/experiments/places.sh"

# ---- there and back again
once out --set weight.tau=1
is "$status" 0 "a run at tau = 1"
first=$(digest out/$one/policy.h5)
made=$(stat -c %y out/$one/policy.h5)
once out --set weight.tau=2
like "$err" "^warning: out/$one was made with other settings: it is now out/$one.replaced-1" "tau = 2: the other one is moved aside"
second=$(digest out/$one/policy.h5)
once out --set weight.tau=1
is "$(digest out/$one/policy.h5) $(stat -c %y out/$one/policy.h5)" "$first $made" "back at tau = 1: what was made before is found, not made again"
like "$err" "^out/$one: made before with these settings, back from out/$one.replaced-1" "and it is said"
is "$(moved out)" "runs/orw-alpha0-seed1.replaced-2" "the other one makes room"
is "$(digest out/$one.replaced-2/policy.h5)" "$second" "and is kept"
once out --set weight.tau=3
is "$(moved out)" "runs/orw-alpha0-seed1.replaced-2 runs/orw-alpha0-seed1.replaced-3" "a third value"
once out --set weight.tau=2
is "$(digest out/$one/policy.h5)" "$second" "any of them is found"
cp -r out/$one.replaced-3 damaged
for file in out/$one.replaced-*/policy.h5; do printf x >> "$file"; done
once out --set weight.tau=7
is "$status" 0 "what lies aside and is damaged is left alone"
before=$(state out)
once out --set weight.tau=7
is "$(state out)" "$before" "the same once more changes nothing"

# ---- refused
stop cut
before=$(state cut)
for setting in evaluate.seed=7 solver.steps=3 finetune.rate=0.001; do
    once cut --set finetune.updates_per_round=15 --set $setting
    [ "$status" -eq 2 ] && [ "$(grep -c 'orw: error: ' tap.err)" -eq 1 ] && grep -q "${setting%=*} = .*, now ${setting#*=}" tap.err
    report $? "other settings on an interrupted run are refused: $setting" || tap_show stderr "$err"
    is "$(state cut)$(moved cut)" "$before" "and nothing was moved or made"
done
once cut --set finetune.updates_per_round=15 --set pretrain.seed=7
is "$status" 2 "so is another base model"
like "$err" "base was made with other settings, and cut/$one, which may have been made from it, is interrupted" "in one line"
is "$(state cut)$(moved cut)" "$before" "and nothing was moved or made"
once cut --set finetune.updates_per_round=15 --set pretrain.seed=7 --set sweep.orw=0.5
is "$status" 0 "a run that is not asked for is in nobody's way"
once cut --set finetune.updates_per_round=15
is "$status" 0 "the interrupted run goes on, on the model that it was made from: $err"
exists cut/$one/policy.h5 "to its end"

# ---- a complete run of these settings, where another one was interrupted since
once both --set finetune.updates_per_round=15
third=$(digest both/$one/policy.h5)
stop both --set weight.tau=2
once both --set finetune.updates_per_round=15
is "$status $(digest both/$one/policy.h5)" "0 $third" "the complete one is found, and the interrupted one makes room"
once both --set finetune.updates_per_round=15 --set weight.tau=2
like "$err" "^both/$one: goes on at round" "which is found, too, and goes on"
is "$status" 0 "to its end"
mkdir both/$one.replaced-9
echo damaged > both/$one.replaced-9/checkpoint.h5
once both --set weight.tau=5
is "$status" 0 "an interrupted one that cannot be read is nobody's"
exists both/$one.replaced-9/checkpoint.h5 "and stays aside"
exists both/$one.replaced-10/policy.h5 "what is moved next has a number of its own"
done_testing
