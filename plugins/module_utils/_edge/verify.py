# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.
"""See at the edge that what was published is what is served, several times in a row.

An invalidation that CloudFront calls completed was seen to be ineffective, and one still in progress to have worked
long since: what a visitor is given is the proof.
"""

from __future__ import annotations

import dataclasses
import hashlib
import ssl
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._edge.api import SHA256_METADATA
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate.http_check import read_base
from ansible_collections.slipway.aws.plugins.module_utils._gate.http_connection import ConnectTo
from ansible_collections.slipway.aws.plugins.module_utils._gate.http_exchange import (
    BadRedirect,
    Client,
    NoAnswer,
    Request,
    Response,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ansible_collections.slipway.aws.plugins.module_utils._edge.ticker import Report

VERIFY_ARGUMENTS: dict[str, t.Any] = {
    "url": {"type": "str", "required": True},
    "digests": {"type": "dict", "required": True},
    "times": {"type": "int", "default": 3},
    "most_paths": {"type": "int", "default": 20},
    "timeout": {"type": "int", "default": 300},
    "connect_to": {"type": "dict", "default": {}},
}
# What is stored compressed must come as it is stored, and nothing else shall be compressed on the way.
HEADERS = {"User-Agent": "slipway.aws", "Accept": "*/*", "Accept-Encoding": "identity"}
SECONDS_A_REQUEST = 15.0
BETWEEN_ROUNDS, LONGEST_PAUSE = 1.0, 15.0
SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Verification:
    """What has to be served, where to look, and how often in a row."""

    base: str
    digests: Mapping[str, str]
    """The SHA-256 by path."""
    times: int
    timeout: float
    client: Client


def make_verification(options: Mapping[str, t.Any], *, validate_certs: bool, ca_bundle: str | None) -> Verification:
    """Turn the option of the module into a verification."""
    for name in ("times", "most_paths"):
        if options[name] < 1:
            raise SlipwayError(f"The option verify.{name} is {options[name]}.", hint="Choose 1 or more.")
    paths = sorted(options["digests"], key=lambda path: (path.count("/"), path))
    bad = next((path for path in paths if not path.startswith("/") or not options["digests"][path]), None)
    if bad is not None:
        raise SlipwayError(
            f"The option verify.digests has no path and SHA-256 in {bad!r}.",
            hint="site_publish returns a dictionary that fits as digests.",
        )
    context = ssl.create_default_context(cafile=ca_bundle)
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return Verification(
        base=read_base(options["url"]),
        # Those nearest to the front page are what most visitors see.
        digests={path: str(options["digests"][path]) for path in paths[: options["most_paths"]]},
        times=options["times"],
        timeout=options["timeout"],
        client=Client(ConnectTo(options["connect_to"]), context),
    )


def verify(
    wanted: Verification, *, now: Callable[[], float], sleep: Callable[[float], None], report: Report
) -> dict[str, str]:
    """Return nothing once all is served as often as asked for; else what was wrong in the last round, by path."""
    deadline = now() + wanted.timeout
    in_a_row, pause = 0, BETWEEN_ROUNDS
    while True:
        wrong = {path: told for path, digest in wanted.digests.items() if (told := _look(wanted, path, digest))}
        in_a_row = 0 if wrong else in_a_row + 1
        if in_a_row == wanted.times:
            report(
                wanted.base, f"serves what was published under {len(wanted.digests)} paths, {in_a_row} times in a row"
            )
            return {}
        if wrong:
            path = next(iter(wrong))
            report(wanted.base, f"{len(wrong)} of {len(wanted.digests)} paths are not right yet: {path} {wrong[path]}")
        pause = min(1.5 * pause, LONGEST_PAUSE) if wrong else BETWEEN_ROUNDS
        if now() + pause > deadline:
            return wrong or {"/": f"was right {in_a_row} times in a row when the time was up"}
        sleep(pause)


def wrong_sentence(wanted: Verification, wrong: Mapping[str, str]) -> str:
    shown = "; ".join(f"{path} {told}" for path, told in list(wrong.items())[:SHOWN])
    return (
        f"{wanted.base} does not serve what was published, {wanted.times} times in a row, after {wanted.timeout:g} s: "
        f"{shown}{' …' if len(wrong) > SHOWN else ''}."
    )


def _look(wanted: Verification, path: str, digest: str) -> str | None:
    """Return what is wrong with the answer, if anything is."""
    try:
        response = wanted.client.exchange(Request("GET", wanted.base + path, HEADERS), timeout=SECONDS_A_REQUEST)
    except (NoAnswer, BadRedirect) as error:
        return f"gave no answer ({error.message})"
    if response.status != 200:
        return f"was answered with status {response.status}"
    served = _served(response)
    if served == digest:
        return None
    age = response.header("Age")
    return f"is other content, sha256 {served[:12]}…" + (f", {age} s old" if age and age.isdecimal() else "")


def _served(response: Response) -> str:
    """Return the hash of the body, or of what S3 says it is where the body was too long to be read."""
    told = response.header(f"x-amz-meta-{SHA256_METADATA}")
    return told or "unknown" if response.is_cut else hashlib.sha256(response.body).hexdigest()


__all__ = ("VERIFY_ARGUMENTS", "Verification", "make_verification", "verify", "wrong_sentence")
