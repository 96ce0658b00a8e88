# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Clients for looking: what cannot be answered soon is reported as not checked, and must not hold a release up."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients

# The usual eight attempts take half a minute where an API is not there at all, and minutes where nobody says so.
CONFIG: t.Mapping[str, t.Any] = {
    # Adaptive, so that all threads slow down together where an API, such as IAM's, says that it is too much.
    "retries": {"mode": "adaptive", "total_max_attempts": 4},
    "connect_timeout": 5,
    "read_timeout": 15,
}


def in_a_hurry(clients: Clients) -> Clients:
    """Return clients of the same session that give up sooner, unless the task's aws_config says when to."""
    return clients.reconfigured(CONFIG)


__all__ = ("in_a_hurry",)
