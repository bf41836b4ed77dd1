# outputs.t - where results may go: a plain file, or one that a symbolic link leads to. Devices, pipes and folders are refused before any
# work and stay what they are; a link stays a link.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
"$BUILD/tests/cli/test_fixture" . || { report 1 "the fixture's files"; done_testing; }
"$orw" export-weights flow.h5 flow.safetensors > /dev/null

# to COMMAND OUT: what each command that writes a file does with this name.
to() {
    case $1 in
        sample) "$orw" sample flow.h5 "$2" --count 2 --steps 1 2> to.err ;;
        grid) "$orw" grid sprites:1:4 "$2" ;;
        import) "$orw" import flow.safetensors "$2" > /dev/null ;;
        export-weights) "$orw" export-weights flow.h5 "$2" > /dev/null ;;
        config) "$orw" export-weights transformer.h5 transformer.safetensors --config "$2" > /dev/null ;;
    esac
}
# refuse COMMAND OUT: the same with an input that is not there. A refusal that names OUT comes before the input is looked at.
refuse() {
    case $1 in
        sample) fails "$3" "$4" "$orw" sample absent.h5 "$2" ;;
        grid) fails "$3" "$4" "$orw" grid absent.h5 "$2" ;;
        import) fails "$3" "$4" "$orw" import absent.safetensors "$2" ;;
        export-weights) fails "$3" "$4" "$orw" export-weights absent.h5 "$2" ;;
        config) fails "$3" "$4" "$orw" export-weights absent.h5 no.safetensors --config "$2" ;;
    esac
}

mkdir folder real partial.png.partial
mkfifo pipe
ln -s pipe to-pipe
ln -s loop loop
mknod device c 1 3 2> /dev/null && [ -c device ] && device=yes || device=
for command in sample grid import export-weights config; do
    to $command plain
    is $? 0 "$command: a plain file"
    [ -f plain ]
    report $? "$command: is there"

    ln -s real/file link
    to $command link
    is $? 0 "$command: a link to what is not there yet"
    [ -L link ] && [ -f real/file ]
    report $? "$command: the link stays, the file is where it leads"
    cmp real/file plain
    report $? "$command: with the same bytes"
    echo before > real/file
    to $command link
    is $? 0 "$command: a link to a file"
    [ -L link ] && cmp -s real/file plain
    report $? "$command: the file is replaced, not the link"
    (cd real && ln -s ../link second)
    rm real/file
    to $command real/second
    is $? 0 "$command: a link to a link"
    [ -L link ] && [ -L real/second ] && cmp real/file plain
    report $? "$command: both stay"
    rm -f link real/file real/second plain

    refuse $command folder "folder: is a folder, expected" "$command: a folder is refused before the input is read"
    mkdir -p folder/in
    refuse $command folder/ "folder/: is a folder, expected\\|folder/: expected an empty folder" "$command: likewise with its slash"
    rmdir folder/in
    refuse $command pipe "pipe: is a pipe, expected" "$command: a pipe"
    refuse $command to-pipe "to-pipe: is a pipe, expected" "$command: a link to a pipe"
    refuse $command loop "loop: cannot be written: Too many levels" "$command: a link to itself"
    refuse $command nowhere/file "nowhere/file: cannot be written: nowhere: No such" "$command: a folder that is not there"
    refuse $command "" '"": expected the name of a file' "$command: no name"
    refuse $command partial.png "partial.png.partial: is a folder" "$command: no place to write it aside"
    if [ -n "$device" ]; then
        refuse $command device "device: is a device, expected" "$command: a device"
        to $command device 2> err
        is $? 2 "$command: likewise with all that is needed"
        [ -c device ]
        report $? "$command: and it stays one" || { rm -f device && mknod device c 1 3; }
    else
        skip "devices cannot be made here"
        skip "devices cannot be made here"
        skip "devices cannot be made here"
    fi
done
[ -p pipe ] && [ -L to-pipe ] && [ -d folder ] && [ -z "$(ls folder)" ]
report $? "everything is what it was"

# A disk that is full.
small=$PWD/small
mkdir small
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=16k tmpfs "$small" 2> /dev/null; then
    trap 'umount -l "$small"' EXIT
    run "$orw" sample flow.h5 small/x.h5 --count 2000 --steps 1 # which tells its progress, too
    ! grep -q 'buf = ' tap.err && [ "$status" -eq 2 ] && [ "$(grep -c 'orw: error: .*small/x.h5.*No space left on device' tap.err)" -eq 1 ]
    report $? "sample: a full disk" || tap_show status "$status" stderr "$err"
    fails "small/x.h5.*No space left on device" "import: a full disk" "$orw" import flow.safetensors small/x.h5
    fails "small/x.safetensors.*No space left on device" "export-weights: a full disk" "$orw" export-weights flow.h5 small/x.safetensors
    fails "small/x.png.*No space left on device" "grid: a full disk" "$orw" grid sprites:1:64 small/x.png
    is "$(ls small)" "" "nothing half-written stays"
else
    for i in 1 2 3 4 5; do skip "a small disk can only be mounted by root (check $i)"; done
fi

ln -s flow.h5 alias.h5
fails "alias.h5: is what is read" "the input by another name" "$orw" sample flow.h5 alias.h5
fails "alias.h5: is what is read" "likewise" "$orw" import flow.safetensors alias.h5 --base flow.h5
cp flow.h5 images.bin
fails "images.bin: is what is read" "the file in a data set's name" "$orw" grid cifar10:images.bin images.bin
fails "one.json: is where the weights go" "one name for two files" "$orw" export-weights transformer.h5 one.json --config one.json
fails "transformer.h5: is what is read" "config.json over the model" "$orw" export-weights transformer.h5 no.safetensors --config transformer.h5
[ ! -e one.json ] && [ ! -e no.safetensors ]
report $? "and nothing was written"
done_testing
