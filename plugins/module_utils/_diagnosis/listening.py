# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a program says about being ready: when, and on which address it listens."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.diagnosis import Quote, log_quote
from ansible_collections.slipway.aws.plugins.module_utils._diagnosis.evidence import Container, Task

# "Local:" of web tool chains names localhost although they listen everywhere, so it is left out on purpose.
LISTENS = re.compile(
    r"(?:running (?:on|at)|listening (?:on|at)|listening,|started (?:http |https )?server on"
    r"|server (?:is )?(?:started|ready) (?:on|at)"
    r"|started on ports?|initialized with ports?|serving (?:http )?(?:on|at)|bound to|accept connections)",
    re.IGNORECASE,
)
READY = re.compile(
    rf"{LISTENS.pattern}|startup complete|Started \w+ in [\d.]+ seconds|ready in \d|ready to handle|Server is ready",
    re.IGNORECASE,
)
# Of the ports with two digits only 80: any other pair behind a colon is part of a time.
PORT = re.compile(r"(?:\bport\S*\s+|:\s?)(?P<port>80|\d{3,5})\b|^\s*(?P<bare>80|\d{3,5})\b(?![-:./])")
ONLY_ITSELF = re.compile(r"\b127\.0\.0\.1\b|\blocalhost\b|\[::1\]")


@dataclasses.dataclass(frozen=True)
class Listening:
    """An address a program said it listens on."""

    port: int
    only_itself: bool
    quote: Quote


def listening(task: Task, container: Container) -> list[Listening]:
    found: list[Listening] = []
    for line in container.log:
        match = LISTENS.search(line.text)
        told = line.text[match.end() :] if match else ""
        port = PORT.search(told)
        if port:
            number = int(port["port"] or port["bare"])
            quote = log_quote(task, container, line.text)
            found.append(Listening(number, bool(ONLY_ITSELF.search(told)), quote))
    return found


def ready_line(task: Task) -> tuple[float, Quote] | None:
    """Return how many seconds after its start a task said that it is ready, and with which words."""
    if task.started is None:
        return None
    for container in task.containers:
        for line in container.log:
            if line.time is not None and READY.search(line.text):
                return line.time - task.started, log_quote(task, container, line.text)
    return None


__all__ = ("Listening", "listening", "ready_line")
