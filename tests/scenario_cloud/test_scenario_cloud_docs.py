# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about scenarios: its examples run, and it names everything that a script may say."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from slipway_scenarios.behaviours import BEHAVIOURS, CauseName
from slipway_scenarios.cloud import Application
from slipway_scenarios.faults import Fault, Kind
from slipway_scenarios.script import Existing, Script

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")


def block(language: str, mark: str) -> str:
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if mark in text]
    return str(found)


def run(words: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_", "SLIPWAY_"))}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_playbook_runs(tmp_path: Path) -> None:
    (tmp_path / "crash.yml").write_text(block("yaml", "# crash.yml"), encoding="utf-8")
    done = run(
        ["ansible", "playbook", "-i", "localhost,", "-c", "local", "crash.yml"],
        tmp_path,
        ANSIBLE_COLLECTIONS_PATH=str(ROOT / "collections"),
        ANSIBLE_NOCOLOR="1",
        ANSIBLE_PYTHON_INTERPRETER=sys.executable,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "rescued=1" in done.stdout
    assert not list((tmp_path / ".slipway").glob("*"))


def test_the_test_runs(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(block("python", "test_my_tool"), encoding="utf-8")
    files = ROOT / "roles" / "scenario_cloud" / "files"
    done = run(["pytest", "-p", "no:cacheprovider", "-q", "test_mine.py"], tmp_path, PYTHONPATH=str(files))
    assert "1 passed" in done.stdout, done.stdout[-3000:]


def test_the_script_is_one() -> None:
    script = Script.parse(yaml.safe_load(block("yaml", "going_back:")))
    assert [name for name, _behaviours in script.services] == ["web", "api*", "*"]


NAMED = {
    **{name: [field.name for field in dataclasses.fields(t.cast("t.Any", kind))] for name, kind in BEHAVIOURS.items()},
    "existing": [field.name for field in dataclasses.fields(Existing)],
    "faults": [field.name for field in dataclasses.fields(Fault)],
    "kinds of faults": list(t.get_args(Kind)),
    "causes": list(t.get_args(CauseName)),
    "the script": [field.name for field in dataclasses.fields(Script)],
    "behaviours": list(BEHAVIOURS),
}


@pytest.mark.parametrize("what", sorted(NAMED))
def test_the_page_names_everything(what: str) -> None:
    assert [name for name in NAMED[what] if not re.search(rf"\b{name}\b", PAGE)] == []


def test_the_page_names_every_request() -> None:
    requests = [f"{method} /_slipway/{path}" for method, path in Application()._controls]
    assert [request for request in requests if request not in PAGE] == []


@pytest.mark.parametrize("name", sorted(BEHAVIOURS))
def test_the_page_has_the_true_defaults(name: str) -> None:
    (row,) = re.findall(rf"^\| `{name}` \|.*$", PAGE, re.MULTILINE)
    for key, told in re.findall(r"`(\w+)` ([\d.]+)", row):
        default = {field.name: field.default for field in dataclasses.fields(t.cast("t.Any", BEHAVIOURS[name]))}[key]
        assert float(told) == default, key
