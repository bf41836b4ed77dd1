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

run "$orw" --version
is "$status" 0 "--version succeeds"
commit=$(printf '%s\n' "$out" | sed -n 's/^  commit  *//p')
is "$(printf '%s\n' "$out" | head -n 1)" "orw ${commit:-COMMIT}" "it begins with the commit"
for key in compiler flags mpi hdf5 blas gsl; do like "$out" "^  $key  *[^ ]" "it tells $key"; done

# ---- --NAME=VALUE

run "$orw" grid sprites:1:9 spaced.png --count 4 --columns 2 --set sprites.size=16
is "$status" 0 "--NAME VALUE: $err"
run "$orw" grid sprites:1:9 equal.png --count=4 --columns=2 --set=sprites.size=16
is "$status" 0 "--NAME=VALUE: $err"
cmp spaced.png equal.png
report $? "mean the same"
fails "keys: '1' found, expected no value" "a value for what takes none" "$orw" grid --keys=1
fails "unknown option '--cuont', the nearest one is '--count'" "a misspelt option with its value" "$orw" grid a b --cuont=4
fails "count: '', expected an integer" "an empty value" "$orw" grid a b --count=
fails "unknown option '--coun', the nearest one is '--count'" "the beginning of an option" "$orw" grid a b --coun=4
fails "sprites.siz.*sprites.size" "a value with a second =" "$orw" grid sprites:1:9 no.png --set=sprites.siz=16
conf=$ORW_ROOT/experiments/theory/smoke.conf
run "$BUILD/bin/theory" "$conf" --print-config --set=parallel.shards=4 --out=mine --stage=base
is "$status" 0 "the drivers, too: $err"
like "$out" "^shards = 4$" "take the value"
fails "set: unknown key 'parallel.shard'" "a misspelt key" "$BUILD/bin/theory" "$conf" --print-config --set=parallel.shard=4
fails "stage: found 'bas'" "--stage=" "$BUILD/bin/theory" "$conf" --stage=bas --out=mine
fails "unknown option --resume=yes" "a value for what takes none" "$BUILD/bin/theory" "$conf" --resume=yes
fails "set: expected a value behind it" "no value" "$BUILD/bin/theory" "$conf" --set
fails "unknown option --settings=a" "a longer name" "$BUILD/bin/theory" "$conf" --settings=a
fails "stage: found '--set'" "a value that is an option's name" "$BUILD/bin/theory" "$conf" --out=mine --stage --set
[ ! -e mine ] && [ ! -e no.png ]
report $? "and nothing was written"

# ---- refusals

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
