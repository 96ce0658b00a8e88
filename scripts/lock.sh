#!/usr/bin/env bash
# Write the hash-locked requirement files. No index address may reach them.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  .venv/bin/uv pip compile --quiet --universal --python-version "${3:-3.11}" --generate-hashes --no-header \
    --no-emit-index-url --no-emit-find-links --no-annotate --output-file "$2" "$1"
}
compile requirements/development.in requirements/development.txt
grep -A 100 '^uv==' requirements/development.txt | awk 'NR > 1 && !/^    --hash/ { exit } { print }' >requirements/bootstrap.txt
compile requirements/parliament.in requirements/parliament.txt
[ ! -f app/requirements.in ] || compile app/requirements.in app/requirements.txt
for core in requirements/core/*.in; do
  case "$core" in
    */2.1[789].in) python=3.11 ;;
    *) python=3.12 ;; # the oldest they run on
  esac
  compile "$core" "${core%.in}.txt" "$python"
done
