# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Backend URLs, spelled as the Pulumi CLI spells them."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import typing as t
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import BackendError

SUPPORTED = (
    "Supported are file://<folder>, s3://<bucket>/<prefix>, https://<host> for Pulumi Cloud and its like, "
    "and cli or cli+<URL> to let the Pulumi CLI read any other."
)
CLI = "cli"
VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")

# Query parameters of s3:// that steer a connection, and those that only matter to somebody who writes state.
S3_STEERING = frozenset(
    {"anonymous", "disableSSL", "disable_https", "dualstack", "endpoint", "fips", "profile", "region"}
    | {"s3ForcePathStyle", "use_path_style"}
)
S3_WRITING = frozenset(
    {"accelerate", "awssdk", "hostname_immutable", "kmskeyid", "rate_limiter_capacity"}
    | {"request_checksum_calculation", "response_checksum_validation", "ssetype"}
)


@dataclasses.dataclass(frozen=True)
class FolderLocation:
    """State in a folder."""

    folder: pathlib.Path

    def __str__(self) -> str:
        return f"file://{self.folder}"


@dataclasses.dataclass(frozen=True)
class BucketLocation:
    """State in an S3 bucket, under a prefix that is empty or ends with a slash."""

    bucket: str
    prefix: str
    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None
    path_style: bool = False
    anonymous: bool = False
    dualstack: bool = False
    fips: bool = False

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


@dataclasses.dataclass(frozen=True)
class CloudLocation:
    """State at Pulumi Cloud, or a service with the same API."""

    url: str

    def __str__(self) -> str:
        return self.url


@dataclasses.dataclass(frozen=True)
class CliLocation:
    """State the Pulumi CLI reads for us: from the backend of this URL, or the one it is logged in to."""

    url: str | None = dataclasses.field(default=None, repr=False)

    def __str__(self) -> str:
        # The URL of a backend only the CLI knows may carry a password.
        scheme = self.url.partition("://")[0] if self.url else ""
        return f"the Pulumi CLI ({scheme}://…)" if scheme else "the Pulumi CLI"


# pylint misreads A | B between classes at run time.
Location = t.Union[FolderLocation, BucketLocation, CloudLocation, CliLocation]  # noqa: UP007


def expand_variables(text: str, environment: t.Mapping[str, str]) -> str:
    """Replace C(${NAME}) and C(${NAME:-default}); an empty variable counts as unset, as in a shell."""

    def value(match: re.Match[str]) -> str:
        found = environment.get(match["name"]) or match["default"]
        if found is None:
            raise BackendError(
                f"The backend URL {text!r} uses the environment variable {match['name']}, which is not set.",
                hint=f"Set it, or write a default: ${{{match['name']}:-value}}.",
            )
        return found

    return VARIABLE.sub(value, text)


def parse_backend_url(url: str, *, base: pathlib.Path, environment: t.Mapping[str, str]) -> Location:
    """Say where a URL points. Relative C(file://) paths start at C(base)."""
    expanded = expand_variables(url.strip(), environment)
    if expanded == CLI:
        return CliLocation()
    if expanded.startswith(f"{CLI}+"):
        return CliLocation(expanded.removeprefix(f"{CLI}+"))
    scheme, separator, rest = expanded.partition("://")
    if not separator:
        raise BackendError(f"The backend {url!r} is not a URL.", hint=SUPPORTED)
    if "\0" in rest:
        raise BackendError("The backend URL holds a NUL character.", hint=SUPPORTED)
    if not expanded.isascii() and not _is_encodable(expanded):
        raise BackendError("The backend URL is not a text.", hint=SUPPORTED)
    if scheme == "file":
        return _folder(rest, base)
    if scheme == "s3":
        return _bucket(rest)
    if scheme in {"https", "http"}:
        return _cloud(scheme, rest)
    # The URL itself stays out of the sentence: those of other schemes may carry a password.
    raise BackendError(f"Backends of the scheme {scheme}:// cannot be read.", hint=SUPPORTED)


def _folder(rest: str, base: pathlib.Path) -> FolderLocation:
    # Pulumi reads escapes such as %20 in the path, and takes a plain space as it is.
    path = urllib.parse.unquote(rest.partition("?")[0])
    if not path:
        raise BackendError("The backend URL file:// names no folder.", hint="Write file://<folder>.")
    if "\0" in path:
        raise BackendError("The backend URL file:// holds an escaped NUL character.", hint=SUPPORTED)
    try:
        folder = pathlib.Path(path).expanduser()
    except RuntimeError:
        raise BackendError(f"The backend URL {'file://' + path!r} begins with a home that is not known.") from None
    return FolderLocation(pathlib.Path(os.path.normpath(base / folder)))


def _is_encodable(text: str) -> bool:
    # Names of folders need not be UTF-8: what stands for other bytes has to come through.
    try:
        return bool(os.fsencode(text))
    except UnicodeEncodeError:
        return False


def _bucket(rest: str) -> BucketLocation:
    address, _separator, query = rest.partition("?")
    bucket, _separator, prefix = address.partition("/")
    if not bucket:
        raise BackendError("The backend URL s3:// names no bucket.", hint="Write s3://<bucket>/<prefix>.")
    options = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    unknown = sorted(options.keys() - S3_STEERING - S3_WRITING)
    if unknown:
        raise BackendError(
            f"The backend URL s3://{bucket} has the unknown parameter {', '.join(unknown)}.",
            hint=f"Known are {', '.join(sorted(S3_STEERING))}.",
        )
    prefix = urllib.parse.unquote(prefix).strip("/")
    return BucketLocation(
        bucket=bucket,
        prefix=f"{prefix}/" if prefix else "",
        region=options.get("region") or None,
        profile=options.get("profile") or None,
        endpoint=_endpoint(options),
        path_style=_flag(options, "s3ForcePathStyle") or _flag(options, "use_path_style"),
        anonymous=_flag(options, "anonymous"),
        dualstack=_flag(options, "dualstack"),
        fips=_flag(options, "fips"),
    )


def _cloud(scheme: str, rest: str) -> CloudLocation:
    host, _separator, path = rest.partition("/")
    if not host or "@" in host or "?" in rest or "#" in rest:
        raise BackendError(
            f"The backend URL {scheme}:// is not the address of a service.",
            hint="Write https://<host>, without a user name or parameters: the token comes from PULUMI_ACCESS_TOKEN.",
        )
    return CloudLocation(f"{scheme}://{host}" + (f"/{path.rstrip('/')}" if path.rstrip("/") else ""))


def _endpoint(options: t.Mapping[str, str]) -> str | None:
    endpoint = options.get("endpoint")
    if not endpoint or "://" in endpoint:
        return endpoint or None
    plain = _flag(options, "disableSSL") or _flag(options, "disable_https")
    return f"{'http' if plain else 'https'}://{endpoint}"


def _flag(options: t.Mapping[str, str], name: str) -> bool:
    text = options.get(name, "false").lower()
    if text not in {"true", "false", "1", "0", "t", "f"}:
        raise BackendError(f"The parameter {name} of the backend URL is {text!r}.", hint="Write true or false.")
    return text in {"true", "1", "t"}


__all__ = (
    "BucketLocation",
    "CliLocation",
    "CloudLocation",
    "FolderLocation",
    "Location",
    "expand_variables",
    "parse_backend_url",
)
