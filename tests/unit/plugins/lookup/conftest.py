# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "module_utils" / "_pulumi"))

from pulumi_state import StateFolder

# From a checkout as well as from an installed artefact.
COLLECTIONS = next(
    folder
    for parent in Path(__file__).resolve().parents
    for folder in (parent, parent / "collections")
    if (folder / "ansible_collections" / "slipway" / "aws").is_dir()
)

# Ansible's loader wants to be the first to see a collection, which in a test it is not: it works in a process of its
# own, where one question is one line.
ANSWER = """
import json
import os
import sys

from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.loader import init_plugin_loader, lookup_loader

init_plugin_loader()
usual = dict(os.environ)
for line in sys.stdin:
    question = json.loads(line)
    os.environ.clear()
    os.environ.update(usual, **question["environment"])
    try:
        lookup = lookup_loader.get("slipway.aws.pulumi_output")
        answer = {"values": lookup.run(question["terms"], question["variables"], **question["options"])}
    except AnsibleError as error:
        answer = {"complaint": str(error), "chained": error.__cause__ is not None}
    print(json.dumps(answer | {"cache": constants.DEFAULT_LOCAL_TMP}), flush=True)
"""


class Lookups:
    """A process that looks up what it is asked for."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.cache = Path()

    def ask(
        self,
        terms: list[str],
        options: dict[str, t.Any],
        variables: dict[str, t.Any] | None = None,
        environment: dict[str, str] | None = None,
    ) -> dict[str, t.Any]:
        question = {"terms": terms, "options": options, "variables": variables or {}, "environment": environment or {}}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        answer: dict[str, t.Any] = json.loads(self._process.stdout.readline())
        self.cache = Path(answer.pop("cache")) / "slipway-pulumi"
        return answer


@pytest.fixture(scope="session")
def lookups() -> t.Iterator[Lookups]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PULUMI_"))}
    environment["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
    with subprocess.Popen(
        [sys.executable, "-c", ANSWER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield Lookups(process)


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """Return an empty backend, below a folder whose name has a space in it."""
    folder = tmp_path / "the state"
    folder.mkdir()
    return StateFolder(folder)
