# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the pipeline did, as the tests look back on it."""

from __future__ import annotations

import dataclasses

from evaluator import Rule
from recorded_call import Call, Request
from world import Credentials, Run, Stack


@dataclasses.dataclass
class Rehearsal:
    """What the pipeline did with the whole policy: its runs, and everything it asked of the cloud."""

    stack: Stack
    who: Credentials
    runs: dict[str, Run]
    calls: list[Call]
    # What anybody at all asked while the pipeline ran; its tasks act by themselves.
    everybody: list[Request]

    @property
    def rules(self) -> list[Rule]:
        return self.stack.rules(self.stack.deploy_role)


__all__ = ("Rehearsal",)
