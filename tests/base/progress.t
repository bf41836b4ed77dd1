# progress.t - a line of progress is rewritten on a terminal, also by ranks behind a launcher; in a log there is one a minute.
. "$ORW_ROOT/tests/tap.sh"
script -qec true /dev/null > /dev/null 2>&1 || skip_all "no script of util-linux, which makes a terminal"
tiny='--set pretrain.updates=60 --set pretrain.batch=8 --set parallel.shards=2 --set checkpoint.updates=1000000 --stage base'
command="$BUILD/bin/target_image $ORW_ROOT/experiments/target_image/smoke.conf $tiny"
escape=$(printf '\033')
rewritten() { grep -o "$escape\[Kbase: update [0-9]*/60" "$1" | sort -u | wc -l | tr -d ' '; }
lines() { grep -c 'base: update' "$1"; } # what is rewritten ends no line

$command --out log 2> log.txt
is "$(rewritten log.txt):$(lines log.txt)" "0:1" "in a log: one line at the end, none more in a minute"
$command --out verbose --verbose 2> verbose.txt
is "$(rewritten verbose.txt)" 0 "nor is anything rewritten with --verbose"
$command --out quiet --quiet > quiet.txt 2>&1
is "$(cat quiet.txt)" "" "--quiet: not a word"
script -qec "$command --out terminal" /dev/null > terminal.txt
[ "$(rewritten terminal.txt)" -gt 2 ]
report $? "on a terminal: rewritten"
is "$(lines terminal.txt)" 1 "and left as one line"
if command -v mpirun > /dev/null; then
    script -qec "ORW_TERMINAL=\$(tty) mpirun --oversubscribe --bind-to none -n 2 $command --out ranks" /dev/null > ranks.txt
    [ "$(rewritten ranks.txt)" -gt 2 ]
    report $? "by ranks behind a launcher as well"
    is "$(lines ranks.txt)" 1 "and left as one line"
else
    skip "mpirun is not installed"
fi
ORW_TERMINAL=$PWD/file $command --out no 2> no.txt
is "$(rewritten no.txt):$(lines no.txt)" "0:1" "what is no terminal is not written to"
[ ! -e file ]
report $? "nor made"

done_testing
