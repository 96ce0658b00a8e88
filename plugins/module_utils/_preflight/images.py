# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Images: in the registry, and for the platform the tasks run on."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._image.repository import ECR_HOST, LOOPBACK
from ansible_collections.slipway.aws.plugins.module_utils._preflight.asking import Talk, Unanswered, put
from ansible_collections.slipway.aws.plugins.module_utils._preflight.findings import Problem
from ansible_collections.slipway.aws.plugins.module_utils._preflight.manifest import (
    Manifest,
    Platform,
    platform_of_config,
    wanted_platform,
)
from ansible_collections.slipway.aws.plugins.module_utils._preflight.questions import Image, ImageConfig
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting, Told
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Answer, Subject, containers_of

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def ecr_image(text: str, setting: Setting) -> Image | None:
    """Return what to ask ECR about an image; nothing for one of another registry, which is asked nothing."""
    address, dummy, digest = text.partition("@")
    host, dummy, path = address.partition("/")
    name, dummy, tag = path.partition(":")
    ecr = ECR_HOST.fullmatch(host)
    if not name or not (ecr or setting.emulated and LOOPBACK.fullmatch(host)):
        return None
    region, account = (ecr["region"], ecr["account"]) if ecr else (setting.region, None)
    if digest:
        return Image(region, account, name, "imageDigest", digest)
    return Image(region, account, name, "imageTag", tag or "latest")


def _each(definition: Answer, setting: Setting) -> Iterator[tuple[str, str, Image]]:
    for container in containers_of(definition):
        text = str(container.get("image") or "")
        image = ecr_image(text, setting)
        if image:
            yield str(container.get("name")), text, image


def image_exists(subject: Subject, setting: Setting) -> Iterator[Told]:
    for container, text, image in _each(subject.definition, setting):
        # In check mode nobody has pushed yet. What a tag will be has to be believed; a digest is there or wrong.
        yield _exists(container, text, image, to_come=subject.rehearsed and image.kind == "imageTag")


def _exists(container: str, text: str, image: Image, *, to_come: bool) -> Talk:
    found = yield from put(image)
    if not found.repository:
        return [
            Problem(
                f"The image of container {container}, {text}, is in a repository that does not exist.",
                "Bring the infrastructure up, or correct account, region and name of the repository.",
            )
        ]
    if found.manifest is None and not to_come:
        return [
            Problem(
                f"The image of container {container}, {text}, is not in ECR.",
                "Push it first; if it was there before, look for a lifecycle policy that expires it.",
            )
        ]
    return []


def image_platform(subject: Subject, setting: Setting) -> Iterator[Told]:
    wanted = wanted_platform(subject.definition, on_fargate=subject.on_fargate)
    if wanted:
        for container, text, image in _each(subject.definition, setting):
            yield _platform(container, text, image, wanted)


def _platform(container: str, text: str, image: Image, wanted: Platform) -> Talk:
    found = yield from put(image)
    if found.manifest is None:
        return []  # that is the other check's to say
    manifest = Manifest.parse(found.manifest)
    if manifest is None:
        raise Unanswered(f"The manifest of {text} is of a kind we do not know.")
    platforms = list(manifest.platforms)
    if manifest.config:
        config = yield from put(ImageConfig(image.region, image.account, image.repository, manifest.config))
        own = platform_of_config(config)
        platforms = [own] if own else []
    if not platforms:
        raise Unanswered(f"The image {text} does not say for which platform it is.")
    if wanted in platforms:
        return []
    return [
        Problem(
            f"The image of container {container}, {text}, is for {', '.join(sorted(map(str, platforms)))}, "
            f"but its tasks run on {wanted}.",
            f"Build it for {wanted}, or set runtimePlatform of the task definition.",
        )
    ]


def way_back(subject: Subject, setting: Setting) -> Iterable[Told]:
    """Tell whether what runs now could be started again."""
    if subject.running is None or not subject.running_count:
        return  # nothing runs, so there is nothing to go back to, and nobody misses it
    revision = str(subject.running.get("taskDefinitionArn") or "").rpartition("/")[2] or "the running revision"
    if subject.running.get("status") in ("INACTIVE", "DELETE_IN_PROGRESS"):
        yield Problem(
            f"There is no way back to {revision}: it is deregistered.",
            "Keep the last revisions registered. To be safe now, register the same content again and ship that first.",
        )
    for container, text, image in _each(subject.running, setting):
        yield _still_there(revision, container, text, image)


def _still_there(revision: str, container: str, text: str, image: Image) -> Talk:
    found = yield from put(image)
    if found.manifest is not None:
        return []
    return [
        Problem(
            f"There is no way back to {revision}: the image of its container {container}, {text}, is gone from ECR.",
            "Push it again, and let the repository's lifecycle policy keep what runs and what ran before.",
        )
    ]


def revision_active(subject: Subject, _setting: Setting) -> Iterable[Told]:
    """Tell whether the revision asked for can be used: a service takes no deregistered one."""
    status = subject.definition.get("status")
    if status and status != "ACTIVE":
        revision = str(subject.definition.get("taskDefinitionArn") or "").rpartition("/")[2] or "to go to"
        yield Problem(f"The revision {revision} is {status}.", "Choose one that is ACTIVE, or register it again.")


__all__ = ("ecr_image", "image_exists", "image_platform", "revision_active", "way_back")
