#!/bin/sh
# publish-model.sh RESULT_DIR NAME [OPTION...] - takes a trained model into data/models; see --help.
set -u
export LC_ALL=C
unset CDPATH
usage='usage: scripts/publish-model.sh RESULT_DIR NAME [OPTION...]
Copies RESULT_DIR/PROGRAM/base/model.h5, which PROGRAM has made with data/models/NAME.conf, to data/models/NAME.h5, and 64 of its samples
to NAME.png. Before that it holds the settings against NAME.conf and measures the model by networks that never trained it: PROGRAM runs
with NAME.conf as far as --stage rewards, from this model, in results/publish/NAME (OPTIONs are added, as --set classifier_b.updates=9;
the same call goes on after an interruption). Prints the row for data/models/README.md and the lines for data/SHA256SUMS.
NAME-PLACE is another model that PROGRAM has made by NAME.conf, in the folder PLACE: NAME-classifier_b, a judge. Its quality is what its own
evaluation says.
Exit status: 0; 1 where the quality is below its target (the model is copied all the same); 2 after one line that says what is wrong.

Environment
  BUILD    folder of the build (default build)
  MODELS   where NAME.conf is and NAME.h5 goes (default data/models)
  OUT      where the measurement goes (default results/publish/NAME)
  MPIRUN   launcher, called as `$MPIRUN PROGRAM ...` (default: none, one rank)'

fail() {
    echo "publish-model.sh: $1" >&2
    exit 2
}

case ${1:-} in --help | -h) echo "$usage"; exit 0 ;; esac
[ $# -ge 2 ] || fail "found $# arguments, expected RESULT_DIR and NAME; --help tells more"
result=$1
name=$2
shift 2
case $name in '' | *[!A-Za-z0-9_-]*) fail "'$name': expected a name of letters, digits, - and _" ;; esac
root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$root/build}
models=${MODELS:-$root/data/models}
out=${OUT:-$root/results/publish/$name}
orw=$build/bin/orw
place=base
case $name in *-*) place=${name#*-} ;; esac
conf=$models/${name%%-*}.conf

# ---- the model, and whether these settings made it

found=$(for file in "$result"/*/"$place"/model.h5; do [ ! -e "$file" ] || echo "$file"; done)
[ -n "$found" ] || fail "$result: no PROGRAM/$place/model.h5 there, expected a complete one"
[ "$(echo "$found" | wc -l)" -eq 1 ] || fail "$result: several programs' $place/model.h5 there, expected one"
model=$found
base=$(dirname "$model")
program=$(basename "$(dirname "$base")")
[ -x "$build/bin/$program" ] || fail "$build/bin/$program: not built"
[ -f "$conf" ] || fail "$conf: not found, expected the settings that made $model"
mkdir -p "$out" || fail "$out: cannot be made"
"$orw" export --provenance "$model" > "$out/model.tsv" || exit 2
"$build/bin/$program" "$conf" "$@" --identities > "$out/identities.tsv" || exit 2
awk -F '\t' '$1 == "identity" { gsub(/\\n/, "\n", $2); print $2 }' "$out/model.tsv" > "$out/made-with.txt"
other=$(sed -n "s/^$place\t//p" "$out/identities.tsv" | grep -v -x -F -f "$out/made-with.txt" | head -n 1)
[ -z "$other" ] || fail "$model: was made with other settings than $conf, where '$other'"

# ---- its quality

# of FILE KEY: a line of provenance; value COLUMN: of the evaluation.
of() { awk -F '\t' -v key="$2" '$1 == key { print $2; exit }' "$out/$1.tsv"; }
value() {
    awk -F '\t' -v name="$1" '/^#/ { sub(/^# */, ""); for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { v = $c }
        END { if (c) printf "%.4g", v }' "$out/evaluation.tsv"
}
setting() { sed -n "s/^$1 = //p" "$out/made-with.txt"; }

missed=0
# target WHAT EXPRESSION: does it hold?
target() {
    if awk "BEGIN { exit !($2) }"; then
        echo "$1: reached" >&2
    else
        echo "publish-model.sh: $1: missed" >&2
        missed=1
    fi
}

# A flow is judged by networks that never trained it.
judge_flow() {
    # count SAMPLES of the evaluation: as many as there are images to hold them against.
    case $program in target_image) count=5000 ;; *) count=2000 ;; esac
    # shellcheck disable=SC2086
    ${MPIRUN:-} "$build/bin/$program" "$conf" --set solver.kind=midpoint --set solver.steps=12 --set "evaluate.count=$count" "$@" \
        --set "base.init=$model" --stage rewards --out "$out" >&2 || exit
    measured=$out/$program/runs/base
    "$orw" export "$measured/run.h5" evaluation > "$out/evaluation.tsv" || exit 2
    "$orw" export --provenance "$measured/run.h5" > "$out/provenance.tsv" || exit 2
    [ "$(of model data.train)" = "$(of provenance data.train)" ] ||
        fail "$model: was trained on $(of model data.train), expected $(of provenance data.train)"

    case $program in
        target_image)
            sure=$(value judge_confidence) entropy=$(value judge_entropy) apart=$(value frechet) halves=$(of provenance data.frechet_halves)
            quality="B's confidence $sure, entropy of its digits $entropy nats, Fréchet distance $apart (two halves of the test images: $halves)"
            target "B's confidence $sure, expected at least 0.97" "$sure >= 0.97"
            target "entropy of B's digits $entropy nats, expected at least 2.25" "$entropy >= 2.25"
            target "Frechet distance $apart, expected at most 3 x $halves" "$apart <= 3 * $halves" ;;
        *)
            bytes=$(value bytes_mean) real=$(of provenance data.bytes_mean) apart=$(value frechet) least=$(of provenance data.frechet)
            named=$(value named_share)
            quality="mean size $bytes bytes (the data's: $real), Fréchet distance $apart (as many training images: $least), named with confidence 0.9: $named"
            case $(of provenance data.train) in sprites*) target "share of samples that are named $named, expected at least 0.6" "$named >= 0.6" ;; esac
            target "mean size $bytes bytes, expected within 2 % of $real" "$bytes <= 1.02 * $real && $bytes >= 0.98 * $real" ;;
    esac
    quality="$quality; $(value count) samples"
}
# Any other by its own evaluation, column by column.
judge_other() {
    "$orw" export "$base/evaluation.h5" evaluation > "$out/evaluation.tsv" || exit 2
    quality=$(awk -F '\t' '/^#/ { sub(/^# */, ""); split($0, name); next } { for (i = 1; i <= NF; i++) printf "%s%s %.5g", (i > 1 ? ", " : ""), name[i], $i }' "$out/evaluation.tsv") || exit 2
}
case $place in base) judge_flow "$@" ;; *) judge_other ;; esac

# ---- published

if ! cp "$model" "$models/$name.h5.partial" || ! mv "$models/$name.h5.partial" "$models/$name.h5"; then
    fail "$models/$name.h5: cannot be written"
fi
files=$name.h5
if [ "$place" = base ]; then
    "$orw" grid "$measured/samples/final.h5" "$models/$name.png" --count 64 --columns 8 --scale 2 > /dev/null || exit 2
    files="$files $name.png"
fi
"$orw" export "$base/run.h5" metrics > "$out/metrics.tsv" || exit 2
"$orw" export "$base/run.h5" timing > "$out/timing.tsv" || exit 2
parameters=$("$orw" info "$model" | awk '$1 ~ /^parameters\// { gsub(/[][]/, "", $3); n = split($3, d, ","); p = 1; for (i = 1; i <= n; i++) p *= d[i]; all += p }
    END { printf "%.2f M", all / 1e6 }')
loss=$(awk -F '\t' '/^#/ { sub(/^# */, ""); for (i = 1; i <= NF; i++) if ($i == "loss") c = i; next } { v[NR] = $c }
    END { for (i = NR; i > NR - 10; i--) if (i in v) { s += v[i]; n++ } if (n) printf "%.4f", s / n }' "$out/metrics.tsv")
# Seconds begin anew where the fit went on in another process.
minutes=$(awk -F '\t' '!/^#/ { s += $2 > last ? $2 - last : $2; last = $2 } END { printf "%.0f", s / 60 }' "$out/timing.tsv")
case $place in
    base) section=pretrain stage=base
        architecture="U-Net, fold $(setting model.fold), $(setting model.channels) channels x $(setting model.multipliers), blocks $(setting model.blocks), attention at $(setting model.attention_resolutions)" ;;
    *) section=$place stage=rewards
        architecture="$("$orw" info "$model" | awk '$1 == "parameters@kind" { print $2 }'), $(setting "$place.channels") channels, depth $(setting "$place.depth")" ;;
esac
echo "| \`$name\` | $architecture | $parameters | $(setting "$section.updates") of $(setting "$section.batch") | $loss | $quality | $minutes min, $(of model ranks) rank(s), $(of model cpu) | \`build/bin/$program data/models/$(basename "$conf") --stage $stage --out results/models\` |"
for file in $files; do
    (cd "$models" && sha256sum "$file" | sed 's/  /  models\//')
done
exit $missed
