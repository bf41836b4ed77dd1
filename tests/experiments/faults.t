# Faults that are not kills, and signals: a damaged, foreign or unfitting checkpoint, a full disk, one that cannot be written to, a rank
# that dies. Nothing is ever begun afresh in silence, and what was interrupted goes on to the bits of a run that was not.
. "$ORW_ROOT/tests/tap.sh"

program=$BUILD/bin/target_image
config=$ORW_ROOT/experiments/target_image/smoke.conf
launcher=${MPIRUN:-mpirun --oversubscribe --bind-to none}
fit="--stage base --set pretrain.updates=80 --set pretrain.batch=16 --set checkpoint.updates=4"
command -v h5diff > /dev/null || skip_all "h5diff (hdf5-tools) is not installed"

same() {
    different=$("$ORW_ROOT/scripts/same-results.sh" "$1" "$2" | paste -sd ' ' -)
    is "$different" "" "$3"
}
# until FILE: waits for it, or for the program that is to write it to end.
until_there() {
    while [ ! -e "$1" ] && kill -0 "$pid" 2> /dev/null; do sleep 0.01; done
}
# stop OUT SIGNAL: a fit that a signal stops once it has two checkpoints; its exit status in $status.
stop() {
    # shellcheck disable=SC2086
    "$program" "$config" $fit --out "$1" > "$1.log" 2>&1 &
    pid=$!
    until_there "$1/target_image/base/checkpoint.previous.h5"
    kill -"$2" $pid
    status=0
    wait $pid || status=$?
}
# go_on OUT [OPTION...]
go_on() {
    place=$1
    shift
    # shellcheck disable=SC2086
    run "$program" "$config" $fit --out "$place" "$@"
}
damage() {
    perl -e 'open(my $f, "+<", $ARGV[0]) or die; seek($f, (-s $f) / 2, 0); read($f, my $b, 1); seek($f, -1, 1); print $f $b ^ "\1"' "$1"
}
# refused PATTERN NAME: what `run` ran ended with status 2 and one error, and nothing in $place has changed.
refused() {
    [ "$status" -eq 2 ] && [ "$(grep -c 'orw: error: ' tap.err)" -eq 1 ] && grep -q "orw: error: .*$1" tap.err &&
        [ "$(state "$place")" = "$before" ]
    report $? "$2" || tap_show status "$status" stderr "$err" expected "$1"
}
state() { find "$1" -type f ! -name .lock -exec sha256sum {} + | sort; }

go_on whole
is "$status" 0 "a fit that nothing happens to"

# ---- signals
for signal in USR1 TERM; do
    stop stopped$signal $signal
    is "$status" 75 "SIG$signal: exit status 75"
    like "$(cat stopped$signal.log)" "stopped by a signal after update" "it says where"
    exists stopped$signal/target_image/base/checkpoint.h5 "and leaves a checkpoint"
done
[ -z "$(find stoppedUSR1 stoppedTERM -name '*.partial' -o -name model.h5)" ]
report $? "and nothing half-written"
if command -v mpirun > /dev/null; then
    # shellcheck disable=SC2086
    $launcher -n 2 "$program" "$config" $fit --out stoppedTERM > ranks.log 2>&1
    is $? 0 "it goes on, on two ranks"
    same whole stoppedTERM "to the bits of one that was never stopped"
else
    skip "mpirun is not installed"
    skip "mpirun is not installed"
fi
# shellcheck disable=SC2086
"$program" "$config" $fit --set pretrain.batch=4096 --set parallel.shards=32 --out slow > slow.log 2>&1 &
pid=$!
until_there slow/target_image/base/run.h5
sleep 0.3
kill -TERM $pid
sleep 0.5
kill -TERM $pid
status=0
wait $pid || status=$?
is "$status" 143 "a second SIGTERM ends it in the middle of an update"

# ---- damage
for name in newest both foreign size; do cp -r stoppedUSR1 $name; done
damage newest/target_image/base/checkpoint.h5
go_on newest
is "$status" 0 "with a byte of the newest checkpoint flipped it goes on"
like "$err" "^warning: .*checkpoint.h5: damaged.*going on from the checkpoint before" "from the one before, with a warning"
same whole newest "to the same bits"
damage both/target_image/base/checkpoint.h5
damage both/target_image/base/checkpoint.previous.h5
before=$(state both)
go_on both
refused "checkpoint.h5: damaged.*checkpoint.previous.h5: damaged.*remove .*base to have it made again" "with both damaged it refuses to start"
cp whole/target_image/base/model.h5 foreign/target_image/base/checkpoint.h5
before=$(state foreign)
go_on foreign
refused "checkpoint.h5.*model" "another kind of file in the checkpoint's place"
echo "not a checkpoint" > foreign/target_image/base/checkpoint.h5
echo "nor this" > foreign/target_image/base/checkpoint.previous.h5
before=$(state foreign)
go_on foreign
refused "checkpoint.h5: is not an HDF5 file written by orw" "files that are no HDF5"
before=$(state size)
go_on size --set model.channels=12
refused "model.channels = 8, now 12" "other settings"
go_on size --set model.channels=12 --allow-change
refused "'values' has .* floats, expected" "a checkpoint of another model size, even where settings may change"
go_on size --set pretrain.rate=2e-3 --allow-change
is "$status" 0 "--allow-change goes on with other settings"
"$BUILD/bin/orw" info size/target_image/base/model.h5 2>&1 | grep changes > info.txt
like "$(cat info.txt)" "pretrain.rate = 0.001, now 0.002" "and the result says so"

# ---- disks
small=$PWD/small
mkdir small
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=2500k tmpfs "$small" 2> /dev/null; then
    trap 'umount -l "$small"' EXIT
    stop small/out USR1
    is "$status" 75 "a fit on a small disk is stopped"
    head -c 10m /dev/zero > small/fill 2> /dev/null
    cp -r small/out/target_image/base saved
    go_on small/out
    [ "$status" -eq 2 ] && [ "$(grep -c 'orw: error: .*small/out.*[Nn]o space left on device' tap.err)" -eq 1 ]
    report $? "it cannot go on when the disk is full, and says so" || tap_show stderr "$err"
    [ "$(cd saved && sha256sum checkpoint*)" = "$(cd small/out/target_image/base && sha256sum checkpoint*)" ]
    report $? "its checkpoints are as they were"
    rm small/fill
    mount -o remount,ro "$small"
    place=small
    before=$(state small)
    go_on small/out
    place=small
    refused "Read-only file system" "a disk that cannot be written to"
    mount -o remount,rw "$small"
    go_on small/out
    is "$status" 0 "with room again it goes on"
    same whole/target_image small/out/target_image "to the same bits"
    for room in 400k 720k; do # what is written when it is full: a checkpoint; a run file, which HDF5 then cannot close
        umount "$small"
        mount -t tmpfs -o size=$room tmpfs "$small"
        run "$program" "$config" --out small/out
        [ "$status" -eq 2 ] && [ "$(grep -c 'orw: error: ' tap.err)" -eq 1 ] && ! grep -qi signal tap.err
        report $? "a disk that is full after $room: one line, status 2" || tap_show status "$status" stderr "$err"
    done
else
    for i in 1 2 3 4 5 6 7 8; do skip "a small disk can only be mounted by root (check $i)"; done
fi

# ---- a finished result that is damaged
cp -r whole finished
truncate -s 1000 finished/target_image/base/model.h5
before=$(state finished)
go_on finished
refused "base/model.h5: damaged.*remove .*base to have it made again" "a damaged result is not made again in silence"

cp whole/target_image/base/model.h5 finished/target_image/base/model.h5
damage finished/target_image/base/run.h5
before=$(state finished)
go_on finished
refused "base/run.h5: damaged.*remove .*base to have it made again" "nor are tables, which figures are made from"

# ---- a rank dies
if command -v mpirun > /dev/null; then
    # shellcheck disable=SC2086
    timeout 60 $launcher -n 3 "$program" "$config" $fit --out dying > dying.log 2>&1 &
    pid=$!
    until_there dying/target_image/base/checkpoint.h5
    victim=$(pgrep -f -- "$program $config .*--out dying" | while read -r rank; do
        [ "$(cat "/proc/$rank/comm" 2> /dev/null)" = target_image ] && echo "$rank"; done | tail -n 1)
    kill -KILL "$victim"
    tries=0
    while kill -0 $pid 2> /dev/null && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    ! kill -0 $pid 2> /dev/null
    report $? "the death of a rank ends the job"
    wait $pid
    like "$(cat dying.log)" "rank [0-9].*signal 9" "and it is said which one it was"
else
    skip "mpirun is not installed"
    skip "mpirun is not installed"
fi
done_testing
