# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Make a check of the engine from the description of a request and of the answer it should get."""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import json
import re
import typing as t
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._gate import expectation as expecting
from ansible_collections.slipway.aws.plugins.module_utils._gate.engine import Check
from ansible_collections.slipway.aws.plugins.module_utils._gate.expectation import Expectation
from ansible_collections.slipway.aws.plugins.module_utils._gate.http_exchange import (
    BadRedirect,
    Client,
    NoAnswer,
    Origin,
    Request,
    Response,
)
from ansible_collections.slipway.aws.plugins.module_utils._gate.limits import Limits
from ansible_collections.slipway.aws.plugins.module_utils._gate.options import Options
from ansible_collections.slipway.aws.plugins.module_utils._gate.outcome import Measurement, Outcome
from ansible_collections.slipway.aws.plugins.module_utils._gate.redaction import (
    Redactor,
    secrets_in_data,
    secrets_in_headers,
    secrets_in_text,
    secrets_in_url,
)

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMES = ("name", "path", "url", "method", "json", "form", "body", "headers", "expect", "required", *Limits.NAMES)
BODIES = {"json": "application/json", "form": "application/x-www-form-urlencoded", "body": None}
# The gate asks each time anew, and wants what it gets uncompressed.
STANDING_HEADERS = {"User-Agent": "slipway.aws", "Accept": "*/*", "Cache-Control": "no-cache"}
COMES_BACK_LATER = (429, 503)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclasses.dataclass(frozen=True)
class HttpCheck:
    """One request and what is expected of its answer, as read from the options."""

    name: str
    request: Request
    expectation: Expectation
    limits: Limits
    required: bool
    secrets: frozenset[str]

    def bind(self, client: Client, redactor: Redactor, after: tuple[str, ...] = ()) -> Check:
        """Return the check as the engine runs it."""

        def measure(_number: int) -> Measurement:
            return self._measure(client, redactor)

        return Check(self.name, measure, self.limits, self.required, after)

    def _measure(self, client: Client, redactor: Redactor) -> Measurement:
        expected = self.expectation.describe(redactor)
        accept = self.expectation.status
        try:
            response = client.exchange(self.request, timeout=self.limits.timeout, accept=accept)
        except NoAnswer as error:
            return Measurement(Outcome.ERROR, expected, error=redactor.text(error.message))
        except BadRedirect as error:
            facts = {"status": error.status, "redirects": [redactor.url(url) for url in error.redirects]}
            return Measurement(Outcome.FAILED, expected, f"an answer that {error.message}", facts=facts)
        facts = _facts(response, redactor)
        mismatches = self.expectation.compare(response, redactor)
        if not mismatches:
            return Measurement(Outcome.PASSED, expected, "as expected", facts=facts)
        return Measurement(
            Outcome.FAILED,
            ", ".join(mismatch.expected for mismatch in mismatches),
            ", ".join(mismatch.got for mismatch in mismatches),
            retry_after=_retry_after(response),
            facts={**facts, "excerpt": redactor.excerpt(expecting.text_of(response))},
        )


def read_check(given: t.Any, position: int, base: str, headers: Mapping[str, str]) -> HttpCheck:
    """Read one check. ``base`` is what its path is joined to, ``headers`` are those that all checks send."""
    name = given.get("name") if isinstance(given, dict) else None
    where = f"Check '{name}'" if isinstance(name, str) and name else f"Check number {position}"
    options = Options(where, given, known=NAMES)
    expect = Options(f"{where}, expect", options.mapping("expect"), known=expecting.NAMES)
    own_headers = read_headers(options.mapping("headers"), where)
    request = _request(options, base, {**STANDING_HEADERS, **headers, **own_headers})
    secrets = {
        *secrets_in_headers(own_headers),
        *secrets_in_data(options.value("json")),
        *secrets_in_data(options.value("form")),
        *(secrets_in_text(options.text("body")) if options.has("body") else []),
        *secrets_in_url(request.url),
    }
    return HttpCheck(
        name=options.text("name"),
        request=request,
        expectation=Expectation.from_options(expect),
        limits=Limits.from_options(options),
        required=options.truth("required", default=True),
        secrets=frozenset(secrets),
    )


def read_headers(given: Mapping[str, t.Any], where: str) -> dict[str, str]:
    headers = {name: str(value) for name, value in given.items()}
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise SlipwayError(f"{where} has a header with a name that HTTP does not allow.")
        # http.client would say this too, and would quote the value.
        if not value.isprintable() or not _is_latin(value):
            raise SlipwayError(f"{where}: the header {name} has a value that HTTP does not allow.")
    return headers


def read_base(url: str) -> str:
    """Check the URL that paths are joined to, and return it without a slash at its end."""
    _refuse_bad_url(url, "Option 'url'")
    parts = urllib.parse.urlsplit(url)
    if parts.query or parts.fragment:
        raise SlipwayError("Option 'url' is the part that all checks share, so it has no query and no fragment.")
    return url.rstrip("/")


def _request(options: Options, base: str, headers: dict[str, str]) -> Request:
    url = _url(options, base)
    given = [name for name in BODIES if options.has(name)]
    if len(given) > 1:
        raise SlipwayError(f"{options.where} can send only one of {', '.join(given)}.")
    method = options.text("method", default="POST" if given else "GET").upper()
    if not _TOKEN.fullmatch(method):
        raise SlipwayError(f"{options.where}: option 'method' is not a word that HTTP allows, such as GET or POST.")
    if not given:
        return Request(method, url, headers)
    content_type = BODIES[given[0]]
    if content_type and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = content_type
    return Request(method, url, headers, _body(options, given[0]))


def _url(options: Options, base: str) -> str:
    if options.has("path") == options.has("url"):
        raise SlipwayError(f"{options.where} needs either path or url.")
    if options.has("url"):
        url = options.text("url")
    else:
        path = options.text("path")
        if not path.startswith("/"):
            raise SlipwayError(f"{options.where}: option 'path' must start with a slash.")
        url = base + path
    _refuse_bad_url(url, f"{options.where}: its URL")
    return url


def _refuse_bad_url(url: str, where: str) -> None:
    try:
        Origin.of(url)
        parts = urllib.parse.urlsplit(url)
    except ValueError as error:
        raise SlipwayError(f"{where} is not an http or https URL with a host.") from error
    if parts.username is not None or parts.password is not None:
        raise SlipwayError(f"{where} carries a user or password.", hint="Send them in an Authorization header.")
    if not url.isprintable() or " " in url:
        raise SlipwayError(f"{where} contains a blank or an unprintable character.", hint="Write it percent-encoded.")


def _body(options: Options, kind: str) -> bytes:
    if kind == "json":
        try:
            return json.dumps(options.value("json")).encode()
        except (TypeError, ValueError) as error:
            raise SlipwayError(f"{options.where}: option 'json' holds something that JSON cannot say.") from error
    if kind == "form":
        return urllib.parse.urlencode(options.mapping("form"), doseq=True).encode()
    return options.text("body").encode()


def _facts(response: Response, redactor: Redactor) -> dict[str, t.Any]:
    facts: dict[str, t.Any] = {"status": response.status}
    if response.redirects:
        facts["redirects"] = [redactor.url(url) for url in response.redirects]
    return facts


def _retry_after(response: Response) -> float | None:
    value = (response.header("Retry-After") or "").strip() if response.status in COMES_BACK_LATER else ""
    if value.isdecimal() and len(value) < 10:
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return max(0.0, (moment - datetime.datetime.now(datetime.UTC)).total_seconds())


def _is_latin(value: str) -> bool:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def all_secrets(checks: tuple[HttpCheck, ...], headers: Mapping[str, str]) -> Iterator[str]:
    yield from secrets_in_headers(headers)
    for check in checks:
        yield from check.secrets


__all__ = ("HttpCheck", "all_secrets", "read_base", "read_check", "read_headers")
