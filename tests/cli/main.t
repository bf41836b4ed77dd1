# main.t - orw itself: help, unknown commands and options, wrong numbers of arguments.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw

run "$orw" --help
is "$status" 0 "--help succeeds"
for command in info export grid sample parity; do
    like "$out" "^  $command " "--help lists $command"
    run "$orw" "$command" --help
    is "$status" 0 "$command --help succeeds"
    like "$out" "^usage: orw $command" "$command --help shows its usage"
    is "$err" "" "$command --help says nothing on stderr"
    run "$orw" --help
done

fails "no command given" "no command" "$orw"
fails "unknown command 'exprot', the nearest one is 'export'" "a misspelt command" "$orw" exprot
fails "unknown option '--smoth', the nearest one is '--smooth'" "a misspelt option" "$orw" export --smoth 3
fails "usage: orw grid" "too few arguments" "$orw" grid
fails "'c' is one argument too many" "too many arguments" "$orw" grid a b c
fails "scale: '0', expected an integer from 1 to 64" "a number out of range" "$orw" grid --scale 0 a b
fails "count: '12x', expected an integer" "a number with a rest" "$orw" grid --count 12x a b
fails "count: '99999999999999999999', expected" "a number beyond all" "$orw" grid --count 99999999999999999999 a b
fails "count: expected a value after it" "an option without its value" "$orw" sample a b --count
fails "ORW_KERNEL" "an unknown kernel" env ORW_KERNEL=fast "$orw" info
if [ -w /dev/full ]; then
    "$orw" --help > /dev/full 2> err
    is $? 2 "output that cannot be written is an error"
    like "$(cat err)" "standard output: cannot be written" "and it is said"
else
    skip "no /dev/full here"
fi
fails "precision.*bf16.*f32" "a precision that parity does not have" "$BUILD/bin/orw" parity . --precision bf16

done_testing
