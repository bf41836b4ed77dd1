# tutorial.t - every command of docs/tutorial.md, with fewer updates.
. "$ORW_ROOT/tests/tap.sh"
command -v python3 > /dev/null || skip_all "python3 is not installed"
page=$ORW_ROOT/docs/tutorial.md

# blocks LANGUAGE: the lines of the page's blocks of it, one block a file LANGUAGE.N.
blocks() {
    awk -v language="$1" '$0 == "```" language { n++; on = 1; next } $0 == "```" { on = 0 } on { print > (language "." n) }' "$page"
}
blocks sh
blocks python
mkdir build && ln -s "$BUILD/bin" build/bin
for name in experiments analysis scripts data; do ln -s "$ORW_ROOT/$name" $name; done
cp python.1 warm.py
is "$(wc -l < warm.py)" 10 "the reward has ten lines"
short="--set pretrain.updates=6 --set pretrain.batch=16 --set finetune.batch=16 --set evaluate.count=16 --set solver.steps=2 --set sweep.orw=0.3"
n=0
for block in sh.1 sh.2 sh.3 sh.4 sh.5; do
    while IFS= read -r line; do
        n=$((n + 1))
        line=$(printf '%s\n' "$line" | sed "s,sprites:1:3000,sprites:1:60,; s,experiments/finetune/quick.conf,& $short --set finetune.rounds=2,;
            s,--set finetune.rounds=50,--set finetune.rounds=3,")
        case $line in analysis/*) command -v gnuplot > /dev/null || { skip "gnuplot is not installed"; continue; } ;; esac
        ORW="$BUILD/bin/orw" sh -c "$line" > line.log 2>&1
        report $? "line $n: $line" || sed 's/^/# /' line.log
    done < $block
done
exists results/mine/finetune/runs/orw-alpha0.3-seed1.replaced-1 "the shorter runs stay"
is "$(find drawn -name '*.png' | wc -l | tr -d ' ')" 16 "sixteen pictures were drawn"
if command -v gnuplot > /dev/null; then
    exists results/mine/figures/finetune/reward_vs_distance.svg "the frontier"
    like "$(cat results/mine/report.html)" "Your own images and reward" "the report has its part"
fi

# ---- TorchCFM
if python3 -c 'import torch, torchcfm, safetensors' 2> /dev/null; then
    python3 python.2 > torch.log 2>&1
    report $? "the lines of Python: $(tail -n 1 torch.log)"
    sed "s,experiments/finetune/quick.conf,& $short --set finetune.rounds=1," sh.6 > torch.sh
    sh -e torch.sh > torch.log 2>&1
    report $? "and what follows: $(tail -n 1 torch.log)"
else
    skip "PyTorch, TorchCFM and safetensors are not installed"
fi
done_testing
