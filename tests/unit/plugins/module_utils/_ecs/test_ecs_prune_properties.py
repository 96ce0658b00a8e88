# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever refers to whatever: nothing referred to goes, and of the rest exactly what is old and ours."""

from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.slipway.aws.plugins.module_utils._ecs.prune import Pruning, Wanted
from hypothesis import given, settings
from hypothesis import strategies as st
from kept_ecs import KeptEcs, KeptService, revision

NAMES = st.builds("{}:{}".format, st.sampled_from(["app", "app-x"]), st.integers(1, 12))
FEW = st.lists(NAMES, max_size=2)
SERVICES = st.lists(
    st.builds(
        KeptService,
        st.sampled_from(["dev", "prod"]),
        st.uuids().map(str),
        st.none() | NAMES,
        FEW,
        FEW,
        FEW,
        st.lists(st.tuples(NAMES, NAMES), max_size=3),
    ),
    max_size=3,
)


@settings(max_examples=150, deadline=None)
@given(
    revisions=st.dictionaries(NAMES, st.booleans(), max_size=24),
    services=SERVICES,
    tasks=st.lists(st.tuples(st.sampled_from(["dev", "prod"]), NAMES), max_size=3),
    named=FEW,
    receipt=FEW,
    keep=st.integers(1, 4),
    only_ours=st.booleans(),
)
def test_nothing_referred_to_is_ever_chosen(
    revisions: dict[str, bool],
    services: list[KeptService],
    tasks: list[tuple[str, str]],
    named: list[str],
    receipt: list[str],
    keep: int,
    only_ours: bool,
) -> None:
    ecs = KeptEcs(dict(revisions), services, tasks, clusters=("dev", "prod"))
    wanted = Wanted(
        services={},
        families=("app", "app-x"),
        clusters=None,
        keep=keep,
        keep_revisions=tuple(named),
        receipts=({"after": [revision(name) for name in receipt]},),
        only_ours=only_ours,
    )
    result = Pruning(ecs, wanted, check_mode=False, diff=False).run()
    gone = {arn.rsplit("/", 1)[-1] for arn in result["deregistered"]}
    referred = {*named, *receipt, *(what for dummy, what in tasks)}
    for service in services:
        referred |= {*service.deployments, *service.task_sets, *service.current}
        referred |= {name for pair in service.went for name in pair}
        referred |= {service.runs} if service.runs else set()
    young = set()
    for family in ("app", "app-x"):
        numbers = sorted(int(name.rpartition(":")[2]) for name in revisions if name.partition(":")[0] == family)
        young |= {f"{family}:{number}" for number in numbers[-keep:]}
    assert gone == {name for name, ours in revisions.items() if ours or not only_ours} - referred - young
    assert set(ecs.revisions) == set(revisions) - gone
