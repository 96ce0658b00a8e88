"""Runs the program, or a part of one, under Pulumi's mocks and keeps what it asked for."""

from __future__ import annotations

import asyncio
import contextvars
import json
import runpy
import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
from local_engine.project import Project
from pulumi.runtime import config as sdk_config
from pulumi.runtime.settings import SETTINGS, get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

from tests import invented
from tests.invented import ACCOUNT, REGION

PROGRAM = Path(__file__).resolve().parents[1]
#: Every stack there is a file of.
STACKS = tuple(sorted(file.stem.removeprefix("Pulumi.") for file in PROGRAM.glob("Pulumi.*.yaml")))

Main = Callable[[], t.Mapping[str, t.Any] | None]


@dataclass(frozen=True)
class Recorded:
    """One resource the program asked for."""

    type: str
    name: str
    inputs: dict[str, t.Any]


@dataclass
class Program:
    """Everything one run asked for, and what it exported."""

    stack: str
    #: What every resource that takes tags must carry.
    tags: t.Mapping[str, str] = field(default_factory=dict)
    resources: list[Recorded] = field(default_factory=list)
    outputs: dict[str, t.Any] = field(default_factory=dict)

    def of(self, type_: str) -> list[Recorded]:
        # By name: in which order the SDK registers what does not depend on each other is chance.
        return sorted((found for found in self.resources if found.type == type_), key=lambda found: found.name)

    def one(self, type_: str, ending: str = "") -> Recorded:
        found = [resource for resource in self.of(type_) if resource.name.endswith(ending)]
        assert len(found) == 1, f"{len(found)} of {type_} end with {ending!r}"
        return found[0]

    def policy(self, ending: str) -> list[dict[str, t.Any]]:
        """Return the statements of the role whose name ends so."""
        document = json.loads(self.one("aws:iam/rolePolicy:RolePolicy", ending).inputs["policy"])
        return t.cast("list[dict[str, t.Any]]", document["Statement"])

    def trust(self, ending: str) -> list[dict[str, t.Any]]:
        document = json.loads(self.one("aws:iam/role:Role", ending).inputs["assumeRolePolicy"])
        return t.cast("list[dict[str, t.Any]]", document["Statement"])


class _Recorder(pulumi.runtime.Mocks):
    def __init__(self, program: Program) -> None:
        self._program = program

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, t.Any]]:
        if args.typ.startswith("slipway:"):
            return None, {}
        self._program.resources.append(Recorded(args.typ, args.name, args.inputs))
        return (
            invented.identifier(args.typ, args.name, args.inputs),
            invented.outputs(args.typ, args.name, args.inputs),
        )

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, t.Any], list[tuple[str, str]] | None]:
        return invented.answer(args.token, args.args), []


def record(stack: str, overrides: t.Mapping[str, str] | None = None) -> Program:
    """Run the program for a stack, with some of its configuration replaced."""
    values, _secret = Project.load(PROGRAM, stack).config()
    config = {**values, **(overrides or {})}
    return run(Program(stack, mandatory_tags(config)), _run_main, config)


def mandatory_tags(config: t.Mapping[str, str]) -> dict[str, str]:
    """Return the tags a stack's configuration asks for, read here anew: the program may have lost one on its way."""
    own: dict[str, t.Any] = json.loads(config.get("slipway:tags", "{}"))
    return {
        "project": "slipway",
        "system": config["slipway:system"],
        "environment": config["slipway:environment"],
        "managed_by": "pulumi",
        # YAML's true is the text "true".
        **{key: value if isinstance(value, str) else json.dumps(value) for key, value in own.items()},
    }


def _run_main() -> None:
    runpy.run_path(str(PROGRAM / "__main__.py"), run_name="__main__")


def run(program: Program, main: Main, config: t.Mapping[str, str]) -> Program:
    """Run something as a program's main file; what it returns is exported beside what it exports itself."""
    contextvars.copy_context().run(_run, program, main, config)
    return program


def _run(program: Program, main: Main, config: t.Mapping[str, str]) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(_inside(program, main, config))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _inside(program: Program, main: Main, config: t.Mapping[str, str]) -> None:
    # What a run before left unfinished, because it was refused half-way, belongs to a loop that is closed.
    SETTINGS.outputs.clear()
    SETTINGS.rpc_manager.clear()
    pulumi.runtime.set_mocks(_Recorder(program), project="slipway", stack=program.stack)
    sdk_config.set_all_config(dict(config))

    def exporting() -> None:
        for name, value in (main() or {}).items():
            pulumi.export(name, value)

    await run_pulumi_func(exporting)
    root = get_root_resource()
    assert isinstance(root, Stack)
    program.outputs = await pulumi.Output.from_input(root.outputs).future() or {}


__all__ = ("ACCOUNT", "PROGRAM", "REGION", "STACKS", "Program", "Recorded", "mandatory_tags", "record", "run")
