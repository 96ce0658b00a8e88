"""The checkout runs as slipway.aws through exactly five relative links, and no other link is in the repository."""

from __future__ import annotations

from pathlib import Path

from step import ROOT, report

FOLDER = "collections/ansible_collections/slipway/aws"
LINKED = ("galaxy.yml", "meta", "playbooks", "plugins", "roles")


def problems(root: Path) -> list[str]:
    folder = root / FOLDER
    present = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    found = [f"{FOLDER}/{name}: no such link" for name in LINKED if name not in present]
    for name, path in sorted(present.items()):
        if name not in LINKED:
            found.append(f"{FOLDER}/{name}: should not be there")
        elif not path.is_symlink() or path.readlink() != Path("../../../..") / name:
            found.append(f"{FOLDER}/{name}: is not the link to ../../../../{name}")
        elif not path.exists():
            found.append(f"{FOLDER}/{name}: leads nowhere")
    return found


if __name__ == "__main__":
    report(problems(ROOT), f"{len(LINKED)} links, all of them right")
