# scaling.t - the tables in src/parallel/SCALING.md are those that its model prints, and the model's limits are right.
. "$ORW_ROOT/tests/tap.sh"
model=$ORW_ROOT/src/parallel/scaling.awk
page=$ORW_ROOT/src/parallel/SCALING.md

run awk -f "$model" /dev/null
is "$status:$err" "0:" "the model runs"
printed=$(printf '%s\n' "$out" | grep '^| [0-9]')
is "$(grep '^| [0-9]' "$page")" "$printed" "the page has its rows"
is "$(printf '%s\n' "$printed" | grep -c '| 1024 | 1024 |')" 4 "up to 1,024 ranks"
# Nothing but the passes: they are shared out completely.
is "$(awk -v network_rate=1e30 -v memory_rate=1e30 -v memory_latency=0 -v network_latency=0 -v disk_rate=1e30 -v steps=100000 -f "$model" /dev/null |
    grep '^| [0-9]' | sed -n '1,4p;17,20p' | cut -d '|' -f 10 | sort -u)" " 100 % " "without communication, efficiency is 1"
# A network that is a hundred times slower is felt from the second node on.
slow() { awk -v network_rate=125e6 -f "$model" /dev/null | grep "^| $1 | $2 |" | head -n 1; }
is "$(slow 16 64)" "$(printf '%s\n' "$printed" | grep '^| 16 | 64 |' | head -n 1)" "one node knows nothing of the network"
[ "$(slow 64 64)" != "$(printf '%s\n' "$printed" | grep '^| 64 | 64 |' | head -n 1)" ]
report $? "two do"
done_testing
