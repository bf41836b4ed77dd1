# rewards.t - every command of "Your own reward" in README.md and of docs/rewards.md, as it stands there.
. "$ORW_ROOT/tests/tap.sh"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
command -v python3 > /dev/null || skip_all "python3 is not installed"
command -v cc > /dev/null || skip_all "no C compiler cc"
for name in experiments examples include data scripts; do ln -s "$ORW_ROOT/$name" "$name"; done
ln -s "$BUILD" build
sed -n '/^## Your own reward/,/^## /p' "$ORW_ROOT/README.md" > section
for page in section "$ORW_ROOT/docs/rewards.md"; do
    awk '/^```/ { inside = !inside; next } inside && NF' "$page" > commands
    [ "$(wc -l < commands)" -ge 2 ]
    report $? "$(basename "$page") has commands"
    while read -r line; do
        run sh -c "$line"
        is "$status" 0 "$line" || tap_show stderr "$err"
    done < commands
done
run build/bin/orw export results/mine/target_image/runs/orw-alpha0-seed1/run.h5 evaluation
like "$(head -n 1 tap.out)" "part_even_digit.part_bright.watched_jpeg_size.watched_jpeg_size_sd" "the columns that the page names are there"
like "$out" "suspect" "and suspect"

# The example with NumPy, against NumPy's own numbers.
python=
for candidate in /usr/bin/python3 python3; do
    if "$candidate" -c 'import numpy' 2> /dev/null; then python=$candidate && break; fi
done
if [ -n "$python" ]; then
    run build/bin/orw score --reward "command:$python examples/reward_numpy.py" --dataset mnist:test --count 100
    cp tap.out found
    "$python" -c '
import gzip, os, numpy as np
path = next(p for p in ("data/mnist/t10k-images-idx3-ubyte.gz", "data/mnist/t10k-images-idx3-ubyte") if os.path.exists(p))
raw = (gzip.open if path.endswith("gz") else open)(path, "rb").read()
x = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)[:100] / 127.5 - 1
for i, r in enumerate(-np.abs(x - x[:, :, ::-1]).mean(axis=(1, 2))): print(i, r)' > expected
    paste expected found > /dev/null
    grep -v '^#' found | paste -d ' ' expected - | awk '{ d = $2 - $4; if ($1 != $3 || d > 1e-6 || d < -1e-6) exit 1; n++ } END { exit n != 100 }'
    report $? "examples/reward_numpy.py: the numbers of NumPy on the images themselves"
    run build/bin/orw reward "command:$python examples/reward_numpy.py" --dataset mnist:test --count 64
    is "$status" 0 "repeatable, and a function of each image alone: $err"
else
    skip "NumPy is not installed"
fi
for file in examples/reward.py examples/reward_numpy.py; do
    [ "$(wc -l < "$file")" -lt 40 ]
    report $? "$file has fewer than 40 lines"
done
done_testing
