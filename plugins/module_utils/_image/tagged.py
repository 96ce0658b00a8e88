# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Images by their tags, and what ECR says a tag is at the moment."""

from __future__ import annotations

import dataclasses
import typing as t
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.api import describe_image
from ansible_collections.slipway.aws.plugins.module_utils._image.repository import Repository

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients


@dataclasses.dataclass(frozen=True)
class Tagged:
    """An image by its tag."""

    address: str
    tag: str

    @classmethod
    def parse(cls, image: str) -> Tagged | None:
        """Read an image that has no digest; one without a tag means C(latest)."""
        if "@" in image:
            return None
        address, colon, tag = image.rpartition(":")
        # A colon before a slash belongs to the registry's port.
        return cls(address, tag) if colon and "/" not in tag else cls(image, "latest")

    def at(self, digest: str) -> str:
        """Return the image by a digest."""
        return f"{self.address}@{digest}"


def digest_of(clients: Clients, tagged: Tagged) -> str | None:
    """Return the digest a tag has now, nothing (empty) if ECR has no such image, or None if it is not in ECR at all."""
    try:
        repository = Repository.parse(tagged.address)
    except SlipwayError:
        return None
    client = clients("ecr", region=repository.region)
    if repository.account is None and repository.host != urllib.parse.urlsplit(client.meta.endpoint_url).netloc:
        return None
    found = describe_image(client, repository, tagged.tag)
    return str(found["imageDigest"]) if found else ""


__all__ = ("Tagged", "digest_of")
