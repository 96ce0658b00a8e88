# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Call a version before any caller gets it, and hold its answer against what was expected."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.masking import MASK
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.dotted_path import look_up, parse_path
from ansible_collections.slipway.aws.plugins.module_utils._gate.expectation import same_json
from ansible_collections.slipway.aws.plugins.module_utils._gate.options import Options
from ansible_collections.slipway.aws.plugins.module_utils._secret_names import looks_secret

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.masking import Masker
    from ansible_collections.slipway.aws.plugins.module_utils._lambda.api import Invocation

KEYS = ("name", "payload", "json", "text_contains", "max_seconds")
EXCERPT = 300


@dataclasses.dataclass(frozen=True)
class SmokeCheck:
    """One call. Whatever else is expected, the function must not fail."""

    name: str
    payload: t.Any = dataclasses.field(default_factory=dict)
    json: tuple[tuple[str, t.Any], ...] = ()
    text_contains: tuple[str, ...] = ()
    max_seconds: float | None = None

    @property
    def body(self) -> bytes:
        return json.dumps(self.payload).encode()

    def problems(self, invocation: Invocation, seconds: float, masker: Masker) -> list[str]:
        """Return all that is not as expected of an answer that is no error."""
        text = invocation.payload.decode(errors="replace")
        found = [*_unequal(self.json, text, masker)]
        found += [f"a text with {wanted!r} was expected" for wanted in self.text_contains if wanted not in text]
        if self.max_seconds is not None and seconds > self.max_seconds:
            found.append(f"it took {seconds:.1f} s, and {self.max_seconds:g} s were allowed")
        return found


def smoke_checks(name: str, given: t.Any) -> tuple[SmokeCheck, ...]:
    """Read the checks of one function."""
    if given is None:
        return ()
    if not isinstance(given, list):
        raise SlipwayError(f"functions.{name}.smoke must be a list of checks.")
    return tuple(_check(f"functions.{name}.smoke[{number}]", item, number) for number, item in enumerate(given))


def _check(where: str, given: t.Any, number: int) -> SmokeCheck:
    options = Options(where, given, known=KEYS)
    paths = tuple(options.mapping("json").items())
    for path, _value in paths:
        parse_path(path)
    payload = options.value("payload")
    try:
        json.dumps(payload)
    except TypeError as error:
        raise SlipwayError(f"{where}: option 'payload' cannot be written as JSON: {error}.") from error
    return SmokeCheck(
        name=options.text("name", default=f"smoke {number + 1}"),
        payload={} if payload is None else payload,
        json=paths,
        text_contains=options.texts("text_contains"),
        max_seconds=options.number("max_seconds", default=0, minimum=0.001) or None,
    )


def _unequal(paths: tuple[tuple[str, t.Any], ...], text: str, masker: Masker) -> t.Iterator[str]:
    if not paths:
        return
    try:
        document = json.loads(text)
    except ValueError:
        yield "its answer is not JSON"
        return
    for path, wanted in paths:
        found, actual = look_up(document, path)
        if not found:
            yield f"there is nothing at {path}"
        elif not same_json(wanted, actual):
            yield f"{path} is {_told(path, actual, masker)}, and {_told(path, wanted, masker)} was expected"


def _told(path: str, value: t.Any, masker: Masker) -> str:
    if looks_secret(path.rpartition(".")[2]):
        return MASK
    return excerpt(json.dumps(value, ensure_ascii=False, default=str), masker)


def excerpt(text: str, masker: Masker) -> str:
    """Return the beginning of a text as people may read it."""
    shown = " ".join(masker.text(text).split())
    return shown if len(shown) <= EXCERPT else f"{shown[:EXCERPT]}…"


__all__ = ("SmokeCheck", "excerpt", "smoke_checks")
