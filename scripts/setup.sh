#!/usr/bin/env bash
# Makes .venv and installs what paintgym needs: Python packages at the versions of constraints.txt, and, where that is
# allowed, the system's MyPaint; with --browser also a Chromium that the page is tested in. Does nothing when it has
# been done. PYTHON=python3.12 picks the interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

system_packages="libmypaint-1.5-1 mypaint-brushes"
stamp=.venv/.paintgym-setup
key="$(cat pyproject.toml constraints.txt | cksum) $PWD"

say() { printf 'setup: %s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    say "no Python 3.11 or newer with venv was found (on Debian and Ubuntu: apt-get install python3 python3-venv)"
    return 1
}

has_mypaint() {
    "$python" -c 'import ctypes; ctypes.CDLL("libmypaint-1.5.so.1")' 2>/dev/null &&
        compgen -G '/usr/share/mypaint-data/*/brushes' >/dev/null
}

has_chromium() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
} >/dev/null

# Only where it takes no password: as root, or by a sudo that asks for none.
install_system_packages() {
    local as_root=""
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root="sudo -n"
    fi
    say "installing the system packages $*"
    $as_root apt-get update -qq >&2 || say "apt-get update failed; going on with the package lists there are"
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >&2
}

python=$(find_python)
if [ "$(cat "$stamp" 2>/dev/null)" != "$key" ]; then
    # The commands in a virtual environment know its path, so a checkout that was moved needs a new one.
    if [ -f "$stamp" ] && [ "$(cut -d' ' -f3- "$stamp")" != "$PWD" ]; then
        rm -rf .venv
    fi
    rm -f "$stamp"
    has_mypaint || install_system_packages $system_packages || true
    say "installing the Python packages into .venv (some minutes the first time)"
    "$python" -m venv .venv
    # Twice quiet hides warnings; errors are still shown.
    .venv/bin/python -m pip install -qq --disable-pip-version-check \
        --constraint constraints.txt --editable '.[dev,docs,onnx,photographs,ray,torchrl]'
    echo "$key" >"$stamp"
fi

if ! has_mypaint; then
    say "the real MyPaint brush is missing; 'apt-get install $system_packages' brings it (Debian, Ubuntu)." \
        "Painting works without it; 'paintgym strokes', 'fidelity' and 'train-painter' do not, and the tests that" \
        "draw with it are skipped, each with this reason."
fi
if [ "${1:-}" = --browser ] && ! has_chromium && ! install_system_packages chromium; then
    say "there is no Chromium; 'apt-get install chromium' brings it (Debian). The tests that open pages in it are" \
        "skipped."
fi
