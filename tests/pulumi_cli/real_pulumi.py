# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The true Pulumi CLI and its engine, and our reader on what they wrote.

Programs run inline, by the Automation API: not every module proxy serves the separate host for Python programs, but
the SDK carries one that runs inside this process. Engine, state and every command are those of the CLI.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.reader import Reader, Terms, open_reader
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.stack import Stack
from pulumi import automation

PROJECT = "shop"
PASSPHRASE = "correct horse"
HIDDEN = "[secret]"
ALL = Terms(secrets=True)

Program = t.Callable[[], t.Any]


def normal(value: t.Any) -> str:
    """Return the one spelling of a document: what is equal byte for byte in it is equal."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


@dataclasses.dataclass
class RealBackend:
    """A backend, with the project folder and the settings the CLI is used with."""

    url: str
    folder: Path
    settings: dict[str, str] = dataclasses.field(default_factory=dict)
    secrets_provider: str = "passphrase"
    project: str = PROJECT

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PULUMI_BACKEND_URL": self.url,
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_DIY_BACKEND_IGNORE_DEPRECATION_ERROR": "true",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "NO_COLOR": "1",
            **self.settings,
        }

    @property
    def project_folder(self) -> Path:
        return self.folder / "project"

    def open(self, stack: str = "dev", program: Program | None = None) -> automation.Stack:
        """Make or choose a stack."""
        self.project_folder.mkdir(parents=True, exist_ok=True)
        workspace = automation.LocalWorkspace(
            work_dir=str(self.project_folder),
            program=program or nothing,
            project_settings=automation.ProjectSettings(name=self.project, runtime="python"),
            secrets_provider=self.secrets_provider,
            env_vars=self.environment,
        )
        return automation.Stack.create_or_select(stack, workspace)

    def up(self, program: Program, stack: str = "dev", **options: t.Any) -> automation.UpResult:
        return self.open(stack, program).up(**options)

    def attempt(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the CLI in the project's folder."""
        return subprocess.run(
            [os.environ["SLIPWAY_PULUMI"], *words, "--non-interactive"],
            cwd=self.project_folder,
            env=self.environment | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def run(self, *words: str, **settings: str) -> str:
        done = self.attempt(*words, **settings)
        assert done.returncode == 0, f"pulumi {' '.join(words)}: {done.stderr or done.stdout}"
        return done.stdout

    def outputs(self, stack: str = "dev", *words: str) -> dict[str, t.Any]:
        """Return what the CLI prints."""
        printed: dict[str, t.Any] = json.loads(self.run("stack", "output", "--json", "--stack", stack, *words))
        return printed

    def exported(self, stack: str = "dev") -> dict[str, t.Any]:
        document: dict[str, t.Any] = json.loads(self.run("stack", "export", "--show-secrets", "--stack", stack))
        return document

    def imported(self, document: dict[str, t.Any], stack: str = "dev") -> None:
        """Write a state by hand; the CLI checks and encrypts it."""
        path = self.folder / "import.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        self.run("stack", "import", "--stack", stack, "--file", str(path))

    def state_file(self, stack: str = "dev") -> Path:
        """Return where the CLI keeps a stack that is in a folder."""
        folder = Path(self.url.removeprefix("file://"), ".pulumi", "stacks")
        of_a_project = folder / self.project / f"{stack}.json"
        return of_a_project if of_a_project.exists() else folder / f"{stack}.json"

    def reader(self, **settings: str) -> Reader:
        return open_reader(self.url, base=self.folder, environment=self.environment | settings)

    def read(self, stack: str = "dev", terms: Terms = ALL, **settings: str) -> Stack:
        """Read a stack as plugins do."""
        return self.reader(**settings).stack(stack, terms, project=self.project)


def nothing() -> None:
    """Be a program that declares nothing."""


def hidden(value: t.Any) -> bool:
    """Tell whether the CLI hid a value or a part of it."""
    if isinstance(value, dict):
        return any(hidden(item) for item in value.values())
    return value == HIDDEN or (isinstance(value, list) and any(hidden(item) for item in value))


def prove_equal(backend: RealBackend, stack: str = "dev", terms: Terms = ALL, **settings: str) -> dict[str, t.Any]:
    """Compare our outputs with those of the CLI, and what we take for secret with what it hides."""
    ours = backend.read(stack, terms, **settings)
    found = ours.outputs(secrets=True)
    printed = backend.outputs(stack, "--show-secrets")
    different = [name for name in sorted(found.keys() | printed.keys()) if not _same(found, printed, name)]
    # Values are megabytes sometimes: names first.
    assert different == [], {name: (str(found.get(name))[:300], str(printed.get(name))[:300]) for name in different}
    assert normal(found) == normal(printed)
    blind = backend.outputs(stack)
    assert ours.secret_outputs == tuple(sorted(name for name, value in blind.items() if hidden(value)))
    assert normal(ours.outputs(secrets=False)) == normal({k: v for k, v in blind.items() if not hidden(v)})
    return found


def _same(ours: dict[str, t.Any], theirs: dict[str, t.Any], name: str) -> bool:
    return name in ours and name in theirs and normal(ours[name]) == normal(theirs[name])
