# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Keep secrets out of everything a gate says: those we were given, and those that an answer carries."""

from __future__ import annotations

import json
import re
import typing as t
import urllib.parse

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MASK = "********"
# Masking every "1" or "en" would ruin the report and hide nothing.
SHORTEST_SECRET = 4
NEVER_SECRET = frozenset({"true", "false", "null", "none"})
# What people put into these is no secret; the value of any other header is taken for one.
HARMLESS_HEADERS = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "access-control-request-headers",
        "access-control-request-method",
        "cache-control",
        "connection",
        "content-type",
        "forwarded",
        "host",
        "if-modified-since",
        "if-none-match",
        "origin",
        "pragma",
        "range",
        "referer",
        "user-agent",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-request-id",
    }
)
_TELLING_WORDS = (
    r"passw(?:or)?d|passphrase|pwd|secret|token|authorization|cookie|api[-_]?key|access[-_]?key|private[-_]?key"
    r"|credential|session|signature"
)
_TELLING_NAME = re.compile(_TELLING_WORDS, re.IGNORECASE)
# "name": "value" in JSON, also where the text was cut before the closing quote.
_JSON_SECRET = re.compile(
    rf'("[^"]{{0,64}}(?:{_TELLING_WORDS})[^"]{{0,64}}"\s*:\s*")(?:[^"\\]|\\.)*', re.IGNORECASE | re.DOTALL
)


def is_secret_name(name: str) -> bool:
    """Say whether what goes by this name should not be shown."""
    return _TELLING_NAME.search(name) is not None


def secrets_in_headers(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        if name.lower() in HARMLESS_HEADERS:
            continue
        yield value
        # "Bearer <token>" and "a=1; b=2" may come back without their wrapping.
        yield value.partition(" ")[2].strip()
        if name.lower() == "cookie":
            yield from (cookie.partition("=")[2].strip() for cookie in value.split(";"))


def secrets_in_data(data: t.Any, name: str = "") -> Iterator[str]:
    """Find the texts in a body to send that stand under a name which says that they are secret."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from secrets_in_data(value, str(key))
    elif isinstance(data, list):
        for value in data:
            yield from secrets_in_data(value, name)
    elif isinstance(data, str) and is_secret_name(name):
        yield data


def secrets_in_text(body: str) -> Iterator[str]:
    """Find the secrets in a body that was given as text: all of it, and what it says as JSON or as a form."""
    yield body
    try:
        yield from secrets_in_data(json.loads(body))
    except (ValueError, RecursionError):
        yield from secrets_in_data(dict(urllib.parse.parse_qsl(body)))


def secrets_in_url(url: str) -> Iterator[str]:
    for name, value in urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query):
        if is_secret_name(name):
            yield value


class Redactor:
    """Make text printable: given secrets masked in every spelling, secrets of others masked by their name."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(
            secret for secret in secrets if len(secret) >= SHORTEST_SECRET and secret.lower() not in NEVER_SECRET
        )
        spellings = {spelling for secret in self.secrets for spelling in _spellings(secret)}
        # The longest first, so that no secret survives as the rest of another one.
        self._spellings = sorted(spellings, key=len, reverse=True)

    def text(self, text: str) -> str:
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        return _JSON_SECRET.sub(rf"\g<1>{MASK}", text)

    def excerpt(self, text: str, length: int = 200) -> str:
        """Return the beginning of a text on one line. Masked before it is cut: half a secret is a secret too."""
        line = " ".join(self.text(text).split())
        more = "\N{HORIZONTAL ELLIPSIS}" if len(line) > length else ""
        shown = (character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line[:length])
        return "".join(shown) + more

    def url(self, url: str) -> str:
        """Return a URL without user, password and the values of its query."""
        try:
            parts = urllib.parse.urlsplit(url)
        except ValueError:
            return self.excerpt(url)
        query = "&".join(f"{name}={MASK}" for name, _value in urllib.parse.parse_qsl(parts.query, True))
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment="")
        return self.excerpt(bare.geturl())


def _spellings(secret: str) -> set[str]:
    quoted = {urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)}
    return {secret, *quoted, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}


__all__ = ("Redactor", "is_secret_name", "secrets_in_data", "secrets_in_headers", "secrets_in_text", "secrets_in_url")
