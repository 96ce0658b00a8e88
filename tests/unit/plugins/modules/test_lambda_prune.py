# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""M(slipway.aws.lambda_prune) against a server that keeps versions: whatever is needed stays."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.modules import lambda_prune

if t.TYPE_CHECKING:
    from collections.abc import Callable

Result = dict[str, t.Any]
IMAGE = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/chat@sha256:"


class Cloud:
    """A function with eight versions, of which the first is not of ours, and the module connected to it."""

    def __init__(self, client: Callable[[str], t.Any], run: Callable[..., Result], calls: list[str]) -> None:
        self.functions, self._run, self._calls = client("lambda"), run, calls
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = client("iam").create_role(RoleName="app", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self.functions.create_function(
            FunctionName="chat", Role=role, PackageType="Image", Code={"ImageUri": IMAGE + "0" * 64}
        )
        self.functions.publish_version(FunctionName="chat")
        for number in range(2, 9):
            self.functions.update_function_code(FunctionName="chat", ImageUri=IMAGE + str(number) * 64)
            told = f"Release r{number} [slipway {str(number) * 32}]"
            assert self.functions.publish_version(FunctionName="chat", Description=told)["Version"] == str(number)
        self.functions.create_alias(
            FunctionName="chat",
            Name="live",
            FunctionVersion="8",
            RoutingConfig={"AdditionalVersionWeights": {"3": 0.1}},
        )

    def prune(self, *, check: bool = False, diff: bool = False, **options: t.Any) -> Result:
        self._calls.clear()
        return self._run({"functions": {"chat": {"name": "chat", "alias": "live"}}, **options}, check=check, diff=diff)

    @property
    def deletions(self) -> int:
        return self._calls.count("lambda:DeleteFunction")

    def versions(self) -> list[str]:
        answer = self.functions.list_versions_by_function(FunctionName="chat")
        return [item["Version"] for item in answer["Versions"]]


@pytest.fixture
def cloud(
    moto_endpoint: str,
    run_module: Callable[..., Result],
    connection: Callable[..., Result],
    client: Callable[..., t.Any],
    api_calls: list[str],
) -> Cloud:
    def run(params: Result, *, check: bool, diff: bool) -> Result:
        return run_module(lambda_prune, {**connection(moto_endpoint), **params}, check=check, diff=diff)

    return Cloud(lambda service: client(service, moto_endpoint), run, api_calls)


RECEIPT = {"release_id": "r5", "units": {"functions": {"chat": {"before": "4", "after": "5"}}}}


def test_what_nothing_needs_goes_and_all_the_rest_stays(cloud: Cloud) -> None:
    wanted = {"keep": 2, "receipts": [RECEIPT]}
    planned = cloud.prune(check=True, diff=True, **wanted)
    assert (planned["changed"], cloud.deletions) == (True, 0)
    done = cloud.prune(diff=True, **wanted)
    assert not done.get("failed"), done
    assert done["functions"] == planned["functions"] and done["diff"] == planned["diff"]
    (unit,) = done["functions"].values()
    assert unit["deleted"] == ["2", "6"]
    assert {item["version"]: item["reasons"] for item in unit["kept"]} == {
        "1": ["no release of this collection made it"],
        "3": ["alias live sends callers to it"],
        "4": ["the receipt of release r5 has it"],
        "5": ["the receipt of release r5 has it"],
        "7": ["it is one of the newest 2"],
        "8": ["it is one of the newest 2", "alias live sends callers to it"],
    }
    assert cloud.versions() == ["$LATEST", "1", "3", "4", "5", "7", "8"]
    again = cloud.prune(**wanted)
    assert (again["changed"], cloud.deletions) == (False, 0)


def test_what_is_named_stays_and_strangers_go_only_where_that_is_said(cloud: Cloud) -> None:
    done = cloud.prune(keep=1, keep_versions={"chat": [6]}, only_ours=False)
    assert done["functions"]["chat"]["deleted"] == ["1", "2", "4", "5", "7"]
    assert cloud.versions() == ["$LATEST", "3", "6", "8"]


def test_where_nothing_could_go_nobody_is_asked(cloud: Cloud) -> None:
    assert cloud.prune()["changed"] is False
    assert cloud._calls == ["lambda:GetFunction", "lambda:ListVersionsByFunction"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"keep": 0}, "The newest version of a function always stays"),
        ({"functions": {"chat": {"name": "gone"}}}, "There is no Lambda function gone"),
        ({"functions": {"chat": {}}}, "must be a dictionary with the function's name"),
    ],
    ids=["none", "gone", "nameless"],
)
def test_what_makes_no_sense_is_refused(cloud: Cloud, options: Result, words: str) -> None:
    result = cloud.prune(**options)
    assert result["failed"] and words in result["msg"]
    assert cloud.deletions == 0
