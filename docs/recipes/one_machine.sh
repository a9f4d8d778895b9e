#!/bin/bash
# One machine with several GPUs: a process for each of them. Started again after an interruption, it goes on.
#   bash one_machine.sh                      more options of train-policy may follow
set -euo pipefail

export PAINTGYM_DATA=${PAINTGYM_DATA:-$PWD/data}
torchrun --standalone --nproc-per-node=gpu --max-restarts=3 \
    -m paintgym train-policy --target paintings --device cuda --out runs/policy "$@"
