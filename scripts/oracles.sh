#!/bin/sh
# oracles.sh [DIR] - a Python with PyTorch, diffusers, transformers and PEFT for the tests that hold this suite against them (tests/sd3), in
# DIR (default build/oracles, where the tests look; elsewhere: ORW_PYTHON=DIR/bin/python). Needs the network, once; some gigabytes.
set -eu
cd "$(dirname "$0")/.."
where=${1:-build/oracles}
python3 -m venv "$where"
"$where/bin/python" -m pip install --quiet torch --index-url "${ORW_TORCH_INDEX:-https://download.pytorch.org/whl/cpu}" ||
    "$where/bin/python" -m pip install --quiet torch
# The versions that the tests were written against: torch 2.2.2, diffusers 0.31.0, transformers 4.41.2, peft 0.11.1.
"$where/bin/python" -m pip install --quiet 'diffusers>=0.31,<0.32' 'transformers>=4.41,<4.46' 'peft>=0.11,<0.14' 'numpy<2' safetensors accelerate
"$where/bin/python" -c 'import diffusers, peft, torch, transformers
print(f"torch {torch.__version__}, diffusers {diffusers.__version__}, transformers {transformers.__version__}, peft {peft.__version__}")'
echo "tests/run sd3 uses $where/bin/python"
