# command.t - command:CMD: the protocol as a stranger's program sees it, and every way such a program goes wrong: one line, status 2,
# and nobody waits for ever. The programs are in Perl, which the project needs anyway.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
tab=$(printf '\t')
cp "$ORW_ROOT/tests/reward/child.pl" child.pl
chmod +x child.pl
score() { # score COMMAND [OPTION...]
    command=$1
    shift
    run "$orw" score --reward "command:$command" --dataset mnist:test --count 100 "$@"
}

run "$orw" score --reward brightness --dataset mnist:test --count 100
cp tap.out expected
score ./child.pl
is "$status" 0 "a command scores 100 images, in two requests: $err"
paste expected tap.out | awk 'NR > 1 { d = $2 - $4; if (d < 0) d = -d; if (d > m) m = d } END { exit !(NR == 101 && m < 1e-6) }'
report $? "as the suite's own reward does"
score ./child.pl --first 7
cp tap.out alone
run "$orw" score --reward "command:perl 'child.pl' \"good\"" --dataset mnist:test --count 100 --first 7
cmp tap.out alone
report $? "a program of \$PATH, quoted words"
score './child.pl tell'
like "$err" "^command:./child.pl tell: version 1 header 40 28 x 28 x 1 from -1 to 1 index 0 to 63 captions $" "the header: shape, range, numbers"
like "$err" "index 64 to 99" "of the second request, too"
run "$orw" score --reward 'command:./child.pl tell' --dataset sprites:1:3
like "$err" "32 x 32 x 3 .* captions an image of a .*|an image of a .*|an image of a " "captions arrive, one for each image"
score './child.pl flood'
is "$status" 0 "half a megabyte on standard error blocks nobody"
is "$(grep -c '^command:./child.pl flood: x*$' tap.err)" 15000 "and all of it is passed on"
score './child.pl slow'
is "$status" 0 "an answer that comes byte by byte is an answer: $err"
run "$orw" score --reward "0.5*command:./child.pl + 2*brightness" --dataset mnist:test --count 2
is "$(head -n 1 tap.out)" "# index${tab}reward${tab}part_child${tab}part_brightness" "parts of a sum have columns, a command's is named after its file"
awk 'NR > 1 { d = $2 - 0.5 * $3 - 2 * $4; if (d > 1e-6 || d < -1e-6) exit 1 }' tap.out
report $? "and are added up"

# A literal argument is no shell's.
touch child.txt
score './child.pl good; touch executed'
score './child.pl $(touch executed) `touch executed` > executed *'
[ ! -e executed ]
report $? "no shell sees the words"

gone() { # gone MODE PATTERN NAME [OPTION...]: refused in one line behind what the command said itself
    mode=$1 pattern=$2 name=$3
    shift 3
    score "./child.pl $mode" "$@"
    [ "$status" -eq 2 ] && [ "$(grep -c '^orw: error: ' tap.err)" -eq 1 ] && tail -n 1 tap.err | grep -q -e "$pattern"
    report $? "$name" || tap_show status "$status" stderr "$err" expected "$pattern"
}
gone die "ended with status [1-9][0-9]* after 0 of 64 answers; its last line: 'on purpose'" "a command that dies: its last line"
like "$err" "^command:./child.pl die: what is wrong$" "all of its lines stand before"
gone exit "ended with status 3 after 0 of 64 answers" "one that ends"
gone kill "ended by signal 9" "one that is killed"
gone short "ended with status 0 after 63 of 64 answers" "one that answers too little"
gone few "its answer is of 63 numbers, expected 64" "one that answers for too few images"
gone many "its answer is of 65 numbers, expected 64" "for too many"
gone more "wrote more than the answers" "one that says more than it was asked"
gone print "its answer is of [0-9]* numbers, expected 64 (what it prints for people belongs on its standard error)" "one that prints on its standard output"
gone hello "its answer is of [0-9]* numbers, expected 1 " "from the beginning"
gone once "ended with status 0 after 0 of 36 answers" "one that answers only once"
gone deaf "has not answered within reward.timeout, 1 s" "one that closes its standard input" --set reward.timeout=1
before=$(date +%s)
gone hang "has not answered within reward.timeout, 0.5 s, having taken [0-9]* of [0-9]* bytes; its last line: 'thinking'" "one that hangs" --set reward.timeout=0.5
[ $(($(date +%s) - before)) -lt 20 ]
report $? "is not waited for"
gone die1 "ended with status" "one that dies at once is found by the try of one image"

like "$(ps -eo args)" "ps -eo args" "processes can be listed"
unlike "$(ps -eo args)" "[c]hild.pl hang" "and is ended"

refuse() { # refuse REWARD PATTERN NAME
    fails "$2" "$3" "$orw" score --reward "$1" --dataset mnist:test --count 2
}
printf 'no program\n' > text
refuse "command:./text" "command:./text: './text': Permission denied; expected an executable program (chmod +x)" "a file that is not executable"
refuse "command:./nowhere.py" "'./nowhere.py': No such file or directory; expected an executable program" "a file that is not there"
refuse "command:no-such-program-here --fast" "'no-such-program-here': No such file" "a program that is not in the path"
refuse "command:." "Is a directory" "a folder"
printf '#!/nowhere/interpreter\n' > script
chmod +x script
refuse "command:./script" "cannot be started: No such file or directory; expected an executable program" "an interpreter that is not there"
refuse "command:''" "expected a program" "an empty word"
refuse "command" "found 'command' alone, expected command:CMD" "no command"
fails "reward.timeout = .0.: expected" "a timeout of nothing" "$orw" score --reward command:./child.pl --dataset mnist:test --set reward.timeout=0
fails "reward.files: nowhere.npy: No such file" "a file that it depends on is not there" "$orw" score --reward command:./child.pl --dataset mnist:test --set reward.files=nowhere.npy
done_testing
