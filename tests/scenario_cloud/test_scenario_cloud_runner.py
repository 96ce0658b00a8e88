# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(ecs_deploy) run by ansible-runner, in a folder as AWX makes it: its progress, and a definition from a template."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from slipway_scenarios import ScenarioCloud

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = {
    "existing": {"shop": ["web"]},
    "services": {"web": {"behaviour": "rolling", "seconds": 3}},
}
PLAY = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/slipway.aws.all: "{{ cloud }}"
  tasks:
    - name: Ship
      slipway.aws.ecs_deploy:
        release_id: r-2
        pin_images: false
        preflight: {all: "off"}
        services:
          web:
            cluster: shop
            service: web
            container: app
            template: "{{ lookup('ansible.builtin.template', template) | from_yaml }}"
            image: registry.example/app:2
"""
TEMPLATES = {
    "task.json.j2": """
{
  "family": "web",
  "containerDefinitions": [
    {
      "name": "app",
      "image": "replaced",
      "memory": {{ 128 * 2 }},
      "environment": [{"name": "SHOP", "value": "{{ shop }}"}]
    }
  ]
}
""",
    "task.yml.j2": """
family: web
containerDefinitions:
  - name: app
    image: replaced
    memory: {{ 128 * 2 }}
    environment:
      - {name: SHOP, value: "{{ shop }}"}
""",
}


class Runner:
    """A private data directory, and what ansible-runner kept of a run in it."""

    def __init__(self, folder: Path, cloud: ScenarioCloud, template: str) -> None:
        self._folder = folder
        for name, text in {
            "project/play.yml": PLAY,
            f"project/{template}": TEMPLATES[template],
            "inventory/hosts": "localhost ansible_connection=local\n",
            "env/extravars": json.dumps(
                {"cloud": {**cloud.connection, "region": cloud.region}, "template": template, "shop": "north"}
            ),
            "env/envvars": json.dumps({"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}),
        }.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def run(self, ident: str, *words: str) -> None:
        command = [sys.executable, "-m", "ansible_runner", "run", str(self._folder), "-p", "play.yml", "-i", ident]
        environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(self._folder)}
        done = subprocess.run(
            [*command, *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def events(self, ident: str) -> list[dict[str, t.Any]]:
        found = (self._folder / "artifacts" / ident / "job_events").glob("*.json")
        events = [json.loads(path.read_text(encoding="utf-8")) for path in found]
        return sorted(events, key=lambda event: int(event["counter"]))


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_progress_is_read_while_it_happens_and_the_template_is_what_runs(tmp_path: Path, template: str) -> None:
    with ScenarioCloud(SCRIPT) as cloud:
        # A command line once given stays in the folder, and would be every later run's too.
        checking, runner = Runner(tmp_path / "check", cloud, template), Runner(tmp_path / "run", cloud, template)
        checking.run("checked", "--cmdline", "--check --diff")
        assert cloud.writes() == []
        runner.run("shipped")
        assert cloud.writes() == ["RegisterTaskDefinition", "UpdateService"]
        revision = cloud.services()["web"]["task_definition"]
        definition = cloud.client("ecs").describe_task_definition(taskDefinition=revision)["taskDefinition"]
        runner.run("again")
        assert len(cloud.writes()) == 2
    (container,) = definition["containerDefinitions"]
    assert (container["image"], container["memory"]) == ("registry.example/app:2", 256)
    assert {"name": "SHOP", "value": "north"} in container["environment"]
    checked, shipped, again = (
        result_of(where.events(ident))
        for where, ident in ((checking, "checked"), (runner, "shipped"), (runner, "again"))
    )
    assert [checked["changed"], shipped["changed"], again["changed"]] == [True, True, False]
    assert checked["services"]["web"]["outcome"] == shipped["services"]["web"]["outcome"] == "succeeded"

    kinds = [(event["event"], event["stdout"]) for event in runner.events("shipped")]
    done = next(number for number, (kind, _text) in enumerate(kinds) if kind == "runner_on_ok")
    told = "\n".join(text for _kind, text in kinds[:done])
    for line in ("ecs_deploy | web: web:1 -> web:2", "running", "web: succeeded after"):
        assert line in told, kinds


def result_of(events: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    (result,) = [event["event_data"]["res"] for event in events if event["event"] == "runner_on_ok"]
    return t.cast("dict[str, t.Any]", result)
