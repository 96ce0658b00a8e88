# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What has to be remembered of a site between two publications, in one small object beside it.

Two things: since when objects are missing in what is published (they are deleted some time after), and what
compressing a file gave (so that finding that nothing changed needs no compressing). Without either there are no notes.
Two publications at a time may lose a note of each other; a deletion then comes later, and a file is compressed again.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._edge import api
from ansible_collections.slipway.aws.plugins.module_utils._edge.compress import Compressed
from ansible_collections.slipway.aws.plugins.module_utils._edge.manifest import OWN_FOLDER
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = 1


@dataclasses.dataclass(frozen=True)
class Notes:
    """Both by key."""

    missing: Mapping[str, datetime.datetime] = dataclasses.field(default_factory=dict)
    compressed: Mapping[str, Compressed] = dataclasses.field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.missing and not self.compressed


def notes_key(prefix: str) -> str:
    return f"{prefix}{OWN_FOLDER}site.json"


def read_notes(client: t.Any, *, bucket: str, prefix: str, listing: api.Listing) -> Notes:
    """Return what was noted. Where the listing shows no notes, nothing is asked."""
    key = notes_key(prefix)
    if key not in listing.objects:
        return Notes()
    try:
        document = json.loads(api.get_note(client, bucket=bucket, key=key))
        if document["schema"] != SCHEMA:
            raise SlipwayError(
                f"{key} in the bucket {bucket} was written by another version of Slipway (schema "
                f"{document['schema']}).",
                hint="Publish with that version, or delete the object: what is missing is then counted from now.",
            )
        missing = {each: datetime.datetime.fromisoformat(since) for each, since in document["missing"].items()}
        compressed = {each: Compressed(**form) for each, form in document["compressed"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SlipwayError(
            f"{key} in the bucket {bucket} is not what Slipway wrote there.",
            hint="Nothing was changed. Delete the object: what is missing is then counted from now.",
        ) from error
    return Notes(missing, compressed)


def write_notes(client: t.Any, notes: Notes, *, bucket: str, prefix: str) -> None:
    document = {
        "schema": SCHEMA,
        "missing": {key: since.isoformat() for key, since in notes.missing.items()},
        "compressed": {key: dataclasses.asdict(form) for key, form in notes.compressed.items()},
    }
    content = json.dumps(document, sort_keys=True, indent=1).encode()
    api.put_note(client, bucket=bucket, key=notes_key(prefix), content=content)


__all__ = ("Notes", "notes_key", "read_notes", "write_notes")
