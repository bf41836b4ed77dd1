# shellcheck shell=sh
# sd3.sh - what the tests of this room share: . "$ORW_ROOT/tests/sd3/sd3.sh" MODULE... finds a Python that has PyTorch and these modules, or
# skips the whole test. scripts/oracles.sh makes one.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
theirs=$BUILD/tests/sd3/test_theirs
LC_ALL=C
export LC_ALL
export HF_HUB_OFFLINE=1 CUDA_VISIBLE_DEVICES= OMP_NUM_THREADS=1 PYTHONWARNINGS=ignore
python=${ORW_PYTHON:-$ORW_ROOT/build/oracles/bin/python}
[ -x "$python" ] || python=python3
needs_python() {
    for module in torch safetensors "$@"; do
        "$python" -c "import importlib.util, sys; sys.exit(not importlib.util.find_spec('$module'))" 2> /dev/null ||
            skip_all "$python has no $module: scripts/oracles.sh installs it"
    done
}
# python NAME ARGUMENTS...: a part of theirs.py, whose failure is the test's.
their() { "$python" "$ORW_ROOT/tests/sd3/theirs.py" "$@" > their.out 2> their.err || { tail -n 3 their.err | sed 's/^/# /'; false; }; }
# near FOUND LIMIT NAME: a difference that "$theirs" printed.
near() { awk -v found="$1" -v limit="$2" 'BEGIN { exit !(found != "" && found + 0 == found && found <= limit) }'; report $? "$3 ($1)"; }
