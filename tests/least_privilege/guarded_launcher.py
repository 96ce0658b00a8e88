# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The local cloud's launcher with AUTH=true and a guard around it; ``python -P -m guarded_launcher <record>``."""

from __future__ import annotations

import os
import sys
import typing as t
from pathlib import Path

import guard
from authorisation import Place
from slipway_local_cloud import launcher

set_environment, build = launcher.set_environment, launcher.build


def set_strict_environment(orders: t.Mapping[str, t.Any]) -> None:
    set_environment(orders)
    os.environ["AUTH"] = "true"


def build_guarded(orders: t.Mapping[str, t.Any]) -> guard.Application:
    application = build(orders)
    place = Place(orders["account"], orders["region"])
    guard.correct(place)
    # Beside the cloud's folder, which is removed with everything that the cloud itself wrote there.
    journal = Path(orders["call_log"]).parent.with_name("requests.jsonl")
    return guard.Guard(application, journal, place)


if __name__ == "__main__":
    launcher.set_environment = set_strict_environment
    launcher.build = build_guarded
    launcher.main(sys.argv[1])
