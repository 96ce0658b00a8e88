# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths that are the application's."""

from __future__ import annotations

import typing as t

from .seams import module, original, replace

if t.TYPE_CHECKING:
    from .seams import Place


def health_path_reaches_targets(_place: Place) -> None:
    """``/health`` on a load balancer or a distribution reaches the application.

    AWS: no path of a load balancer is special.
    MiniStack: it answers ``GET /health`` itself, on every host; its own ``/_ministack/health`` stays.
    """
    app = module("ministack.app")
    paths = original(app, "_HEALTH_PATHS")
    replace(app, "_HEALTH_PATHS", tuple(path for path in paths if path.startswith("/_")))
