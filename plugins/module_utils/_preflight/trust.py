# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Whether a role's trust policy lets ECS tasks assume it."""

from __future__ import annotations

import fnmatch
import json
import typing as t
import urllib.parse

# China's partition knows the service by either name.
ECS_TASKS = ("ecs-tasks.amazonaws.com", "ecs-tasks.amazonaws.com.cn")


def trusts_ecs_tasks(document: t.Any) -> bool:
    """Read a trust policy. Conditions such as C(aws:SourceAccount) narrow the trust and are taken to fit."""
    statements = [item for item in _list(_document(document).get("Statement")) if isinstance(item, dict)]
    about_tasks = [item for item in statements if _assumes(item) and _names_tasks(item)]
    denied = any(item.get("Effect") == "Deny" and not item.get("Condition") for item in about_tasks)
    return not denied and any(item.get("Effect") == "Allow" for item in about_tasks)


def _document(value: t.Any) -> dict[str, t.Any]:
    if isinstance(value, str):
        try:
            value = json.loads(urllib.parse.unquote(value))
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _assumes(statement: dict[str, t.Any]) -> bool:
    return any(fnmatch.fnmatchcase("sts:assumerole", str(item).lower()) for item in _list(statement.get("Action")))


def _names_tasks(statement: dict[str, t.Any]) -> bool:
    principal = statement.get("Principal")
    if not isinstance(principal, dict):
        return principal == "*"
    return any(str(item) in ECS_TASKS for item in _list(principal.get("Service")))


__all__ = ("trusts_ecs_tasks",)
