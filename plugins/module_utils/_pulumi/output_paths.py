# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Ways into a structured output: C(vpc.subnets[0].id)."""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.document import whole
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import OutputError, OutputNotFoundError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.sealed import Decrypt
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.values import SECRET, SIGNATURE, as_it_is, opened

# .key, .0, [0], [-1], ["any key"] or ['any key']
STEP = re.compile(
    r"""\.(?P<key>[^.\[\]]+)|\[(?P<index>-?\d{1,9})\]|\[(?P<quote>["'])(?P<quoted>.*?)(?P=quote)\]""",
    re.DOTALL,
)
NAME = re.compile(r"[^.\[\]]+")
INDEX = re.compile(r"-?\d{1,9}")


@dataclasses.dataclass(frozen=True)
class OutputPath:
    """An output's name and the steps from there on."""

    name: str
    steps: tuple[str | int, ...] = ()


def parse_output_path(text: str, names: t.Collection[str]) -> OutputPath:
    """Read a path. A name that is exported as it stands needs no reading, whatever characters it has."""
    text = whole(text)
    if text in names:
        return OutputPath(text)
    start = NAME.match(text)
    steps: list[str | int] = []
    position = start.end() if start else 0
    while start and position < len(text):
        step = STEP.match(text, position)
        if not step:
            break
        if step["index"] is not None:
            steps.append(int(step["index"]))
        else:
            steps.append(step["key"] if step["key"] is not None else step["quoted"])
        position = step.end()
    if not start or position < len(text):
        raise OutputNotFoundError(
            f"{text!r} is not a way into an output.", hint='Write name, name.key, name[0] or name["any key"].'
        )
    return OutputPath(start[0], tuple(steps))


def follow(value: t.Any, path: OutputPath, decrypt: Decrypt | None) -> tuple[t.Any, str]:
    """Walk a serialised value, opening only the secrets on the way.

    Returns what is there, and the way as errors name it.
    """
    walked = path.name
    for step in path.steps:
        while isinstance(value, dict) and value.get(SIGNATURE) == SECRET:
            value, decrypt = opened(value, decrypt, walked), as_it_is
        value, walked = _down(value, step, walked, in_secret=decrypt is as_it_is)
    return (_sealed(value, walked) if decrypt is as_it_is else value), walked


def _sealed(value: t.Any, walked: str) -> dict[str, t.Any]:
    """Mark a part of a secret, so that whoever gets it neither takes it for public nor decrypts what is inside."""
    try:
        return {SIGNATURE: SECRET, "plaintext": json.dumps(value)}
    except RecursionError:
        raise OutputError(f"The output {walked} is nested too deeply.") from None


def _down(value: t.Any, step: str | int, walked: str, *, in_secret: bool) -> tuple[t.Any, str]:
    if isinstance(value, dict):
        key = whole(str(step))
        members = value if key in value else {whole(name): item for name, item in value.items()}
        if key in members:
            return members[key], f"{walked}.{key}"
        hint = "It is secret, and so are its keys." if in_secret else nearest(key, members, "It has")
        raise OutputNotFoundError(f"The output {walked} has no key {key!r}.", hint=hint)
    if isinstance(value, list):
        index = int(step) if INDEX.fullmatch(str(step)) else None
        if index is None:
            raise OutputNotFoundError(f"The output {walked} is a list, and {step!r} is not an index.")
        if -len(value) <= index < len(value):
            return value[index], f"{walked}[{index}]"
        raise OutputNotFoundError(f"The output {walked} has no element {index}: it has {len(value)}.")
    raise OutputNotFoundError(f"The output {walked} has no parts: it is {kind_of(value)}.")


def nearest(name: str, names: t.Iterable[str], otherwise: str) -> str:
    """Name what somebody may have meant."""
    known = sorted(names)
    near = difflib.get_close_matches(name, known)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    more = f" and {len(known) - 20} more" if len(known) > 20 else ""
    return f"{otherwise} {', '.join(known[:20]) or 'none'}{more}."


def kind_of(value: t.Any) -> str:
    """Say of which type a value is, as JSON calls it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"


__all__ = ("OutputPath", "follow", "kind_of", "nearest", "parse_output_path")
