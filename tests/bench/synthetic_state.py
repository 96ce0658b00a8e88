# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""States of any size, as an infrastructure of that many resources would have them."""

from __future__ import annotations

import json
import typing as t

KIND = "pulumi:pulumi:Stack"
# What one of the resources below takes in a file.
RESOURCE_BYTES = 1900
TIME = "2026-11-21T08:00:00.000000000Z"


def checkpoint(size: int, *, project: str = "shop", stack: str = "dev", **outputs: t.Any) -> bytes:
    """Return a state of about this many bytes, written as Pulumi writes it: without spaces."""
    urn = f"urn:pulumi:{stack}::{project}::{KIND}::{project}-{stack}"
    root = {"urn": urn, "custom": False, "type": KIND, "outputs": outputs, "created": TIME, "modified": TIME}
    resources = [_resource(number, project, stack, urn) for number in range(size // RESOURCE_BYTES)]
    latest = {
        "manifest": {"time": TIME, "magic": "", "version": "3.259.0"},
        "resources": [root, *resources],
        "metadata": {},
    }
    document = {"version": 3, "checkpoint": {"stack": f"organization/{project}/{stack}", "latest": latest}}
    return json.dumps(document, separators=(",", ":")).encode()


def _resource(number: int, project: str, stack: str, parent: str) -> dict[str, t.Any]:
    kind = "aws:s3/bucketObjectv2:BucketObjectv2"
    name = f"object-{number:06}"
    inputs = {
        "bucket": f"{project}-{stack}-assets",
        "key": f"assets/{name}/index.html",
        "content": f"The text of {name}, which is not long but is there. " * 4,
        "contentType": "text/html; charset=utf-8",
        "tags": {"Project": project, "Stack": stack, "Number": str(number), "Owner": "platform"},
    }
    known = {
        "arn": f"arn:aws:s3:::{project}-{stack}-assets/assets/{name}/index.html",
        "etag": f"{number:032x}",
        "forceDestroy": False,
        "id": f"assets/{name}/index.html",
        "metadata": {"release": f"{number:012x}"},
        "serverSideEncryption": "AES256",
        "storageClass": "STANDARD",
        "tagsAll": inputs["tags"],
        "versionId": "",
    }
    return {
        "urn": f"urn:pulumi:{stack}::{project}::{kind}::{name}",
        "custom": True,
        "id": known["id"],
        "type": kind,
        "inputs": inputs,
        "outputs": inputs | known,
        "parent": parent,
        "propertyDependencies": {"bucket": [], "content": None, "key": None},
        "created": TIME,
        "modified": TIME,
    }


def update_record(stack: str, ended: int) -> tuple[str, bytes]:
    """Return the name of the record of an update that ended then, in seconds since 1970, and the record."""
    record = {
        "kind": "update",
        "startTime": ended - 60,
        "message": "Deploy",
        "environment": {"exec.kind": "cli", "git.head": "0" * 40, "pulumi.version": "3.259.0"},
        "config": {"aws:region": "ap-northeast-1", f"{stack}:replicas": "2"},
        "version": 0,
        "result": "succeeded",
        "endTime": ended,
        "resourceChanges": {"same": 12},
    }
    return f"{stack}-{ended}000000000.history.json", json.dumps(record).encode()


def outputs(count: int = 10) -> dict[str, t.Any]:
    """Return what a stack like this exports."""
    return {f"output_{number}": {"url": f"https://{number}.example.com", "ports": [80, 443]} for number in range(count)}
