# launcher.t - a launcher that belongs to another MPI than the program does: each process believes that it is alone.
. "$ORW_ROOT/tests/tap.sh"

program=$BUILD/bin/target_image
config=$ORW_ROOT/experiments/target_image/smoke.conf
for name in OMPI_COMM_WORLD_SIZE PMI_SIZE MV2_COMM_WORLD_SIZE SLURM_STEP_NUM_TASKS; do unset $name; done
tiny="--stage base --set pretrain.updates=1 --set pretrain.batch=8"

for name in OMPI_COMM_WORLD_SIZE PMI_SIZE MV2_COMM_WORLD_SIZE SLURM_STEP_NUM_TASKS; do
    # shellcheck disable=SC2086
    fails "orw: error: $name = 3: found 1 process" "$name above one" env $name=3 "$program" "$config" $tiny --out none
done
[ ! -e none ]
report $? "nothing was begun"
fails "PMI_SIZE = 2: found 1 process" "every program asks" env PMI_SIZE=2 "$BUILD/bin/orw" bench
# shellcheck disable=SC2086
run env SLURM_STEP_NUM_TASKS=2 OMPI_COMM_WORLD_SIZE=1 "$program" "$config" $tiny --out some
is "$status" 0 "one process of a launcher that another one has started is one: $err"
# shellcheck disable=SC2086
run env PMI_SIZE=1 "$program" "$config" $tiny --out some
is "$status" 0 "so is one that was started alone"
# shellcheck disable=SC2086
run env SLURM_NTASKS=4 "$program" "$config" $tiny --out some
is "$status" 0 "and one in a batch job's own script"

# Two processes side by side: none works.
for rank in 0 1; do
    # shellcheck disable=SC2086
    PMI_SIZE=2 PMI_RANK=$rank "$program" "$config" $tiny --out both > $rank.log 2>&1 &
    eval "process$rank=$!"
done
# shellcheck disable=SC2154
wait "$process0"
first=$?
# shellcheck disable=SC2154
wait "$process1"
is "$first $?" "2 2" "of two neither works"
[ ! -e both ]
report $? "or writes anything"
if command -v mpirun > /dev/null; then
    # shellcheck disable=SC2086
    mpirun --oversubscribe -n 2 "$program" "$config" $tiny --out ours > ours.log 2>&1
    is $? 0 "the launcher of the program's own MPI is as ever"
else
    skip "mpirun is not installed"
fi
done_testing
