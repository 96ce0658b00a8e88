# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configurations as values, and the small decisions around them."""

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("hypothesis")

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._lambda import caution
from ansible_collections.slipway.aws.plugins.module_utils._lambda.canary import ErrorLimit
from ansible_collections.slipway.aws.plugins.module_utils._lambda.definition import (
    as_request,
    canonical,
    changes,
    description,
    fingerprint_of,
    holds,
    marked_fingerprint,
    overlay,
    release_of,
)
from ansible_collections.slipway.aws.plugins.module_utils._lambda.health import judge_errors
from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import Alias, Release, Snapshot, package_hash
from ansible_collections.slipway.aws.plugins.module_utils._lambda.options import target_from_options
from ansible_collections.slipway.aws.plugins.module_utils._lambda.prepare import hash_as_lambda_says
from hypothesis import given
from hypothesis import strategies as st

Settings = dict[str, t.Any]

# As GetFunction answers it, of a function where much was set.
ANSWER: Settings = {
    "FunctionName": "chat",
    "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:chat",
    "Runtime": "python3.12",
    "Role": "arn:aws:iam::123456789012:role/app",
    "Handler": "main.handler",
    "CodeSize": 299,
    "CodeSha256": "abc=",
    "Description": "Answers questions",
    "Timeout": 30,
    "MemorySize": 512,
    "LastModified": "2026-01-01T00:00:00.000+0000",
    "Version": "$LATEST",
    "VpcConfig": {"SubnetIds": ["b", "a"], "SecurityGroupIds": ["s"], "VpcId": "v", "Ipv6AllowedForDualStack": False},
    "Environment": {"Variables": {"EMPTY": "", "LANGUAGE": "en", "RELEASE_ID": "r-0"}},
    "TracingConfig": {"Mode": "PassThrough"},
    "RevisionId": "1",
    "Layers": [{"Arn": "arn:layer:2", "CodeSize": 1}, {"Arn": "arn:layer:1", "CodeSize": 1}],
    "State": "Active",
    "LastUpdateStatus": "Successful",
    "PackageType": "Zip",
    "Architectures": ["x86_64"],
    "EphemeralStorage": {"Size": 512},
    "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"},
    "RuntimeVersionConfig": {"RuntimeVersionArn": "arn:runtime:1"},
    "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/aws/lambda/chat"},
    "WhatAwsAddsNext": {"Mode": "On"},
}


def wanted(**keys: t.Any) -> Settings:
    target = target_from_options("chat", {"name": "chat", "zip_file": "x.zip", **keys})
    return overlay(as_request(Snapshot(ANSWER)), target, Release("r-1", "abc"))


def sent(**keys: t.Any) -> Settings:
    return changes(as_request(Snapshot(ANSWER)), wanted(**keys), "chat")


def test_nothing_is_sent_where_nothing_changes() -> None:
    assert sent() == {}
    assert (
        sent(memory_size=512, environment={"LANGUAGE": "en"}, override={"TracingConfig": {"Mode": "PassThrough"}}) == {}
    )


@pytest.mark.parametrize(
    ("keys", "request_"),
    [
        ({"memory_size": "1024"}, {"MemorySize": 1024}),
        (
            {"environment": {"LANGUAGE": None, "PORT": 80, "DEBUG": False}},
            {"Environment": {"Variables": {"EMPTY": "", "RELEASE_ID": "r-0", "PORT": "80", "DEBUG": "false"}}},
        ),
        (
            {"parameters": {"KEY": "/a/b"}},
            {"Environment": {"Variables": {"EMPTY": "", "LANGUAGE": "en", "RELEASE_ID": "r-0", "KEY": "/a/b"}}},
        ),
        ({"layers": []}, {"Layers": []}),
        ({"layers": ["arn:layer:1", "arn:layer:2"]}, {"Layers": ["arn:layer:1", "arn:layer:2"]}),
        ({"command": ["main.go"]}, {"ImageConfig": {"Command": ["main.go"]}}),
        ({"override": {"WhatAwsAddsNext": {"Mode": "Off"}}}, {"WhatAwsAddsNext": {"Mode": "Off"}}),
        ({"override": {"VpcConfig": None}}, {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}}),
        ({"architecture": "arm64"}, {}),
    ],
    ids=[
        "memory",
        "environment",
        "parameters",
        "no-layers",
        "layer-order",
        "command",
        "unknown",
        "away",
        "architecture",
    ],
)
def test_only_what_changes_is_sent(keys: Settings, request_: Settings) -> None:
    assert sent(**keys) == request_


def test_a_field_that_cannot_be_taken_away_is_told() -> None:
    with pytest.raises(SlipwayError, match="LoggingConfig cannot be taken away"):
        sent(override={"LoggingConfig": None})


def test_what_a_version_is_called_and_what_time_does_to_it_changes_nothing() -> None:
    version = {
        **ANSWER,
        "Version": "7",
        "Description": "Release r-7 [slipway " + "0" * 32 + "]",
        "RevisionId": "2",
        "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"},
        "RuntimeVersionConfig": {"RuntimeVersionArn": "arn:runtime:2"},
        "VpcConfig": {"SubnetIds": ["a", "b"], "SecurityGroupIds": ["s"]},
        "Environment": {"Variables": {"LANGUAGE": "en", "EMPTY": "", "RELEASE_ID": "r-7", "GIT_SHA": "d"}},
    }
    assert fingerprint_of(Snapshot(version)) == fingerprint_of(Snapshot(ANSWER))


@pytest.mark.parametrize(
    "change",
    [
        {"MemorySize": 1024},
        {"CodeSha256": "def="},
        {"Environment": {"Variables": {"LANGUAGE": "en", "RELEASE_ID": "r-0"}}},
        {"Layers": [{"Arn": "arn:layer:1"}, {"Arn": "arn:layer:2"}]},
        {"Architectures": ["arm64"]},
        {"WhatAwsAddsNext": {"Mode": "Off"}},
        {"TracingConfig": {"Mode": "Active"}},
    ],
    ids=["memory", "code", "empty-text", "layer-order", "architecture", "unknown", "tracing"],
)
def test_what_makes_another_version_has_another_fingerprint(change: Settings) -> None:
    assert fingerprint_of(Snapshot({**ANSWER, **change})) != fingerprint_of(Snapshot(ANSWER))


@given(st.text(min_size=1, max_size=300))
def test_a_description_fits_and_says_what_it_was_made_of(release: str) -> None:
    told = description(Release(release), "f" * 32)
    assert len(told) <= 256
    if "\n" not in told:
        assert marked_fingerprint(Snapshot({"Description": told})) == "f" * 32
        assert release_of(Snapshot({"Description": told})) == release[:180]


@pytest.mark.parametrize("told", ["", "Answers questions", "Release r-1", "Release r-1 [slipway xyz]"])
def test_what_others_describe_is_not_ours(told: str) -> None:
    assert marked_fingerprint(Snapshot({"Description": told})) is None
    assert release_of(Snapshot({"Description": told})) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_what_was_sent_holds_where_it_is_there(value: t.Any) -> None:
    assert holds(value, value)


@given(st.dictionaries(st.sampled_from(sorted(ANSWER)), json_values, max_size=4))
def test_one_spelling_is_enough(settings: Settings) -> None:
    once = canonical(settings)
    assert canonical(once) == once


@pytest.mark.parametrize(
    ("value", "seen", "there"),
    [
        ({"LogFormat": "JSON"}, {"LogFormat": "JSON", "LogGroup": "/g"}, True),
        ({"LogFormat": "JSON"}, {"LogFormat": "Text"}, False),
        ({"SubnetIds": ["b", "a"]}, {"SubnetIds": ["a", "b"]}, True),
        ({"Variables": {}}, None, True),
        ([], None, True),
        ([], ["x"], False),
        (["x"], None, False),
        ("", None, True),
        ({"Variables": {"A": "1"}}, {"Variables": {"A": "1", "B": "2"}}, False),
        ({"Variables": {"A": ""}}, {"Variables": {"A": ""}}, True),
    ],
    ids=["more", "other", "order", "nothing", "empty", "still", "not-yet", "text", "variable", "empty-variable"],
)
def test_the_api_may_answer_more_than_it_was_sent(value: t.Any, seen: t.Any, there: bool) -> None:
    assert holds(value, seen) is there


# --- the share of errors ---------------------------------------------------------------------------------------------


@given(
    st.integers(0, 500), st.integers(0, 500), st.floats(0, 0.99), st.integers(1, 100), st.sampled_from(["fail", "pass"])
)
def test_no_data_is_never_good_and_never_bad_by_itself(
    invocations: int, errors: int, rate: float, needed: int, policy: t.Literal["fail", "pass"]
) -> None:
    found = judge_errors(ErrorLimit(rate, needed, policy), invocations, errors)
    enough = invocations >= needed
    assert (found.bad is not None) == (enough and errors > rate * invocations)
    assert (found.missing is not None) == (not enough and policy == "fail")


def test_where_cloudwatch_has_nothing_there_is_no_data() -> None:
    assert judge_errors(ErrorLimit(0.1), None, None).missing


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "value", "warns"),
    [
        ("DB_PASSWORD", "hunter22", True),
        ("LLM_KEY", "/chatbot/prod/llm-key", False),
        ("DB_PASSWORD", "/chatbot/prod/db", False),
        ("DB_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db", False),
        ("DATABASE", "postgres://app:hunter22@db/app", True),
        ("WHATEVER", "AKIAIOSFODNN7EXAMPLE", True),
        ("USE_TOKEN", "true", False),
        ("LANGUAGE", "en", False),
    ],
    ids=["name", "parameter", "secret-parameter", "arn", "url", "access-key", "switch", "plain"],
)
def test_what_looks_like_a_secret_is_warned_of(variable: str, value: str, warns: bool) -> None:
    told = caution.warnings("chat", {variable: value})
    assert bool(told) == warns
    assert "hunter22" not in str(told) and "AKIA" not in str(told)


# --- what code is known by -------------------------------------------------------------------------------------------


def test_a_hash_has_one_spelling() -> None:
    hexadecimal = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_as_lambda_says("chat", hexadecimal) == package_hash(b"abc")
    assert hash_as_lambda_says("chat", package_hash(b"abc")) == package_hash(b"abc")


@pytest.mark.parametrize("given_", ["", "abc", "z" * 64, "Zm9v", "é" * 64])
def test_what_is_no_hash_is_refused(given_: str) -> None:
    with pytest.raises(SlipwayError, match="is no SHA-256"):
        hash_as_lambda_says("chat", given_)


def test_an_alias_is_read_with_the_share_of_others() -> None:
    answer = {"Name": "live", "FunctionVersion": "3", "RoutingConfig": {"AdditionalVersionWeights": {"4": 0.1}}}
    assert Alias.from_api(answer) == Alias("live", "3", {"4": 0.1})
    assert Alias.from_api({**answer, "RoutingConfig": None}).weights == {}
