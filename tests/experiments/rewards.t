# rewards.t - rewards that users bring, in a whole driver: the same bits on 1, 2 and 3 ranks, columns of parts, runs that are made again
# when a script changes, a command that dies and a run that goes on; and what is refused before any work.
. "$ORW_ROOT/tests/tap.sh"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
program=$BUILD/bin/target_image
config=$ORW_ROOT/experiments/target_image/smoke.conf
orw=$BUILD/bin/orw
tab=$(printf '\t')
command -v h5diff > /dev/null || skip_all "h5diff is not installed"
cp "$ORW_ROOT/tests/reward/child.pl" child.pl
chmod +x child.pl
launch=
train() { # train OUT [OPTION...]: one small run
    out_of=$1
    shift
    # shellcheck disable=SC2086
    run $launch "$program" "$config" --out "$out_of" --set sweep.orw=0 --set sweep.offline= --set sweep.control= --set sweep.seeds=1 \
        --set pretrain.updates=20 --set classifier_a.updates=20 --set classifier_b.updates=20 --set finetune.rounds=4 --set evaluate.every=2 \
        --set samples.every=2 --set evaluate.count=16 --set quality.images=100 --set checkpoint.rounds=1000 "$@"
}
file=target_image/runs/orw-alpha0-seed1/run.h5
column() { # column OUT TABLE COLUMN: its numbers
    "$orw" export "$1/$file" "$2" | awk -F "$tab" -v name="$3" 'NR == 1 { sub(/^# /, ""); for (i = 1; i <= NF; i++) if ($i == name) c = i; next } c { print $c }'
}

sum='0.5*even_digit + 0.25*command:./child.pl'
train one --set "reward=$sum" --set evaluate.rewards='brightness, jpeg_size'
is "$status" 0 "a sum of the suite's reward and a command: $err"
for ranks in 2 3; do
    launch="${MPIRUN:-mpirun --oversubscribe --bind-to none} -n $ranks"
    train ranks$ranks --set "reward=$sum" --set evaluate.rewards='brightness, jpeg_size'
    is "$status" 0 "on $ranks ranks: $(printf '%s' "$err" | tail -n 1)"
    same=$("$ORW_ROOT/scripts/same-results.sh" one ranks$ranks)
    is "$?$same" 0 "the same bits"
done
launch=

is "$(column one metrics part_child | wc -l)" 4 "each part has a column in the metrics"
for table in metrics evaluation; do
    column one $table reward_mean > reward
    column one $table part_even_digit > even
    column one $table part_child > child
    paste reward even child | awk '{ d = $1 - 0.5 * $2 - 0.25 * $3; if (d > 1e-6 || d < -1e-6) exit 1; n++ } END { exit !n }'
    report $? "$table: the reward is the weighted sum of its parts"
done
column one evaluation part_child > child
column one evaluation watched_brightness > bright
paste child bright | awk '{ d = $1 - $2; if (d > 1e-6 || d < -1e-6) exit 1; n++ } END { exit n != 3 }'
report $? "what is only evaluated has its columns there: the command's number is the suite's brightness"
is "$(column one metrics watched_brightness)" "" "and none in the metrics"
is "$(column one evaluation watched_jpeg_size_sd | wc -l) $(column one evaluation suspect | sort -u)" "3 0" "its standard deviation, too; nothing is suspect"
like "$(h5dump -n "one/target_image/runs/orw-alpha0-seed1/samples/round-000002.h5")" "part_child" "samples are stored with the score of each part"
like "$(h5dump -n "one/target_image/runs/orw-alpha0-seed1/samples/final.h5")" "watched_jpeg_size" "those of the evaluation with the others'"

# ---- what a run depends on
again() { train one --set "reward=$sum" --set evaluate.rewards='brightness, jpeg_size' --complete; }
again
is "$status" 0 "all is complete: $out"
echo '# a comment' >> child.pl
again
is "$status" 3 "a script that has changed makes another run"
cp "$ORW_ROOT/tests/reward/child.pl" child.pl
again
is "$status" 0 "the old one is complete again"
echo 1 > weights
train one --set "reward=$sum" --set evaluate.rewards='brightness, jpeg_size' --set reward.files=weights --complete
is "$status" 3 "so does a file that it is said to read"
unlike "$err" "command:" "--complete starts no command"

# ---- a command that dies, and a run that goes on
cat > moody.pl << 'END'
#!/usr/bin/env perl
# Scores as child.pl, but dies at the request that the file `moods` counts down to.
use strict;
my $left = -1;
if (open my $in, '<', 'moods') { $left = <$in> }
open my $out, '|-', './child.pl' or die;
binmode $_ for *STDIN, $out;
while (read(STDIN, my $head, 40) == 40) {
    my (undef, undef, undef, $count, $h, $w, $c, undef, undef, $letters) = unpack 'a4 V6 f<2 V', $head;
    my $rest = 8 * $count + $letters + 4 * $count * $h * $w * $c;
    my $body = '';
    while (length $body < $rest) { read(STDIN, $body, $rest - length $body, length $body) or last }
    if ($count > 1 && $left-- == 0) { unlink 'moods'; die "out of memory\n" }
    syswrite $out, $head . $body;
}
END
chmod +x moody.pl
train whole --set reward=command:./moody.pl
is "$status" 0 "a command by way of another program: $(printf '%s' "$err" | tail -n 1)"
shards=$(sed -n '/^\[parallel\]/,/^\[/s/^shards *= *//p' "$config")
shards=${shards:-8}
echo $((4 * shards)) > moods # the base model's evaluation takes as many requests as there are shards, a round likewise, an evaluation after two
train cut --set reward=command:./moody.pl
is "$status" 2 "it dies in the middle of a round"
like "$(tail -n 1 tap.err)" "error: command:./moody.pl: it ended with status [0-9]* after 0 of [0-9]* answers; its last line: 'out of memory'" "which is told"
exists "cut/target_image/runs/orw-alpha0-seed1/checkpoint.h5" "with a checkpoint, though checkpoints were not due"
rounds=$(column cut metrics round | wc -l)
train cut --set reward=command:./moody.pl
is "$status" 0 "the same command goes on: $(printf '%s' "$err" | tail -n 1)"
[ "$rounds" -ge 1 ]
report $? "behind the $rounds rounds that were made"
same=$("$ORW_ROOT/scripts/same-results.sh" whole cut)
is "$?$same" 0 "and ends as if nothing had happened"

# ---- refused before any work
refuse() { # refuse REWARD PATTERN NAME [OPTION...]
    reward=$1 pattern=$2 name=$3
    shift 3
    fails "$pattern" "$name" "$program" "$config" --out bad --set "reward=$reward" "$@"
}
refuse evendigit "^orw: error: reward: unknown reward 'evendigit', the nearest one is 'even_digit'; expected one of even_digit, .*brightness, .*command:CMD, plugin:FILE.so" "an unknown reward"
refuse "even_digit + 0.3*detection" "reward: detection needs captions, and there are none here" "one that needs captions"
refuse "command:./nowhere" "reward: command:./nowhere: './nowhere': No such file or directory" "a command that is not there"
refuse "plugin:./nowhere.so" "reward: ./nowhere.so: No such file" "a plugin that is not there"
refuse "even_digit" "evaluate.rewards: unknown reward 'jpg'" "an unknown one to watch" --set evaluate.rewards=jpg
refuse "even_digit" "reward.quality: found 50, but no reward is jpeg_size; expected one that reads it, or nothing" "a key of a reward that nobody asks for" --set reward.quality=50
[ "$(find bad -type f ! -name .lock 2> /dev/null | wc -l)" -eq 0 ]
report $? "and nothing is written"
run "$program" "$config" --out bad --stage rewards --set "reward=command:./child.pl die1"
is "$status" 2 "a command that would fail after hours"
like "$(tail -n 1 tap.err)" "^orw: error: reward: command:./child.pl die1: it ended with status .*'on purpose'$" "is tried at once"
[ ! -d bad/target_image/base ]
report $? "before any work"
done_testing
