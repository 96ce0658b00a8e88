# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Publish a built site into a bucket: assets first, pages after them, the front page last."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._edge import api
from ansible_collections.slipway.aws.plugins.module_utils._edge.compress import (
    Compressed,
    require_encodings,
    stored_forms,
    with_siblings,
)
from ansible_collections.slipway.aws.plugins.module_utils._edge.headers import Rule, headers_for
from ansible_collections.slipway.aws.plugins.module_utils._edge.kept_copies import copies_to_drop, kept_key
from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import manifest_digest, read_manifest
from ansible_collections.slipway.aws.plugins.module_utils._edge.notes import Notes, read_notes, write_notes
from ansible_collections.slipway.aws.plugins.module_utils._edge.parallel import in_parallel, require_concurrency
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_plan import (
    Grace,
    Phase,
    PublishPlan,
    Upload,
    as_diff,
    normalise_prefix,
    plan_publish,
)
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_progress import Progress, with_hint
from ansible_collections.slipway.aws.plugins.module_utils._edge.quick_lane import QuickLane
from ansible_collections.slipway.aws.plugins.module_utils._edge.ticker import Report, Ticker, readable, silent
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import SiteFile


Live = dict[str, t.Optional[api.RemoteObject]]  # noqa: UP045 - pylint takes this union for an operation
NOT_VERSIONED = (
    "The bucket {bucket} does not keep versions, so the replaced pages cannot be put back. Turn its versioning on, "
    "or keep_copies."
)


@dataclasses.dataclass(frozen=True)
class Site:
    """What to publish, and where."""

    source: str
    bucket: str
    prefix: str
    phase: Phase
    rules: Sequence[Rule]
    precompress: Sequence[str]
    delete: bool
    delete_after: datetime.timedelta
    keep_copies: int
    index_document: str
    concurrency: int

    @property
    def reading_workers(self) -> int:
        return min(self.concurrency, 8)

    def is_page(self, key: str) -> bool:
        return headers_for(key.removeprefix(self.prefix), self.rules).is_html


def make_site(params: Mapping[str, t.Any]) -> Site:
    """Turn the options of the module into a site."""
    for option in ("delete_after", "keep_copies"):
        if params[option] < 0:
            raise SlipwayError(f"The option {option} is {params[option]}.", hint="Choose 0 or more.")
    return Site(
        source=params["source"],
        bucket=params["bucket"],
        prefix=normalise_prefix(params["prefix"]),
        phase=params["phase"],
        rules=[_rule(rule) for rule in params["rules"]],
        precompress=list(dict.fromkeys(params["precompress"])),
        delete=params["delete"],
        delete_after=datetime.timedelta(seconds=params["delete_after"]),
        keep_copies=params["keep_copies"],
        index_document=params["index_document"],
        concurrency=require_concurrency(params["concurrency"]),
    )


def _rule(options: Mapping[str, t.Any]) -> Rule:
    if options.get("content_encoding") and options.get("compress"):
        raise SlipwayError(
            f"The rule for {options['pattern']} has content_encoding and compress both.",
            hint="content_encoding is for files the build compressed, compress for those that are compressed here.",
        )
    return Rule(**options)


def publish(client: t.Any, site: Site, *, check: bool, report: Report = silent) -> dict[str, t.Any]:
    """Bring the bucket to what the source holds, and return the result of the module."""
    files = read_manifest(
        site.source, rules=site.rules, index_document=site.index_document, workers=site.reading_workers
    )
    files = with_siblings(files, site.precompress)
    require_encodings(files)
    with contextlib.ExitStack() as stack:
        listing, notes = look_around(client, site, files)
        stored = files
        if any(file.compress for file in files):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="slipway-site-"))
            stored = stored_forms(
                files,
                remote=listing.objects,
                prefix=site.prefix,
                known=notes.compressed,
                folder=Path(folder),
                workers=site.reading_workers,
            )
        return _publish(client, site, stored, listing, notes, manifest_digest(files), check=check, report=report)


def look_around(client: t.Any, site: Site, files: Sequence[SiteFile]) -> tuple[api.Listing, Notes]:
    """Return what the bucket holds now, and what was noted about it where that matters."""
    try:
        listing = api.list_objects(client, bucket=site.bucket, prefix=site.prefix)
        if not site.delete and not any(file.compress for file in files):
            return listing, Notes()
        return listing, read_notes(client, bucket=site.bucket, prefix=site.prefix, listing=listing)
    except AwsError as error:
        raise with_hint(error) from error


def _publish(
    client: t.Any,
    site: Site,
    files: Sequence[SiteFile],
    listing: api.Listing,
    notes: Notes,
    digest: str,
    *,
    check: bool,
    report: Report,
) -> dict[str, t.Any]:
    plan = plan_publish(
        files,
        listing.objects,
        prefix=site.prefix,
        phase=site.phase,
        delete=site.delete,
        index_document=site.index_document,
        grace=Grace(site.delete_after, listing.moment, notes.missing, site.is_page),
    )
    if plan.missing_assets and plan.pages and not check:
        raise SlipwayError(
            f"{len(plan.missing_assets)} assets of this build are not in the bucket {site.bucket} yet, for instance "
            f"{plan.missing_assets[0]}.",
            hint="No page was changed. Publish the phase assets of the same build first.",
        )
    live = look_at(client, site.bucket, [each.key for each in plan.replaced], workers=site.concurrency)
    # Where the bucket encrypts with a key of KMS, or a file came in parts, its ETag is no MD5. Ours are told by a HEAD.
    plan = plan.without({upload.key for upload in plan.uploads if _is_same(upload, live.get(upload.key))})
    report(site.bucket, _summary(plan, files))
    kept = _kept(site, plan, live)
    progress = Progress(
        list(plan.uploads),
        list(plan.deletions),
        kept=kept,
        kept_only=site.keep_copies > 0,
        noted=bool(plan.newly_waiting or plan.reprieved),
    )
    if not check and not plan.is_empty:
        progress = Progress(kept=kept, kept_only=site.keep_copies > 0)
        _carry_out(client, site, plan, Surroundings(listing, notes, live, files), progress, report)
    before = progress.before(live)
    return {
        **progress.result(),
        "outcome": "no_op" if plan.is_empty else "succeeded",
        "unchanged": plan.unchanged,
        "expiring": len(plan.waiting) if site.delete else 0,
        "before": before or [],
        "manifest_digest": digest,
        "diff": as_diff(plan, where=f"s3://{site.bucket}/{site.prefix}", source=site.source),
        "warnings": [NOT_VERSIONED.format(bucket=site.bucket)] if before is None else [],
    }


def _summary(plan: PublishPlan, files: Sequence[SiteFile]) -> str:
    pages, size = len(plan.pages), sum(upload.file.size for upload in plan.uploads)
    told = (
        [f"{len(plan.uploads) - pages} assets and {pages} other files differ, {readable(size)}"] if plan.waves else []
    )
    told += [f"{len(plan.deletions)} to delete"] if plan.deletions else []
    told += [f"{len(plan.waiting)} to delete later"] if plan.waiting else []
    return f"{len(files)} files, " + (", ".join(told) or "nothing differs")


def _kept(site: Site, plan: PublishPlan, live: Live) -> dict[str, str]:
    """Return the copies that are the way back, by the keys they are copies of."""
    if not site.keep_copies:
        return {}
    uploaded = {upload.key for upload in plan.uploads}
    return {
        each.key: kept_key(each, site.prefix)
        for each in plan.replaced
        if (found := live.get(each.key)) is not None
        # "null" is the version of what came before versions were kept, or while they are not: it may be overwritten.
        and found.version_id in {None, "null"}
        and (each.key in uploaded or site.is_page(each.key))
    }


def look_at(client: t.Any, bucket: str, keys: Sequence[str], *, workers: int) -> Live:
    """Return what is live under each key, with its version."""

    def look(key: str) -> tuple[str, api.RemoteObject | None]:
        return key, api.head_object(client, bucket=bucket, key=key)

    found, error = in_parallel(look, keys, workers=workers)
    if error is not None:
        raise with_hint(error) if isinstance(error, AwsError) else error
    return dict(found)


def _is_same(upload: Upload, live: api.RemoteObject | None) -> bool:
    return live is not None and live.sha256 == upload.file.sha256 and live.size == upload.file.size


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What was found before anything was changed."""

    listing: api.Listing
    notes: Notes
    live: Live
    files: Sequence[SiteFile]


def _carry_out(
    client: t.Any, site: Site, plan: PublishPlan, found: Surroundings, progress: Progress, report: Report
) -> None:
    """Do what was planned, and keep in C(progress) what is done; what goes wrong says it."""
    try:
        _keep_copies(client, site, progress.kept, found, report)
        _upload(client, site, plan, progress, report)
        api.delete_objects(client, bucket=site.bucket, keys=[deletion.key for deletion in plan.deletions])
        progress.deleted = list(plan.deletions)
        _tidy_up(client, site, plan, found, progress.kept)
        progress.noted = bool(plan.newly_waiting or plan.reprieved)
    except (SlipwayError, OSError) as error:
        raise progress.explain(error, planned=len(plan.uploads), live=found.live) from error


def _keep_copies(client: t.Any, site: Site, kept: Mapping[str, str], found: Surroundings, report: Report) -> None:
    copies = sorted((copy, key) for key, copy in kept.items() if copy not in found.listing.objects)
    ticker = Ticker(report, site.bucket, "copies kept", len(copies))

    def copy(pair: tuple[str, str]) -> None:
        api.copy_object(client, bucket=site.bucket, key=pair[0], source=pair[1])
        ticker.tick()

    _done, error = in_parallel(copy, copies, workers=site.concurrency)
    if error is not None:
        raise error


def _upload(client: t.Any, site: Site, plan: PublishPlan, progress: Progress, report: Report) -> None:
    lane = QuickLane(client, site.bucket, len(plan.uploads))
    for wave in plan.waves:
        what = "assets" if wave[0].is_asset else "pages" if wave[0].file.headers.is_html else "other files"
        ticker = Ticker(report, site.bucket, what, len(wave))

        def put(upload: Upload, ticker: Ticker = ticker) -> tuple[Upload, str | None]:
            version = lane.put(upload.key, upload.file)
            ticker.tick(upload.file.size)
            return upload, version

        done, error = in_parallel(put, wave, workers=site.concurrency)
        progress.uploads += [upload for upload, dummy in done]
        if any(upload.replaces is not None and version is None for upload, version in done):
            progress.keeps_versions = False
        if error is not None:
            raise error


def _tidy_up(client: t.Any, site: Site, plan: PublishPlan, found: Surroundings, kept: Mapping[str, str]) -> None:
    """Write the notes if they say something new, and drop the copies that are too many."""
    forms = {
        site.prefix + file.path: Compressed(file.compressed_from, str(file.compress), file.md5, file.sha256, file.size)
        for file in found.files
        if file.compressed_from is not None
    }
    notes = Notes(plan.waiting, forms)
    if notes != found.notes:
        write_notes(client, notes, bucket=site.bucket, prefix=site.prefix)
    if site.keep_copies:
        needed = set(kept.values())
        old = copies_to_drop(found.listing.objects, needed, site.prefix, keep=site.keep_copies)
        api.delete_objects(client, bucket=site.bucket, keys=old)


__all__ = ("Live", "Site", "look_around", "look_at", "make_site", "publish")
