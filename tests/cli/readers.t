# readers.t - every kind of file is read with h5dump and with h5py, by the schema in src/store/README.md, without this program's tools.
. "$ORW_ROOT/tests/tap.sh"
"$BUILD/tests/cli/test_fixture" . || { report 1 "the fixture's files"; done_testing; }

# The first columns of the schema's table: kind, path. Every path is of an example file here.
schema=$(awk '/^<!-- schema -->$/ { on = 1 } /^<!-- \/schema -->$/ { on = 0 } on' "$ORW_ROOT/src/store/README.md" | sed -n 's/^| \([a-z]*\) | `\([^`]*\)` .*/\1 \2/p')
[ "$(printf '%s\n' "$schema" | wc -l)" -ge 10 ]
report $? "the schema is there"
example() { # example KIND PATH: a file, and a path in it for the words in capitals
    case $1 in
        run) file=seed1/run.h5 path=$(printf '%s' "$2" | sed 's,TABLE,metrics,; s,COLUMN,reward,; s,KEY,run.seed,') ;;
        samples) file=rewarded.h5 path=$(printf '%s' "$2" | sed 's,KEY,round,') ;;
        checkpoint) file=checkpoint.h5 path=$(printf '%s' "$2" | sed 's,NAME,weights,') ;;
        model) file=flow.h5 path=$(printf '%s' "$2" | sed "s,NAME,$parameter,; s,KEY,kind,") ;;
    esac
}
parameter=$(h5dump -n flow.h5 2> /dev/null | sed -n 's,.*dataset */parameters/,,p' | head -n 1)
if command -v h5dump > /dev/null; then
    printf '%s\n' "$schema" | while read -r kind path; do
        example "$kind" "$path"
        case $path in *@*) option=-a path=${path%@*}/${path#*@} ;; */) option=-g path=${path%/} ;; *) option=-d ;; esac
        h5dump $option "$path" "$file" > dump 2> err || echo "$kind $path: $(head -n 1 err)"
    done > failed
    is "$(cat failed)" "" "h5dump reads every path of it"
    is "$(h5dump -d /metrics/reward seed1/run.h5 | sed -n 's/^ *(0): //p' | head -n 1)" "1, 2, 3, 4" "with the numbers that were written"
else
    skip "h5dump is not installed"
    skip "h5dump is not installed"
fi

python=
for candidate in python3 /usr/bin/python3; do "$candidate" -c 'import h5py' 2> /dev/null && { python=$candidate; break; }; done
if [ -n "$python" ]; then
    cat > read.py <<'END'
import h5py, sys
bad = []
def check(ok, what):
    if not ok: bad.append(what)
with h5py.File("seed1/run.h5") as f:
    check(list(f["metrics/reward"][:]) == [1, 2, 3, 4], "reward")
    check(f["metrics/reward"].attrs["unit"] in ("1", b"1") and "mean reward" in str(f["metrics/reward"].attrs["help"]), "unit and help of a column")
    check(str(f["provenance"].attrs["run.alpha"]).strip("b'") == "0.3", "provenance")
    check("configuration" in f["provenance"].attrs, "configuration")
    rows = {len(c) for c in f["metrics"].values()}
    check(len(rows) == 1, "rows of a table in step")
with h5py.File("rewarded.h5") as f:
    check(f["images"].dtype == "uint8" and f["images"].ndim == 4, "images")
    check(len(f["reward"]) == len(f["index"]) == len(f["images"]), "as many rewards as images")
    for name in f:
        if name != "provenance": check("help" in f[name].attrs and "unit" in f[name].attrs, "unit and help of " + name)
with h5py.File("checkpoint.h5") as f:
    check(f["pieces/weights"].shape == (3,) and str(f["pieces/weights"].attrs["type"]).strip("b'") == "floats", "a piece")
    check(len(f["pieces"].attrs["xxh64"]) == 16, "digest of pieces")
with h5py.File("flow.h5") as f:
    check(str(f["parameters"].attrs["kind"]).strip("b'") == "unet", "a model's description")
    check(all(p.dtype == "float32" for p in f["parameters"].values()), "parameters")
print(", ".join(bad))
END
    is "$($python read.py 2>&1)" "" "h5py reads runs, samples, checkpoints and models"
else
    skip "h5py is not installed"
fi

done_testing
