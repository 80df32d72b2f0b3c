#!/bin/sh
# environment.sh DIRECTORY ARGUMENTS...: a virtual environment of Python in
# DIRECTORY, with what `pip install ARGUMENTS` installs.
set -eu

directory=$1
shift
# One that was begun and has no pip is made anew. In two steps, because `venv`
# keeps to itself what its `ensurepip` has printed.
if [ ! -x "$directory/bin/pip" ]; then
    python3 -m venv --clear --without-pip "$directory"
    if ! "$directory/bin/python" -m ensurepip --default-pip >"$directory/log" 2>&1; then
        cat "$directory/log" >&2
        df -h "$directory" "${TMPDIR:-/tmp}" >&2
        exit 1
    fi
fi
"$directory/bin/pip" install --quiet --disable-pip-version-check "$@"
