# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a publication has done so far: its result, its way back, and the story to tell when it stops half way."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_plan import changed_paths, served_digests
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.slipway.aws.plugins.module_utils._edge.api import RemoteObject
    from ansible_collections.slipway.aws.plugins.module_utils._edge.publish_plan import Upload

HINTS = {
    "NoSuchBucket": "Compare the name with the outputs of the stack, and the account and region with the connection.",
    "AccessDenied": "The role that publishes needs s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject "
    "(to delete also s3:DeleteObject, to restore also s3:GetObjectVersion) on what is in it.",
    "BadDigest": "The file changed while it was being published. Build first, then publish.",
}
# A HEAD has no body, so its errors are named by their status.
HINTS["403"] = HINTS["AccessDenied"]


@dataclasses.dataclass
class Progress:
    uploads: list[Upload] = dataclasses.field(default_factory=list)
    deleted: list[RemoteObject] = dataclasses.field(default_factory=list)
    # Known for certain only after the first write: a bucket may have stopped keeping versions.
    keeps_versions: bool = True
    kept: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The copies of replaced and deleted pages, by the key they are copies of."""
    kept_only: bool = False
    """Whether copies are the way back. There are none of assets whose time is over: no page refers to them any more."""
    noted: bool = False
    """Whether what is to be deleted later was written down, or struck out."""

    def result(self) -> dict[str, t.Any]:
        return {
            "changed": bool(self.uploads or self.deleted or self.noted),
            "changed_paths": changed_paths(self.uploads, self.deleted),
            "uploaded": len(self.uploads),
            "deleted": len(self.deleted),
            "bytes": sum(upload.file.size for upload in self.uploads),
            "digests": served_digests(self.uploads),
        }

    def before(self, live: Mapping[str, RemoteObject | None]) -> list[dict[str, t.Any]] | None:
        """Return what a rollback needs to undo this; nothing when it could undo only a part of it."""
        pages = {upload.key for upload in self.uploads if not upload.is_asset}
        uploaded = {upload.key for upload in self.uploads}
        entries: list[dict[str, t.Any]] = []
        for key in sorted({upload.key for upload in self.uploads} | {each.key for each in self.deleted}):
            found = live.get(key)
            if key in self.kept:
                entries.append({"key": key, "version_id": None, "kept_key": self.kept[key]})
            elif found is None:
                entries += [{"key": key, "version_id": None}] if key in pages else []
            elif found.version_id is not None and self.keeps_versions:
                entries.append({"key": key, "version_id": found.version_id})
            elif not (self.kept_only and key not in uploaded):
                return None
        return entries

    def explain(self, error: BaseException, *, planned: int, live: Mapping[str, RemoteObject | None]) -> BaseException:
        """Say what is where after a failure half way, so that nobody has to guess."""
        if isinstance(error, OSError):
            error = SlipwayError(f"Could not read {error.filename}: {error.strerror}.")
        if not isinstance(error, SlipwayError):
            return error
        pages = [upload.key for upload in self.uploads if not upload.is_asset]
        story = f"among them the pages {', '.join(pages[:10])}." if pages else "no page was changed."
        advice = with_hint(error).hint
        return SlipwayError(
            error.message,
            hint=f"{len(self.uploads)} of {planned} files were uploaded, {story}" + (f" {advice}" if advice else ""),
            details={**error.details, **self.result(), "before": self.before(live) or []},
        )


def with_hint(error: SlipwayError) -> SlipwayError:
    """Return an error of AWS with what to do next."""
    if isinstance(error, AwsError) and error.code in HINTS:
        return SlipwayError(error.message, hint=HINTS[error.code], details=error.details)
    return error


__all__ = ("Progress", "with_hint")
