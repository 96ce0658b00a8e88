# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Put pages back to the versions a publication replaced."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._edge import api
from ansible_collections.slipway.aws.plugins.module_utils._edge.parallel import in_parallel, require_concurrency
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_plan import paths_of_keys
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_progress import with_hint
from ansible_collections.slipway.aws.plugins.module_utils._edge.ticker import Report, Ticker, silent
from ansible_collections.slipway.aws.plugins.module_utils._edge.url_paths import url_path
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclasses.dataclass(frozen=True)
class Page:
    """A page as it is, and as it shall be again. Nothing wanted means that the page was new and goes away."""

    key: str
    live: api.RemoteObject | None
    wanted: api.RemoteObject | None
    kept_key: str | None = None

    @property
    def is_restored(self) -> bool:
        if self.live is None or self.wanted is None:
            return self.live is self.wanted
        if self.kept_key is not None:
            return self.live.etag == self.wanted.etag
        return self.live.etag == self.wanted.etag or self.live.version_id == self.wanted.version_id


@dataclasses.dataclass(frozen=True)
class WayBack:
    """What to put back, and where."""

    bucket: str
    entries: Sequence[Mapping[str, t.Any]]
    index_document: str
    concurrency: int


def make_way_back(params: Mapping[str, t.Any]) -> WayBack:
    """Turn the options of the module into a way back."""
    return WayBack(
        params["bucket"], params["restore"], params["index_document"], require_concurrency(params["concurrency"])
    )


def restore(client: t.Any, way: WayBack, *, check: bool, report: Report = silent) -> dict[str, t.Any]:
    """Bring back the given versions, and return the result of the module."""

    def look(entry: Mapping[str, t.Any]) -> Page:
        return _look(client, way.bucket, entry)

    pages, error = in_parallel(look, way.entries, workers=way.concurrency)
    if error is not None:
        raise with_hint(error) if isinstance(error, SlipwayError) else error
    todo = [page for page in pages if not page.is_restored]
    waves = _waves(todo, way.index_document)
    if not check:
        _carry_out(client, way, waves, report)
    back = [page for page in todo if page.wanted is not None]
    return {
        "outcome": "succeeded" if todo else "no_op",
        "changed": bool(todo),
        "changed_paths": paths_of_keys([page.key for page in todo]),
        "uploaded": len(back),
        "unchanged": len(pages) - len(todo),
        "deleted": len(todo) - len(back),
        "expiring": 0,
        "bytes": sum(page.wanted.size for page in back if page.wanted is not None),
        "digests": {
            url_path(page.key): page.wanted.sha256 for page in back if page.wanted is not None and page.wanted.sha256
        },
        "before": _before(todo),
        "manifest_digest": None,
        "diff": {
            "before_header": f"s3://{way.bucket}/",
            "after_header": "the versions to put back",
            "before": "".join(_line(page.live) for page in todo),
            "after": "".join(_line(page.wanted) for page in todo),
        },
        "warnings": [],
    }


def _look(client: t.Any, bucket: str, entry: Mapping[str, t.Any]) -> Page:
    key, version_id, kept_key = entry["key"], entry.get("version_id"), entry.get("kept_key")
    live = api.head_object(client, bucket=bucket, key=key)
    wanted = None
    if kept_key is not None:
        wanted = api.head_object(client, bucket=bucket, key=kept_key)
        if wanted is None:
            raise SlipwayError(
                f"The bucket {bucket} has no copy {kept_key} any more.",
                hint="Nothing was changed. Publish the earlier build again instead, and keep more copies.",
            )
    elif version_id is not None:
        wanted = api.head_object(client, bucket=bucket, key=key, version_id=version_id)
        if wanted is None:
            raise SlipwayError(
                f"The bucket {bucket} has no version {version_id} of {key} any more.",
                hint="Nothing was changed. Publish the earlier build again instead.",
            )
        wanted = dataclasses.replace(wanted, version_id=version_id)
    return Page(key, live, wanted, kept_key)


def _waves(pages: Sequence[Page], index_document: str) -> list[list[Page]]:
    """The front page goes back last of those that go back; only then do new pages go away."""
    back = [page for page in pages if page.wanted is not None]
    front = [page for page in back if page.key.rpartition("/")[2] == index_document]
    others = [page for page in back if page not in front]
    return [others, front, [page for page in pages if page.wanted is None]]


def _carry_out(client: t.Any, way: WayBack, waves: list[list[Page]], report: Report) -> None:
    ticker = Ticker(report, way.bucket, "pages put back", sum(map(len, waves)))

    def put_back(page: Page) -> None:
        if page.wanted is None:
            api.delete_objects(client, bucket=way.bucket, keys=[page.key])
        elif page.kept_key is not None:
            api.copy_object(client, bucket=way.bucket, key=page.key, source=page.kept_key)
        else:
            api.copy_version(client, bucket=way.bucket, key=page.key, version_id=str(page.wanted.version_id))
        ticker.tick(page.wanted.size if page.wanted else 0)

    changed = 0
    for wave in waves:
        done, error = in_parallel(put_back, wave, workers=way.concurrency)
        changed += len(done)
        if error is not None:
            if not isinstance(error, SlipwayError):
                raise error
            raise SlipwayError(
                error.message,
                hint=f"{changed} of {sum(map(len, waves))} pages were put back. Run it again to finish.",
                details={**error.details, "changed": changed > 0},
            ) from error


def _before(pages: Sequence[Page]) -> list[dict[str, t.Any]]:
    """Return how to undo this; nothing when the bucket stopped keeping versions."""
    if any(page.live is not None and page.live.version_id is None for page in pages):
        return []
    return [{"key": page.key, "version_id": page.live.version_id if page.live else None} for page in pages]


def _line(page: api.RemoteObject | None) -> str:
    return "" if page is None else f"{page.key} {page.etag} {page.size} bytes\n"


__all__ = ("WayBack", "make_way_back", "restore")
