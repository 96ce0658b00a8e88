# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Learn what the code to ship is known by: a tag's digest, a zip file's hash.

What is shipped is then what was looked at, whatever happens to the tag afterwards; a tag that moved is a change like
any other, which Lambda itself would not notice.
"""

from __future__ import annotations

import base64
import binascii
import concurrent.futures
import dataclasses
import hashlib
import typing as t
from pathlib import Path

from ansible_collections.slipway.aws.plugins.module_utils._aws import aws_call
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.tagged import Tagged, digest_of
from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import Code, Target, package_hash

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Report

ASKED_AT_ONCE = 8
# What UpdateFunctionCode takes in one request; more has to go through S3.
LARGEST_UPLOAD = 50 * 1024 * 1024
CHUNK = 1024 * 1024


def prepare(clients: Clients, targets: t.Sequence[Target], report: Report, *, check_mode: bool) -> list[Target]:
    """Return the targets with what their code is known by, looked up side by side."""

    def known(target: Target) -> Target:
        if target.code is None:
            return target
        code = _known(clients, target.name, target.code, check_mode=check_mode)
        return dataclasses.replace(target, code=code)

    with concurrent.futures.ThreadPoolExecutor(max_workers=ASKED_AT_ONCE) as pool:
        prepared = list(pool.map(known, targets))
    for target in prepared:
        if target.code and target.code.image and target.code.identity is None and not check_mode:
            report(target.name, f"{target.code.image} is not in ECR, so its tag is not pinned to a digest")
    return prepared


def _known(clients: Clients, name: str, code: Code, *, check_mode: bool) -> Code:
    if code.image:
        return _pinned(clients, name, code, code.image, check_mode=check_mode)
    if code.identity:
        return code
    identity = _file_hash(name, code.path, check_mode=check_mode) if code.path else _object_hash(clients, code)
    return dataclasses.replace(code, identity=identity)


def _pinned(clients: Clients, name: str, code: Code, image: str, *, check_mode: bool) -> Code:
    tagged = Tagged.parse(image)
    if tagged is None:
        return dataclasses.replace(code, identity=image.partition("@")[2])
    digest = digest_of(clients, tagged)
    if digest:
        return dataclasses.replace(code, image=tagged.at(digest), identity=digest)
    if digest is None or check_mode:
        return code
    raise SlipwayError(
        f"Function {name}: there is no image {image}.", hint="Push it first, or correct the tag. Nothing was changed."
    )


def _file_hash(name: str, path: str, *, check_mode: bool) -> str | None:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        if check_mode and isinstance(error, FileNotFoundError):
            return None  # it is made by a step that a check does not take
        raise SlipwayError(f"Function {name}: {path} cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST_UPLOAD:
        raise SlipwayError(
            f"Function {name}: {path} is {len(content) // 1024 // 1024} MiB, and Lambda takes 50 in a request.",
            hint="Put it into a bucket and give s3_bucket and s3_key, or ship an image.",
        )
    return package_hash(content)


@aws_call("read the function's package from S3")
def _object_hash(clients: Clients, code: Code) -> str:
    """Return the hash of a package in S3: as S3 knows it, or counted over its content."""
    s3 = clients("s3")
    where = {"Bucket": code.bucket, "Key": code.key, "VersionId": code.object_version}
    request = {name: value for name, value in where.items() if value}
    head = s3.head_object(**request, ChecksumMode="ENABLED")
    if head.get("ChecksumSHA256") and head.get("ChecksumType") in (None, "FULL_OBJECT"):
        return str(head["ChecksumSHA256"])
    digest = hashlib.sha256()
    for chunk in s3.get_object(**request)["Body"].iter_chunks(CHUNK):
        digest.update(chunk)
    return base64.b64encode(digest.digest()).decode()


def hash_as_lambda_says(name: str, given: str) -> str:
    """Return a SHA-256 in Lambda's spelling, from that or from hexadecimal."""
    try:
        raw = bytes.fromhex(given) if len(given) == 64 else base64.b64decode(given, validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != hashlib.sha256().digest_size:
        raise SlipwayError(f"functions.{name}.code_sha256 is no SHA-256, in hexadecimal or in base64.")
    return base64.b64encode(raw).decode()


__all__ = ("hash_as_lambda_says", "prepare")
