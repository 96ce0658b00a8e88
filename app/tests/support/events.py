"""Reads server-sent events."""

from __future__ import annotations

import json
from typing import Any


def parse_events(text: str) -> list[tuple[str, dict[str, Any]]]:
    events = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if line and line[0] != ":")
        if lines:
            events.append((lines["event"], json.loads(lines["data"])))
    return events
