# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Hold an answer against what was expected of it. Pure."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.dotted_path import look_up, parse_path
from ansible_collections.slipway.aws.plugins.module_utils._gate.options import Options
from ansible_collections.slipway.aws.plugins.module_utils._gate.redaction import MASK, is_secret_name

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.slipway.aws.plugins.module_utils._gate.http_exchange import Response
    from ansible_collections.slipway.aws.plugins.module_utils._gate.redaction import Redactor

NAMES = ("status", "json", "text_contains", "headers", "max_seconds")
NOT_READ_TO_THE_END = "a body too long to read to its end"


@dataclasses.dataclass(frozen=True)
class Mismatch:
    expected: str
    got: str


@dataclasses.dataclass(frozen=True)
class Expectation:
    status: tuple[int, ...] = (200,)
    json: tuple[tuple[str, t.Any], ...] = ()
    text_contains: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    max_seconds: float | None = None

    @classmethod
    def from_options(cls, options: Options) -> Expectation:
        paths = tuple(options.mapping("json").items())
        for path, _value in paths:
            parse_path(path)
        return cls(
            status=_statuses(options),
            json=paths,
            text_contains=options.texts("text_contains"),
            headers=tuple((name, str(value)) for name, value in options.mapping("headers").items()),
            max_seconds=options.number("max_seconds", default=0, minimum=0.001) or None,
        )

    def describe(self, redactor: Redactor) -> str:
        """Say in a few words what is expected."""
        return ", ".join(
            [
                _status_words(self.status),
                *(_json_words(path, value, redactor) for path, value in self.json),
                *(f"text {_quoted(text, redactor)}" for text in self.text_contains),
                *(f"header {name}: {redactor.excerpt(value)}" for name, value in self.headers),
                *([f"within {self.max_seconds:g} s"] if self.max_seconds else []),
            ]
        )

    def compare(self, response: Response, redactor: Redactor) -> list[Mismatch]:
        """Return everything about the answer that is not as expected."""
        return [
            *self._compare_status(response),
            *self._compare_headers(response, redactor),
            *self._compare_json(response, redactor),
            *self._compare_text(response, redactor),
            *self._compare_time(response),
        ]

    def _compare_status(self, response: Response) -> Iterator[Mismatch]:
        if response.status not in self.status:
            yield Mismatch(_status_words(self.status), f"status {response.status}")

    def _compare_headers(self, response: Response, redactor: Redactor) -> Iterator[Mismatch]:
        for name, value in self.headers:
            actual = response.header(name)
            if actual is None or actual.strip() != value.strip():
                shown = MASK if is_secret_name(name) else redactor.excerpt(actual or "")
                expected = MASK if is_secret_name(name) else redactor.excerpt(value)
                yield Mismatch(f"header {name}: {expected}", f"no header {name}" if actual is None else shown)

    def _compare_json(self, response: Response, redactor: Redactor) -> Iterator[Mismatch]:
        if not self.json:
            return
        try:
            document = _parse_json(response)
        except SlipwayError as error:
            yield Mismatch(", ".join(_json_words(path, value, redactor) for path, value in self.json), error.message)
            return
        for path, value in self.json:
            found, actual = look_up(document, path)
            if not found:
                yield Mismatch(_json_words(path, value, redactor), f"nothing at {path}")
            elif not same_json(value, actual):
                yield Mismatch(_json_words(path, value, redactor), _json_words(path, actual, redactor))

    def _compare_text(self, response: Response, redactor: Redactor) -> Iterator[Mismatch]:
        if not self.text_contains:
            return
        text = text_of(response)
        for wanted in self.text_contains:
            if wanted not in text:
                got = "a text without it" + (f", in {NOT_READ_TO_THE_END}" if response.is_cut else "")
                yield Mismatch(f"text {_quoted(wanted, redactor)}", got)

    def _compare_time(self, response: Response) -> Iterator[Mismatch]:
        if self.max_seconds is not None and response.seconds > self.max_seconds:
            yield Mismatch(f"an answer within {self.max_seconds:g} s", f"one after {response.seconds:.2f} s")


def same_json(expected: t.Any, actual: t.Any) -> bool:
    """Compare as JSON does: true is not 1, and "1" is not 1."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(same_json(expected[key], actual[key]) for key in expected)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same_json, expected, actual))
    return bool(expected == actual)


def text_of(response: Response) -> str:
    content_type = response.header("Content-Type") or ""
    charset = content_type.partition("charset=")[2].partition(";")[0].strip(" \"'") or "utf-8"
    try:
        return response.body.decode(charset, errors="replace")
    except LookupError:
        return response.body.decode("utf-8", errors="replace")


def _parse_json(response: Response) -> t.Any:
    if response.is_cut:
        raise SlipwayError(NOT_READ_TO_THE_END)
    encoding = response.header("Content-Encoding")
    if encoding and encoding.lower() != "identity":
        raise SlipwayError("a compressed body, which was not asked for")
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        raise SlipwayError("a body that is not JSON" if response.body else "an empty body") from None


def _statuses(options: Options) -> tuple[int, ...]:
    given = options.value("status")
    if given is None:
        return (200,)
    statuses = tuple(str(status) for status in (given if isinstance(given, list) else [given]))
    if not statuses or not all(status.isdecimal() and 100 <= int(status) <= 599 for status in statuses):
        raise SlipwayError(f"{options.where}: option 'status' must be an HTTP status, or a list of them, such as 200.")
    return tuple(int(status) for status in statuses)


def _status_words(statuses: tuple[int, ...]) -> str:
    return "status " + " or ".join(str(status) for status in statuses)


def _json_words(path: str, value: t.Any, redactor: Redactor) -> str:
    if is_secret_name(path):
        return f"{path} = {MASK}"
    return f"{path} = {redactor.excerpt(json.dumps(value, ensure_ascii=False, default=str), 100)}"


def _quoted(text: str, redactor: Redactor) -> str:
    return f'"{redactor.excerpt(text, 100)}"'


__all__ = ("Expectation", "Mismatch", "same_json", "text_of")
