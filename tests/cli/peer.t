# peer.t - scripts/peer.py: what it says where there is no PyTorch, refusals, and where there is one a row with the ratio.
. "$ORW_ROOT/tests/tap.sh"
if ! command -v python3 > /dev/null; then skip_all "no python3"; fi
peer=$ORW_ROOT/scripts/peer.py
tab=$(printf '\t')

mkdir without
echo 'raise ImportError("none here")' > without/torch.py
run env PYTHONPATH=without python3 "$peer" --orw "$BUILD/bin/orw"
is "$status" 0 "without PyTorch nothing is compared: $err"
like "$out" "^SKIP no PyTorch for .*python3.*: none here .*pip install torch" "and one line says what is missing"
is "$(printf '%s\n' "$out" | wc -l)" 1 "one line"
fails "nosuch/orw: no such program, expected orw" "no orw" env PYTHONPATH=without python3 "$peer" --orw nosuch/orw
fails "clock cpu, expected --cores 1" "processor time of threads" env PYTHONPATH=without python3 "$peer" --orw "$BUILD/bin/orw" --clock cpu --cores 2

if python3 -c 'import torch' 2> /dev/null; then
    run python3 "$peer" --orw "$BUILD/bin/orw" --cases 'unet-quick/forward' --modes eager --seconds 0.05 --turns 1 --clock cpu
    is "$status" 0 "beside PyTorch: $err"
    like "$out" "^unet-quick${tab}forward${tab}[0-9.]+${tab}[0-9.]+${tab}[0-9.]+${tab}eager" "rates and their ratio"
else
    skip "this python3 has no torch"
    skip "this python3 has no torch"
fi
done_testing
