# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

from slipway_local_cloud.mounts import mounted_below

MOUNTINFO = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 254:0 /state/engine/data /my\\040state/engine/data rw - ext4 /dev/vda rw
31 22 0:55 / /my\\040state/engine/data/overlay2/1/merged rw - overlay overlay rw
32 22 0:4 net:[4026532] /my\\040state/engine/exec/netns/default rw - nsfs nsfs rw
33 22 0:56 / /my\\040state/engine/data rw - tmpfs tmpfs rw
34 22 0:57 / /my\\040state/engine-of-another/data rw - tmpfs tmpfs rw
"""


def test_deepest_first_latest_first_and_nobody_elses() -> None:
    assert mounted_below(Path("/my state/engine"), MOUNTINFO) == [
        Path("/my state/engine/data/overlay2/1/merged"),
        Path("/my state/engine/exec/netns/default"),
        Path("/my state/engine/data"),
        Path("/my state/engine/data"),
    ]


def test_the_folder_itself_counts() -> None:
    assert mounted_below(Path("/my state/engine/data"), MOUNTINFO)[-1] == Path("/my state/engine/data")


def test_nothing_below() -> None:
    assert mounted_below(Path("/elsewhere"), MOUNTINFO) == []
