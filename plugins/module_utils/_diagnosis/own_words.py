# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a program says about its own end: the line of its log that tells most."""

from __future__ import annotations

import re
import typing as t

TRACEBACK = re.compile(r"^\s*(?:\[[^\]]*\]\s*)?Traceback \(most recent call last\):")
EXCEPTION = re.compile(
    r"^(?:[A-Za-z_]\w*\.)*[A-Z]\w*?(?:Error|Exception|Exit|Interrupt|Warning|Failure|Timeout|NotFound|Denied)\w*"
    r"(?:: .*)?$"
)
JAVA_CAUSE = re.compile(r"^Caused by: (?P<words>.+)")
JAVA = re.compile(r"Exception in thread \"[^\"]*\" (?P<words>.+)|APPLICATION FAILED TO START")
GO = re.compile(r"^(?:panic: |fatal error: (?!An error occurred))|level=fatal|\"level\":\"fatal\"")
NGINX = re.compile(r"\[(?:emerg|alert)\]")
NODE = re.compile(r"^(?:Uncaught |\[?)(?:[A-Za-z]*Error)(?: \[\w+\])?: .+|^Error: .+|^node:internal")
AWS_CALL = re.compile(r"An error occurred \(\w[\w.]*\) when calling the \w+ operation")
LOUD = re.compile(
    r"\b(?:FATAL|CRITICAL|ERROR|Error|error|fatal|Failed|failed|exception|Exception|cannot|denied|refused)\b"
)

# Nothing from outside helps: the next task fails on the same line.
DETERMINED = re.compile(
    r"\b(?:KeyError|ModuleNotFoundError|ImportError|SyntaxError|IndentationError|NameError|AttributeError|TypeError"
    r"|ImproperlyConfigured|ValidationError|ReferenceError|ERR_MODULE_NOT_FOUND|ClassNotFoundException"
    r"|NoClassDefFoundError|NoSuchMethodError|UnsupportedClassVersionError)\b|Cannot find module|No module named"
    r"|\[emerg\](?!.*host not found)|can't open file|no such option|unrecognized arguments|APPLICATION FAILED TO START"
)


def own_error(lines: t.Sequence[str]) -> str | None:
    """Return the line that tells best why a program ended, or nothing if it said nothing."""
    told = [line.rstrip() for line in lines if line.strip()]
    if not told:
        return None
    for reader in (_python, _java, _last(NGINX), _last(AWS_CALL), _first(GO), _node, _last(LOUD)):
        found = reader(told)
        if found:
            return found.strip()
    return told[-1].strip()


def determined(line: str) -> bool:
    """Tell whether an error is one that no waiting and no neighbour can mend."""
    return bool(DETERMINED.search(line))


def _python(lines: t.Sequence[str]) -> str | None:
    """Return the exception below the last traceback."""
    starts = [number for number, line in enumerate(lines) if TRACEBACK.search(line)]
    if not starts:
        return None
    after = lines[starts[-1] + 1 :]
    for line in after:
        if not line.startswith((" ", "\t")) and EXCEPTION.match(line):
            return line
    return next((line for line in after if not line.startswith((" ", "\t"))), None)


def _java(lines: t.Sequence[str]) -> str | None:
    causes = [match["words"] for match in map(JAVA_CAUSE.search, lines) if match]
    if causes:
        return causes[-1]
    for line in reversed(lines):
        match = JAVA.search(line)
        if match:
            return match["words"] or line
    return None


def _node(lines: t.Sequence[str]) -> str | None:
    return next((line for line in reversed(lines) if NODE.search(line) and "node:internal" not in line), None)


def _last(pattern: re.Pattern[str]) -> t.Callable[[t.Sequence[str]], str | None]:
    return lambda lines: next((line for line in reversed(lines) if pattern.search(line)), None)


def _first(pattern: re.Pattern[str]) -> t.Callable[[t.Sequence[str]], str | None]:
    return lambda lines: next((line for line in lines if pattern.search(line)), None)


__all__ = ("determined", "own_error")
