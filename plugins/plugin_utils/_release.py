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
from ansible_collections.slipway.aws.plugins.plugin_utils import _order

Document = t.Mapping[str, t.Any]
Units = dict[str, dict[str, t.Any]]

# What a migration has that says nothing else.
MIGRATION_TIMEOUT = "15m"
# The outcomes of one-off tasks that units of a release do not have.
TASK_OUTCOMES = {"not_started": "failed", "planned": "succeeded", "running": "failed"}
MIGRATION_KEYS = ("task_arn", "task_definition", "container", "exit_code", "cause", "reattached", "seconds")
SERVICE_KEYS = ("cluster", "service", "container", "task_definition", "environment", "after", "codedeploy")


def images(delivery: Document, project: Document) -> Units:
    """Return what to build and push: every image the project builds, with the repository the stack has for it."""
    repositories = delivery.get("repositories") or {}
    _same_names("slipway_images", project, "delivery.repositories", repositories)
    return {name: {**options, "repository": repositories[name]} for name, options in project.items()}


def voyages(delivery: Document, kinds: t.Iterable[str] = _order.SHIPPED) -> list[dict[str, t.Any]]:
    """Return the order in which units ship, as consecutive voyages of one kind each."""
    return [{"kind": voyage.kind, "units": list(voyage.units)} for voyage in _order.voyages(delivery, kinds)]


def services(delivery: Document, pushed: Document, units: t.Sequence[str] | None = None) -> Units:
    """Return what to ship to ECS: services of the stack with the digests their images have now.

    Each comes after those of the same voyage only: what other voyages brought is there already.
    """
    known = delivery.get("services") or {}
    chosen = list(known) if units is None else [name for name in known if name in units]
    waits = _order.waits_among(delivery, ["services"])
    return {
        name: {
            **{key: known[name][key] for key in SERVICE_KEYS if key in known[name]},
            "after": [other.name for other in waits[_order.Unit("services", name)] if other.name in chosen],
            "image": _reference(name, known[name]["image"], pushed),
        }
        for name in chosen
    }


def migrations(delivery: Document, pushed: Document, units: t.Sequence[str] | None = None) -> Units:
    """Return what to run once for a release: each migration with the image that its service has now."""
    known = delivery.get("migrations") or {}
    chosen = list(known) if units is None else list(units)
    return {name: _migration(name, known[name], delivery, pushed) for name in chosen}


def _migration(name: str, migration: Document, delivery: Document, pushed: Document) -> dict[str, t.Any]:
    known = delivery.get("services") or {}
    unit = migration["service"]
    if unit not in known:
        raise SlipwayError(
            f"delivery.migrations.{name}.service names {unit}, which is no service of the stack.",
            hint=f"The stack has: {', '.join(sorted(known)) or 'none'}.",
        )
    service = known[unit]
    return {
        **{key: service[key] for key in ("cluster", "service", "task_definition") if key in service},
        "container": migration.get("container") or service["container"],
        "image": _reference(unit, service["image"], pushed),
        "command": list(migration["command"]),
        "timeout": migration.get("timeout") or MIGRATION_TIMEOUT,
    }


def migrated(task: Document) -> dict[str, t.Any]:
    """Return how a migration ended, in the words all units of a release use."""
    outcome = str(task.get("outcome") or "failed")
    ended = "no_op" if outcome == "succeeded" and not task.get("changed") else TASK_OUTCOMES.get(outcome, outcome)
    kept = {key: task.get(key) for key in MIGRATION_KEYS}
    # What a migration wrote is worth keeping where it says why it failed.
    quiet = ended in ("succeeded", "no_op")
    log = {key: value for key, value in (task.get("log") or {}).items() if not (quiet and key == "lines")}
    return {**kept, "outcome": ended, "changed": bool(task.get("changed")), "log": log}


def untouched(delivery: Document, shipped: Document) -> dict[str, list[str]]:
    """Return the units, by kind, that a release which ended early never came to."""
    left: dict[str, list[str]] = {}
    for voyage in _order.voyages(delivery):
        done = shipped.get(voyage.kind) or {}
        left.setdefault(voyage.kind, []).extend(name for name in voyage.units if name not in done)
    return {kind: names for kind, names in left.items() if names}


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


__all__ = (
    "dead_ends", "distributions", "images", "migrated", "migrations", "running", "services", "sites", "untouched",
    "voyages", "ways_back",
)  # fmt: skip
