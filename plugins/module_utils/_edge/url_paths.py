# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Spell paths the way CloudFront compares them.

CloudFront wants exactly the characters that RFC 1738 calls unsafe to be percent-encoded, and no others:
a path spelled differently is accepted and then matches nothing.
"""

from __future__ import annotations

import re
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

WILDCARD = "*"
# Everything quote() would encode although it may stand in a path. Letters, digits and "_.-~" it leaves alone anyway.
MAY_STAND = "/!$&'()*+,;:@="
# Decoded, each of these would mean something else.
MUST_STAY_ENCODED = {"%2A", "%2F", "%3F"}
ESCAPE = re.compile(r"((?:%[0-9A-Fa-f]{2})+)")
# Refused raw and without effect when encoded; an encoded asterisk is accepted and matches nothing.
UNSPEAKABLE = re.compile(r"~|%7E|%2A|\*(?!$)")


def url_path(key: str) -> str:
    """Return the path under which an object is requested."""
    return "/" + urllib.parse.quote(key, safe=MAY_STAND)


def invalidation_path(path: str) -> str:
    """Return a path, encoded or not, as an invalidation has to spell it.

    A name that no invalidation can spell is widened to the wildcard just before the first such character.
    """
    if not path.startswith("/"):
        raise SlipwayError(f"The path {path} does not start with a slash.", hint="Write it as the browser asks for it.")
    spelled = _spell(path)
    unspeakable = UNSPEAKABLE.search(spelled)
    return spelled[: unspeakable.start()] + WILDCARD if unspeakable else spelled


def covers(wildcard: str, path: str) -> bool:
    """Tell whether invalidating one path takes care of another."""
    if wildcard == path:
        return True
    return wildcard.endswith(WILDCARD) and path.startswith(wildcard[:-1])


def _spell(path: str) -> str:
    # The pieces alternate: text, a run of escapes, text, ...
    return "".join(
        _respell(piece) if position % 2 else urllib.parse.quote(piece, safe=MAY_STAND + "?")
        for position, piece in enumerate(ESCAPE.split(path))
    )


def _respell(escapes: str) -> str:
    """Decode what may stand as it is (and only that) in a run of escapes."""
    spelled = ""
    for escape in re.findall("...", escapes.upper()):
        character = chr(int(escape[1:], 16))
        may_stand = escape not in MUST_STAY_ENCODED and urllib.parse.quote(character, safe=MAY_STAND) == character
        spelled += character if may_stand else escape
    return spelled


__all__ = ("WILDCARD", "covers", "invalidation_path", "url_path")
