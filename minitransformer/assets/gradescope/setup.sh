#!/usr/bin/env bash
# Runs once, when Gradescope builds the machine: Python 3.11, PyTorch for CPUs, this project.
set -euo pipefail
cd "${AUTOGRADER:-/autograder}/source"
python3 -m pip install --quiet uv || python3 -m pip install --quiet --break-system-packages uv
python3 -m uv venv --python 3.11 .venv
cpu=https://download.pytorch.org/whl/cpu
python3 -m uv pip install --python .venv/bin/python "$(grep '^torch==' constraints.txt)" --index-url "$cpu"
python3 -m uv pip install --python .venv/bin/python -c constraints.txt -e .
