# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Retire old revisions of task definitions: never one that anything known may still be set to, or go back to."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._ecs.api_revisions import (
    Answer,
    active_revisions,
    deregister,
    describe_services,
    list_clusters,
    tags_of,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.definition import FINGERPRINT_TAG
from ansible_collections.slipway.aws.plugins.module_utils._ecs.prune_decision import (
    Reasons,
    Verdict,
    decide,
    family_of,
    in_order,
    is_revision,
    mentioned,
    newest,
    revision_name,
)
from ansible_collections.slipway.aws.plugins.module_utils._ecs.prune_references import References, side_by_side
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

ARGUMENTS: dict[str, t.Any] = {
    "services": {"type": "dict", "default": {}},
    "families": {"type": "list", "elements": "str", "default": []},
    "clusters": {"type": "list", "elements": "str"},
    "keep": {"type": "int", "default": 10},
    "keep_revisions": {"type": "list", "elements": "str", "default": []},
    "receipts": {"type": "list", "elements": "dict", "default": []},
    "keep_receipts": {"type": "int"},
    "only_ours": {"type": "bool", "default": True},
}

# ECS lets an account deregister about one revision a second, after a burst.
DEREGISTERED_AT_ONCE = 4


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What may go, and what must stay whatever ECS says."""

    services: t.Mapping[str, t.Mapping[str, t.Any]]
    families: tuple[str, ...]
    clusters: tuple[str, ...] | None
    keep: int
    keep_revisions: tuple[str, ...]
    receipts: tuple[t.Mapping[str, t.Any], ...]
    only_ours: bool

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Wanted:
        """Return what the options ask for, or say what about them makes no sense."""
        if not (options["services"] or options["families"]):
            raise SlipwayError("There is nothing to prune: name services or families.")
        if options["keep"] < 1:
            raise SlipwayError(f"keep is {options['keep']}.", hint="The newest revision of a family always stays.")
        for name, service in options["services"].items():
            if not (isinstance(service, dict) and service.get("cluster") and service.get("service")):
                raise SlipwayError(f"services.{name} must be a dictionary with cluster and service.")
        for family in options["families"]:
            if ":" in family or "/" in family:
                raise SlipwayError(f"{family!r} is no family.", hint="A family has neither a revision nor an ARN.")
        for revision in options["keep_revisions"]:
            if not is_revision(revision):
                raise SlipwayError(
                    f"keep_revisions has {revision!r}, which names no revision.",
                    hint="Write it as family:42, or as its ARN.",
                )
        return cls(
            services=options["services"],
            families=tuple(options["families"]),
            clusters=None if options["clusters"] is None else tuple(options["clusters"]),
            keep=options["keep"],
            keep_revisions=tuple(options["keep_revisions"]),
            receipts=_last_receipts(options["receipts"], options["keep_receipts"]),
            only_ours=options["only_ours"],
        )


def _last_receipts(receipts: t.Sequence[t.Mapping[str, t.Any]], limit: int | None) -> tuple[t.Mapping[str, t.Any], ...]:
    if limit is None:
        return tuple(receipts)
    if limit < 0:
        raise SlipwayError(f"keep_receipts is {limit}.", hint="Leave it out to go by all receipts.")
    # All are written in UTC and in one spelling, so that the text sorts as the time does.
    return tuple(sorted(receipts, key=lambda receipt: str(receipt.get("finished_at", "")), reverse=True)[:limit])


def prune(params: t.Mapping[str, t.Any], *, check_mode: bool, diff: bool) -> dict[str, t.Any]:
    """Deregister what may go, and return the task's result; raise with it when ECS stopped in the middle."""
    return Pruning(Clients(params)("ecs"), Wanted.from_options(params), check_mode=check_mode, diff=diff).run()


class Pruning:
    """One run over some families."""

    def __init__(self, ecs: t.Any, wanted: Wanted, *, check_mode: bool, diff: bool) -> None:
        self._ecs, self._wanted = ecs, wanted
        self._check_mode, self._diff = check_mode, diff
        self._references = References(ecs)

    def run(self) -> dict[str, t.Any]:
        services = self._given_services()
        families = sorted({*self._wanted.families, *_families(services)})
        active = dict(
            zip(families, side_by_side(functools.partial(active_revisions, self._ecs), families), strict=True)
        )
        self._note_what_was_said(services)
        # The dear questions are asked only where something could go at all.
        if crowded := [family for family, verdict in self._verdicts(active).items() if verdict.retired]:
            self._references.look(self._clusters(services), crowded)
        if self._wanted.only_ours:
            self._note_strangers(self._verdicts(active))
        verdicts = self._verdicts(active)
        retired = [revision for verdict in verdicts.values() for revision in verdict.retired]
        done = retired if self._check_mode else self._deregister(retired, verdicts)
        return self._result(verdicts, done)

    def _verdicts(self, active: t.Mapping[str, t.Sequence[str]]) -> dict[str, Verdict]:
        return {
            family: decide(revisions, self._wanted.keep, self._references.reasons)
            for family, revisions in active.items()
        }

    # --- who needs what ---

    def _given_services(self) -> list[Answer]:
        by_cluster: dict[str, dict[str, str]] = {}
        for name, service in self._wanted.services.items():
            by_cluster.setdefault(service["cluster"], {})[revision_name(service["service"])] = name
        found = [
            item
            for cluster, names in sorted(by_cluster.items())
            for item in describe_services(self._ecs, cluster, sorted(names))
        ]
        there = {(revision_name(item["clusterArn"]), item["serviceName"]) for item in found}
        missing = [
            f"{name} in cluster {revision_name(cluster)}"
            for cluster, names in sorted(by_cluster.items())
            for name in sorted(names)
            if (revision_name(cluster), name) not in there
        ]
        if missing:
            raise SlipwayError(
                f"There is no ECS service {', no '.join(missing)}, so nothing says which family it had.",
                hint="Name the family in families instead.",
            )
        return found

    def _clusters(self, services: t.Sequence[Answer]) -> list[str]:
        """Return each cluster once, however it was spelled."""
        own = [service["clusterArn"] for service in services]
        more = list_clusters(self._ecs) if self._wanted.clusters is None else list(self._wanted.clusters)
        by_name = {revision_name(cluster): cluster for cluster in [*more, *own]}
        if not by_name:
            raise SlipwayError(
                "No cluster was named or found, so nobody can be asked which revisions are in use.",
                hint="Name the clusters where the families run in the option clusters.",
            )
        return [by_name[name] for name in sorted(by_name)]

    def _note_what_was_said(self, services: t.Sequence[Answer]) -> None:
        self._references.note_services(services)
        for revision in self._wanted.keep_revisions:
            self._references.note(revision, "keep_revisions names it")
        for name, service in self._wanted.services.items():
            if service.get("task_definition"):
                self._references.note(str(service["task_definition"]), f"it is the base of service {name}")
        for receipt in self._wanted.receipts:
            for revision in sorted(mentioned(receipt)):
                told = receipt.get("release_id") or "without a name"
                self._references.note(revision, f"the receipt of release {told} has it")

    def _note_strangers(self, verdicts: t.Mapping[str, Verdict]) -> None:
        """Keep what this collection did not make. Only what could go otherwise is looked at."""
        left = [revision for verdict in verdicts.values() for revision in verdict.retired]
        for revision, tags in zip(left, side_by_side(functools.partial(tags_of, self._ecs), left), strict=True):
            if FINGERPRINT_TAG not in tags:
                self._references.note(revision, "no release of this collection made it")

    # --- what is done ---

    def _deregister(self, revisions: t.Sequence[str], verdicts: t.Mapping[str, Verdict]) -> list[str]:
        """Deregister a few at a time, the oldest of each family first, and stop where ECS refuses."""
        done: list[str] = []
        for start in range(0, len(revisions), DEREGISTERED_AT_ONCE):
            some = revisions[start : start + DEREGISTERED_AT_ONCE]
            errors: list[SlipwayError] = []
            with concurrent.futures.ThreadPoolExecutor(max_workers=DEREGISTERED_AT_ONCE) as pool:
                calls = {revision: pool.submit(deregister, self._ecs, revision) for revision in some}
            for revision, call in calls.items():
                error = call.exception()
                if error is None:
                    done.append(revision)
                elif isinstance(error, SlipwayError):
                    errors.append(error)
                else:
                    raise error
            if errors:
                raise self._stopped(errors[0], done, revisions, verdicts)
        return done

    def _stopped(
        self, error: SlipwayError, done: t.Sequence[str], wanted: t.Sequence[str], verdicts: t.Mapping[str, Verdict]
    ) -> SlipwayError:
        told = ", ".join(revision_name(revision) for revision in done) or "none"
        left = f"{len(wanted) - len(done)} of {len(wanted)}"
        return SlipwayError(
            f"{error.message} Deregistered before that: {told}; {left} stay as they are.",
            hint="Run it again: it goes on with what is left.",
            details={**self._result(verdicts, done), **error.details},
        )

    def _result(self, verdicts: t.Mapping[str, Verdict], done: t.Sequence[str]) -> dict[str, t.Any]:
        result: dict[str, t.Any] = {
            "changed": bool(done),
            "deregistered": list(done),
            "families": {family: self._told(verdict, set(done)) for family, verdict in verdicts.items()},
            "not_asked": self._references.not_asked,
        }
        if self._diff:
            result["diff"] = [_difference(family, verdict, set(done)) for family, verdict in verdicts.items()]
        return result

    def _told(self, verdict: Verdict, done: set[str]) -> dict[str, t.Any]:
        everything = [*verdict.kept, *verdict.retired]
        young = set(newest(everything, self._wanted.keep))
        return {
            "active": len(everything),
            "kept": [
                {"revision": revision, "reasons": _reasons(revision, self._references.reasons, young, self._wanted)}
                for revision in in_order(set(everything) - done)
            ],
            "deregistered": [revision for revision in verdict.retired if revision in done],
        }


def _reasons(revision: str, reasons: Reasons, young: t.Container[str], wanted: Wanted) -> list[str]:
    age = [f"it is among the newest {wanted.keep}"] if revision in young else []
    return [*age, *reasons.get(revision_name(revision), [])]


def _families(services: t.Iterable[Answer]) -> set[str]:
    """Return the families that services are set to; with some deployment controllers their task sets say so."""
    return {
        family_of(identifier)
        for service in services
        for identifier in (
            service.get("taskDefinition"),
            *(item.get("taskDefinition") for item in service.get("taskSets") or []),
        )
        if identifier
    }


def _difference(family: str, verdict: Verdict, done: t.Container[str]) -> dict[str, str]:
    before = [*verdict.kept, *verdict.retired]
    return {
        "before_header": f"active revisions of {family}",
        "after_header": f"active revisions of {family}",
        "before": _lines(before),
        "after": _lines(revision for revision in before if revision not in done),
    }


def _lines(revisions: t.Iterable[str]) -> str:
    return "".join(f"{revision_name(revision)}\n" for revision in in_order(revisions))


__all__ = ("ARGUMENTS", "prune")
