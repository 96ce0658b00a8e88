"""The artefact holds the whole collection, and nothing of the project around it."""

from __future__ import annotations

from step import artefact_files, collection_files, report

WHOLE = ("meta", "playbooks", "plugins", "roles")
"""Folders that must be there to the last file."""
UNIT = ("tests/unit/local_cloud/", "tests/unit/meta/", "tests/unit/plugins/")
ALSO = (
    "changelogs/",
    "docs/",
    "tests/config.yml",
    "tests/integration/",
    "tests/sanity/",
    "tests/unit/conftest.py",
    *UNIT,
)
FILES = frozenset(
    (
        "CHANGELOG.md",
        "CHANGELOG.rst",
        "CODE_OF_CONDUCT.md",
        "CONTRIBUTING.md",
        "FILES.json",
        "LICENSE",
        "MANIFEST.json",
        "README.md",
    )
)


def problems(shipped: set[str], expected: set[str]) -> list[str]:
    allowed = tuple(f"{folder}/" for folder in WHOLE) + ALSO
    stray = (name for name in shipped if name not in FILES and not name.startswith(allowed))
    return [
        *(f"not in the artefact: {name}" for name in sorted(expected - shipped)),
        *(f"must not be in the artefact: {name}" for name in sorted(stray)),
    ]


if __name__ == "__main__":
    files = artefact_files()
    report(problems(set(files), set(collection_files(*WHOLE))), f"{len(files)} files, as they should be")
