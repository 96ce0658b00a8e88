# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The calls to S3, one function each."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, aws_call

# Another object is there, or is being written this very moment.
TAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
ABSENT = ("NoSuchKey", "404")


def put_new_object(client: t.Any, bucket: str, key: str, body: bytes) -> bool:
    """Write an object that must not exist yet, and return whether this was so."""
    try:
        _put_object(client, bucket, key, body)
    except AwsError as error:
        if error.code in TAKEN:
            return False
        raise
    return True


@aws_call("write the receipt to S3")
def _put_object(client: t.Any, bucket: str, key: str, body: bytes) -> None:
    client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")


def get_object(client: t.Any, bucket: str, key: str) -> bytes | None:
    """Return the content of an object, or None if there is none."""
    try:
        return _get_object(client, bucket, key)
    except AwsError as error:
        if error.code in ABSENT:
            return None
        raise


@aws_call("read the receipt from S3")
def _get_object(client: t.Any, bucket: str, key: str) -> bytes:
    content: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


@aws_call("list the receipts in S3")
def list_objects(client: t.Any, bucket: str, prefix: str) -> list[str]:
    """Return the keys below a prefix, in their order."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", ())]


__all__ = ("get_object", "list_objects", "put_new_object")
