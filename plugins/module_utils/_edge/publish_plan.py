# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Decide what publishing a site has to upload and to delete, and in which order."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import OWN_FOLDER
from ansible_collections.slipway.aws.plugins.module_utils._edge.url_paths import url_path

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence, Set

    from ansible_collections.slipway.aws.plugins.module_utils._edge.api import RemoteObject
    from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import SiteFile

Phase = t.Literal["assets", "pages", "all"]


@dataclasses.dataclass(frozen=True)
class Upload:
    key: str
    file: SiteFile
    replaces: RemoteObject | None

    @property
    def is_asset(self) -> bool:
        return self.file.headers.is_asset


@dataclasses.dataclass(frozen=True)
class Grace:
    """How long what pages may refer to outlives the site it belonged to. Pages themselves go at once."""

    period: datetime.timedelta
    now: datetime.datetime
    missing: Mapping[str, datetime.datetime]
    is_page: Callable[[str], bool]

    def since(self, key: str) -> datetime.datetime:
        return self.missing.get(key, self.now)

    def is_over(self, key: str) -> bool:
        return self.is_page(key) or self.now - self.since(key) >= self.period


@dataclasses.dataclass(frozen=True)
class PublishPlan:
    """What to do. Each wave may start when the one before it is complete."""

    waves: tuple[tuple[Upload, ...], ...]
    deletions: tuple[RemoteObject, ...]
    unchanged: int
    missing_assets: tuple[str, ...]
    waiting: Mapping[str, datetime.datetime] = dataclasses.field(default_factory=dict)
    """What is not part of the site any more and not deleted yet, with the time this was first seen."""
    newly_waiting: tuple[RemoteObject, ...] = ()
    reprieved: tuple[str, ...] = ()
    """What was waiting and is part of the site again, or gone."""

    @property
    def uploads(self) -> tuple[Upload, ...]:
        return tuple(upload for wave in self.waves for upload in wave)

    @property
    def pages(self) -> tuple[Upload, ...]:
        return tuple(upload for upload in self.uploads if not upload.is_asset)

    @property
    def replaced(self) -> tuple[RemoteObject, ...]:
        """The objects that will not be live any more."""
        return tuple(upload.replaces for upload in self.uploads if upload.replaces is not None) + self.deletions

    @property
    def is_empty(self) -> bool:
        return not (self.waves or self.deletions or self.newly_waiting or self.reprieved)

    def without(self, current: Set[str]) -> PublishPlan:
        """Return the plan without the uploads of these keys, which turned out to be the same after all."""
        left = (tuple(upload for upload in wave if upload.key not in current) for wave in self.waves)
        waves = tuple(wave for wave in left if wave)
        return dataclasses.replace(self, waves=waves, unchanged=self.unchanged + len(current))


def normalise_prefix(prefix: str) -> str:
    """Return a prefix that ends with a slash and does not start with one, or an empty string."""
    trimmed = prefix.strip("/")
    return f"{trimmed}/" if trimmed else ""


def plan_publish(
    files: Sequence[SiteFile],
    remote: Mapping[str, RemoteObject],
    *,
    prefix: str,
    phase: Phase,
    delete: bool,
    index_document: str,
    grace: Grace | None = None,
) -> PublishPlan:
    """Compare what was built with what the bucket holds."""
    by_wave: dict[int, list[Upload]] = {}
    missing_assets = []
    unchanged = 0
    for file in files:
        upload = Upload(prefix + file.path, file, remote.get(prefix + file.path))
        is_current = upload.replaces is not None and upload.replaces.etag == file.md5
        if phase != "all" and upload.is_asset != (phase == "assets"):
            # By size, for an ETag need not be an MD5: what matters here is that there is something to refer to.
            if upload.is_asset and (upload.replaces is None or upload.replaces.size != file.size):
                missing_assets.append(upload.key)
        elif is_current:
            unchanged += 1
        else:
            by_wave.setdefault(_wave(file, index_document), []).append(upload)
    waves = tuple(tuple(by_wave[number]) for number in sorted(by_wave))
    plan = PublishPlan(waves, (), unchanged, tuple(missing_assets))
    if not delete or phase == "assets":
        return dataclasses.replace(plan, waiting=grace.missing if grace else {})
    kept = {prefix + file.path for file in files}
    extra = [key for key in sorted(remote) if key not in kept and not key.startswith(prefix + OWN_FOLDER)]
    waiting = {key: grace.since(key) for key in extra if not grace.is_over(key)} if grace else {}
    known = grace.missing if grace else {}
    deletions = [remote[key] for key in extra if key not in waiting]
    deleted = {each.key for each in deletions}
    return dataclasses.replace(
        plan,
        deletions=tuple(deletions),
        waiting=waiting,
        newly_waiting=tuple(remote[key] for key in waiting if key not in known),
        reprieved=tuple(sorted(key for key in known if key not in waiting and key not in deleted)),
    )


def changed_paths(uploads: Sequence[Upload], deletions: Sequence[RemoteObject]) -> list[str]:
    """Return the paths under which an edge may still hold something else.

    A new asset is left out: nothing has ever asked for it.
    """
    keys = [upload.key for upload in uploads if upload.replaces is not None or not upload.is_asset]
    return paths_of_keys([*keys, *(deletion.key for deletion in deletions)])


def served_digests(uploads: Sequence[Upload]) -> dict[str, str]:
    """Return the SHA-256 an edge has to serve under each path that changed, by path."""
    changed = [upload for upload in uploads if upload.replaces is not None or not upload.is_asset]
    return {url_path(upload.key): upload.file.sha256 for upload in changed}


def paths_of_keys(keys: Sequence[str]) -> list[str]:
    """Return the paths of objects; an index page also answers for its folder."""
    paths: set[str] = set()
    for key in keys:
        path = url_path(key)
        paths.add(path)
        folder, dummy, name = path.rpartition("/")
        if name == "index.html":
            paths.add(folder + "/")
    return sorted(paths)


def as_diff(plan: PublishPlan, *, where: str, source: str) -> dict[str, str]:
    """Return the plan as Ansible's diff: one line for each file that differs."""
    before = [_line(each.key, each.etag, each.size) for each in (*plan.replaced, *plan.newly_waiting)]
    before += [f"{key}, waiting to be deleted\n" for key in plan.reprieved]
    after = [_line(upload.key, upload.file.md5, upload.file.size) for upload in plan.uploads]
    after += [f"{each.key}, waiting to be deleted\n" for each in plan.newly_waiting]
    return {
        "before_header": where,
        "after_header": source,
        "before": "".join(sorted(before)),
        "after": "".join(sorted(after)),
    }


def _line(key: str, etag: str, size: int) -> str:
    return f"{key} {etag} {size} bytes\n"


def _wave(file: SiteFile, index_document: str) -> int:
    """Whatever is referred to comes before what refers to it; the front door opens last."""
    if file.headers.is_asset:
        return 0
    if file.path == index_document:
        return 3
    return 2 if file.headers.is_html else 1


__all__ = (
    "Grace",
    "Phase",
    "PublishPlan",
    "Upload",
    "as_diff",
    "changed_paths",
    "normalise_prefix",
    "paths_of_keys",
    "plan_publish",
    "served_digests",
)
