# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Turn tags into digests: what is shipped is what was looked at, whatever happens to the tag afterwards.

A tag that moved is then a change like any other. Without a digest ECS pins it too, but only when the revision is first
deployed, and the same revision deployed again may run something else.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t
import urllib.parse

from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Target
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.api import describe_image
from ansible_collections.slipway.aws.plugins.module_utils._image.repository import Repository

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Report

ASKED_AT_ONCE = 8


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


def pin(clients: Clients, targets: t.Sequence[Target], report: Report, *, check_mode: bool) -> list[Target]:
    """Return the targets with digests where they had tags, as far as ECR has the images.

    In check mode an image that is not pushed yet keeps its tag, which tells the same story.
    """
    tagged = {image for target in targets for image in target.wishes.images.values() if Tagged.parse(image)}
    wanted = sorted(tagged)
    with concurrent.futures.ThreadPoolExecutor(max_workers=ASKED_AT_ONCE) as pool:
        digests = dict(
            zip(sorted(wanted), pool.map(lambda image: _digest(clients, image), sorted(wanted)), strict=True)
        )
    return [_pinned(target, digests, report, check_mode=check_mode) for target in targets]


def _pinned(target: Target, digests: t.Mapping[str, str | None], report: Report, *, check_mode: bool) -> Target:
    images: dict[str, str] = {}
    for container, image in target.wishes.images.items():
        images[container] = image
        if image not in digests:
            continue
        digest = digests[image]
        if digest:
            images[container] = f"{t.cast('Tagged', Tagged.parse(image)).address}@{digest}"
        elif digest is None:
            report(target.name, f"{image} is not in ECR, so its tag is not pinned to a digest")
        elif not check_mode:
            raise SlipwayError(
                f"Service {target.name}: there is no image {image}.",
                hint="Push it first, or correct the tag. Nothing was changed.",
            )
    return dataclasses.replace(target, wishes=dataclasses.replace(target.wishes, images=images))


def _digest(clients: Clients, image: str) -> str | None:
    """Return an image's digest, nothing (empty) if ECR has no such image, or None if it is not in ECR at all."""
    tagged = t.cast("Tagged", Tagged.parse(image))
    try:
        repository = Repository.parse(tagged.address)
    except SlipwayError:
        return None
    client = clients("ecr", region=repository.region)
    if repository.account is None and repository.host != urllib.parse.urlsplit(client.meta.endpoint_url).netloc:
        return None
    found = describe_image(client, repository, tagged.tag)
    return str(found["imageDigest"]) if found else ""


__all__ = ("Tagged", "pin")
