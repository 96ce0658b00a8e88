# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a release leaves behind in writing: checked, free of secrets, and spelled one way only."""

from __future__ import annotations

import datetime
import json
import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._secret_names import looks_secret

SCHEMA = 1
REQUIRED = ("release_id", "stack", "outcome", "started_at", "finished_at", "units")
OUTCOMES = ("succeeded", "no_op", "rolled_back", "superseded", "stopped", "paused", "timed_out", "failed")
RELEASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
NAME = re.compile(r"\d{8}T\d{6}Z-[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.json")
REDACTED = "(redacted)"

Receipt = dict[str, t.Any]


def make_receipt(given: t.Mapping[str, t.Any]) -> Receipt:
    """Return the receipt as it is kept: complete, times in UTC, secrets taken out."""
    missing = [key for key in REQUIRED if given.get(key) is None]
    if missing:
        raise SlipwayError(f"The receipt lacks {', '.join(missing)}.", hint=f"It needs {', '.join(REQUIRED)}.")
    if given.get("schema", SCHEMA) != SCHEMA:
        raise SlipwayError(f"The receipt has the schema {given['schema']}.", hint=f"This version writes {SCHEMA}.")
    if not RELEASE_ID.fullmatch(str(given["release_id"])):
        raise SlipwayError(
            f"{given['release_id']!r} cannot be a release id.",
            hint="It names a file: use up to 128 letters, digits, dots, dashes and underscores.",
        )
    if given["outcome"] not in OUTCOMES:
        raise SlipwayError(
            f"The receipt has the outcome {given['outcome']!r}.", hint=f"Outcomes are {', '.join(OUTCOMES)}."
        )
    if not isinstance(given["units"], dict):
        raise SlipwayError("units of the receipt must be a dictionary.", hint="Key it as the delivery document is.")
    times = {key: _parse_time(key, given[key]) for key in ("started_at", "finished_at")}
    if times["finished_at"] < times["started_at"]:
        raise SlipwayError(f"The receipt of release {given['release_id']} ends before it starts.")
    identity = {"schema": SCHEMA, "release_id": str(given["release_id"]), "stack": str(given["stack"])}
    return {
        **redact(given),
        **identity,
        **{key: time.isoformat().replace("+00:00", "Z") for key, time in times.items()},
    }


def file_name(receipt: Receipt) -> str:
    """Return the receipt's name, which sorts by the time the release ended."""
    ended = _parse_time("finished_at", receipt["finished_at"])
    return f"{ended:%Y%m%dT%H%M%SZ}-{receipt['release_id']}.json"


def render(receipt: Receipt) -> bytes:
    """Return the receipt as text: the same receipt gives the same bytes."""
    return (json.dumps(receipt, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def read_receipt(text: bytes, origin: str) -> Receipt:
    """Read a receipt back; what we cannot understand we do not guess at."""
    try:
        receipt = json.loads(text)
    except ValueError as error:
        raise SlipwayError(f"{origin} is not a receipt: {error}.", hint="Move it out of the ledger.") from error
    if not isinstance(receipt, dict) or receipt.get("schema") != SCHEMA:
        found = receipt.get("schema") if isinstance(receipt, dict) else None
        raise SlipwayError(
            f"{origin} has the schema {found}, and this version reads {SCHEMA}.",
            hint="Use the version of the collection that wrote it.",
        )
    return receipt


def redact(value: t.Any) -> t.Any:
    """Return a copy in which everything that is called like a secret is blanked."""
    if isinstance(value, dict):
        # The way environments are listed: {"name": "DB_PASSWORD", "value": "..."}.
        named = looks_secret(str(value.get("name", "")))
        return {
            key: _blank(item) if looks_secret(str(key)) or (named and key == "value") else redact(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [redact(item) for item in value]
    return value


def _blank(value: t.Any) -> t.Any:
    """Blank every text and number inside, and keep the shape."""
    if isinstance(value, dict):
        return {key: item if key in ("name", "valueFrom") else _blank(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_blank(item) for item in value]
    return value if value is None or isinstance(value, bool) or value == "" else REDACTED


def _parse_time(key: str, value: t.Any) -> datetime.datetime:
    try:
        time = datetime.datetime.fromisoformat(str(value))
    except ValueError as error:
        raise SlipwayError(
            f"{key} of the receipt is {value!r}, which is not a time.", hint="Write it as 2026-11-21T07:40:00Z."
        ) from error
    if time.tzinfo is None:
        raise SlipwayError(f"{key} of the receipt, {value}, has no time zone.", hint="Add one, such as the Z of UTC.")
    return time.astimezone(datetime.UTC)


__all__ = ("OUTCOMES", "REDACTED", "SCHEMA", "Receipt", "file_name", "make_receipt", "read_receipt", "redact", "render")
