# bench.t - orw bench: the names that others rely on, the rows' format, refusals. Never how fast anything is.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
tab=$(printf '\t')

# rows NAME: every line of $out is a comment or case, metric, a finite number, unit.
rows() {
    printf '%s\n' "$out" | awk -F '\t' '
        NR == 1 { named = $0 == "# case\tmetric\tvalue\tunit" }
        /^#/ { next }
        { n++ }
        NF != 4 || $1 !~ /^[a-z]/ || $2 !~ /^[a-z_]+$/ || $3 !~ /^-?[0-9.]+(e[-+][0-9]+)?$/ || $4 == "" || seen[$1, $2]++ { print "bad row: " $0; bad = 1 }
        END { exit !(named && n) || bad }' > awk.out
    report $? "$1" || tap_show rows "$(cat awk.out)" stdout "$out"
}
# value CASE METRIC
value() { printf '%s\n' "$out" | awk -F '\t' -v name="$1" -v metric="$2" '$1 == name && $2 == metric { print $3 }'; }
# at_least CASE METRIC LIMIT NAME
at_least() {
    awk -v x="$(value "$1" "$2")" -v limit="$3" 'BEGIN { exit !(x != "" && x + 0 >= limit) }'
    report $? "$4" || tap_show stdout "$out"
}

# ---- the list

run "$orw" bench --help
like "$out" "^usage: .*orw bench" "--help shows the usage"
run "$orw" bench --list
is "$status" 0 "--list succeeds: $err"
for name in machine/fma gemm/512x512x512 conv/28x28x32-32 attention/784x32x1 groupnorm/28x28x32 allreduce/1e4 allreduce/1e6 \
    allreduce/3.6e7; do
    like "$out" "^$name$tab" "$name is a case"
done
for metric in forward gradient train; do
    for model in unet-quick unet-standard; do like "$out" "^$model$tab$metric$tab" "$model has $metric"; done
done
for model in unet-mnist unet-cifar unet-cifar-small mmdit-small hybrid mmdit-adapters; do
    for metric in train forward; do like "$out" "^$model$tab$metric$tab" "$model has $metric"; done
done
like "$out" "^loop/target_image${tab}rounds$tab" "the loop is a case"
is "$(printf '%s\n' "$out" | cut -f 1,2 | sort | uniq -d)" "" "no measurement is listed twice"
run "$orw" bench --list --filter '^unet-cifar$'
is "$(printf '%s\n' "$out" | grep -c -v '^#')" 2 "a filter finds cases"
run "$orw" bench --list --filter 'unet-cifar/train'
is "$(printf '%s\n' "$out" | grep -v '^#' | cut -f 1,2)" "unet-cifar${tab}train" "and single metrics"

# ---- one of each kind

run "$orw" bench --filter '^(gemm/64x32x784|conv/7x7x128-64|attention/49x64x1|groupnorm/14x14x64|allreduce/1e4)' --batch 1 --seconds 0.01
is "$status" 0 "kernels and the reduction: $err"
is "$err" "" "nothing on stderr"
rows "rows of four fields, each once"
for key in cpu isa commit ranks precision started; do like "$out" "^# $key$tab" "provenance: $key"; done
like "$out" "^# batch${tab}1$" "and the batch"
for metric in forward forward_spread forward_share train train_spread train_share; do
    like "$out" "^conv/7x7x128-64$tab$metric$tab" "a convolution's $metric"
done
like "$out" "^conv/7x7x128-64${tab}train$tab.*${tab}GFLOP/s$" "operators in GFLOP/s"
like "$out" "^groupnorm/14x14x64${tab}forward$tab.*${tab}GB/s$" "normalisation in GB/s"
is "$(value allreduce/1e4 reducer_bytes_sent)" 0 "one rank sends nothing"
unlike "$out" "gemm/512" "what the filter leaves out is not measured"

run "$orw" bench --filter '^unet-mnist$' --batch 1 --seconds 0.01
is "$status" 0 "a model: $err"
rows "its rows"
is "$(value unet-mnist train_parameters)" 1075361 "it is TorchCFM's: parameters"
is "$(value unet-mnist forward_batch)" 1 "the batch that was asked for"
at_least unet-mnist train_tape "$(value unet-mnist forward_tape)" "training holds more activations than inference"
at_least unet-mnist train_memory "$(value unet-mnist train_tape)" "resident memory includes them"

run "$orw" bench --filter '^unet-(quick|standard)$' --batch 2 --seconds 0.01 --clock cpu
is "$status" 0 "the profiles' networks: $err"
rows "their rows"
like "$out" "^# clock${tab}cpu$" "in processor time, as asked"
# The quick network's products by hand: convolutions and residual blocks of s x s pixels, attention, the time's layers.
is "$(value unet-quick forward_operations)" "$(awk '
    function conv(s, i, o) { n += s * s * 9 * i * o }
    function res(s, i, o) { conv(s, i, o); conv(s, o, o); n += 64 * o; if (i != o) n += s * s * i * o }
    function att(s, c) { n += s * s * c * 4 * c + 2 * (s * s) ^ 2 * c }
    BEGIN {
        n = 16 * 64 + 64 * 64
        conv(28, 1, 16); res(28, 16, 16); conv(14, 16, 16); res(14, 16, 16); conv(7, 16, 16); res(7, 16, 32); att(7, 32)
        res(7, 32, 32); att(7, 32); res(7, 32, 32)
        res(7, 64, 32); att(7, 32); res(7, 48, 32); att(7, 32); conv(14, 32, 32)
        res(14, 48, 16); res(14, 32, 16); conv(28, 16, 16); res(28, 32, 16); res(28, 32, 16); conv(28, 16, 1)
        printf "%.9g", 2e-9 * n
    }')" "operations of the quick network, counted by hand"
for model in unet-quick unet-standard; do
    at_least "$model" gradient_operations "$(awk -v x="$(value "$model" forward_operations)" 'BEGIN { print 2.9 * x }')" "$model: a gradient is three passes"
    at_least "$model" forward_share 0.001 "$model: share of peak"
done

mkdir temporary
run env TMPDIR="$PWD/temporary" "$orw" bench --filter '^loop' --batch 2 --seconds 0.01
is "$status" 0 "the loop: $err"
is "$err" "" "nothing on stderr"
rows "its rows"
for phase in sample score gradient reduce write; do like "$out" "^loop/target_image${tab}rounds_$phase$tab.*${tab}s/round$" "phase $phase"; done
at_least loop/target_image rounds 0.000001 "rounds per second"
is "$(ls temporary | grep orw-bench)" "" "nothing of ours is left in the temporary directory"

# ---- on two ranks

default=mpirun
if mpirun --version 2> mpirun.err | grep -q 'Open MPI'; then default='mpirun --oversubscribe --bind-to none'; fi
# shellcheck disable=SC2086
run ${MPIRUN:-$default} -n 2 "$orw" bench --filter 'allreduce/1e4|^loop' --batch 2 --seconds 0.01
is "$status" 0 "two ranks: $err"
rows "one of them prints"
is "$(value allreduce/1e4 reducer_bytes_sent)" 40000 "the reducer sends a ring's traffic, 2 (n - 1) / n of the vector"
is "$(value loop/target_image rounds_ranks)" 2 "the loop is shared"
# shellcheck disable=SC2086
run ${MPIRUN:-$default} -n 2 "$orw" bench --filter '^loop' --batch 1
is "$status" 0 "a batch that two ranks cannot share: $err"
like "$out" "^# loop/target_image rounds skipped: .*1 shards, fewer than the 2 ranks" "is skipped with the reason"

# ---- refusals

fails "filter: '(', expected an extended regular expression" "a bad expression" "$orw" bench --filter '('
fails "filter: 'nosuch' is found in no case" "an expression that finds nothing" "$orw" bench --filter nosuch
fails "batch: '0', expected an integer from 1" "no images" "$orw" bench --batch 0
fails "batch: 'many', expected" "a batch that is no number" "$orw" bench --batch many
fails "seconds: '0', expected a number from" "no time" "$orw" bench --seconds 0
fails "seconds: 'nan', expected" "time that is no number" "$orw" bench --seconds nan
fails "seconds: '1s', expected" "a unit" "$orw" bench --seconds 1s
fails "clock: 'sun', expected wall or cpu" "another clock" "$orw" bench --clock sun
fails "precision: 'bf16', expected f32" "another precision" "$orw" bench --precision bf16
fails "unknown option '--filtre', the nearest one is '--filter'" "a misspelt option" "$orw" bench --filtre x
fails "'unet' is one argument too many" "an operand" "$orw" bench unet
# (Open MPI has files of its own there.)
run env OMPI_MCA_orte_tmpdir_base="$PWD" TMPDIR=/dev/null "$orw" bench --filter loop --batch 2
is "$status" 2 "no place for the loop's run is an error"
like "$err" "/dev/null: no temporary directory can be made there" "and it is said"
done_testing
