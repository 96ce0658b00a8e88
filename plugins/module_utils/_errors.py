# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The one kind of failure our own code raises: a sentence for people, details for programs."""

from __future__ import annotations

import typing as t


class SlipwayError(Exception):
    """Something that stops the work, told in the words of the trade.

    ``message`` says what happened and where, ``hint`` what to do next, and
    ``details`` carries what a playbook may want to branch on (the last state
    seen, the outcome so far).
    """

    def __init__(self, message: str, *, hint: str | None = None, details: t.Mapping[str, t.Any] | None = None) -> None:
        super().__init__(f"{message} {hint}" if hint else message)
        self.message = message
        self.hint = hint
        self.details = dict(details or {})

    def as_result(self) -> dict[str, t.Any]:
        """Return the failure as the keyword arguments of ``fail_json``."""
        return {"msg": str(self), **self.details}


__all__ = ("SlipwayError",)
