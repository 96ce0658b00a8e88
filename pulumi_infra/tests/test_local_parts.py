"""The engine's pure parts, as tables."""

from __future__ import annotations

import json
import typing as t

import botocore.exceptions
import pytest
from local_engine import urns
from local_engine.cloud import Calls, Clouds
from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, is_missing, registry
from local_engine.invokes import Invokes
from local_engine.passphrase import Passphrase
from local_engine.planning import Step, ignore_changes, plan
from local_engine.resources.ecs import TaskDefinition
from local_engine.wire import UNKNOWN, from_struct, has_secret, has_unknown, keep_secrets, secret, to_struct, unwrap


def handler(token: str) -> Handler:
    return registry()[token](Clouds("http://127.0.0.1:1", "r").home)


def test_values_survive_the_journey() -> None:
    value = {"a": 1, "b": 1.5, "c": [True, None, "x"], "d": {"e": secret("f")}, "g": UNKNOWN}
    assert from_struct(to_struct(value)) == value
    assert isinstance(from_struct(to_struct({"a": 1}))["a"], int)


def test_what_is_no_plain_value_is_refused() -> None:
    with pytest.raises(LocalEngineError, match="an asset, an archive or a resource reference"):
        from_struct(to_struct({"a": {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17"}}))


def test_secrets_are_found_and_opened_wherever_they_are() -> None:
    value = {"a": [{"b": secret("c")}]}
    assert has_secret(value)
    assert unwrap(value) == {"a": [{"b": "c"}]}
    assert not has_secret(unwrap(value))
    assert has_unknown({"a": [{"b": UNKNOWN}]})
    assert not has_unknown({"a": ["b"]})


def test_what_went_in_secret_comes_out_secret() -> None:
    kept = keep_secrets({"a": secret("x"), "b": "y"}, {"a": "x", "b": "y", "c": "z"}, ["c"])
    assert kept == {"a": secret("x"), "b": "y", "c": secret("z")}


def test_urns_leave_the_stack_out_of_the_type() -> None:
    stack = urns.make("s", "p", "", urns.STACK_TYPE, "p-s")
    component = urns.make("s", "p", stack, "my:own:Thing", "t")
    child = urns.make("s", "p", component, "aws:s3/bucket:Bucket", "b")
    assert component == "urn:pulumi:s::p::my:own:Thing::t"
    assert child == "urn:pulumi:s::p::my:own:Thing$aws:s3/bucket:Bucket::b"
    assert (urns.type_of(child), urns.name_of(child)) == ("aws:s3/bucket:Bucket", "b")


LOG = "aws:cloudwatch/logGroup:LogGroup"
NAT = "aws:ec2/natGateway:NatGateway"
GROUP = "aws:ec2/securityGroup:SecurityGroup"


@pytest.mark.parametrize(
    ("token", "old", "new", "step", "delete_first"),
    [
        (LOG, None, {"name": "a"}, Step.CREATE, False),
        (LOG, {"name": "a"}, {"name": "a"}, Step.SAME, False),
        (LOG, {"name": "a", "__defaults": ["name"]}, {"name": "a"}, Step.SAME, False),
        (LOG, {"name": "a", "retentionInDays": 1}, {"name": "a", "retentionInDays": 2}, Step.UPDATE, False),
        (LOG, {"name": "a", "retentionInDays": 1}, {"name": "a"}, Step.UPDATE, False),
        (LOG, {"name": "a"}, {"name": "b"}, Step.REPLACE, False),
        (LOG, {"name": secret("a")}, {"name": "a"}, Step.SAME, False),
        (GROUP, {"name": "a", "description": "x"}, {"name": "a", "description": "y"}, Step.REPLACE, True),
        (GROUP, {"name": "a", "description": "x"}, {"name": "b", "description": "y"}, Step.REPLACE, False),
        ("aws:ec2/route:Route", {"routeTableId": "a"}, {"routeTableId": "b"}, Step.REPLACE, False),
        (NAT, {"allocationId": "a", "subnetId": "a"}, {"allocationId": "a", "subnetId": "b"}, Step.REPLACE, True),
        (NAT, {"allocationId": "a", "subnetId": "a"}, {"allocationId": "b", "subnetId": "b"}, Step.REPLACE, False),
    ],
)
def test_what_happens_to_a_resource(
    token: str, old: dict[str, t.Any] | None, new: dict[str, t.Any], step: Step, delete_first: bool
) -> None:
    decided = plan(handler(token), old, new)
    assert (decided.step, decided.delete_first) == (step, delete_first)


def test_a_revision_never_changes() -> None:
    old = dict.fromkeys(TaskDefinition.inputs, "x")
    for name in TaskDefinition.inputs - {"tags"}:
        decided = plan(handler("aws:ecs/taskDefinition:TaskDefinition"), old, {**old, name: "y"})
        assert (decided.step, decided.delete_first) == (Step.REPLACE, False), name


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([], {"a": 2, "b": {"c": 2, "d": 2}}),
        (["a"], {"a": 1, "b": {"c": 2, "d": 2}}),
        (["b.c"], {"a": 2, "b": {"c": 1, "d": 2}}),
        (["b.d"], {"a": 2, "b": {"c": 2}}),
        (["x"], {"a": 2, "b": {"c": 2, "d": 2}}),
    ],
)
def test_ignored_paths_keep_their_old_value(paths: list[str], expected: dict[str, t.Any]) -> None:
    new = {"a": 2, "b": {"c": 2, "d": 2}}
    assert ignore_changes(new, {"a": 1, "b": {"c": 1}}, paths) == expected
    assert new == {"a": 2, "b": {"c": 2, "d": 2}}


def test_ignored_patterns_are_refused() -> None:
    with pytest.raises(LocalEngineError, match="plain and dotted names"):
        ignore_changes({"a": [1]}, {"a": [2]}, ["a[0]"])


def test_a_made_up_name_stays() -> None:
    group = handler(LOG)
    first = group.check("log", {}, None)
    assert first["name"].startswith("log-")
    assert len(first["name"]) == len("log-") + 7
    assert group.check("log", {}, first) == first
    assert group.check("log", {"name": "mine"}, first) == {"name": "mine"}
    assert group.check("log", {}, {"name": "mine"})["name"] != "mine"


def test_writing_calls_are_what_does_not_only_read() -> None:
    calls = Calls()
    for operation in ("DescribeVpcs", "GetRole", "ListBuckets", "HeadBucket", "CreateVpc", "PutBucketPolicy"):
        calls.add(operation)
    assert calls.writing() == {"CreateVpc": 1, "PutBucketPolicy": 1}
    assert calls.total() == 6


def test_a_passphrase_opens_what_it_sealed() -> None:
    one = Passphrase(None, "open sesame")
    sealed = one.seal({"a": [secret({"b": 1})], "c": "plain"})
    assert "ciphertext" in json.dumps(sealed)
    assert sealed["c"] == "plain"
    assert Passphrase(one.state, "open sesame").open(sealed) == {"a": [secret({"b": 1})], "c": "plain"}
    with pytest.raises(LocalEngineError, match="passphrase of the stack is wrong"):
        Passphrase(one.state, "something else").open(sealed)


def test_every_handler_names_what_it_replaces_among_its_inputs() -> None:
    assert len(registry()) > 35
    for token, kind in registry().items():
        assert kind.replace_on <= kind.inputs, token
        assert {kind.named_by, *kind.unique_by} - {None} <= kind.inputs, token


@pytest.mark.parametrize(
    ("code", "status", "missing"),
    [
        ("NoSuchBucket", 404, True),
        ("Whatever", 404, True),
        ("ClusterNotFoundException", 400, True),
        ("InvalidVpcID.NotFound", 400, True),
        ("NoSuchEntity", 400, True),
        ("AWS.SimpleQueueService.NonExistentQueue", 400, True),
        ("WAFNonexistentItemException", 400, True),
        ("AccessDenied", 403, False),
        ("InvalidParameterException", 400, False),
    ],
)
def test_what_is_not_there_is_told_from_what_went_wrong(code: str, status: int, missing: bool) -> None:
    answer: t.Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert is_missing(botocore.exceptions.ClientError(answer, "Describe")) is missing


def test_policy_documents_are_rendered() -> None:
    answer = Invokes(Clouds("http://127.0.0.1:1", "r")).call(
        "aws:iam/getPolicyDocument:getPolicyDocument",
        {
            "statements": [
                {
                    "sid": "One",
                    "actions": ["s3:GetObject"],
                    "resources": ["a", "b"],
                    "principals": [{"type": "AWS", "identifiers": ["x"]}],
                    "conditions": [{"test": "StringEquals", "variable": "aws:x", "values": ["y"]}],
                }
            ]
        },
    )
    assert json.loads(answer["json"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Sid": "One",
                "Action": "s3:GetObject",
                "Resource": ["b", "a"],
                "Principal": {"AWS": "x"},
                "Condition": {"StringEquals": {"aws:x": "y"}},
            }
        ],
    }


def test_an_argument_it_would_ignore_is_refused() -> None:
    with pytest.raises(LocalEngineError, match="called with sourceJson"):
        Invokes(Clouds("http://127.0.0.1:1", "r")).call(
            "aws:iam/getPolicyDocument:getPolicyDocument", {"sourceJson": "{}"}
        )
