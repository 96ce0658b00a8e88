# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The systems whose pipelines are proven. A further system is one more row, and the stations it has."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class System:
    """``runtime`` are the services and functions whose own roles are proven too, by the names the roles carry."""

    stack: str
    inventory: str
    github_subject: str
    runtime: tuple[str, ...]
    # The profile the application may use, and one that it may not.
    profile: str
    other_profile: str


SYSTEMS = (
    System(
        stack="qa-chatbot-local",
        inventory="inventories/local",
        github_subject="repo:example-org/qa-chatbot:environment:local",
        runtime=("backend",),
        profile="apac.amazon.nova-lite-v1:0",
        other_profile="apac.amazon.nova-pro-v1:0",
    ),
)

__all__ = ("SYSTEMS", "System")
