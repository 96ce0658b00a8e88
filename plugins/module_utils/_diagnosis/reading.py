# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Take values out of API answers without trusting their shape: a diagnosis must not die of what it looks at."""

from __future__ import annotations

import datetime
import typing as t


def mapping(value: t.Any) -> dict[str, t.Any]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def mappings(value: t.Any) -> list[dict[str, t.Any]]:
    return [mapping(item) for item in value if isinstance(item, dict)] if isinstance(value, (list, tuple)) else []


def words(value: t.Any) -> tuple[str, ...]:
    """Return a list of strings; a lone string is a list of one."""
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value if item is not None) if isinstance(value, (list, tuple)) else ()


def text(value: t.Any) -> str:
    return value if isinstance(value, str) else ""


def whole(value: t.Any) -> int | None:
    """Return a whole number, also from the strings in which task definitions write them."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def count(value: t.Any) -> int:
    return whole(value) or 0


def moment(value: t.Any) -> float | None:
    """Return a time as seconds since 1970: boto3 answers datetimes, emulators and recordings also texts and numbers."""
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        try:
            return aware.timestamp()
        except (ValueError, OverflowError):
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    seconds = float(value)
    return seconds if abs(seconds) < 1e11 else None


def clock(seconds: float | None) -> str:
    """Return a time of day in UTC, as people compare it with their own logs."""
    if seconds is None:
        return "at an unknown time"
    try:
        moment_ = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return "at an unknown time"
    return moment_.strftime("%Y-%m-%dT%H:%M:%SZ")


def last_part(arn: str) -> str:
    """Return the part of an ARN that people say."""
    return arn.rsplit("/", 1)[-1]


__all__ = ("clock", "count", "last_part", "mapping", "mappings", "moment", "text", "whole", "words")
