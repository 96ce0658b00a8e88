# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Find a value in parsed JSON by a path such as C(items[0].name).

The spelling is a part of JMESPath, so paths written today keep their meaning if more of it is ever understood.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

_STEP = re.compile(r"""(?:^|(?<=.)\.)([A-Za-z_][A-Za-z0-9_-]*)|(?:^|(?<=.)\.)"([^"]+)"|\[(-?\d{1,9})\]""")


def parse_path(path: str) -> tuple[str | int, ...]:
    """Return the steps of a path: texts are keys, numbers are indexes."""
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            break
        name, quoted, index = match.groups()
        steps.append(int(index) if index is not None else name or quoted)
        position = match.end()
    if not steps or position < len(path):
        raise SlipwayError(
            f"'{path}' is not a path into JSON.",
            hint="Write keys with dots between them and indexes in brackets, for instance items[0].name.",
        )
    return tuple(steps)


def look_up(document: t.Any, path: str) -> tuple[bool, t.Any]:
    """Return whether there is something at the path, and what it is."""
    value = document
    for step in parse_path(path):
        if isinstance(step, int):
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return False, None
        elif not isinstance(value, dict) or step not in value:
            return False, None
        value = value[step]
    return True, value


__all__ = ("look_up", "parse_path")
