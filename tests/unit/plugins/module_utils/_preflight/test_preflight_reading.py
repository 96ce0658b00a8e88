# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trust policies, manifests and references, read from what people and tools write."""

from __future__ import annotations

import json
import typing as t
import urllib.parse

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._preflight.images import ecr_image
from ansible_collections.slipway.aws.plugins.module_utils._preflight.manifest import Manifest, Platform, wanted_platform
from ansible_collections.slipway.aws.plugins.module_utils._preflight.questions import Image
from ansible_collections.slipway.aws.plugins.module_utils._preflight.reference import (
    ParameterReference,
    SecretReference,
    parse,
)
from ansible_collections.slipway.aws.plugins.module_utils._preflight.setting import Setting
from ansible_collections.slipway.aws.plugins.module_utils._preflight.subject import Subject
from ansible_collections.slipway.aws.plugins.module_utils._preflight.trust import trusts_ecs_tasks
from hypothesis import given
from hypothesis import strategies as st

ECS = "ecs-tasks.amazonaws.com"
REGION, ACCOUNT = "ap-northeast-1", "123456789012"


def allow(principal: t.Any, action: t.Any = "sts:AssumeRole", **more: t.Any) -> dict[str, t.Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


TRUSTS: dict[str, tuple[t.Any, bool]] = {
    "plain": ([allow({"Service": ECS})], True),
    "one statement without a list": (allow({"Service": ECS}), True),
    "several services": ([allow({"Service": ["lambda.amazonaws.com", ECS]})], True),
    "several actions": ([allow({"Service": ECS}, ["sts:TagSession", "sts:AssumeRole"])], True),
    "any action": ([allow({"Service": ECS}, "sts:*")], True),
    "a condition": ([allow({"Service": ECS}, Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})], True),
    "China": ([allow({"Service": "ecs-tasks.amazonaws.com.cn"})], True),
    "second statement": ([allow({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), allow({"Service": ECS})], True),
    "the service of services": ([allow({"Service": "ecs.amazonaws.com"})], False),
    "an account": ([allow({"AWS": "*"})], False),
    "another action": ([allow({"Service": ECS}, "sts:TagSession")], False),
    "denied": ([allow({"Service": ECS}), {**allow({"Service": ECS}), "Effect": "Deny"}], False),
    "denied sometimes": (
        [allow({"Service": ECS}), {**allow({"Service": ECS}), "Effect": "Deny", "Condition": {"Bool": {}}}],
        True,
    ),
    "nothing": ([], False),
}


@pytest.mark.parametrize("name", sorted(TRUSTS))
@pytest.mark.parametrize("spelling", ["mapping", "text", "encoded"])
def test_trust(name: str, spelling: str) -> None:
    statements, expected = TRUSTS[name]
    document: t.Any = {"Version": "2012-10-17", "Statement": statements}
    if spelling != "mapping":
        document = json.dumps(document)
    assert trusts_ecs_tasks(urllib.parse.quote(document) if spelling == "encoded" else document) is expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(ECS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Statement", "Principal", "Service", "Action", "Effect", "manifests", "platform", "os", "config"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_is_written_is_read_without_a_crash(document: t.Any) -> None:
    assert trusts_ecs_tasks(document) in (True, False)
    assert trusts_ecs_tasks({"Statement": document}) in (True, False)
    Manifest.parse(json.dumps(document))


def test_an_index_lists_platforms_and_a_manifest_points_to_one() -> None:
    entries = [
        {"platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        {"platform": {"os": "unknown", "architecture": "unknown"}},
        {"digest": "sha256:0"},
    ]
    assert Manifest.parse(json.dumps({"manifests": entries})) == Manifest((Platform("linux", "arm64"),))
    assert Manifest.parse('{"config": {"digest": "sha256:1"}}') == Manifest(config="sha256:1")
    assert Manifest.parse("{}") is Manifest.parse("[]") is Manifest.parse("no") is None


@pytest.mark.parametrize(
    ("runtime", "on_fargate", "expected"),
    [
        (None, True, "linux/amd64"),
        (None, False, "None"),
        ({"cpuArchitecture": "ARM64"}, False, "linux/arm64"),
        ({"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE", "cpuArchitecture": "X86_64"}, True, "windows/amd64"),
    ],
    ids=["fargate", "instances", "arm", "windows"],
)
def test_the_platform_tasks_run_on(runtime: t.Any, on_fargate: bool, expected: str) -> None:
    assert str(wanted_platform({"runtimePlatform": runtime}, on_fargate=on_fargate)) == expected


DIGEST = "sha256:" + "a" * 64
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{HOST}/a/b:v1", Image(REGION, ACCOUNT, "a/b", "imageTag", "v1")),
        (f"{HOST}/a", Image(REGION, ACCOUNT, "a", "imageTag", "latest")),
        (f"{HOST}/a:v1@{DIGEST}", Image(REGION, ACCOUNT, "a", "imageDigest", DIGEST)),
        ("127.0.0.1:4566/a@" + DIGEST, Image("eu-west-1", None, "a", "imageDigest", DIGEST)),
        ("nginx:1", None),
        ("public.ecr.aws/nginx/nginx:1", None),
        ("ghcr.io/org/app@" + DIGEST, None),
        ("", None),
    ],
    ids=["tag", "latest", "both", "emulator", "hub", "public", "other", "empty"],
)
def test_images_of_ecr(text: str, expected: Image | None) -> None:
    assert ecr_image(text, Setting("eu-west-1", True, ())) == expected


def test_a_registry_on_this_machine_is_ecr_only_for_an_emulator() -> None:
    assert ecr_image("localhost:5000/a:v1", Setting("eu-west-1", False, ())) is None


ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:a/b-AbCdEf"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/a/b"
THEIRS = "arn:aws:ssm:eu-west-1:111122223333:parameter/x"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ARN, SecretReference("w", ARN, REGION)),
        (f"{ARN}:key::", SecretReference("w", ARN, REGION, "key")),
        (f"{ARN}:key:STAGE:", SecretReference("w", ARN, REGION, "key", "STAGE")),
        (f"{ARN}:::id", SecretReference("w", ARN, REGION, "", "", "id")),
        ("/aws/reference/secretsmanager/a/b", SecretReference("w", "a/b")),
        (PARAMETER, ParameterReference("w", PARAMETER, PARAMETER, REGION)),
        (f"{PARAMETER}:3", ParameterReference("w", f"{PARAMETER}:3", PARAMETER, REGION)),
        (THEIRS, ParameterReference("w", THEIRS, THEIRS, "eu-west-1", own=False)),
        ("/a/b", ParameterReference("w", "/a/b", PARAMETER)),
        ("a", ParameterReference("w", "a", PARAMETER.replace("/a/b", "/a"))),
        ("/a/b:3", ParameterReference("w", "/a/b:3", PARAMETER)),
    ],
    ids=[
        "arn",
        "key",
        "stage",
        "version",
        "by-name",
        "parameter",
        "numbered",
        "theirs",
        "name",
        "word",
        "name-numbered",
    ],
)
def test_references(value: str, expected: t.Any) -> None:
    service = {"serviceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/c/s"}
    assert parse("w", value, Subject("s", service, {}, None, 1)) == expected
