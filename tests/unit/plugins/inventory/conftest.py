# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "module_utils" / "_pulumi"))

from pulumi_state import StateFolder

PARSE = """
import json
import sys

from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, inventory_loader

init_plugin_loader()
for source in sys.argv[1:]:
    inventory, complaint = InventoryData(), None
    try:
        inventory_loader.get("slipway.aws.pulumi").parse(inventory, DataLoader(), source, cache=False)
    except AnsibleError as error:
        complaint = str(error)
    print(json.dumps({"complaint": complaint, "hosts": sorted(inventory.hosts)}))
"""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What C(ansible-inventory --list) printed and complained about."""

    returncode: int
    listing: dict[str, t.Any]
    complaints: str

    def group(self, name: str) -> list[str]:
        hosts: list[str] = self.listing.get(name, {}).get("hosts", [])
        return sorted(hosts)

    def variables(self, host: str) -> dict[str, t.Any]:
        variables: dict[str, t.Any] = self.listing["_meta"]["hostvars"][host]
        return variables


class Project:
    """A folder with an inventory and a Pulumi backend in it, and a space in its name."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.file = folder / "inventory" / "my.pulumi.yml"
        self.file.parent.mkdir()
        self.state_folder = folder / "state"

    def state(self, layout: int = 1) -> StateFolder:
        self.state_folder.mkdir(exist_ok=True)
        return StateFolder(self.state_folder, layout)

    def command(self, name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", f"ansible.cli.{name}", *arguments],
            env=self.environment | environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def list(self, options: str = "", *, backend: str = "file://../state", **environment: str) -> Answer:
        """Write the inventory file and ask the real program what it makes of it."""
        self.source(self.file.name, f"backend: {backend}\n{options}" if backend else options)
        return self.ask(self.file, **environment)

    def source(self, name: str, options: str) -> Path:
        """Write an inventory file."""
        path = self.file.with_name(name)
        path.write_text(f"plugin: slipway.aws.pulumi\n{options}\n")
        return path

    def parse(self, sources: list[Path]) -> list[dict[str, t.Any]]:
        """Let the plugin read many files in one process: what it complains of, and the hosts it leaves behind."""
        run = subprocess.run(
            [sys.executable, "-c", PARSE, *map(str, sources)],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return [json.loads(line) for line in run.stdout.splitlines()]

    def evaluate(self, expression: str, *, host: str = "all", **environment: str) -> t.Any:
        """Return what an expression is to a task of a host; the text it becomes on the way is none Ansible reads."""
        run = self.adhoc("{{ " + expression + " | ansible.builtin.to_json | b64encode }}", host, **environment)
        assert run.returncode == 0, run.stdout + run.stderr
        return json.loads(base64.b64decode(json.loads(run.stdout.partition("=>")[2])["msg"]))

    def adhoc(self, message: str, host: str = "all", **environment: str) -> subprocess.CompletedProcess[str]:
        """Let a task of a host say something."""
        task = ["-m", "ansible.builtin.debug", "-a", json.dumps({"msg": message})]
        connect = ["-c", "local", "--one-line"]
        return self.command("adhoc", "-i", str(self.file), host, *task, *connect, **environment)

    def ask(self, source: Path, **environment: str) -> Answer:
        run = self.command("inventory", "-i", str(source), "--list", **environment)
        listing = json.loads(run.stdout) if run.stdout.strip().startswith("{") else {}
        # Ansible wraps its warnings at the width of a terminal, some versions between words and some not at all.
        return Answer(run.returncode, _without_marks(listing), " ".join(run.stderr.split()))


def _without_marks(value: t.Any) -> t.Any:
    """Take off the mark that a listing puts on text which is not to be templated."""
    if isinstance(value, dict):
        if value.keys() == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {key: _without_marks(item) for key, item in value.items()}
    return [_without_marks(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "a project"
    folder.mkdir()
    (folder / "home").mkdir()
    configuration = folder / "ansible.cfg"
    configuration.write_text("[inventory]\nany_unparsed_is_failed = true\n")
    collections = [path for path in sys.path if (Path(path) / "ansible_collections").is_dir()]
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANSIBLE_", "AWS_", "PULUMI_", "SLIPWAY_")) and name != "PYTHONPATH"
    }
    return Project(
        folder,
        kept
        | {
            "ANSIBLE_CONFIG": str(configuration),
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(collections),
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "COLUMNS": "10000",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        },
    )
