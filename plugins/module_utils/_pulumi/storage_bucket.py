# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""State in an S3 bucket (C(s3://))."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, Clients, aws_call
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import MAXIMUM_SIZE, Entry
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendDeniedError,
    BackendError,
    CheckpointError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.storage import CHUNK
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import BucketLocation

try:
    import botocore
    import botocore.exceptions
except ImportError:
    HAS_BOTO = False
else:
    HAS_BOTO = True

# Enough for a throttled bucket; somebody who asks for an inventory should not wait a minute for a wrong endpoint.
ATTEMPTS = 4
DENIED = frozenset({"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})


class BucketStorage:
    """The objects below a prefix of a bucket."""

    def __init__(self, location: BucketLocation, environment: t.Mapping[str, str]) -> None:
        if not HAS_BOTO:
            raise BackendError(
                f"Reading the Pulumi backend at {location} needs the Python library boto3, which is not installed."
            )
        self._location = location
        try:
            self._s3 = Clients(connection_options(location, environment))("s3")
        except SlipwayError as error:
            raise BackendError(
                f"Could not connect to the Pulumi backend at {location}: {error.message}",
                hint="The URL may say ?region=<region>&profile=<profile>&endpoint=<endpoint>.",
            ) from error
        except botocore.exceptions.BotoCoreError as error:  # for instance a profile nobody wrote
            raise BackendError(f"Could not connect to the Pulumi backend at {location}: {error}.") from error

    def entries(self, prefix: str, *, after: str = "") -> list[Entry]:
        location = self._location
        start_after = location.prefix + after if after else ""
        try:
            objects = list_objects(self._s3, location.bucket, location.prefix + prefix, start_after)
        except AwsError as error:
            raise self._told(error) from error
        return [
            Entry(
                key=item["Key"].removeprefix(location.prefix),
                modified=item["LastModified"].timestamp(),
                version=item["ETag"].strip('"'),
            )
            for item in objects
        ]

    def read(self, key: str) -> bytes | None:
        pieces = self.stream(key)
        return None if pieces is None else b"".join(pieces)

    def stream(self, key: str) -> t.Iterator[bytes] | None:
        location = self._location
        try:
            body = get_object(self._s3, location.bucket, location.prefix + key)
        except AwsError as error:
            if error.code == "NoSuchKey":
                return None
            raise self._told(error) from error
        return self._pieces(body)

    def _pieces(self, body: t.Any) -> t.Iterator[bytes]:
        try:
            while piece := read_piece(body):
                yield piece
        except AwsError as error:
            raise self._told(error) from error

    def _told(self, error: AwsError) -> BackendError:
        bucket = self._location.bucket
        if error.code == "NoSuchBucket":
            return BackendError(f"There is no S3 bucket {bucket!r}.", hint="Correct the backend URL.")
        if error.code in DENIED:
            return BackendDeniedError(
                f"The Pulumi backend at {self._location} refused us ({error.code}).",
                hint=f"Reading it needs s3:ListBucket on the bucket {bucket} and s3:GetObject on its objects.",
            )
        return BackendError(error.message, details=error.details)


def connection_options(location: BucketLocation, environment: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Translate the URL's parameters into the names the rest of the collection uses."""
    config: dict[str, t.Any] = {"retries": {"mode": "standard", "total_max_attempts": ATTEMPTS}}
    if location.path_style:
        config["s3"] = {"addressing_style": "path"}
    if location.dualstack:
        config["use_dualstack_endpoint"] = True
    if location.fips:
        config["use_fips_endpoint"] = True
    if location.anonymous:
        config["signature_version"] = botocore.UNSIGNED
    return {
        # Pulumi reads AWS_REGION, botocore by itself only AWS_DEFAULT_REGION.
        "region": location.region or environment.get("AWS_REGION") or None,
        "profile": location.profile,
        "endpoint_url": location.endpoint,
        "aws_config": config,
    }


@aws_call("list the Pulumi backend's objects")
def list_objects(s3: t.Any, bucket: str, prefix: str, start_after: str) -> list[t.Any]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, StartAfter=start_after)
    return [item for page in pages for item in page.get("Contents", [])]


@aws_call("read an object of the Pulumi backend")
def get_object(s3: t.Any, bucket: str, key: str) -> t.Any:
    answer = s3.get_object(Bucket=bucket, Key=key)
    if answer["ContentLength"] > MAXIMUM_SIZE:
        raise CheckpointError(
            f"s3://{bucket}/{key} has {answer['ContentLength']} bytes, more than the {MAXIMUM_SIZE} we read."
        )
    return answer["Body"]


@aws_call("read an object of the Pulumi backend to its end")
def read_piece(body: t.Any) -> bytes:
    return bytes(body.read(CHUNK))


__all__ = ("BucketStorage", "connection_options")
