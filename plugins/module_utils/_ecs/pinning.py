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
import functools
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._ecs.model import Target
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.tagged import Tagged, digest_of

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
    from ansible_collections.slipway.aws.plugins.module_utils._ecs.watch import Report

ASKED_AT_ONCE = 8


class Pin(t.NamedTuple):
    """A tag, and the digest it has now; see C(digest_of)."""

    tagged: Tagged
    digest: str | None


def pin(clients: Clients, targets: t.Sequence[Target], report: Report, *, check_mode: bool) -> list[Target]:
    """Return the targets with digests where they had tags, as far as ECR has the images.

    In check mode an image that is not pushed yet keeps its tag, which tells the same story.
    """
    images = {image for target in targets for image in target.wishes.images.values()}
    tagged = {image: found for image in sorted(images) if (found := Tagged.parse(image))}
    with concurrent.futures.ThreadPoolExecutor(max_workers=ASKED_AT_ONCE) as pool:
        looked = pool.map(functools.partial(digest_of, clients), tagged.values())
        pins = {image: Pin(tag, digest) for (image, tag), digest in zip(tagged.items(), looked, strict=True)}
    return [_pinned(target, pins, report, check_mode=check_mode) for target in targets]


def _pinned(target: Target, pins: t.Mapping[str, Pin], report: Report, *, check_mode: bool) -> Target:
    images: dict[str, str] = {}
    for container, image in target.wishes.images.items():
        images[container] = image
        found = pins.get(image)
        if found is None:
            continue
        if found.digest:
            images[container] = found.tagged.at(found.digest)
        elif found.digest is None:
            report(target.name, f"{image} is not in ECR, so its tag is not pinned to a digest")
        elif not check_mode:
            raise SlipwayError(
                f"Service {target.name}: there is no image {image}.",
                hint="Push it first, or correct the tag. Nothing was changed.",
            )
    return dataclasses.replace(target, wishes=dataclasses.replace(target.wishes, images=images))


__all__ = ("pin",)
