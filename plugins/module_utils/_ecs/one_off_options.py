# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a one-off task is asked to be, and the options it is asked with."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

ARGUMENTS: dict[str, t.Any] = {
    "name": {"type": "str"},
    "cluster": {"type": "str", "required": True},
    "service": {"type": "str"},
    "task_definition": {"type": "str"},
    "image": {"type": "str"},
    "container": {"type": "str"},
    "command": {"type": "list", "elements": "str"},
    # Kept out of system logs; what of it is masked in the result is decided by us, see `masked_arguments`.
    "environment": {"type": "dict", "default": {}, "no_log": True},
    "cpu": {"type": "str"},
    "memory": {"type": "str"},
    "network": {
        "type": "dict",
        "options": {
            "subnets": {"type": "list", "elements": "str", "required": True},
            "security_groups": {"type": "list", "elements": "str", "default": []},
            "assign_public_ip": {"type": "bool", "default": False},
        },
    },
    "launch_type": {"type": "str", "choices": ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]},
    "capacity_provider_strategy": {
        "type": "list",
        "elements": "dict",
        "options": {
            "capacity_provider": {"type": "str", "required": True},
            "weight": {"type": "int"},
            "base": {"type": "int"},
        },
    },
    "platform_version": {"type": "str"},
    "release_id": {"type": "str"},
    "git_sha": {"type": "str"},
    "attempt": {"type": "int", "default": 1},
    "wait": {"type": "bool", "default": True},
    "timeout": {"type": "str", "default": "15m"},
    "stream_logs": {"type": "bool", "default": True},
    "log_lines": {"type": "int", "default": 50},
    "tags": {"type": "dict", "default": {}},
    "enable_execute_command": {"type": "bool", "default": False},
}

MASK = "********"

SECONDS = {"s": 1, "m": 60, "h": 3600}
DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*[smh]\s*)+")
PART = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[smh])")
BARE = re.compile(r"\d+")


@dataclasses.dataclass(frozen=True)
class Job:
    """One task to run to its end. What is not given comes from the service."""

    cluster: str
    name: str | None = None
    service: str | None = None
    task_definition: str | None = None
    image: str | None = None
    container: str | None = None
    command: tuple[str, ...] | None = None
    environment: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    cpu: str | None = None
    memory: str | None = None
    network: t.Mapping[str, t.Any] | None = None
    launch_type: str | None = None
    strategy: tuple[t.Mapping[str, t.Any], ...] = ()
    platform_version: str | None = None
    release_id: str | None = None
    git_sha: str | None = None
    attempt: int = 1
    wait: bool = True
    timeout: float = 900.0
    stream_logs: bool = True
    log_lines: int = 50
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    enable_execute_command: bool = False

    @property
    def unit(self) -> str:
        """What people call it: its name, its service, or the family of its task definition."""
        if self.name:
            return self.name
        return last_part(self.service or self.task_definition or "task").partition(":")[0]


def job_from(params: t.Mapping[str, t.Any]) -> Job:
    """Return the job that options describe, or say what about them makes no sense."""
    if not (params.get("service") or params.get("task_definition")):
        raise SlipwayError(
            "A one-off task needs a service to take its task definition and its network from, or a task_definition."
        )
    if params.get("launch_type") and params.get("capacity_provider_strategy"):
        raise SlipwayError("Set launch_type or capacity_provider_strategy, and not both: ECS takes one of them.")
    for name, least in (("attempt", 1), ("log_lines", 0)):
        if params[name] < least:
            raise SlipwayError(f"The option {name} must be at least {least}, not {params[name]}.")
    return Job(
        cluster=params["cluster"],
        name=params.get("name") or None,
        service=params.get("service") or None,
        task_definition=params.get("task_definition") or None,
        image=params.get("image") or None,
        container=params.get("container") or None,
        command=tuple(params["command"]) if params.get("command") is not None else None,
        environment={str(name): str(value) for name, value in (params.get("environment") or {}).items()},
        cpu=params.get("cpu") or None,
        memory=params.get("memory") or None,
        network=params.get("network"),
        launch_type=params.get("launch_type"),
        strategy=tuple(_provider(item) for item in params.get("capacity_provider_strategy") or ()),
        platform_version=params.get("platform_version") or None,
        release_id=params.get("release_id") or None,
        git_sha=params.get("git_sha") or None,
        attempt=params["attempt"],
        wait=params["wait"],
        timeout=seconds(params["timeout"]),
        stream_logs=params["stream_logs"],
        log_lines=params["log_lines"],
        tags={str(key): str(value) for key, value in (params.get("tags") or {}).items()},
        enable_execute_command=params["enable_execute_command"],
    )


def _provider(given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    names = {"capacity_provider": "capacityProvider", "weight": "weight", "base": "base"}
    return {names[key]: value for key, value in given.items() if value is not None}


def seconds(text: str | float) -> float:
    """Return the seconds that a duration such as C(90s), C(15m) or C(1h30m) lasts; a bare number is seconds."""
    spelled = str(text).strip().lower()
    if BARE.fullmatch(spelled):
        found = float(spelled)
    elif DURATION.fullmatch(spelled):
        found = sum(float(part["number"]) * SECONDS[part["unit"]] for part in PART.finditer(spelled))
    else:
        found = 0.0
    if found <= 0:
        raise SlipwayError(
            f"The timeout {text!r} is no duration longer than nothing.",
            hint="Write it with units, as 90s, 15m or 1h30m, or as a whole number of seconds.",
        )
    return found


def masked_arguments(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a task's options as they may be shown."""
    shown = dict(params)
    shown["environment"] = dict.fromkeys(params.get("environment") or {}, MASK)
    return shown


def last_part(name: str) -> str:
    """Return what people say of a name or an ARN."""
    return name.rsplit("/", 1)[-1]


__all__ = ("ARGUMENTS", "MASK", "Job", "job_from", "last_part", "masked_arguments", "seconds")
