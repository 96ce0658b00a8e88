#!/usr/bin/env bash
# Make .venv from the hash-locked requirements; do nothing when it is already what the lock says.
set -euo pipefail
cd "$(dirname "$0")/.."

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    if [ -z "$candidate" ] || ! command -v "$candidate" >/dev/null 2>&1; then continue; fi
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
    [ "$candidate" = "${PYTHON:-}" ] && break # an explicit wish is not silently replaced
  done
  return 1
}

if ! python=$(find_python); then
  echo "setup: Slipway needs Python 3.11, 3.12 or 3.13; ${PYTHON:-python3} here is $("${PYTHON:-python3}" --version 2>&1 | tail -n 1)." \
    "Install one, or name it: make setup PYTHON=/path/to/python3.11" >&2
  exit 2
fi

lock=requirements/development.txt
# The folder is part of the stamp: a virtualenv that was moved or copied points at the wrong place.
wanted="$(sha256sum <"$lock") $("$python" --version) $PWD"
[ "$(cat .venv/.locked 2>/dev/null)" = "$wanted" ] && exit 0

started=$SECONDS
echo "setup: making .venv with $("$python" --version) from $lock"
rm -rf .venv
"$python" -m venv .venv || {
  echo "setup: '$python -m venv' failed; on Debian and Ubuntu: apt-get install python3-venv" >&2
  exit 2
}
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/bootstrap.txt
.venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes "$lock"
printf '%s' "$wanted" >.venv/.locked
echo "setup: done in $((SECONDS - started)) s"
