# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""One image from its sources into the registry, with a check at every step."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.fingerprint import fingerprint

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._image.engine import Engine
    from ansible_collections.slipway.aws.plugins.module_utils._image.plan import Plan
    from ansible_collections.slipway.aws.plugins.module_utils._image.spec import ImageSpec
    from ansible_collections.slipway.aws.plugins.module_utils._image.work import Work


def ship(work: Work, engine: Engine | None) -> None:
    """Do what the plan of an image asks for; C(engine) is needed only to build."""
    if work.plan.build and engine is not None:
        # Only the source tag is pushed: the others are set by the API, to the digest the registry confirmed.
        reported = _build_and_push(work, engine)
        work.plan = _confirm(work, reported)
    if work.plan.put or work.plan.fixed:
        work.registry.put_tags(work.plan)
        work.changed = True


def _build_and_push(work: Work, engine: Engine) -> str | None:
    spec = work.spec
    try:
        engine.build(spec, work.reference)
        work.built = True
        check_platform(spec, engine.platform(work.reference))
        if fingerprint(spec) != work.fingerprint:
            raise SlipwayError(
                f"The files of image {spec.name} changed while it was built, so nobody can say what is in it.",
                hint="Let nothing write into the context meanwhile, or keep such files out with .dockerignore; "
                "then run again.",
            )
        return _push(work, engine)
    finally:
        engine.remove(work.reference)


def _push(work: Work, engine: Engine) -> str | None:
    try:
        digest = engine.push(work.reference, work.spec.repository, work.registry.token())
    except SlipwayError as error:
        if error.details.get("push_error") != "immutable":
            raise
        # Someone else pushed the same sources first, to a repository whose tags stay: theirs will do.
        return None
    work.pushed = work.changed = True
    return digest


def _confirm(work: Work, reported: str | None) -> Plan:
    """Ask the registry, which alone knows the digest, and hold it against what the push said."""
    plan = work.registry.plan(work.source_tag, work.tags)
    if plan.digest is None:
        raise SlipwayError(
            f"ECR does not know {work.reference}, although it was just pushed.",
            hint="Check that the repository belongs to the account and region of these credentials.",
        )
    if reported is not None and reported != plan.digest:
        raise SlipwayError(
            f"{work.reference} was pushed as {reported}, but ECR says {plan.digest}: someone else pushed meanwhile.",
            hint="Run again: the image in the registry is then used.",
        )
    return plan


def check_platform(spec: ImageSpec, found: str) -> None:
    """Refuse an image for another platform than the one asked for."""
    # An image need not name the variant of its architecture; where both do, they must agree.
    parts = found.split("/")
    pairs = zip(spec.platform.split("/"), parts, strict=False)
    if len(parts) < 2 or any(wanted != told for wanted, told in pairs):
        raise SlipwayError(
            f"The image {spec.name} came out for {found or 'no platform'}, but {spec.platform} was asked for.",
            hint="Its base image may lack that platform; choose another base, or correct platform.",
        )


__all__ = ("check_platform", "ship")
