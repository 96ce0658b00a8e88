# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection.

"""What each station of a release is asked to do.

The delivery document joined with what the project says and with what the stations before it answered.
"""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

Document = t.Mapping[str, t.Any]
Units = dict[str, dict[str, t.Any]]

SERVICE_KEYS = ("cluster", "service", "container", "task_definition", "environment", "after")


def images(delivery: Document, project: Document) -> Units:
    """Return what to build and push: every image the project builds, with the repository the stack has for it."""
    repositories = delivery.get("repositories") or {}
    _same_names("slipway_images", project, "delivery.repositories", repositories)
    return {name: {**options, "repository": repositories[name]} for name, options in project.items()}


def services(delivery: Document, pushed: Document) -> Units:
    """Return what to ship to ECS: every service of the stack with the digest its image has now."""
    return {
        name: {
            **{key: service[key] for key in SERVICE_KEYS if key in service},
            "image": _reference(name, service["image"], pushed),
        }
        for name, service in (delivery.get("services") or {}).items()
    }


def _reference(service: str, image: str, pushed: Document) -> str:
    if image not in pushed:
        raise SlipwayError(
            f"delivery.services.{service}.image names {image}, which this release neither builds nor found.",
            hint=f"Add it to slipway_images; known are: {', '.join(sorted(pushed)) or 'none'}.",
        )
    # In check mode an image that is not built yet has no digest; the tag it would get tells the same story.
    return str(pushed[image].get("uri") or pushed[image]["reference"])


def sites(delivery: Document, project: Document) -> Units:
    """Return what to publish: every site of the stack with the folder the project publishes there."""
    known = delivery.get("sites") or {}
    _same_names("slipway_sites", project, "delivery.sites", known)
    return {name: {**options, "bucket": known[name]["bucket"]} for name, options in project.items()}


def distributions(delivery: Document, published: Document) -> Units:
    """Return what to invalidate: the changed paths of every published site that has a distribution in front."""
    known = delivery.get("sites") or {}
    return {
        name: {"distribution": known[name]["distribution"], "paths": unit.get("changed_paths") or []}
        for name, unit in published.items()
        if known.get(name, {}).get("distribution")
    }


def running(shipped: Document) -> str:
    """Return the one release that all shipped services run now, or nothing when they differ or do not say."""
    releases = {unit.get("release_id") for unit in shipped.values()}
    return str(releases.pop() or "") if len(releases) == 1 else ""


def ways_back(delivery: Document, shipped: Document) -> Units:
    """Return the services this release changed, each with the revision that ran before.

    A service that ran nothing before its first release has no way back: a placeholder is not a release.
    """
    known = delivery.get("services") or {}
    return {
        name: {**{key: known[name][key] for key in ("cluster", "service", "container")}, "revision": unit["before"]}
        for name, unit in shipped.items()
        if _stands(unit) and unit.get("ran_before", True)
    }


def dead_ends(shipped: Document) -> list[str]:
    """Return the services this release changed that have nothing to go back to."""
    return sorted(name for name, unit in shipped.items() if _stands(unit) and not unit.get("ran_before", True))


def _stands(unit: Document) -> bool:
    """Tell whether what this release shipped is what the service is set to now."""
    return bool(unit.get("changed") and unit.get("after") and unit["after"] != unit["before"])


def _same_names(said: str, project: Document, where: str, known: Document) -> None:
    unknown = sorted(set(project) - set(known))
    if unknown:
        raise SlipwayError(
            f"{said} names {', '.join(unknown)}, which {where} does not have.",
            hint=f"The stack has: {', '.join(sorted(known)) or 'none'}.",
        )


__all__ = ("dead_ends", "distributions", "images", "running", "services", "sites", "ways_back")
