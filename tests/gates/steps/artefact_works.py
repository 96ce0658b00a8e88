"""Installed into an empty path, the artefact offers every plugin, role and playbook of the checkout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from step import ROOT, fail, installed, must

KINDS = {"modules": "module", "inventory": "inventory", "lookup": "lookup", "callback": "callback", "filter": "filter"}


def names(folder: Path) -> list[str]:
    """Return the plugins of a folder. A file of several filters has its documentation beside it, one file for each."""
    found = [*folder.glob("*.yml"), *(path for path in folder.glob("*.py") if "\nDOCUMENTATION = " in path.read_text())]
    return sorted(f"slipway.aws.{path.stem}" for path in found)


def main() -> None:
    with installed() as path:
        # Neither the checkout's ansible.cfg nor its links may help.
        os.environ.pop("ANSIBLE_CONFIG", None)
        os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(path)
        for folder, kind in KINDS.items():
            if plugins := names(ROOT / "plugins" / folder):
                must(["ansible-doc", "--json", "--type", kind, *plugins], cwd=path)
        roles = sorted(f"slipway.aws.{role.name}" for role in (ROOT / "roles").iterdir() if role.is_dir())
        if roles:
            must(["ansible-doc", "--json", "--type", "role", *roles], cwd=path)
        for playbook in sorted((ROOT / "playbooks").glob("*.yml")):
            must(["ansible-playbook", "-i", "localhost,", "--syntax-check", f"slipway.aws.{playbook.stem}"], cwd=path)
        check_source(path)


def check_source(path: Path) -> None:
    """The doubt this removes: that Ansible found another copy of the collection, and we tested that one."""
    answer = subprocess.run(
        ["ansible-galaxy", "collection", "list", "slipway.aws"], cwd=path, capture_output=True, text=True, check=True
    ).stdout
    if str(path) not in answer or str(ROOT) in answer:
        fail(f"Ansible does not use the installed artefact:\n{answer}")


if __name__ == "__main__":
    main()
