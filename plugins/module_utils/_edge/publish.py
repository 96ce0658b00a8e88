# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Publish a built site into a bucket: assets first, pages after them, the front page last."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._edge import api
from ansible_collections.slipway.aws.plugins.module_utils._edge.headers import Rule
from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import manifest_digest, read_manifest
from ansible_collections.slipway.aws.plugins.module_utils._edge.parallel import in_parallel, require_concurrency
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_plan import (
    Phase,
    PublishPlan,
    Upload,
    as_diff,
    normalise_prefix,
    plan_publish,
)
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_progress import Progress, with_hint
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


Live = dict[str, t.Optional[api.RemoteObject]]  # noqa: UP045 - pylint takes this union for an operation
NOT_VERSIONED = (
    "The bucket {bucket} does not keep versions, so the replaced pages cannot be put back. Turn its versioning on."
)


@dataclasses.dataclass(frozen=True)
class Site:
    """What to publish, and where."""

    source: str
    bucket: str
    prefix: str
    phase: Phase
    rules: Sequence[Rule]
    delete: bool
    index_document: str
    concurrency: int


def make_site(params: Mapping[str, t.Any]) -> Site:
    """Turn the options of the module into a site."""
    return Site(
        source=params["source"],
        bucket=params["bucket"],
        prefix=normalise_prefix(params["prefix"]),
        phase=params["phase"],
        rules=[Rule(**rule) for rule in params["rules"]],
        delete=params["delete"],
        index_document=params["index_document"],
        concurrency=require_concurrency(params["concurrency"]),
    )


def publish(client: t.Any, site: Site, *, check: bool) -> dict[str, t.Any]:
    """Bring the bucket to what the source holds, and return the result of the module."""
    files = read_manifest(
        site.source, rules=site.rules, index_document=site.index_document, workers=min(site.concurrency, 8)
    )
    remote = list_site(client, site.bucket, site.prefix)
    plan = plan_publish(
        files,
        remote,
        prefix=site.prefix,
        phase=site.phase,
        delete=site.delete,
        index_document=site.index_document,
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
    progress = Progress(list(plan.uploads), list(plan.deletions))
    if not check:
        progress = _carry_out(client, site, plan, live)
    before = progress.before(live)
    return {
        **progress.result(),
        "outcome": "no_op" if plan.is_empty else "succeeded",
        "unchanged": plan.unchanged,
        "before": before or [],
        "manifest_digest": manifest_digest(files),
        "diff": as_diff(plan, where=f"s3://{site.bucket}/{site.prefix}", source=site.source),
        "warnings": [NOT_VERSIONED.format(bucket=site.bucket)] if before is None else [],
    }


def list_site(client: t.Any, bucket: str, prefix: str) -> Mapping[str, api.RemoteObject]:
    """Return what the bucket holds now."""
    try:
        return api.list_objects(client, bucket=bucket, prefix=prefix)
    except AwsError as error:
        raise with_hint(error) from error


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


def _carry_out(client: t.Any, site: Site, plan: PublishPlan, live: Live) -> Progress:
    progress = Progress()

    def put(upload: Upload) -> tuple[Upload, str | None]:
        return upload, api.put_object(client, bucket=site.bucket, key=upload.key, file=upload.file)

    for wave in plan.waves:
        done, error = in_parallel(put, wave, workers=site.concurrency)
        progress.uploads += [upload for upload, dummy in done]
        if any(upload.replaces is not None and version is None for upload, version in done):
            progress.keeps_versions = False
        if error is not None:
            raise progress.explain(error, planned=len(plan.uploads), live=live)
    try:
        api.delete_objects(client, bucket=site.bucket, keys=[deletion.key for deletion in plan.deletions])
    except AwsError as error:
        raise progress.explain(error, planned=len(plan.uploads), live=live) from error
    progress.deleted = list(plan.deletions)
    return progress


__all__ = ("Site", "make_site", "list_site", "look_at", "publish")
