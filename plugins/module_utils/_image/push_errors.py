# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""From what an engine says about a failed push to a sentence with a cause."""

from __future__ import annotations

import re

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

# The first that fits is the cause; engines and registries word the same refusal differently.
CAUSES = (
    (
        "immutable",
        re.compile(r"immutable|tag invalid|ImageTagAlreadyExists", re.IGNORECASE),
        "the tag is there already and may not move.",
        "Run again: the image of the same sources is then found and used.",
    ),
    (
        "denied",
        re.compile(
            r"no basic auth|unauthorized|authentication required|not authorized|denied|forbidden|token has expired"
            r"|\b40[13]\b",
            re.IGNORECASE,
        ),
        "the registry refused the login.",
        "Check the credentials, and their rights to upload layers and put images in this repository.",
    ),
    (
        "missing",
        re.compile(r"name unknown|repository .*does not exist|name invalid", re.IGNORECASE),
        "the registry knows no such repository.",
        "The infrastructure makes it: bring the stack up, or correct repository.",
    ),
    (
        "throttled",
        re.compile(r"toomanyrequests|rate exceeded|\b429\b", re.IGNORECASE),
        "the registry asked for fewer requests.",
        "Run again in a minute, with a smaller number in parallel.",
    ),
    (
        "full",
        re.compile(r"no space left on device", re.IGNORECASE),
        "the engine's disk is full.",
        "Make room, for instance with the engine's own prune command.",
    ),
    (
        "unreachable",
        re.compile(
            r"connection refused|no such host|timeout|timed out|no route to host|network is unreachable|dial tcp"
            r"|\bEOF\b|connection reset|deadline exceeded|x509|server gave HTTP response to HTTPS|\b50[0234]\b",
            re.IGNORECASE,
        ),
        "the registry did not answer.",
        "Check its address, and that the engine (not only this machine) reaches it.",
    ),
)


def explain_push(reference: str, lines: list[str]) -> SlipwayError:
    """Return the error to raise for a push that failed with these last lines."""
    text = "\n".join(lines)
    words = lines[-1].strip() if lines else "nothing"
    for code, pattern, cause, hint in CAUSES:
        if pattern.search(text):
            message = f"Could not push {reference}: {cause} The engine says: {words}"
            return SlipwayError(message, hint=hint, details={"push_error": code, "log": lines})
    return SlipwayError(
        f"Could not push {reference}. The engine says: {words}", details={"push_error": "other", "log": lines}
    )


__all__ = ("explain_push",)
