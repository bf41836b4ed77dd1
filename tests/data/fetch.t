# fetch.t - data/fetch cifar10 against a small archive of the same shape on this machine: unpacking, resuming, refusals.
. "$ORW_ROOT/tests/tap.sh"
fetch=$ORW_ROOT/data/fetch
command -v curl > /dev/null || skip_all "no curl, whose file:// this needs"
unset ORW_DATA ORW_CIFAR10_URL ORW_CIFAR10_MD5
export no_proxy='*' NO_PROXY='*'

# Two records per file; random bytes after the labels, so that the archive is not tiny.
mkdir cifar-10-batches-bin
for name in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
    for label in '\001' '\007'; do
        # shellcheck disable=SC2059
        printf "$label"
        head -c 3072 /dev/urandom
    done > cifar-10-batches-bin/$name.bin
done
tar -czf whole.tar.gz cifar-10-batches-bin
sum=$(md5sum whole.tar.gz | cut -d ' ' -f 1)
export ORW_CIFAR10_URL="file://$PWD/whole.tar.gz" ORW_CIFAR10_MD5="$sum"

run "$fetch" --help
like "$out" "^usage: data/fetch cifar10" "--help"
run "$fetch" cifar10 one
is "$status" 0 "the archive is got and unpacked: $err"
diff -r cifar-10-batches-bin one/cifar-10-batches-bin
report $? "its files are those of the archive"
is "$(ls one)" cifar-10-batches-bin "and nothing else is left"
run env ORW_DATA="$PWD/data" "$fetch" cifar10
is "$status" 0 "ORW_DATA says where: $err"
run env ORW_DATA="$PWD/data" "$BUILD/bin/orw" score --reward jpeg_size --dataset cifar10
is "$(printf '%s\n' "$out" | wc -l)" 11 "and orw finds it there: five batches of two"

export ORW_CIFAR10_URL=http://127.0.0.1:9/none
run "$fetch" cifar10 one
is "$status" 0 "what is there is not fetched again"
like "$out" "one: CIFAR-10 is there" "and it is said"

# An interrupted download: the first bytes are there, and they are not fetched again.
mkdir two
head -c 5000 whole.tar.gz > two/cifar-10-binary.tar.gz.partial
run "$fetch" cifar10 two
is "$status" 2 "offline is an error"
is "$(wc -l < tap.err)" 1 "of one line"
like "$err" "http://127.0.0.1:9/none: cannot be got (5000 bytes so far are kept); offline?" "that says what to do"
cmp -n 5000 whole.tar.gz two/cifar-10-binary.tar.gz.partial
report $? "what was fetched is kept"
(head -c 5000 /dev/zero; tail -c +5001 whole.tar.gz) > rest.tar.gz
ORW_CIFAR10_URL=file://$PWD/rest.tar.gz
run "$fetch" cifar10 two
is "$status" 0 "only the rest is fetched: $err"
like "$out" "from byte 5000" "and it is said"
diff -r cifar-10-batches-bin two/cifar-10-batches-bin
report $? "the two parts make the whole"
mkdir three
cp whole.tar.gz three/cifar-10-binary.tar.gz.partial
run env ORW_CIFAR10_URL=http://127.0.0.1:9/none "$fetch" cifar10 three
is "$status" 0 "a complete download is only unpacked: $err"

mkdir long
cat whole.tar.gz rest.tar.gz > long/cifar-10-binary.tar.gz.partial
run env ORW_CIFAR10_URL="file://$PWD/whole.tar.gz" "$fetch" cifar10 long
is "$status" 0 "a beginning longer than the whole is fetched anew: $err"
is "$(ls long)" cifar-10-batches-bin "and nothing else is left"

run "$fetch" cifar10 four
is "$status" 2 "another content is refused"
like "$err" "rest.tar.gz: MD5 .*, expected $sum; the download is removed" "with both sums"
is "$(ls four)" "" "and nothing is left of it"
tar -czf half.tar.gz cifar-10-batches-bin/data_batch_1.bin
ORW_CIFAR10_MD5=$(md5sum half.tar.gz | cut -d ' ' -f 1)
run env ORW_CIFAR10_URL="file://$PWD/half.tar.gz" "$fetch" cifar10 five
is "$status" 2 "an archive without all files is refused"
like "$err" "holds no cifar-10-batches-bin with six files" "and it is said"
is "$(ls five)" cifar-10-binary.tar.gz.partial "nothing is half unpacked"
fails "'imagenet': an unknown data set, expected cifar10" "another data set" "$fetch" imagenet
fails "no data set named" "none" "$fetch"
fails "'c' is one argument too many" "too many arguments" "$fetch" cifar10 b c
if [ "$(id -u)" -ne 0 ]; then
    mkdir closed && chmod a-w closed
    fails "closed: cannot be written to" "a directory that cannot be written to" "$fetch" cifar10 closed
fi
done_testing
