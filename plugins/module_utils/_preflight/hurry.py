# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Clients for looking: what cannot be answered soon is reported as not checked, and must not hold a release up."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients

# The usual eight take half a minute where an API is not there at all.
ATTEMPTS = 3


def clients_in_a_hurry(options: t.Mapping[str, t.Any]) -> Clients:
    """Return clients from the options of a task, which give up sooner unless its aws_config says how often to try."""
    retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
    return Clients({**options, "aws_config": {"retries": retries, **(options.get("aws_config") or {})}})


__all__ = ("clients_in_a_hurry",)
