# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing that is needed is ever retired, and everything else that is old is."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._ecs.prune import Wanted
from ansible_collections.slipway.aws.plugins.module_utils._ecs.prune_decision import (
    decide,
    family_of,
    in_order,
    is_revision,
    mentioned,
    newest,
    revision_name,
)
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

ARN = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition"
OPTIONS: dict[str, t.Any] = {
    "services": {},
    "families": ["app"],
    "clusters": None,
    "keep": 2,
    "keep_revisions": [],
    "receipts": [],
    "keep_receipts": None,
    "only_ours": True,
}


def arns(*numbers: int) -> list[str]:
    return [f"{ARN}/app:{number}" for number in numbers]


def test_names() -> None:
    assert revision_name(f"{ARN}/app:12") == revision_name("app:12") == "app:12"
    assert family_of(f"{ARN}/app:12") == family_of("app") == "app"
    assert is_revision("app:12") and is_revision(f"{ARN}/my_app-2:1")
    assert not is_revision("app") and not is_revision("app:") and not is_revision("app:latest")


def test_revisions_are_ordered_by_their_numbers_and_not_as_text() -> None:
    assert in_order(arns(10, 9, 100, 1)) == arns(1, 9, 10, 100)
    assert newest(arns(9, 10, 8), 2) == arns(9, 10)


@pytest.mark.parametrize(
    ("active", "keep", "reasons", "retired"),
    [
        ([], 2, {}, []),
        ([1, 2], 2, {}, []),
        ([3, 1, 2], 2, {}, [1]),
        ([1, 2, 3, 4], 1, {"app:2": ["a service"]}, [1, 3]),
        ([1, 2, 3], 1, {"app:1": []}, [1, 2]),
        ([1, 2, 3], 1, {"other:1": ["a service"]}, [1, 2]),
    ],
    ids=["none", "few", "old", "needed", "no reason", "another family"],
)
def test_decide(active: list[int], keep: int, reasons: dict[str, list[str]], retired: list[int]) -> None:
    verdict = decide(arns(*active), keep, reasons)
    assert list(verdict.retired) == arns(*retired)
    assert list(verdict.kept) == [arn for arn in arns(*sorted(active)) if arn not in verdict.retired]


def test_a_document_mentions_revisions_anywhere() -> None:
    receipt = {
        "units": {"services": {"api": {"before": f"{ARN}/app:1", "after": f"{ARN}/app:2", "seconds": 1.5}}},
        "failure": {"message": f"{ARN}/app:3 did not start, {ARN}/job_x:4 did."},
        f"{ARN}/key:5": None,
        "list": [["arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/app:6"]],
        "other": ["app:7", "arn:aws:ecs:ap-northeast-1:123456789012:task/dev/0123"],
    }
    assert mentioned(receipt) == {"app:1", "app:2", "app:3", "job_x:4", "key:5", "app:6"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"families": []}, "nothing to prune: name services or families"),
        ({"keep": 0}, r"keep is 0\. The newest revision"),
        ({"services": {"api": {"cluster": "dev"}}}, r"services\.api must be a dictionary with cluster and service"),
        ({"services": {"api": "api"}}, r"services\.api must be a dictionary"),
        ({"families": ["app:3"]}, "'app:3' is no family"),
        ({"keep_revisions": ["app"]}, "keep_revisions has 'app', which names no revision"),
        ({"keep_receipts": -1}, "keep_receipts is -1"),
    ],
    ids=["nothing", "keep none", "no service", "no dictionary", "no family", "no revision", "less than none"],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(SlipwayError, match=sentence):
        Wanted.from_options({**OPTIONS, **changes})


def test_the_last_receipts_are_the_newest_ones_in_whatever_order_they_come() -> None:
    receipts = [{"finished_at": f"2026-01-{day:02}T12:00:00Z"} for day in (3, 20, 7)]
    wanted = Wanted.from_options({**OPTIONS, "receipts": receipts, "keep_receipts": 2})
    assert [receipt["finished_at"][8:10] for receipt in wanted.receipts] == ["20", "07"]
    assert len(Wanted.from_options({**OPTIONS, "receipts": receipts}).receipts) == 3
    assert Wanted.from_options({**OPTIONS, "receipts": receipts, "keep_receipts": 0}).receipts == ()
