# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Take secrets out of what people will read: values we know to be secret, and what looks like one."""

from __future__ import annotations

import json
import re
import typing as t
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._diagnosis import reading
from ansible_collections.slipway.aws.plugins.module_utils._secret_names import looks_secret

MASK = "********"

# Shorter values are words and digits of everyday text, so they are only masked where they stand alone.
SHORT = 4

URL_PASSWORD = re.compile(r"(?P<before>\b[A-Za-z][\w+.-]{0,30}://[^\s:/@]{0,256}:)(?P<secret>[^\s/]{1,512})(?=@)")
BEARER = re.compile(r"(?P<before>\b(?:[Bb]earer|[Bb]asic|BEARER|BASIC)\s+)(?P<secret>[A-Za-z0-9._~+/=-]{8,})")
ACCESS_KEY = re.compile(r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b")
# Forty characters of base64 with capitals, small letters and digits: how AWS spells secret keys, and not a hash in hex.
SECRET_KEY = re.compile(
    r"(?<![A-Za-z0-9/+=])(?=[A-Za-z0-9/+]{0,39}[A-Z])(?=[A-Za-z0-9/+]{0,39}[a-z])(?=[A-Za-z0-9/+]{0,39}\d)"
    r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
)
JSON_WEB_TOKEN = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?")
VENDOR_TOKEN = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{16,}|pul-[0-9a-f]{40})\b"
)
SIGNED_URL = re.compile(
    r"(?P<before>[?&](?:X-Amz-(?:Signature|Security-Token|Credential)|Signature|AWSAccessKeyId)=)[^&\s]+"
)
KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
KEY_BEGINS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
KEY_ENDS = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")

# A part of an ARN (…:secret:name) and a scheme (token://) are no assignments.
ASSIGNMENT = re.compile(
    r"""(?<![\w:/.])(?P<quote>["']?)(?P<name>[A-Za-z][\w.-]{0,63})(?P=quote)(?P<sign>\s*=\s*|\s*:\s*(?!//))"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|(?!arn:)[^\s,;&}\])]+)"""
)
# In prose a colon follows many a word ("registry auth: …"): there only the plainest names count.
PLAIN = re.compile(
    r"(?i)(?:.*[_.-])?(?:password|passwd|passphrase|pwd|secret|secret[_-]?key|api[_-]?key|access[_-]?key|token)"
)


class Masker:
    """Replaces secrets in texts; made once per task definition, whose environment tells what is secret."""

    def __init__(self, secrets: t.Iterable[str] = ()) -> None:
        spellings = {spelling for secret in secrets if secret.strip() for spelling in _spellings(secret)}
        # The longest first: a secret may contain another one.
        known = sorted(spellings, key=lambda item: (-len(item), item))
        patterns = [
            re.escape(item) if len(item) >= SHORT else rf"(?<![A-Za-z0-9]){re.escape(item)}(?![A-Za-z0-9])"
            for item in known
        ]
        self._known = re.compile("|".join(patterns)) if patterns else None

    @classmethod
    def of_definition(cls, definition: t.Any) -> Masker:
        """Know the secret values in the environment of a task definition, as the API answers it."""
        found: list[str] = []
        for container in reading.mappings(reading.mapping(definition).get("containerDefinitions")):
            for item in reading.mappings(container.get("environment")):
                found += secrets_in(reading.text(item.get("name")), reading.text(item.get("value")))
        return cls(found)

    def text(self, value: str) -> str:
        """Return a text as people may read it, on however many lines."""
        if self._known:
            value = self._known.sub(MASK, value)
        value = KEY_BLOCK.sub(MASK, value)
        value = URL_PASSWORD.sub(rf"\g<before>{MASK}", value)
        value = SIGNED_URL.sub(rf"\g<before>{MASK}", value)
        value = BEARER.sub(rf"\g<before>{MASK}", value)
        for pattern in (JSON_WEB_TOKEN, VENDOR_TOKEN, ACCESS_KEY, SECRET_KEY):
            value = pattern.sub(MASK, value)
        return _without_assigned_secrets(value)

    def lines(self, values: t.Iterable[str]) -> list[str]:
        """Return lines as people may read them; a private key is told over many of them."""
        masked: list[str] = []
        inside = False
        for value in values:
            begins, ends = KEY_BEGINS.search(value), KEY_ENDS.search(value)
            masked.append(MASK if inside or (begins and not ends) else self.text(value))
            inside = bool((inside or begins) and not ends)
        return masked

    def variable(self, name: str, value: str) -> str:
        """Return an environment variable's value as people may read it."""
        return MASK if value and looks_secret(name) else self.text(value)


def secrets_in(name: str, value: str) -> list[str]:
    """Return what is secret about an environment variable: all of it by its name, or the password of a URL."""
    found = [value] if looks_secret(name) else []
    for match in URL_PASSWORD.finditer(value):
        found += [match["secret"], urllib.parse.unquote(match["secret"])]
    return found


def _spellings(secret: str) -> set[str]:
    stripped = secret.strip()
    return {
        secret,
        stripped,
        urllib.parse.quote(stripped, safe=""),
        urllib.parse.quote_plus(stripped),
        json.dumps(stripped)[1:-1],
        json.dumps(stripped, ensure_ascii=False)[1:-1],
        repr(stripped)[1:-1],
        *(line for line in stripped.splitlines() if line.strip()),
    }


def _without_assigned_secrets(text: str) -> str:
    parts: list[str] = []
    done = 0
    while match := ASSIGNMENT.search(text, done):
        parts.append(text[done : match.start("value")])
        if _assigns_secret(match):
            parts.append(MASK)
            done = match.end()
        else:
            # What is assigned may be an assignment itself: "settings: API_KEY=…".
            done = match.start("value")
    return "".join((*parts, text[done:]))


def _assigns_secret(match: re.Match[str]) -> bool:
    explicit = "=" in match["sign"] or bool(match["quote"])
    return looks_secret(match["name"]) if explicit else bool(PLAIN.fullmatch(match["name"]))


__all__ = ("MASK", "Masker", "secrets_in")
