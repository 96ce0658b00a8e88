"""The files of the pictures: written, or compared with what they would be."""

from __future__ import annotations

import typing as t
from pathlib import Path

from diagrams.errors import DiagramError
from diagrams.graph import read
from diagrams.mermaid import mermaid
from diagrams.picture import picture
from diagrams.svg import svg

# What a team still had to do is configured there, so it is in the picture.
STACK = "{system}-prod"
RENEW = "cd pulumi_infra && python -m diagrams"
KINDS = (".mmd", ".svg")


def systems(program: Path) -> list[str]:
    """Return the systems of a program: those it has a production stack for."""
    suffix = STACK.format(system="")
    stacks = [path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in program.glob("Pulumi.?*.yaml")]
    return sorted(stack.removesuffix(suffix) for stack in stacks if stack.endswith(suffix))


def drawn(program: Path, wanted: t.Sequence[str]) -> dict[str, str]:
    """Return the contents of each file, by its name."""
    known = systems(program)
    if strangers := sorted(set(wanted) - set(known)):
        raise DiagramError(
            f"There is no Pulumi.{STACK.format(system=strangers[0])}.yaml to draw {strangers[0]} from; "
            f"there are: {', '.join(known) or 'none'}."
        )
    found: dict[str, str] = {}
    for system in wanted or known:
        shown = picture(read(program, STACK.format(system=system)))
        found[f"{system}.mmd"], found[f"{system}.svg"] = mermaid(shown), svg(shown)
    return found


def write(program: Path, output: Path, wanted: t.Sequence[str]) -> list[Path]:
    """Write the files, and remove those of systems that are no more."""
    contents = drawn(program, wanted)
    output.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (output / name).write_bytes(content.encode())
    if not wanted:
        for path in _strangers(output, contents):
            path.unlink()
    return [output / name for name in contents]


def check(program: Path, output: Path, wanted: t.Sequence[str]) -> list[str]:
    """Return a sentence for each file that is not what it would be."""
    contents = drawn(program, wanted)
    found = []
    for name, content in contents.items():
        path = output / name
        if not path.exists():
            found.append(f"{name} is missing.")
        elif path.read_bytes() != content.encode():
            found.append(f"{name} is stale: the program asks for something else than it shows.")
    if not wanted:
        found += [f"{path.name} shows a system that is no more." for path in _strangers(output, contents)]
    return [f"{line} Renew it: {RENEW}" for line in found]


def _strangers(output: Path, contents: t.Collection[str]) -> list[Path]:
    return sorted(path for path in output.glob("*") if path.suffix in KINDS and path.name not in contents)


__all__ = ("RENEW", "STACK", "check", "drawn", "systems", "write")
