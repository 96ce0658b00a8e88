"""No file of the repository tells where it was made, whose account it met, or which index it was fed from."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from step import ROOT, report

EXAMPLE_ACCOUNTS = ("000000000000", "123456789012", "111122223333")
LOCK_FILES = re.compile(r"(?:^|/)requirements[^/]*(?:/[^/]*)?\.txt$")
ANYWHERE = {
    "machine path": re.compile(r"(?<![\w.~*-])/(?:root|work|(?:home|Users)/(?!(?:me|someone|user|runner)/)\w+)/"),
    # Neither a part of a longer number nor of a hash.
    "account id": re.compile(r"(?<![0-9A-Za-z.])(?!" + "|".join(EXAMPLE_ACCOUNTS) + r")\d{12}(?![0-9A-Za-z])"),
    "access key": re.compile(r"\b(?:AKIA|ASIA)(?!IOSFODNN7EXAMPLE)[0-9A-Z]{16}\b"),
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "index address": re.compile(
        r"(?:index-url|find-links|trusted-host|registry)[ =:]+(?!\S*\bexample\b)\S*(?://|localhost)"
    ),
}
IN_LOCKS = {"address in a lock file": re.compile(r"\w+://\S+|^\s*-[^-]|^\s*--(?!hash=)", re.MULTILINE)}


def findings(name: str, text: str) -> Iterator[str]:
    rules = {**ANYWHERE, **(IN_LOCKS if LOCK_FILES.search(name) else {})}
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in rules.items():
            if match := pattern.search(line):
                yield f"{name}:{number}: {what}: {match[0].strip()}"


def repository_files() -> list[Path]:
    """Return what git has or would take; in an unpacked archive, everything."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        hidden = (".venv", ".slipway", ".git", "__pycache__")
        return [path for path in ROOT.rglob("*") if not set(hidden) & set(path.parts)]
    return [ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]


def main() -> None:
    found: list[str] = []
    looked_at = 0
    for path in sorted(repository_files()):
        if path.is_symlink() or not path.is_file():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        looked_at += 1
        found.extend(findings(str(path.relative_to(ROOT)), text))
    report(found, f"{looked_at} files, nothing private in them")


if __name__ == "__main__":
    main()
