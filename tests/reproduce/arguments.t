# arguments.t - reproduce.sh: its help, and one line with status 2 for every argument that it does not know.
. "$ORW_ROOT/tests/tap.sh"

help=$("$ORW_ROOT/reproduce.sh" --help)
is $? 0 "--help succeeds"
for word in setup build data run figures all check clean --profile --np --only --out --yes; do
    like "$help" "^  $word" "--help explains $word"
done

refuses() { # refuses PATTERN ARGUMENT...
    pattern=$1
    shift
    "$ORW_ROOT/reproduce.sh" "$@" > out 2> err
    is $? 2 "'$*' exits with status 2"
    is "$(grep -c . err)" 1 "'$*' is answered in one line"
    like "$(cat err)" "$pattern" "'$*' is named: $(cat err)"
    is "$(cat out)" "" "'$*' does nothing else"
}
refuses "unknown stage frobnicate" frobnicate
refuses "unknown stage frobnicate" data frobnicate
refuses "unknown option --colour" --colour
refuses "unknown option --colour" --colour=red
refuses "profile.*'huge'.*smoke, quick, standard or paper" --profile huge
refuses "profile.*''" --profile=
refuses "np.*'0'" --np 0
refuses "np.*'-2'" --np -2
refuses "np.*'two'" --np=two
refuses "np.*'2.5'" --np 2.5
refuses "only.*'nothing_such'.*target_image" --only nothing_such --profile smoke
refuses "out: found no value" --out

done_testing
