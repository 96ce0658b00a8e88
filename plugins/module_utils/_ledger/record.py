# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Write a receipt: once, wherever receipts of this release are kept."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._ledger.receipt import (
    file_name,
    make_receipt,
    read_receipt,
    render,
)
from ansible_collections.slipway.aws.plugins.module_utils._ledger.shelves import Bucket, Folder, Shelf

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients


def open_bucket(ledger: t.Mapping[str, t.Any], clients: Clients) -> Bucket:
    """Return the ledger a delivery document names."""
    return Bucket(clients("s3"), ledger["bucket"], ledger["prefix"] or "")


def record(options: t.Mapping[str, t.Any], clients: Clients, *, check_mode: bool) -> dict[str, t.Any]:
    """Keep the receipt where the options say, and return the module's result."""
    receipt = make_receipt(options["receipt"])
    name, text = file_name(receipt), render(receipt)
    # The folder comes first: if S3 cannot be reached, what happened is at least written down here.
    folder = Folder(Path(options["directory"])) if options["directory"] else None
    bucket = open_bucket(options["ledger"], clients) if options["ledger"] else None
    shelves: list[Shelf] = [shelf for shelf in (folder, bucket) if shelf is not None]
    if not shelves:
        raise SlipwayError("There is nowhere to keep the receipt.", hint="Give ledger, directory, or both.")
    added = [_keep(shelf, name, text, check_mode=check_mode) for shelf in shelves]
    return {
        "changed": any(added),
        "path": folder.where(name) if folder else None,
        "uri": bucket.where(name) if bucket else None,
        "receipt": receipt,
        "diff": {"before": "" if any(added) else text.decode(), "after": text.decode(), "after_header": name},
    }


def _keep(shelf: Shelf, name: str, text: bytes, *, check_mode: bool) -> bool:
    """Add the receipt if it is not there, and return whether it had to be added."""
    if not check_mode and shelf.add(name, text):
        return True
    there = shelf.read(name)
    if there is None and check_mode:
        return True
    if there != text:
        raise _taken(shelf.where(name), there)
    return False


def _taken(where: str, there: bytes | None) -> SlipwayError:
    hint = "Receipts are never overwritten: find out who uses the same release id, and release under another one."
    if there is None:
        return SlipwayError(f"Somebody else is writing {where} at this moment.", hint=hint)
    try:
        other = read_receipt(there, where)
    except SlipwayError:
        return SlipwayError(f"{where} is taken by something that is no receipt.", hint=hint)
    who = other.get("actor") or "someone who left no name"
    return SlipwayError(
        f"{where} exists already and says otherwise: release {other.get('release_id')} of {other.get('stack')} by "
        f"{who}, from {other.get('started_at')} to {other.get('finished_at')}, {other.get('outcome')}.",
        hint=hint,
    )


__all__ = ("open_bucket", "record")
