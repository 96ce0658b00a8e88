# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process of its own that reads one state and prints JSON: how long reading took, and what it found.

C(reader <backend URL> <stack>) uses the reader, C(json <file>) the JSON library. Both are imported either way.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
import time
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.reader import Terms, open_reader


def by_reader(url: str, stack: str) -> dict[str, t.Any]:
    reader = open_reader(url, base=pathlib.Path.cwd(), environment=os.environ)
    return reader.stack(stack, Terms(secrets=True)).outputs(secrets=True)


def by_json(file: str) -> dict[str, t.Any]:
    with open(file, encoding="utf-8") as content:  # noqa: PTH123 - as people write it
        document = json.load(content)
    found: dict[str, t.Any] = document["checkpoint"]["latest"]["resources"][0]["outputs"]
    return found


if __name__ == "__main__":
    begin = time.perf_counter()
    outputs = by_reader(*sys.argv[2:]) if sys.argv[1] == "reader" else by_json(*sys.argv[2:])
    print(json.dumps({"seconds": time.perf_counter() - begin, "outputs": outputs}))
