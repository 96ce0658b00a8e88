# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""M(slipway.aws.lambda_deploy) against servers that keep functions, versions and aliases.

moto runs nothing and finishes every update at once; MiniStack really runs packages. How updates fail and what happens
meanwhile is in the tests of the engine.
"""

from __future__ import annotations

import io
import json
import typing as t
import urllib.request
import zipfile

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._lambda import patience
from ansible_collections.slipway.aws.plugins.modules import lambda_deploy

if t.TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Result = dict[str, t.Any]

REPOSITORY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/chat"
FIRST, SECOND = (f"{REPOSITORY}@sha256:{letter * 64}" for letter in "ab")
WRITES = ("Update", "Publish", "Put", "Create", "Delete")
GOOD_HANDLER = "def handler(event, context):\n    return {'statusCode': 200, 'said': event.get('say')}\n"


def package(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py", (2026, 1, 1, 0, 0, 0)), source)
    return buffer.getvalue()


class Cloud:
    """A function with an alias on its first version, and the module under test connected to it."""

    def __init__(self, client: Callable[[str], t.Any], run: Callable[..., Result], calls: list[str]) -> None:
        self.client, self._run, self._calls = client, run, calls
        self.functions = client("lambda")
        roles = client("iam")
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        self.role = roles.create_role(RoleName="app", AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def make(self, name: str, **settings: t.Any) -> None:
        code = settings.pop("code")
        self.functions.create_function(
            FunctionName=name, Role=self.role, Code=code, Environment={"Variables": {"LANGUAGE": "en"}}, **settings
        )
        self.functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        version = self.functions.publish_version(FunctionName=name)["Version"]
        self.functions.create_alias(FunctionName=name, Name="live", FunctionVersion=version)

    def make_image(self, name: str = "chat") -> None:
        self.make(name, code={"ImageUri": FIRST}, PackageType="Image")

    def make_package(self, name: str, source: str) -> None:
        settings = {"Runtime": "python3.12", "Handler": "main.handler", "Timeout": 5}
        self.make(name, code={"ZipFile": package(source)}, **settings)

    def ship(self, *, check: bool = False, diff: bool = False, release_id: str = "r1", **functions: t.Any) -> Result:
        self._calls.clear()
        given = {name: {"name": name, **keys} for name, keys in functions.items()}
        return self._run({"release_id": release_id, "functions": given}, check=check, diff=diff)

    @property
    def calls(self) -> list[str]:
        return [call.removeprefix("lambda:") for call in self._calls]

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if call.startswith(WRITES)]

    def alias(self, name: str = "chat") -> Result:
        return dict(self.functions.get_alias(FunctionName=name, Name="live"))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SHORTEST", 0.05)


@pytest.fixture
def at(
    run_module: Callable[..., Result],
    connection: Callable[..., Result],
    client: Callable[..., t.Any],
    api_calls: list[str],
) -> Callable[[str], Cloud]:
    def cloud(endpoint: str) -> Cloud:
        def run(params: Result, *, check: bool, diff: bool) -> Result:
            return run_module(lambda_deploy, {**connection(endpoint), **params}, check=check, diff=diff)

        return Cloud(lambda service: client(service, endpoint), run, api_calls)

    return cloud


@pytest.fixture
def moto(at: Callable[[str], Cloud], moto_endpoint: str) -> Cloud:
    settings = json.dumps({"lambda": {"use_docker": False}}).encode()
    request = urllib.request.Request(
        f"{moto_endpoint}/moto-api/config", data=settings, headers={"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()
    return at(moto_endpoint)


@pytest.fixture
def ministack(at: Callable[[str], Cloud], ministack_endpoint: str) -> Cloud:
    return at(ministack_endpoint)


def test_an_image_goes_out_once(moto: Cloud) -> None:
    moto.make_image()
    wanted = {"image": SECOND, "memory_size": 1024, "parameters": {"LLM_KEY": "/chatbot/prod/llm-key"}}
    planned = moto.ship(chat=wanted, check=True, diff=True)
    assert (planned["changed"], moto.writes) == (True, [])
    shipped = moto.ship(chat=wanted, diff=True)
    assert not shipped.get("failed"), shipped
    assert moto.writes == ["UpdateFunctionConfiguration", "UpdateFunctionCode", "PublishVersion", "UpdateAlias"]
    assert shipped["diff"] == planned["diff"]
    (unit,) = shipped["functions"].values()
    assert (unit["outcome"], unit["before"], unit["after"], unit["release_id"]) == ("succeeded", "1", "2", "r1")
    assert moto.alias()["FunctionVersion"] == "2"
    made = moto.functions.get_function(FunctionName="chat", Qualifier="2")["Configuration"]
    assert made["MemorySize"] == 1024
    assert made["Environment"]["Variables"] == {"LANGUAGE": "en", "LLM_KEY": "/chatbot/prod/llm-key"}
    again = moto.ship(chat=wanted, release_id="r2")
    assert (again["changed"], again["functions"]["chat"]["outcome"]) == (False, "no_op")
    assert again["functions"]["chat"]["release_id"] == "r1"
    assert moto.calls == ["GetFunction", "GetAlias", "GetFunction"]


def test_it_goes_back_by_a_version_and_forward_again(moto: Cloud) -> None:
    moto.make_image()
    moto.ship(chat={"image": SECOND})
    back = moto.ship(chat={"version": 1})
    assert (back["functions"]["chat"]["outcome"], moto.writes) == ("succeeded", ["UpdateAlias"])
    assert moto.alias()["FunctionVersion"] == "1"
    forward = moto.ship(chat={"image": SECOND})
    assert (forward["functions"]["chat"]["after"], moto.writes) == ("2", ["UpdateAlias"])


def test_weights_are_set_and_taken_away(moto: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    moto.make_image()
    routes: list[t.Any] = []
    genuine = lambda_deploy.deploy

    def watched(params: t.Any, **options: t.Any) -> t.Any:
        def report(_name: str, line: str) -> None:
            if " %" in line and line.startswith("alias"):
                routes.append(moto.alias().get("RoutingConfig"))

        return genuine(params, **{**options, "report": report})

    monkeypatch.setattr(lambda_deploy, "deploy", watched)
    canary = {"steps": [10, 50], "bake": 0.2, "interval": 1}
    assert moto.ship(chat={"image": SECOND, "canary": canary})["changed"]
    assert [route["AdditionalVersionWeights"] for route in routes] == [{"2": 0.1}, {"2": 0.5}]
    assert not (moto.alias().get("RoutingConfig") or {}).get("AdditionalVersionWeights")


def test_an_alarm_brings_it_back(moto: Cloud) -> None:
    moto.make_image()
    cloudwatch = moto.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="chat-errors", Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold",
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName="chat-errors", StateValue="ALARM", StateReason="7 errors")
    canary = {"steps": [10], "bake": 1, "alarms": ["chat-errors"]}
    result = moto.ship(chat={"image": SECOND, "canary": canary})
    unit = result["functions"]["chat"]
    assert (result["failed"], unit["outcome"], unit["after"]) == (True, "rolled_back", "1")
    assert "In alarm: chat-errors: 7 errors." in result["msg"]
    assert moto.alias()["FunctionVersion"] == "1" and not (moto.alias().get("RoutingConfig") or {}).get(
        "AdditionalVersionWeights"
    )


@pytest.mark.parametrize(("failing", "outcome"), [(0, "succeeded"), (4, "rolled_back")], ids=["few", "many"])
def test_the_share_of_errors_is_what_cloudwatch_counted(moto: Cloud, failing: int, outcome: str) -> None:
    moto.make_image()
    dimensions = [
        {"Name": "FunctionName", "Value": "chat"},
        {"Name": "Resource", "Value": "chat:live"},
        {"Name": "ExecutedVersion", "Value": "2"},
    ]
    for name, value in (("Invocations", 40), ("Errors", failing)):
        data = {"MetricName": name, "Dimensions": dimensions, "Value": value}
        moto.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=[data])
    canary = {"steps": [10], "bake": 0.2, "errors": {"rate": 0.05}}
    unit = moto.ship(chat={"image": SECOND, "canary": canary})["functions"]["chat"]
    assert unit["outcome"] == outcome
    assert unit["canary"][0]["seen"] == f"{failing} of 40 invocations failed"


def test_a_package_in_s3_is_known_by_its_hash(moto: Cloud) -> None:
    moto.make_package("resize", "old = 1\n")
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_object(Bucket="packages", Key="r.zip", Body=package("new = 1\n"))
    where = {"s3_bucket": "packages", "s3_key": "r.zip"}
    assert moto.ship(resize=where)["functions"]["resize"]["after"] == "2"
    assert moto.writes == ["UpdateFunctionCode", "PublishVersion", "UpdateAlias"]
    assert moto.ship(resize=where)["changed"] is False
    assert moto.writes == []


def test_a_tag_that_moved_is_a_change_and_one_that_names_nothing_an_error(moto: Cloud) -> None:
    moto.make_image()
    ecr = moto.client("ecr")
    ecr.create_repository(repositoryName="chat")

    def push(content: str) -> str:
        kind = "application/vnd.oci.image.manifest.v1+json"
        # moto makes the digest of an image from those of its layers.
        part = {"digest": content, "size": 1}
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": part, "layers": [part]}
        image = ecr.put_image(repositoryName="chat", imageManifest=json.dumps(manifest), imageTag="latest")["image"]
        return str(image["imageId"]["imageDigest"])

    first = push("one")
    assert moto.ship(chat={"image": f"{REPOSITORY}:latest"})["functions"]["chat"]["code"] == first
    assert moto.ship(chat={"image": f"{REPOSITORY}:latest"})["changed"] is False
    second = push("two")
    assert first != second
    assert moto.ship(chat={"image": f"{REPOSITORY}:latest"})["functions"]["chat"]["code"] == second
    missing = moto.ship(chat={"image": f"{REPOSITORY}:nowhere"})
    assert missing["failed"] and f"there is no image {REPOSITORY}:nowhere" in missing["msg"]
    assert moto.ship(chat={"image": f"{REPOSITORY}:nowhere"}, check=True)["changed"]


def test_what_looks_like_a_secret_is_warned_of_and_never_shown(moto: Cloud) -> None:
    moto.make_image()
    secret = "hunter22-is-no-word"
    result = moto.ship(chat={"image": SECOND, "environment": {"DB_PASSWORD": secret}}, diff=True)
    assert any("DB_PASSWORD is called like a secret" in str(warning) for warning in result["warnings"])
    assert secret not in json.dumps({key: value for key, value in result.items() if key != "invocation"})


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"image": SECOND, "zip_file": "x.zip"}, "its code can come from one of them"),
        ({"image": SECOND, "memmory_size": 1}, "Did you mean 'memory_size'?"),
        ({}, "has nothing to ship"),
        ({"image": SECOND, "version": 3}, "a version to go back to and changes to make"),
        ({"image": SECOND, "canary": {"steps": [50, 10]}}, "percents that grow and stay below 100"),
        ({"image": SECOND, "canary": {"steps": [100]}}, "percents that grow and stay below 100"),
        ({"image": SECOND, "canary": {"alarms": ["a"]}}, "nobody would look"),
        ({"image": SECOND, "canary": {"steps": [5], "errors": {"rate": 5}}}, "must be below 1"),
        ({"image": SECOND, "canary": {"steps": [5], "errors": {"rate": 0.1, "no_data": "maybe"}}}, "one of fail, pass"),
        ({"image": SECOND, "parameters": {"KEY": "hunter22"}}, "is not the name of an SSM parameter"),
        ({"s3_bucket": "b", "s3_key": "k", "code_sha256": "abc"}, "is no SHA-256"),
        ({"s3_bucket": "b"}, "names a bucket but no s3_key"),
        ({"version": "$LATEST"}, "Name a published version"),
    ],
    ids=[
        "two-sources", "misspelt", "nothing", "both-ways", "falling", "all", "blind", "rate", "policy", "parameter",
        "hash", "no-key", "latest",
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused_before_anybody_is_asked(
    run_module: Callable[..., Result],
    connection: Callable[..., Result],
    api_calls: list[str],
    keys: Result,
    words: str,
) -> None:
    functions = {"chat": {"name": "chat", **keys}}
    result = run_module(lambda_deploy, {**connection("http://127.0.0.1:9"), "release_id": "r1", "functions": functions})
    assert result["failed"] and words in result["msg"]
    assert "hunter22" not in result["msg"]
    assert api_calls == []


def test_a_package_that_really_runs(ministack: Cloud, tmp_path: Path) -> None:
    ministack.make_package("echo", "def handler(event, context):\n    return 1\n")
    archive = tmp_path / "new.zip"
    archive.write_bytes(package(GOOD_HANDLER))
    smoke = [{"name": "echo", "payload": {"say": "hello"}, "json": {"statusCode": 200, "said": "hello"}}]
    wanted = {"zip_file": str(archive), "smoke": smoke}
    result = ministack.ship(echo=wanted)
    assert not result.get("failed"), result
    assert ministack.writes == ["UpdateFunctionCode", "PublishVersion", "UpdateAlias"]
    assert result["functions"]["echo"]["smoke"][0]["passed"]
    answer = ministack.functions.invoke(FunctionName="echo", Qualifier="live", Payload=b'{"say": "moin"}')
    assert json.loads(answer["Payload"].read()) == {"statusCode": 200, "said": "moin"}
    assert ministack.ship(echo=wanted)["changed"] is False


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("import nowhere_to_be_found\n", "handler_import_failed"),
        ("def handler(event, context):\n    raise KeyError('TABLE')\n", "application_error"),
        (
            "def handler(event, context):\n"
            "    raise RuntimeError('An error occurred (AccessDeniedException): User: arn:aws:sts::123456789012:"
            "assumed-role/app/echo is not authorized to perform: ssm:GetParameter on resource: "
            "arn:aws:ssm:ap-northeast-1:123456789012:parameter/chatbot/prod/key because no policy allows it')\n",
            "aws_access_denied",
        ),
    ],
    ids=["import", "error", "denied"],
)
def test_what_fails_its_smoke_check_reaches_nobody(ministack: Cloud, tmp_path: Path, source: str, code: str) -> None:
    ministack.make_package("echo", GOOD_HANDLER)
    archive = tmp_path / "bad.zip"
    archive.write_bytes(package(source))
    result = ministack.ship(echo={"zip_file": str(archive), "smoke": [{"payload": {}}]})
    unit = result["functions"]["echo"]
    assert (result["failed"], unit["outcome"], unit["after"]) == (True, "failed", "1")
    assert unit["diagnoses"][0]["code"] == code, unit
    assert "UpdateAlias" not in ministack.writes
    if code == "aws_access_denied":
        assert unit["diagnoses"][0]["statement"] == {
            "Effect": "Allow",
            "Action": "ssm:GetParameter",
            "Resource": "arn:aws:ssm:ap-northeast-1:123456789012:parameter/chatbot/prod/key",
        }
