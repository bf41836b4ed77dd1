# import.t - safetensors in and out: bit for bit, metadata included, read back by Python's standard library alone; damaged and
# contradictory files in one line each; an imported model draws samples and is a base model (base.init).
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
target=$BUILD/bin/target_image
smoke=$ORW_ROOT/experiments/target_image/smoke.conf
LC_ALL=C
export LC_ALL
"$BUILD/tests/cli/test_fixture" . || { report 1 "the fixture's files"; done_testing; }

# digest FILE: of its parameters; where it cannot be read, a text that no other file's digest is equal to.
digest() { "$orw" info "$1" 2> /dev/null | sed -n 's/^  parameters@xxh64  *//p' | grep . || echo "no digest of $1"; }

# header FILE: its length with the eight bytes before it, that is, where the data begin.
header() { echo $(($(od -An -tu8 -N8 "$1") + 8)); }

# same_data A B NAME: the bytes behind both headers.
same_data() {
    [ -s "$1" ] && [ -s "$2" ] || { report 1 "$3"; return; }
    tail -c +$(($(header "$1") + 1)) "$1" > a.data
    tail -c +$(($(header "$2") + 1)) "$2" > b.data
    cmp -s a.data b.data
    report $? "$3"
}

cat > compare.py <<'PYTHON'
import json, struct, sys

def read(path):
    content = open(path, "rb").read()
    length = struct.unpack("<Q", content[:8])[0]
    header, data = json.loads(content[8:8 + length]), content[8 + length:]
    metadata = header.pop("__metadata__")
    assert sum(t["data_offsets"][1] - t["data_offsets"][0] for t in header.values()) == len(data)
    return metadata, {name: (t["dtype"], t["shape"], data[slice(*t["data_offsets"])]) for name, t in header.items()}

(theirs, expected), (ours, found) = read(sys.argv[1]), read(sys.argv[2])
assert list(found) == list(expected), "names or their order"
assert found == expected, [name for name in expected if found.get(name) != expected[name]]
assert all(ours.get(key) == value for key, value in theirs.items()), "metadata"
value = struct.unpack("<f", next(iter(found.values()))[2][:4])[0]
print(len(found), "tensors", value == value)
PYTHON

# ---- a model of ours: out, in, out again

run "$orw" export-weights flow.h5 flow.safetensors
is "$status" 0 "a model is exported: $err"
run "$orw" import flow.safetensors again.h5
is "$status" 0 "and imported: $err"
is "$(digest again.h5)" "$(digest flow.h5)" "to the same description and bits"
like "$out" "again.h5: unet, .* digest $(digest flow.h5)" "import says what it made"
"$orw" export-weights again.h5 again.safetensors > /dev/null
same_data flow.safetensors again.safetensors "a second export has the same data"
run "$orw" info again.h5
like "$out" "^  import.sha256  *[0-9a-f]\{64\}$" "the model file tells where it comes from"

# ---- reference data from PyTorch

if command -v python3 > /dev/null; then python=yes; else python=; fi
for network in unet-mnist unet-cifar-small unet-options mmdit-tiny mmdit-qknorm; do
    given=${ORW_REFERENCE:-}/$network/weights.safetensors
    if [ ! -r "$given" ]; then skip "no reference data: $network"; continue; fi
    run "$orw" import "$given" "$network.h5"
    is "$status" 0 "$network is imported: $err"
    run "$orw" export-weights "$network.h5" "$network.safetensors"
    is "$status" 0 "$network is exported: $err"
    same_data "$given" "$network.safetensors" "$network: the data are PyTorch's, bit for bit"
    if [ -z "$python" ]; then skip "python3 is not installed"; continue; fi
    run python3 compare.py "$given" "$network.safetensors"
    like "$out" "^[0-9]* tensors True$" "$network: Python's standard library finds PyTorch's names, shapes, bytes, metadata $err"
done

# ---- bad input

reject() { fails "$2" "$3" "$orw" import "$1" no.h5; }
# changed FROM TO: bad.safetensors, the export with one text of the same length in the header replaced.
changed() { sed "s/$1/$2/" flow.safetensors > bad.safetensors; }
# compose TEXT BYTES: bad.safetensors of this header and zeros.
compose() {
    n=${#1}
    # shellcheck disable=SC2059
    { printf "\\$(printf %o $((n % 256)))\\$(printf %o $((n / 256)))\000\000\000\000\000\000"; printf '%s' "$1"; head -c "$2" /dev/zero; } > bad.safetensors
}
size=$(wc -c < flow.safetensors)
head -c $((size - 4)) flow.safetensors > bad.safetensors
reject bad.safetensors "bad.safetensors: tensor .* but the file has" "a truncated file"
head -c 100 flow.safetensors > bad.safetensors
reject bad.safetensors "bad.safetensors: header of" "a file that ends in its header"
{ cat flow.safetensors; printf 'more'; } > bad.safetensors
reject bad.safetensors "bytes of data found, but the tensors cover" "trailing bytes"
changed '"dtype":"F32"' '"dtype":"F64"'
reject bad.safetensors "tensor .*: dtype F64 found, expected F32, F16 or BF16" "another dtype"
changed '"shape":\[32,8\]' '"shape":[32,9]'
reject bad.safetensors "tensor time_embed.0.weight: .* bytes found, expected" "a shape that its bytes contradict"
changed '"data_offsets":\[1024,1152\]' '"data_offsets":[1020,1148]'
reject bad.safetensors "tensor time_embed.0.bias begins at byte 1020 .*overlap" "overlapping tensors"
changed '"data_offsets":\[1024,1152\]' '"data_offsets":[1024,9e99]'
reject bad.safetensors "tensor time_embed.0.bias: data_offsets" "an offset that is no integer"
changed 'out.2.bias' 'out.2.vias'
reject bad.safetensors "1 missing: out.2.bias, 1 extra: out.2.vias" "a missing and an extra tensor are named"
changed '"num_channels":"8"' '"num_channels":"4"'
reject bad.safetensors "tensor time_embed.0.weight: shape \[32,8\] found, expected \[16,4\]" "metadata that the shapes contradict"
changed '"in_channels":"1"' '"in_channels":"x"'
reject bad.safetensors "bad.safetensors: in_channels" "metadata that are no number"
changed '"groups":"4"' '"groups": 4 '
reject bad.safetensors "bad.safetensors: __metadata__ key" "metadata that are no text"
changed '"kind":"unet"' '"kine":"unet"'
reject bad.safetensors "bad.safetensors: kind: missing" "metadata that name no network"
compose '{}' 0
reject bad.safetensors "bad.safetensors: kind: missing; its metadata (0 keys) .* no config.json beside it; .orw import --help" "no metadata at all"
"$orw" import --help | grep -q 'safetensors.torch.save_file('
report $? "the help shows how they are written"
compose '{"__metadata__":{"kind":"mlp","dimension":"9","epoch":"3"}}' 0
reject bad.safetensors "bad.safetensors: epoch: no key of a mlp" "a key that nobody knows"
compose '{"__metadata__":{"kind":"mlp","dimension":"1000000","hidden":"65536,65536"}}' 0
reject bad.safetensors "6 missing: layers.0.weight, .*, 0 extra" "a network of terabytes is refused before memory is asked for"
reject absent.safetensors "absent.safetensors: cannot be opened" "a file that is not there"
reject flow.h5 "flow.h5: a file that this suite wrote, expected a safetensors file" "a model file is no safetensors file"

# ---- what comes in place of a safetensors file

# instead NAME TEXT PATTERN: a file that begins like this, once with more behind it and once without.
instead() {
    # shellcheck disable=SC2059
    printf "$2" > short.safetensors
    { cat short.safetensors; head -c 70000 /dev/zero; } > long.safetensors
    reject short.safetensors "short.safetensors: $3.*, expected a safetensors file; " "$1"
    reject long.safetensors "long.safetensors: $3.*, expected a safetensors file; " "$1, longer"
}
instead "a Git LFS pointer" 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n' "a Git LFS pointer"
like "$err" 'git lfs pull' "and the way out"
instead "a web page" '<!DOCTYPE html>\n<html><head>' "a web page"
instead "a web page after blank lines" '\n\n  <html lang="en">\n' "a web page"
instead "what torch.save writes" 'PK\003\004\000\000\010\010\000\000\000\000' "a zip archive, such as torch.save writes"
like "$err" 'orw import --help' "and the way out"
instead "what torch.save wrote long ago" '\200\002\212\nl\374\234F\371 j\250P\031.' "a pickle"
instead "Python's pickle" '\200\004\225\005\000\000\000\000\000\000\000' "a pickle"
instead "an HDF5 file" '\211HDF\r\n\032\n' "an HDF5 file"
instead "a gzip file" '\037\213\010\000\000\000\000\000' "a gzip file"
instead "an index of several files" '{"metadata": {"total_size": 1}, "weight_map": {}}' "JSON text"
printf 'nothing of the kind, and not short either' > bad.safetensors
reject bad.safetensors "bad.safetensors: header of [0-9]* bytes found" "anything else"
mkfifo pipe.safetensors
fails "pipe.safetensors: no regular file" "a pipe is not waited for" timeout 20 "$orw" import pipe.safetensors no.h5
: > bad.safetensors
reject bad.safetensors "bad.safetensors: 0 bytes found" "an empty file"

# ---- names
fails "nowhere/no.h5" "a place that does not exist" "$orw" import flow.safetensors nowhere/no.h5
fails "nowhere/no.safetensors" "likewise" "$orw" export-weights flow.h5 nowhere/no.safetensors
fails "seed1/run.h5: a run file, expected a model file" "a run file holds no weights" "$orw" export-weights seed1/run.h5 no.safetensors
fails "flow.safetensors" "a safetensors file is no model file" "$orw" export-weights flow.safetensors no.safetensors
fails "arguments are missing" "one argument" "$orw" import flow.safetensors
[ ! -e no.h5 ] && [ ! -e no.safetensors ] && [ ! -e no.h5.partial ] && [ ! -e no.safetensors.partial ]
report $? "failures leave no file"

# ---- what an imported model is good for

run "$orw" sample again.h5 imported.h5 --count 70 --seed 4 --solver adaptive --tolerance 1e-3
is "$status" 0 "an imported model draws samples, with the adaptive solver: $err"
"$orw" sample flow.h5 ours.h5 --count 3 --seed 4 --solver adaptive --tolerance 1e-3 2> err
"$orw" grid imported.h5 imported.png --count 3 --columns 3
"$orw" grid ours.h5 ours.png --columns 3
cmp -s imported.png ours.png
report $? "the same as the original, however many are drawn"
run "$orw" info imported.h5
like "$out" "^  solver.evaluations  *[1-9][0-9]*$" "evaluations are recorded"
fails "tolerance: '2', expected" "a tolerance out of range" "$orw" sample flow.h5 no.h5 --solver adaptive --tolerance 2
fails "tolerance: only for" "a tolerance for a solver without" "$orw" sample flow.h5 no.h5 --tolerance 1e-3

short="--stage base --set pretrain.updates=2"
# shellcheck disable=SC2086
run "$target" "$smoke" --out first $short
is "$status" 0 "a base model of digits: $(tail -n 1 tap.err)"
"$orw" export-weights first/target_image/base/model.h5 digits.safetensors > /dev/null
"$orw" import digits.safetensors digits.h5 > /dev/null
run "$target" "$smoke" --out second --stage base --set base.init=digits.h5
is "$status" 0 "base.init takes it over: $(tail -n 1 tap.err)"
is "$(digest second/target_image/base/model.h5)" "$(digest first/target_image/base/model.h5)" "bit for bit"
run "$orw" info second/target_image/base/model.h5
like "$out" "base.init = $(digest digits.h5)" "its identity carries the digest"
before=$(stat -c '%y %s %i' second/target_image/base/model.h5)
# shellcheck disable=SC2086
run "$target" "$smoke" --out second $short --set base.init=digits.h5
is "$status" 0 "it is taken again: $(tail -n 1 tap.err)"
[ -n "$before" ] && [ "$(stat -c '%y %s %i' second/target_image/base/model.h5)" = "$before" ]
report $? "other pre-training keys change nothing"
fails "base.init: flow.h5 models 8x8x1 .*expected 28x28x1" "a model of other data" "$target" "$smoke" --out third --set base.init=flow.h5
fails "base.init: classifier.h5 holds a classifier" "a classifier" "$target" "$smoke" --out third --set base.init=classifier.h5
fails "nowhere.h5" "a file that is not there" "$target" "$smoke" --out third --set base.init=nowhere.h5
done_testing
