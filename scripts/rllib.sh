#!/usr/bin/env bash
# Trains with RLlib: makes .venv/rllib, as RLlib pins an older gymnasium than the one in .venv, and runs the example in
# it with the given options, such as --env-runners 2 --learners 2. PYTHON=python3.12 picks the interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ ! -x .venv/rllib/bin/python ] || ! .venv/rllib/bin/python -c 'import paintgym, ray, tree' 2>/dev/null; then
    printf 'rllib: installing into .venv/rllib (some minutes the first time)\n' >&2
    "${PYTHON:-python3}" -m venv .venv/rllib
    # All versions but those that RLlib has a word in.
    .venv/rllib/bin/python -m pip install -qq --disable-pip-version-check \
        --constraint <(grep -v '^gymnasium==' constraints.txt) --editable '.[rllib]'
fi
exec .venv/rllib/bin/python -m paintgym.scripts.examples.rllib_ppo "$@"
