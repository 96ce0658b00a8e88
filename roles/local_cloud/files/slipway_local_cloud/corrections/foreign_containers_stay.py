# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose containers are swept."""

from __future__ import annotations

import typing as t

from .seams import module, original, replace

if t.TYPE_CHECKING:
    from .seams import Place


def foreign_containers_stay(_place: Place) -> None:
    """Only containers of this very cloud are swept at start.

    AWS: has no such sweep.
    MiniStack: at start it also removes containers that carry its label without an owner, somebody else's perhaps.
    """
    reaper = module("ministack.core.container_reaper")
    sweep = original(reaper, "reap_all")

    def reap_all(client: t.Any, stop_timeout: int = 2, include_unlabelled: bool = False) -> int:
        del include_unlabelled
        return int(sweep(client, stop_timeout=stop_timeout, include_unlabelled=False))

    replace(reaper, "reap_all", reap_all)
