# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How each tool ships the same services, the way its own documentation or its users do it."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import sys
import typing as t
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ecs import programs
from ecs.shop import CLUSTER, CONTAINER, DESIRED, REGION, Release, definition, service_names

HERE = Path(__file__).resolve().parent
SECONDS_A_RUN = 1200
AWS_SCRIPT = (
    "a shell script of `register-task-definition`, `update-service` and `wait services-stable` for each service"
)
COMMUNITY = "`ecs_taskdefinition` and `ecs_service` in loops, then `ecs_service_info` every 5 s until all are complete"

Words = list[str]
Prepare = Callable[[Path, int, Release], Words]
Maker = Callable[[Path, int], Prepare]


@dataclasses.dataclass(frozen=True)
class Contestant:
    """One way to ship. C(prepare) writes what it needs into a folder and returns the command that ships it."""

    key: str
    title: str
    how: str
    prepare: Prepare
    ours: bool = False
    sizes: tuple[int, int] = (1, 100)
    """The fewest and the most services it is measured with: one after another, a hundred take all day."""
    once_from: int = 1000
    """With as many services as this it runs in one round only."""
    twice: bool = True
    """Whether it ships the same again; where every service ships again, that takes as long as the first time."""


def play(folder: Path, tasks: t.Any) -> Words:
    file = folder / "play.yml"
    own = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    document = [{"hosts": "localhost", "gather_facts": False, **tasks, "vars": {**own, **tasks["vars"]}}]
    file.write_text(json.dumps(document), encoding="utf-8")
    return [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", str(file)]


def wanted(count: int, release: Release) -> dict[str, dict[str, str]]:
    where = {"cluster": CLUSTER, "container": CONTAINER, "image": release.image}
    return {name: {**where, "service": name} for name in service_names(count)}


def our_role(folder: Path, count: int, release: Release) -> Words:
    values = {"ecs_deploy_services": wanted(count, release), "ecs_deploy_release_id": release.name}
    return play(folder, {"vars": values, "roles": ["slipway.aws.ecs_deploy"]})


def our_module(folder: Path, count: int, release: Release) -> Words:
    options = {"services": wanted(count, release), "release_id": release.name, "region": REGION}
    file = folder / "options.json"
    file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}), encoding="utf-8")
    return [sys.executable, str(HERE / "run_module.py"), str(file)]


def community(folder: Path, count: int, release: Release) -> Words:
    """Two loops, and a wait as people write it: ecs_service itself does not wait for a deployment."""
    register = {
        "community.aws.ecs_taskdefinition": {
            "state": "present",
            "family": "{{ item.family }}",
            "containers": "{{ item.containerDefinitions }}",
            "network_mode": "bridge",
            "cpu": "{{ item.cpu }}",
            "memory": "{{ item.memory }}",
        },
        "loop": "{{ definitions }}",
        "loop_control": {"label": "{{ item.family }}"},
        "register": "registered",
    }
    update = {
        "community.aws.ecs_service": {
            "state": "present",
            "cluster": CLUSTER,
            "name": "{{ item.taskdefinition.family }}",
            "task_definition": "{{ item.taskdefinition.family }}:{{ item.taskdefinition.revision }}",
            "desired_count": DESIRED,
            "launch_type": "EC2",
        },
        "loop": "{{ registered.results }}",
        "loop_control": {"label": "{{ item.taskdefinition.family }}"},
    }
    wait = {
        "community.aws.ecs_service_info": {
            "cluster": CLUSTER,
            "service": "{{ definitions | map(attribute='family') }}",
            "details": True,
        },
        "register": "seen",
        "until": "seen.services | rejectattr('deployments.0.rolloutState', 'equalto', 'COMPLETED') | length == 0",
        "retries": 120,
        "delay": 5,
    }
    definitions = [definition(name, release) for name in service_names(count)]
    return play(folder, {"vars": {"definitions": definitions}, "tasks": [register, update, wait]})


def shell(folder: Path, count: int, one: str, *, at_once: int) -> Words:
    """Write what ships one service, C($1), and run it for all: one after another, or several at once."""
    file = folder / "one.sh"
    file.write_text(f"set -eu\n{one}\n", encoding="utf-8")
    names = folder / "names"
    names.write_text("\n".join(service_names(count)) + "\n", encoding="utf-8")
    return ["/bin/sh", "-c", f"exec xargs -n 1 -P {at_once} /bin/sh {shlex.quote(str(file))} < {names}"]


def ecspresso(program: Path, at_once: int) -> Prepare:
    service = {
        "deploymentConfiguration": {
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        },
        "deploymentController": {"type": "ECS"},
        "desiredCount": DESIRED,
        "launchType": "EC2",
        # As "ecspresso init" would write them; what is missing it takes for a difference, and updates twice.
        "healthCheckGracePeriodSeconds": 0,
        "propagateTags": "NONE",
        "schedulingStrategy": "REPLICA",
    }

    def prepare(folder: Path, count: int, release: Release) -> Words:
        for name in service_names(count):
            own = folder / name
            own.mkdir()
            settings = {
                "region": REGION,
                "cluster": CLUSTER,
                "service": name,
                "service_definition": "service.json",
                "task_definition": "task.json",
                "timeout": "10m0s",
            }
            for file, content in (
                ("ecspresso.yml", settings),
                ("service.json", service),
                ("task.json", definition(name, release)),
            ):
                (own / file).write_text(json.dumps(content), encoding="utf-8")
        one = f'{shlex.quote(str(program))} deploy --config {shlex.quote(str(folder))}/"$1"/ecspresso.yml'
        return shell(folder, count, one, at_once=min(count, at_once))

    return prepare


def aws_cli(program: Path, at_once: int) -> Prepare:
    def prepare(folder: Path, count: int, release: Release) -> Words:
        for name in service_names(count):
            (folder / f"{name}.json").write_text(json.dumps(definition(name, release)), encoding="utf-8")
        aws, place = shlex.quote(str(program)), shlex.quote(str(folder))
        one = f"""\
revision=$({aws} ecs register-task-definition --cli-input-json file://{place}/"$1".json \\
  --query taskDefinition.taskDefinitionArn --output text)
{aws} ecs update-service --cluster {CLUSTER} --service "$1" --task-definition "$revision" > /dev/null
{aws} ecs wait services-stable --cluster {CLUSTER} --services "$1"
"""
        return shell(folder, count, one, at_once=min(count, at_once))

    return prepare


def fabfuel(program: Path, at_once: int) -> Prepare:
    def prepare(folder: Path, count: int, release: Release) -> Words:
        words = [str(program), "deploy", CLUSTER, '"$1"', "--image", CONTAINER, release.image, "--timeout", "600"]
        return shell(folder, count, " ".join(words), at_once=min(count, at_once))

    return prepare


def everybody(only: Sequence[str] | None = None) -> tuple[list[Contestant], dict[str, str], list[str]]:
    """Return the contestants, the versions of what they use, and what cannot be had here.

    What nobody wants to see is not installed either.
    """
    found = [
        Contestant("role", "slipway.aws, role", "`ansible-playbook` with the role `ecs_deploy`", our_role, ours=True),
        Contestant(
            "module", "slipway.aws, module", "the module alone, without Ansible around it", our_module, ours=True
        ),
    ]
    versions: dict[str, str] = {}
    missing: list[str] = []
    makers: tuple[tuple[str, Callable[[], tuple[Path, str]], Maker, str, int], ...] = (
        ("ecspresso", programs.ecspresso, ecspresso, "`ecspresso deploy`, a process for each service", 100),
        ("fabfuel ecs-deploy", programs.fabfuel, fabfuel, "`ecs deploy`, a process for each service", 25),
        ("aws-cli", programs.awscli, aws_cli, AWS_SCRIPT, 25),
    )
    for label, provide, maker, how, at_once in makers:
        if only and not any(key.removesuffix("-turn") == label.split()[0] for key in only):
            continue
        try:
            program, versions[label] = provide()
        except programs.MissingProgramError as error:
            missing.append(f"{label}: {error}")
            continue
        if label == "ecspresso" and _older(versions[label], (2, 6)):
            how += "; up to 2.5 it looks every 15 s whether the service is stable, later ones follow the deployment"
        key = label.split()[0]
        many = "all" if at_once >= 100 else f"{at_once}"
        found += [
            Contestant(
                key,
                f"{label}, {many} at once",
                f"{how}, {'all' if at_once >= 100 else f'at most {many}'} at once",
                maker(program, at_once),
                # Two minutes a run, and far from the quickest: one round says it.
                once_from=1000 if at_once >= 100 else 100,
            ),
            Contestant(
                f"{key}-turn",
                f"{label}, in turn",
                f"{how}, one after another",
                maker(program, 1),
                sizes=(10, 10),
                once_from=10,
                twice=False,
            ),
        ]
    found.append(Contestant("community", "community.aws", COMMUNITY, community, once_from=100))
    return [one for one in found if not only or one.key in only], versions, missing


def _older(version: str, than: tuple[int, ...]) -> bool:
    return tuple(int(digits) for digits in re.findall(r"\d+", version)[: len(than)]) < than


def environment(endpoint: str, folder: Path, kept: Mapping[str, str]) -> dict[str, str]:
    """Return what every tool runs with: the emulator, and nothing of whoever runs this."""
    root = HERE.parents[2]
    settings = folder / "ansible.cfg"
    settings.write_text("[defaults]\n", encoding="utf-8")
    own = {name: kept[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in kept}
    return own | {
        "ANSIBLE_COLLECTIONS_PATH": str(root / "collections"),
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
        "AWS_ACCESS_KEY_ID": "bench-key-id",
        "AWS_CONFIG_FILE": str(folder / "nowhere"),
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_PAGER": "",
        "AWS_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "bench-secret-key",
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "nowhere"),
        "HOME": str(folder),
        "NO_COLOR": "1",
        "PYTHONPATH": str(root / "collections"),
    }
