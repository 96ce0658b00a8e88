# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Read receipts back, the newest first: all that a rollback may rely on."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._ledger.receipt import NAME, Receipt, read_receipt
from ansible_collections.slipway.aws.plugins.module_utils._ledger.record import open_bucket
from ansible_collections.slipway.aws.plugins.module_utils._ledger.shelves import Folder, Shelf

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients


def receipts(shelf: Shelf, *, stack: str | None = None) -> Iterator[Receipt]:
    """Read receipts from the newest to the oldest, each only when it is asked for."""
    for name in sorted(filter(NAME.fullmatch, shelf.names()), reverse=True):
        text = shelf.read(name)
        if text is None:
            continue  # removed since it was listed
        receipt = read_receipt(text, shelf.where(name))
        if stack is None or receipt.get("stack") == stack:
            yield receipt


def latest(
    shelf: Shelf, *, stack: str | None = None, outcomes: t.Container[str] | None = None, limit: int = 1
) -> list[Receipt]:
    """Return the newest receipts, if wanted only those of one stack or with certain outcomes."""
    found: list[Receipt] = []
    if limit < 1:
        return found
    for receipt in receipts(shelf, stack=stack):
        if outcomes is None or receipt.get("outcome") in outcomes:
            found.append(receipt)
            if len(found) == limit:
                break
    return found


def look_back(options: t.Mapping[str, t.Any], clients: Clients) -> dict[str, t.Any]:
    """Return the receipts the options ask for, as the module's result."""
    shelf: Shelf
    if options["ledger"]:
        shelf = open_bucket(options["ledger"], clients)
    elif options["directory"]:
        shelf = Folder(Path(options["directory"]))
    else:
        raise SlipwayError("There is nowhere to look for receipts.", hint="Give ledger or directory.")
    if options["limit"] < 1:
        raise SlipwayError(f"limit is {options['limit']}.", hint="Ask for at least one receipt.")
    found = latest(shelf, stack=options["stack"], outcomes=options["outcomes"] or None, limit=options["limit"])
    return {"changed": False, "receipts": found}


__all__ = ("latest", "look_back", "receipts")
