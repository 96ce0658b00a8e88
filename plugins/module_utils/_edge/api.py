# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The calls to S3 and CloudFront, one function each."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import email.utils
import hashlib
import time
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, aws_call

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import SiteFile

# Kept with each object, and served with it: what the browser was given can be compared with what was built.
SHA256_METADATA = "slipway-sha256"
DELETE_LIMIT = 1000
MISSING = {"404", "NoSuchKey", "NoSuchVersion", "NotFound"}
# CloudFront tells times in seconds, and its machines need not agree to the second.
CLOCK_TOLERANCE = datetime.timedelta(seconds=3)


@dataclasses.dataclass(frozen=True)
class RemoteObject:
    """An object as a listing tells it. The ETag is the MD5 of the content where it was uploaded in one part."""

    key: str
    etag: str
    size: int
    version_id: str | None = None
    sha256: str | None = None
    modified: datetime.datetime | None = dataclasses.field(default=None, compare=False)


@dataclasses.dataclass(frozen=True)
class Listing:
    """What a bucket holds below a prefix, and when that was, by the clock of AWS."""

    objects: dict[str, RemoteObject]
    moment: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Invalidation:
    id: str
    status: str
    is_new: bool = True

    @property
    def is_completed(self) -> bool:
        return self.status.lower() == "completed"


def list_objects(client: t.Any, *, bucket: str, prefix: str) -> Listing:
    """Return all objects below a prefix by key."""

    @aws_call(f"list the bucket {bucket}")
    def list_objects_v2() -> Listing:
        objects: dict[str, RemoteObject] = {}
        moment = None
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            moment = page["ResponseMetadata"]["HTTPHeaders"].get("date")
            for entry in page.get("Contents", ()):
                key = entry["Key"]
                objects[key] = RemoteObject(
                    key, entry["ETag"].strip('"'), entry["Size"], modified=entry["LastModified"]
                )
        now = email.utils.parsedate_to_datetime(moment) if moment else datetime.datetime.now(datetime.UTC)
        return Listing(objects, now)

    return list_objects_v2()


def head_object(client: t.Any, *, bucket: str, key: str, version_id: str | None = None) -> RemoteObject | None:
    """Return the live object, or the given version of it; nothing when there is none."""
    version = {} if version_id is None else {"VersionId": version_id}
    try:
        answer = aws_call(f"look at {key} in the bucket {bucket}")(client.head_object)(
            Bucket=bucket, Key=key, **version
        )
    except AwsError as error:
        # A HEAD has no body, so S3 cannot say more: 400 is a version id it cannot read, 405 a delete marker.
        if error.code in MISSING or (version_id is not None and error.code in {"400", "405"}):
            return None
        raise
    return RemoteObject(
        key,
        answer["ETag"].strip('"'),
        answer["ContentLength"],
        answer.get("VersionId"),
        answer["Metadata"].get(SHA256_METADATA),
    )


def put_object(client: t.Any, *, bucket: str, key: str, file: SiteFile) -> str | None:
    """Upload a file in one part and return the version it got, if the bucket keeps versions."""
    encoding = {"ContentEncoding": file.headers.content_encoding} if file.headers.content_encoding else {}
    with file.location.open("rb") as body:
        answer = aws_call(f"upload {key} to the bucket {bucket}")(client.put_object)(
            Bucket=bucket,
            Key=key,
            Body=body,
            # Refused by S3 when the file changed after it was read for the plan.
            ContentMD5=base64.b64encode(bytes.fromhex(file.md5)).decode(),
            ContentType=file.headers.content_type,
            CacheControl=file.headers.cache_control,
            Metadata={SHA256_METADATA: file.sha256},
            **encoding,
        )
    return real_version(answer)


def get_note(client: t.Any, *, bucket: str, key: str) -> bytes:
    """Return the content of a small object of our own."""

    @aws_call(f"read {key} in the bucket {bucket}")
    def get_object() -> bytes:
        content: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    return get_object()


def put_note(client: t.Any, *, bucket: str, key: str, content: bytes) -> None:
    """Write a small object of our own, which no cache shall keep."""
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    aws_call(f"write {key} to the bucket {bucket}")(client.put_object)(
        Bucket=bucket,
        Key=key,
        Body=content,
        # A bucket with object lock takes nothing without it.
        ContentMD5=base64.b64encode(digest).decode(),
        ContentType="application/json",
        CacheControl="no-store",
    )


def copy_object(client: t.Any, *, bucket: str, key: str, source: str) -> str | None:
    """Copy an object within its bucket, with its headers."""
    answer = aws_call(f"copy {source} to {key} in the bucket {bucket}")(client.copy_object)(
        Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": source}
    )
    return real_version(answer)


def copy_version(client: t.Any, *, bucket: str, key: str, version_id: str) -> str | None:
    """Make an earlier version of an object the live one, with its headers."""
    answer = aws_call(f"put back {key} in the bucket {bucket}")(client.copy_object)(
        Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": key, "VersionId": version_id}
    )
    return real_version(answer)


def delete_objects(client: t.Any, *, bucket: str, keys: Sequence[str]) -> None:
    """Delete objects, a thousand at a time."""
    for start in range(0, len(keys), DELETE_LIMIT):
        batch = [{"Key": key} for key in keys[start : start + DELETE_LIMIT]]
        answer = aws_call(f"delete objects in the bucket {bucket}")(client.delete_objects)(
            Bucket=bucket, Delete={"Objects": batch, "Quiet": True}
        )
        # The call as a whole succeeds also where single objects were refused.
        for refused in answer.get("Errors", ()):
            action = f"delete {refused.get('Key')} in the bucket {bucket}"
            raise AwsError(action, refused.get("Code", "Unknown"), f"{refused.get('Code')}: {refused.get('Message')}.")


def create_invalidation(client: t.Any, *, distribution: str, paths: Sequence[str], reference: str) -> Invalidation:
    """Ask for an invalidation. CloudFront answers a repeated reference with the invalidation it already has."""
    started = time.monotonic()
    answer = aws_call(f"create an invalidation of the distribution {distribution}")(client.create_invalidation)(
        DistributionId=distribution,
        InvalidationBatch={"CallerReference": reference, "Paths": {"Quantity": len(paths), "Items": list(paths)}},
    )
    duration = datetime.timedelta(seconds=time.monotonic() - started)
    invalidation = answer["Invalidation"]
    # By AWS's clock, not ours: was it there before we asked?
    asked = email.utils.parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]) - duration
    is_new = invalidation["CreateTime"] >= asked - CLOCK_TOLERANCE
    return Invalidation(invalidation["Id"], invalidation["Status"], is_new)


def get_invalidation(client: t.Any, *, distribution: str, invalidation_id: str) -> tuple[Invalidation, str]:
    """Return an invalidation and its caller reference."""
    invalidation = aws_call(f"look at the invalidation {invalidation_id} of the distribution {distribution}")(
        client.get_invalidation
    )(DistributionId=distribution, Id=invalidation_id)["Invalidation"]
    reference = invalidation["InvalidationBatch"]["CallerReference"]
    return Invalidation(invalidation["Id"], invalidation["Status"], is_new=False), reference


def distribution_status(client: t.Any, *, distribution: str) -> str:
    """Return C(Deployed), or C(InProgress) while its settings are on their way to the edges."""
    answer = aws_call(f"look at the distribution {distribution}")(client.get_distribution)(Id=distribution)
    return str(answer["Distribution"]["Status"])


def latest_invalidations(client: t.Any, *, distribution: str, count: int) -> list[str]:
    """Return the ids of the invalidations made last, newest first."""
    answer = aws_call(f"list the invalidations of the distribution {distribution}")(client.list_invalidations)(
        DistributionId=distribution
    )
    listed = sorted(answer["InvalidationList"].get("Items", ()), key=lambda each: each["CreateTime"], reverse=True)
    return [each["Id"] for each in listed[:count]]


def real_version(answer: dict[str, t.Any]) -> str | None:
    """Return the version an object got, if its bucket keeps versions."""
    # "null" is the one version of a bucket that keeps none, and it is overwritten.
    version = answer.get("VersionId")
    return None if version == "null" else version


__all__ = (
    "SHA256_METADATA",
    "Invalidation",
    "Listing",
    "RemoteObject",
    "copy_object",
    "copy_version",
    "create_invalidation",
    "delete_objects",
    "distribution_status",
    "get_invalidation",
    "get_note",
    "head_object",
    "latest_invalidations",
    "list_objects",
    "put_note",
    "put_object",
    "real_version",
)
