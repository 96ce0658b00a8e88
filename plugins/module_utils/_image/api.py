# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The calls to ECR, one function each."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError, aws_call

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._image.repository import Repository

# Without these, ECR may answer in an older format than the one pushed, and then the digest is another.
MANIFEST_TYPES = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
]


def describe_image(client: t.Any, repository: Repository, tag: str) -> dict[str, t.Any] | None:
    """Return what ECR knows about the image a tag names, or None if the tag names nothing."""
    try:
        return _describe_image(client, repository, tag)
    except AwsError as error:
        if error.code == "ImageNotFoundException":
            return None
        raise


@aws_call("describe images in ECR")
def _describe_image(client: t.Any, repository: Repository, tag: str) -> dict[str, t.Any] | None:
    answer = client.describe_images(**_address(repository), imageIds=[{"imageTag": tag}])
    found: list[dict[str, t.Any]] = answer["imageDetails"]
    return found[0] if found else None


@aws_call("describe the repository in ECR")
def describe_repository(client: t.Any, repository: Repository) -> dict[str, t.Any]:
    """Return the repository's settings."""
    request: dict[str, t.Any] = {"repositoryNames": [repository.name]}
    if repository.account:
        request["registryId"] = repository.account
    found: dict[str, t.Any] = client.describe_repositories(**request)["repositories"][0]
    return found


@aws_call("read the image's manifest from ECR")
def batch_get_image(client: t.Any, repository: Repository, digest: str) -> dict[str, t.Any] | None:
    """Return the image of a digest with its manifest, or None if there is none."""
    answer = client.batch_get_image(
        **_address(repository), imageIds=[{"imageDigest": digest}], acceptedMediaTypes=MANIFEST_TYPES
    )
    found: list[dict[str, t.Any]] = answer["images"]
    return found[0] if found else None


@aws_call("tag the image in ECR")
def put_image(client: t.Any, repository: Repository, image: t.Mapping[str, t.Any], digest: str, tag: str) -> None:
    """Give an image that is in the repository one more tag, or move the tag to it."""
    request = {"imageManifest": image["imageManifest"], "imageDigest": digest, "imageTag": tag}
    if image.get("imageManifestMediaType"):
        request["imageManifestMediaType"] = image["imageManifestMediaType"]
    client.put_image(**_address(repository), **request)


@aws_call("log in to ECR")
def get_authorization_token(client: t.Any) -> str:
    """Return the token as an engine's authentication file spells it; it is good for twelve hours."""
    token: str = client.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    return token


def _address(repository: Repository) -> dict[str, str]:
    address = {"repositoryName": repository.name}
    if repository.account:
        address["registryId"] = repository.account
    return address


__all__ = ("batch_get_image", "describe_image", "describe_repository", "get_authorization_token", "put_image")
