# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import email.utils
import ipaddress
import json
import os
import pathlib
import ssl
import subprocess
import traceback
import typing as t
from pathlib import Path

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._pulumi import cloud_api, cloud_client
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import Entry
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend_cloud import CloudBackend
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cache import FolderCache
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import SecretsProvider
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.cloud_client import Patience
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import (
    BackendDeniedError,
    BackendError,
    CheckpointError,
    PulumiError,
    SecretsError,
    StackFailedError,
    StackLockedError,
    StackNeverUpdatedError,
    StackNotFoundError,
)
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackReference, parse_stack_name
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.reader import Reader, Terms, open_reader
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.secrets import decrypter
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.selection import Selection
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import CloudLocation
from pulumi_cloud import TOKEN, USER, Answer, CloudStack, PulumiCloud, path_of_the_true_cli
from pulumi_state import StateFolder, checkpoint

DEV = "acme/shop/dev"
OPEN = Terms(secrets=True)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cloud() -> t.Iterator[PulumiCloud]:
    with PulumiCloud() as service:
        yield service
        assert service.complaints == []


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """Return the environment of somebody who has a token, and never ran the CLI."""
    return {"PULUMI_HOME": str(tmp_path / "home"), "PULUMI_ACCESS_TOKEN": TOKEN}


class Sleeper:
    """Sleeps in no time, and remembers how long."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def reading(url: str, environment: dict[str, str], cache: FolderCache | None = None) -> Reader:
    return open_reader(url, base=pathlib.Path("/"), environment=environment, cache=cache)


def patient(cloud: PulumiCloud, environment: dict[str, str], sleeper: Sleeper) -> CloudBackend:
    return CloudBackend(CloudLocation(cloud.url), environment, patience=Patience(sleep=sleeper))


def log_in(environment: dict[str, str], url: str, token: str = TOKEN, **more: t.Any) -> None:
    folder = Path(environment["PULUMI_HOME"])
    folder.mkdir(exist_ok=True)
    content = {"current": url, "accounts": {url: {"accessToken": token, **more}}}
    (folder / "credentials.json").write_text(json.dumps(content))


def test_outputs_with_secrets(cloud: PulumiCloud, home: dict[str, str]) -> None:
    deep = {"a": [1, cloud.secret(DEV, {"k": ["ü€", None, True]})]}
    cloud.add(DEV, {"url": "https://x", "password": cloud.secret(DEV, "hunter2"), "deep": deep})
    stack = reading(cloud.url, home).stack(DEV, OPEN)
    assert stack.outputs(secrets=True) == {
        "url": "https://x",
        "password": "hunter2",
        "deep": {"a": [1, {"k": ["ü€", None, True]}]},
    }
    assert stack.secret_outputs == ("deep", "password")
    assert stack.outputs(secrets=False) == {"url": "https://x"}
    assert str(stack.reference) == DEV
    assert stack.where == cloud.url + "/" + DEV
    assert stack.update is not None
    assert (stack.update.kind, stack.update.result, stack.update.version) == ("update", "succeeded", 1)
    assert [(key.name, key.secret) for key in stack.update.config_keys] == [("shop:key", True), ("shop:size", False)]


def test_a_stack_that_is_named_in_full_takes_three_questions(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV, {"url": "https://x"})
    assert reading(cloud.url, home).stack(DEV, OPEN).output("url", secrets=False) == "https://x"
    path = f"/api/stacks/{DEV}"
    assert cloud.paths() == [path, f"{path}/export", f"{path}/updates"]


def test_every_question_says_who_asks_and_what_they_understand(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV, {"password": cloud.secret(DEV, "hunter2")})
    reading(cloud.url, home).stack(DEV, OPEN).outputs(secrets=True)
    for asked in cloud.asked:
        assert asked.headers["authorization"] == f"token {TOKEN}"
        assert asked.headers["accept"] == "application/vnd.pulumi+8"
        assert asked.method == ("POST" if "decrypt" in asked.path else "GET")


def test_more_stacks_than_fit_on_a_page(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.page_size = 2
    names = [f"acme/shop/s{number}" for number in range(5)]
    for name in names:
        cloud.add(name, {"name": name})
    stacks = reading(cloud.url, home).stacks(Selection(), Terms())
    assert [stack.output("name", secrets=False) for stack in stacks] == names
    assert cloud.paths().count("/api/user/stacks") == 3
    assert [asked.query for asked in cloud.asked[:3]] == [{}, {"continuationToken": "2"}, {"continuationToken": "4"}]


def test_pages_without_end(cloud: PulumiCloud, home: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_api, "MAXIMUM_PAGES", 3)
    page = Answer(body=b'{"stacks": [], "continuationToken": "0"}', headers={"X-Page": "1"})
    cloud.instead("/api/user/stacks", *([page] * 9))
    with pytest.raises(BackendError, match="lists its stacks without end: 3 pages"):
        reading(cloud.url, home).backend.catalogue()
    assert len(cloud.asked) == 3


@pytest.mark.parametrize(
    ("text", "project", "found"),
    [
        ("acme/shop/dev", None, "acme/shop/dev"),
        ("acme/prod", None, "acme/blog/prod"),
        ("prod", None, f"{USER}/blog/prod"),
        ("dev", "shop", f"{USER}/shop/dev"),
        ("acme/dev", "shop", "acme/shop/dev"),
    ],
)
def test_all_spellings_of_a_name(
    cloud: PulumiCloud, home: dict[str, str], text: str, project: str | None, found: str
) -> None:
    for name in ("acme/shop/dev", "acme/blog/prod", f"{USER}/shop/dev", f"{USER}/blog/prod"):
        cloud.add(name)
    assert str(reading(cloud.url, home).stack(text, Terms(), project=project).reference) == found


@pytest.mark.parametrize(
    ("variables", "settings", "default", "organization"),
    [
        pytest.param({"PULUMI_DEFAULT_ORG": "chosen"}, "set", "given", "chosen", id="the variable"),
        pytest.param({}, "set", "given", "set", id="pulumi org set-default"),
        pytest.param({}, None, "given", "given", id="the service"),
        pytest.param({}, None, None, USER, id="the user"),
        pytest.param({}, None, "", USER, id="the service has none"),
    ],
)
def test_the_organization_of_a_name_without_one(
    cloud: PulumiCloud,
    home: dict[str, str],
    variables: dict[str, str],
    settings: str | None,
    default: str | None,
    organization: str,
) -> None:
    for name in ("chosen", "set", "given", USER):
        cloud.add(f"{name}/shop/dev")
    cloud.default_organization = default
    if settings:
        folder = Path(home["PULUMI_HOME"])
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({"backends": {cloud.url: {"defaultOrg": settings}}}))
    reader = reading(cloud.url, home | variables)
    assert reader.stack("dev", Terms(), project="shop").reference.organization == organization


def test_two_projects_of_an_organization_have_such_a_stack(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add("acme/shop/dev")
    cloud.add("acme/blog/dev")
    with pytest.raises(StackNotFoundError, match="more than one stack 'dev': acme/blog/dev, acme/shop/dev"):
        reading(cloud.url, home).stack("acme/dev", Terms())
    assert cloud.asked[0].query == {"organization": "acme"}


def test_a_name_stays_inside_its_place_in_the_url(cloud: PulumiCloud, home: dict[str, str]) -> None:
    reader = reading(cloud.url, home | {"PULUMI_DEFAULT_ORG": "a b/../user?x=1#"})
    with pytest.raises(StackNotFoundError):
        reader.stack("dev", Terms(), project="shop")
    assert cloud.asked[0].path == "/api/stacks/a%20b%2F..%2Fuser%3Fx%3D1%23/shop/dev"
    assert cloud.asked[0].query == {}
    cloud.complaints.clear()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("acme/shop/prod", "It has acme/blog/dev, acme/shop/dev."),
        ("nobody/shop/dev", f"It has acme/blog/dev, acme/shop/dev, {USER}/shop/dev."),
    ],
)
def test_a_stack_that_is_not_there(cloud: PulumiCloud, home: dict[str, str], text: str, hint: str) -> None:
    for name in ("acme/shop/dev", "acme/blog/dev", f"{USER}/shop/dev"):
        cloud.add(name)
    with pytest.raises(StackNotFoundError, match=f"There is no stack {text} in {cloud.url}") as caught:
        reading(cloud.url, home).stack(text, Terms())
    assert caught.value.hint == hint


def test_a_stack_that_is_not_there_and_a_list_nobody_may_see(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.instead("/api/user/stacks", Answer(status=403))
    with pytest.raises(StackNotFoundError, match=f"There is no stack {DEV}") as caught:
        reading(cloud.url, home).stack(DEV, Terms())
    assert "Nor does it list stacks of the organization 'acme'" in str(caught.value.hint)


def refusal(message: str) -> bytes:
    return json.dumps({"code": 1, "message": message}).encode()


@pytest.mark.parametrize(
    ("answer", "kind", "sentence", "hint"),
    [
        pytest.param(
            Answer(401, refusal("no")), BackendDeniedError, r"not let us in \(HTTP 401: no\)", "Set PULUMI_", id="401"
        ),
        pytest.param(
            Answer(403, refusal("no")), BackendDeniedError, r"not let us in \(HTTP 403: no\)", "The token of", id="403"
        ),
        pytest.param(Answer(500, b"<html>"), BackendError, r"cannot answer \(HTTP 500\)", "None", id="500"),
        pytest.param(Answer(400, b"[]"), BackendError, r"cannot answer \(HTTP 400\)", "None", id="400"),
        pytest.param(Answer(418, refusal("a\x1b[31m\r\nb")), BackendError, r"418: a \[31m b", "None", id="escapes"),
        pytest.param(Answer(500, refusal("x" * 1000)), BackendError, "cannot answer", "None", id="a long complaint"),
        pytest.param(
            Answer(418, refusal(f"your token {TOKEN} is bad")), BackendError, r"your token \*\*\* is", "None", id="echo"
        ),
        pytest.param(Answer(200, b"<html>"), BackendError, "it stops being JSON", "Correct the backend", id="garbage"),
        pytest.param(Answer(200, b""), BackendError, "it is empty", "Correct the backend URL", id="empty"),
        pytest.param(Answer(200, b"[]"), BackendError, "the document is not an object", "Correct", id="a list"),
        pytest.param(Answer(200, b'{"version": "1"}'), BackendError, "version has the wrong type", "C", id="types"),
        pytest.param(
            Answer(200, b'{"currentOperation": []}'), BackendError, "currentOperation is not an", "C", id="operation"
        ),
        pytest.param(Answer(200, b"\x1f\x8b\x08\x00"), BackendError, "it is not JSON", "C", id="gzip"),
        pytest.param(Answer(200, b"[" * 100_000), BackendError, "nested too deeply", "Correct", id="deep"),
        pytest.param(Answer(302), BackendError, r"sends us elsewhere \(HTTP 302\)", "Correct", id="no location"),
    ],
)
def test_what_a_service_may_say_instead(
    cloud: PulumiCloud, home: dict[str, str], answer: Answer, kind: type[PulumiError], sentence: str, hint: str
) -> None:
    cloud.instead(DEV, answer)
    with pytest.raises(kind, match=sentence) as caught:
        reading(cloud.url, home).stack(DEV, Terms())
    assert caught.type is kind
    assert str(caught.value.hint).startswith(hint)
    told = "".join(traceback.format_exception(caught.value)) + str(caught.value.as_result())
    assert TOKEN not in told
    assert len(caught.value.message) < 400
    assert len(cloud.asked) == 1


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(b'{"stacks": {}}', id="stacks"),
        pytest.param(b'{"stacks": [[]]}', id="a stack"),
        pytest.param(b'{"stacks": [{"orgName": "acme", "projectName": "shop"}]}', id="no name"),
        pytest.param(b'{"stacks": [{"orgName": "a/b", "projectName": "c", "stackName": "d"}]}', id="a slash"),
        pytest.param(b'{"stacks": [{"orgName": "a", "projectName": "c", "stackName": "\\u001b"}]}', id="an escape"),
        pytest.param(b'{"stacks": [], "continuationToken": 1}', id="the token"),
    ],
)
def test_a_list_of_the_wrong_shape(cloud: PulumiCloud, home: dict[str, str], page: bytes) -> None:
    cloud.instead("/api/user/stacks", Answer(body=page))
    with pytest.raises(BackendError, match="is not what Pulumi Cloud would"):
        reading(cloud.url, home).backend.catalogue()


@pytest.mark.parametrize(
    "history",
    [pytest.param(b'{"updates": 7}', id="no list"), pytest.param(b'{"updates": ["x"]}', id="no record")],
)
def test_a_history_of_the_wrong_shape(cloud: PulumiCloud, home: dict[str, str], history: bytes) -> None:
    cloud.add(DEV)
    cloud.instead("/updates", Answer(body=history))
    with pytest.raises(BackendError, match="is not what Pulumi Cloud would"):
        reading(cloud.url, home).stack(DEV, Terms())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("question", ["get", "stream", "post"])
def test_no_token_is_taken_elsewhere(cloud: PulumiCloud, home: dict[str, str], status: int, question: str) -> None:
    with PulumiCloud() as elsewhere:
        cloud.instead("/api/", Answer(status, headers={"Location": f"{elsewhere.url}/api/user"}))
        client = cloud_api.open_service(cloud.url, home, named=True)
        asking: dict[str, t.Callable[[], t.Any]] = {
            "get": lambda: client.get("/api/user", {}),
            "stream": lambda: list(client.stream("/api/user")),
            "post": lambda: client.post("/api/user", {}),
        }
        with pytest.raises(BackendError, match="sends us elsewhere"):
            asking[question]()
        assert elsewhere.asked == []


def too_many(wait: str | None = None) -> Answer:
    return Answer(429, refusal("too many"), headers={"Retry-After": wait} if wait else {"X-Wait": "none"})


def test_a_busy_service_is_left_alone_as_long_as_it_wants(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV)
    cloud.instead(DEV, too_many("7"), too_many("0"), too_many())
    sleeper = Sleeper()
    patient(cloud, home, sleeper).locate(parse_stack_name(DEV))
    # At least the pause that grows from one time to the next.
    assert sleeper.slept == [7.0, 1.0, 2.0]
    assert len(cloud.asked) == 4


def test_a_busy_service_may_name_a_date(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV)
    date = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=30)
    cloud.instead(DEV, too_many(email.utils.format_datetime(date, usegmt=True)), too_many("Sun, 99 Foo"))
    sleeper = Sleeper()
    patient(cloud, home, sleeper).locate(parse_stack_name(DEV))
    assert 20 < sleeper.slept[0] <= 30
    assert sleeper.slept[1:] == [1.0]


def test_a_date_that_is_past_wants_no_waiting(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV)
    cloud.instead(DEV, too_many("Wed, 21 Oct 2015 07:28:00 GMT"), too_many("Wed, 21 Oct 2015 07:28:00"))
    sleeper = Sleeper()
    patient(cloud, home, sleeper).locate(parse_stack_name(DEV))
    assert sleeper.slept == [0.5, 1.0]
    cloud.instead(DEV, *[too_many("Wed, 21 Oct 2015 07:28:00 GMT")] * 9)
    with pytest.raises(BackendError) as caught:
        patient(cloud, home, sleeper).locate(parse_stack_name(DEV))
    assert caught.value.details == {"retry_after": 0}


def test_a_service_that_wants_more_patience_than_we_have(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.instead(DEV, too_many("50"), too_many("3600"))
    sleeper = Sleeper()
    with pytest.raises(BackendError, match=r"HTTP 429: too many.*wants to be left alone for 3600 seconds") as caught:
        patient(cloud, home, sleeper).locate(parse_stack_name(DEV))
    assert caught.value.details == {"retry_after": 3600}
    assert sleeper.slept == [50.0]


def test_patience_is_for_all_the_waiting_together(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.instead(DEV, *[too_many("25")] * 9)
    sleeper = Sleeper()
    with pytest.raises(BackendError, match=r"It was asked 3 time\(s\)\."):
        patient(cloud, home, sleeper).locate(parse_stack_name(DEV))
    assert sleeper.slept == [25.0, 25.0]


def test_a_service_that_stays_busy(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.instead(DEV, *[too_many("2")] * 20)
    sleeper = Sleeper()
    with pytest.raises(BackendError, match=r"It was asked 5 time\(s\)\. It wants to be left alone for 2 seconds"):
        patient(cloud, home, sleeper).locate(parse_stack_name(DEV))
    assert len(cloud.asked) == 5
    assert sleeper.slept == [2.0, 2.0, 2.0, 4.0]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(502), id="502"),
        pytest.param(Answer(503), id="503"),
        pytest.param(Answer(504), id="504"),
        pytest.param(Answer(0), id="no answer"),
        pytest.param(Answer(body=b'{"stacks": []}', cut=3), id="cut off"),
        pytest.param(Answer(body=b'{"stacks": []}   ', cut=9, chunked=True), id="cut off in chunks"),
    ],
)
def test_what_goes_better_the_next_time(cloud: PulumiCloud, home: dict[str, str], answer: Answer) -> None:
    cloud.add(DEV)
    cloud.instead("/api/user/stacks", answer)
    sleeper = Sleeper()
    assert set(patient(cloud, home, sleeper).catalogue()) == {StackReference("shop", "dev", "acme")}
    assert sleeper.slept == [0.5]


def test_what_goes_no_better_the_next_time(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.instead("/api/user/stacks", *[Answer(0)] * 9)
    sleeper = Sleeper()
    with pytest.raises(BackendError, match=r"ended the connection\. It was asked 5 time"):
        patient(cloud, home, sleeper).catalogue()
    assert sleeper.slept == [0.5, 1.0, 2.0, 4.0]


def test_a_secret_is_asked_for_again(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV, {"password": cloud.secret(DEV, "hunter2")})
    cloud.instead("/decrypt", Answer(503))
    # The one test that really waits: half a second.
    assert reading(cloud.url, home).stack(DEV, OPEN).output("password", secrets=True) == "hunter2"


def test_nobody_listens(home: dict[str, str]) -> None:
    with PulumiCloud() as gone:
        url = gone.url
    with pytest.raises(BackendError, match=f"{url} cannot be reached: Connection refused"):
        reading(url, home).backend.catalogue()


def test_nobody_has_a_token(cloud: PulumiCloud, tmp_path: Path) -> None:
    with pytest.raises(BackendDeniedError, match=f"There is no access token for {cloud.url}\\.") as caught:
        reading(cloud.url, {"PULUMI_HOME": str(tmp_path)})
    assert f"Run pulumi login {cloud.url}" in str(caught.value.hint)
    assert cloud.asked == []


def test_whoever_is_logged_in_needs_to_name_nothing(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV, {"password": cloud.secret(DEV, "hunter2")})
    log_in(home, cloud.url)
    del home["PULUMI_ACCESS_TOKEN"]
    reader = open_reader(None, base=pathlib.Path("/"), environment=home)
    assert reader.stack(DEV, OPEN).outputs(secrets=True) == {"password": "hunter2"}


def padded(size: int) -> bytes:
    state = checkpoint({"text": "x" * size})["checkpoint"]["latest"]
    return json.dumps({"version": 3, "deployment": state}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(body=padded(5_000_000), headers={"X-Plain": "1"}), id="plain"),
        pytest.param(Answer(body=padded(5_000_000)), id="gzip"),
        pytest.param(Answer(body=padded(100), chunked=True, headers={"X-Plain": "1"}), id="in chunks"),
    ],
)
def test_a_state_comes_in_pieces(cloud: PulumiCloud, home: dict[str, str], answer: Answer) -> None:
    cloud.add(DEV)
    cloud.instead("/export", answer)
    assert set(reading(cloud.url, home).stack(DEV, Terms()).output("text", secrets=False)) == {"x"}
    assert cloud.asked[1].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(body=padded(5_000_000), headers={"X-Plain": "1"}, cut=7), id="plain"),
        pytest.param(Answer(body=padded(5_000_000), cut=7), id="gzip"),
        pytest.param(Answer(body=padded(100), chunked=True, headers={"X-Plain": "1"}, cut=9), id="in chunks"),
    ],
)
def test_a_state_that_breaks_off(cloud: PulumiCloud, home: dict[str, str], answer: Answer) -> None:
    cloud.add(DEV)
    cloud.instead("/export", answer)
    with pytest.raises(BackendError, match=r"broke off after \d+ bytes"):
        reading(cloud.url, home).stack(DEV, Terms())


@pytest.mark.parametrize(
    ("chunked", "sentence"),
    [
        pytest.param(False, "wants to send [0-9]+ bytes, more than the 1000 we read", id="declared"),
        pytest.param(True, "sends more than the 1000 bytes we read", id="undeclared"),
    ],
)
def test_a_state_far_too_big(
    cloud: PulumiCloud, home: dict[str, str], monkeypatch: pytest.MonkeyPatch, chunked: bool, sentence: str
) -> None:
    monkeypatch.setattr(cloud_client, "MAXIMUM_SIZE", 1000)
    cloud.add(DEV)
    cloud.instead("/export", Answer(body=padded(2000), headers={"X-Plain": "1"}, chunked=chunked))
    with pytest.raises(CheckpointError, match=sentence):
        reading(cloud.url, home).stack(DEV, Terms())


def test_an_answer_far_too_big(cloud: PulumiCloud, home: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_client, "MAXIMUM_ANSWER", 1000)
    cloud.instead("/api/user/stacks", Answer(body=b" " * 2000))
    with pytest.raises(BackendError, match="would: it has more than 1000 bytes"):
        reading(cloud.url, home).backend.catalogue()


def test_an_answer_that_takes_too_long(
    cloud: PulumiCloud, home: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_client, "LONGEST", -1.0)
    with pytest.raises(BackendError, match="was not done sending"):
        reading(cloud.url, home).backend.catalogue()


def test_a_state_that_is_none(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV)
    cloud.instead("/export", Answer(body=b"<html>"))
    with pytest.raises(CheckpointError, match=f"{cloud.url}/{DEV} is damaged"):
        reading(cloud.url, home).stack(DEV, Terms())


def test_a_stack_that_was_never_updated(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add_new(DEV)
    with pytest.raises(StackNeverUpdatedError, match=f"Stack {DEV} was never updated"):
        reading(cloud.url, home).stack(DEV, Terms())


def test_a_stack_whose_last_update_failed(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV, {"url": "x"}, result="failed")
    reader = reading(cloud.url, home)
    with pytest.raises(StackFailedError):
        reader.stack(DEV, Terms())
    assert reader.stack(DEV, Terms(allow_failed=True)).output("url", secrets=False) == "x"


def test_the_newest_update_counts(cloud: PulumiCloud, home: dict[str, str]) -> None:
    stack = cloud.add(DEV, result="failed")
    stack.updates.append({**stack.updates[0], "result": "succeeded", "version": 2})
    update = reading(cloud.url, home).stack(DEV, Terms()).update
    assert update is not None
    assert update.version == 2


RUNNING = {"kind": "destroy", "author": "somebody-else", "started": 1700000000}


@pytest.mark.parametrize(
    ("operation", "holder"),
    [
        pytest.param(RUNNING, r"held by somebody-else \(destroy\) since 2023-11-14T22:13:20Z\.", id="all is known"),
        pytest.param({"kind": "", "author": "", "started": 0}, r"held by somebody \(update\)\.", id="nothing is known"),
        pytest.param({**RUNNING, "started": 10**30}, r"held by somebody-else \(destroy\)\.", id="no such time"),
    ],
)
def test_an_update_is_under_way(
    cloud: PulumiCloud, home: dict[str, str], operation: dict[str, t.Any], holder: str
) -> None:
    cloud.add(DEV, {"url": "x"}).operation = operation
    reader = reading(cloud.url, home)
    with pytest.raises(StackLockedError, match=holder):
        reader.stack(DEV, Terms())
    assert reader.stack(DEV, Terms(allow_pending=True)).output("url", secrets=False) == "x"
    # The list knows as much as a stack that is named.
    with pytest.raises(StackLockedError, match=holder):
        reader.stacks(Selection(), Terms())


def test_a_lock_is_asked_for_anew_every_time(cloud: PulumiCloud, home: dict[str, str]) -> None:
    stack = cloud.add(DEV)
    reader = reading(cloud.url, home)
    reader.stack(DEV, Terms())
    reference, dummy = reader.backend.locate(parse_stack_name(DEV))
    assert reader.backend.lock(reference) is None
    stack.operation = RUNNING
    assert reader.backend.lock(reference) is not None


def test_what_has_not_changed_is_not_read_again(cloud: PulumiCloud, home: dict[str, str], tmp_path: Path) -> None:
    stack = cloud.add(DEV, {"url": "old"})
    reader = reading(cloud.url, home, FolderCache(tmp_path / "cache"))
    for dummy in range(2):
        assert reader.stack(DEV, Terms()).output("url", secrets=False) == "old"
    assert cloud.paths().count(f"/api/stacks/{DEV}/export") == 1
    new = CloudStack(stack.organization, stack.project, stack.name, stack.deployment, stack.updates * 2)
    new.deployment["resources"][0]["outputs"]["url"] = "new"
    cloud.put(new)
    assert reader.stack(DEV, Terms()).output("url", secrets=False) == "new"


def test_what_changes_at_this_moment_is_not_kept(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV).operation = RUNNING
    assert reading(cloud.url, home).backend.locate(parse_stack_name(DEV))[1] == Entry(DEV, 0.0, "")


def provider(cloud: PulumiCloud, **more: t.Any) -> SecretsProvider:
    return SecretsProvider("service", {"url": cloud.url, "owner": "acme", "project": "shop", "stack": "dev", **more})


def ciphertexts(cloud: PulumiCloud, count: int) -> tuple[dict[str, t.Any], list[str]]:
    """Return outputs that hold so many secrets, and these secrets as they are sealed."""
    sealed = {f"s{number}": [cloud.secret(DEV, number)] for number in range(count)}
    return sealed, [value[0]["ciphertext"] for value in sealed.values()]


def named(cloud: PulumiCloud, home: dict[str, str]) -> dict[str, str]:
    return home | {"PULUMI_BACKEND_URL": cloud.url}


def test_secrets_somebody_expects_are_opened_together(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV)
    outputs, sealed = ciphertexts(cloud, 50)
    decrypt = decrypter(provider(cloud), named(cloud, home))
    decrypt.expect(outputs)
    assert cloud.asked == []
    assert [decrypt(text) for text in sealed * 2] == [str(number) for number in range(50)] * 2
    # What is open stays open, whoever expects it again.
    decrypt.expect(outputs)
    assert decrypt(sealed[7]) == "7"
    assert cloud.paths() == [f"/api/stacks/{DEV}/batch-decrypt"]


def test_more_secrets_than_fit_into_a_question(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV)
    outputs, sealed = ciphertexts(cloud, 450)
    decrypt = decrypter(provider(cloud), named(cloud, home))
    decrypt.expect(outputs)
    assert [decrypt(text) for text in sealed] == [str(number) for number in range(450)]
    assert [len(asked.body["ciphertexts"]) for asked in cloud.asked] == [200, 200, 50]


def test_secrets_nobody_expects_are_opened_one_by_one(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV)
    dummy, sealed = ciphertexts(cloud, 2)
    decrypt = decrypter(provider(cloud), named(cloud, home))
    assert [decrypt(text) for text in (*sealed, *sealed)] == ["0", "1", "0", "1"]
    assert cloud.paths() == [f"/api/stacks/{DEV}/decrypt"] * 2


def test_a_service_that_opens_only_one_at_a_time(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV)
    cloud.batches = False
    outputs, sealed = ciphertexts(cloud, 3)
    decrypt = decrypter(provider(cloud), named(cloud, home))
    decrypt.expect(outputs)
    assert [decrypt(text) for text in sealed] == ["0", "1", "2"]
    assert cloud.paths() == [f"/api/stacks/{DEV}/batch-decrypt"] + [f"/api/stacks/{DEV}/decrypt"] * 3


def test_one_damaged_secret_does_not_take_the_others_with_it(cloud: PulumiCloud, home: dict[str, str]) -> None:
    cloud.add(DEV)
    outputs, sealed = ciphertexts(cloud, 2)
    foreign = cloud.secret("acme/shop/other", "x")
    decrypt = decrypter(provider(cloud), named(cloud, home))
    decrypt.expect([outputs, foreign])
    assert [decrypt(text) for text in sealed] == ["0", "1"]
    with pytest.raises(SecretsError, match="A secret cannot be decrypted: .*not one of this stack's"):
        decrypt(foreign["ciphertext"])


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(403, refusal("no")), id="403"),
        pytest.param(Answer(500), id="500"),
        pytest.param(Answer(200, b"{}x"), id="garbage"),
        pytest.param(Answer(200, b'{"plaintexts": []}'), id="types"),
        pytest.param(Answer(200, b'{"plaintext": 7}'), id="type"),
    ],
)
@pytest.mark.parametrize("count", [1, 2], ids=["one", "many"])
def test_secrets_that_stay_shut(cloud: PulumiCloud, home: dict[str, str], answer: Answer, count: int) -> None:
    outputs, sealed = ciphertexts(cloud, count)
    decrypt = decrypter(provider(cloud), named(cloud, home))
    decrypt.expect(outputs)
    # A service that answers a batch with something else is asked one by one.
    cloud.instead("decrypt", answer, answer)
    with pytest.raises(SecretsError) as caught:
        decrypt(sealed[0])
    assert TOKEN not in str(caught.value.as_result())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b'{"plaintext": "!"}', id="no base64"),
        pytest.param(b'{"plaintext": "/w=="}', id="no text"),
    ],
)
def test_a_plaintext_that_is_none(cloud: PulumiCloud, home: dict[str, str], answer: bytes) -> None:
    cloud.instead("decrypt", Answer(200, answer))
    with pytest.raises(SecretsError, match="is not base64 of a text"):
        decrypter(provider(cloud), named(cloud, home))("AAAA")


def test_a_ciphertext_that_is_none_is_not_sent(cloud: PulumiCloud, home: dict[str, str]) -> None:
    with pytest.raises(SecretsError, match="is not base64"):
        decrypter(provider(cloud), named(cloud, home))("\u00e9")
    assert cloud.asked == []


def test_a_stack_the_service_forgot(cloud: PulumiCloud, home: dict[str, str]) -> None:
    with pytest.raises(SecretsError, match=f"secrets of the stack {DEV}, and does not know it"):
        decrypter(provider(cloud), named(cloud, home))("AAAA")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"url": None}, "it names no service"),
        ({"url": "ftp://example.com"}, "it names no service"),
        ({"url": "https://user:word@example.com"}, "it names no service"),
        ({"url": "https://example.com?x=1"}, "it names no service"),
        ({"url": "https://example.com\n"}, "it names no service"),
        ({"url": "https://${HOME}"}, "it names no service"),
        ({"owner": None}, "it names no stack"),
        ({"project": ".."}, "it names no stack"),
        ({"stack": "a/b"}, "it names no stack"),
    ],
    ids=str,
)
def test_a_provider_that_is_damaged(
    cloud: PulumiCloud, home: dict[str, str], more: dict[str, t.Any], sentence: str
) -> None:
    with pytest.raises(SecretsError, match=f"The stack's secrets provider is damaged: {sentence}"):
        decrypter(provider(cloud, **more), named(cloud, home))("AAAA")


class TestAStateElsewhereThatNamesAService:
    """Anybody may write a state file. What it says must not decide who gets our token."""

    @pytest.fixture
    def reader(self, cloud: PulumiCloud, home: dict[str, str], state: StateFolder) -> Reader:
        cloud.add(DEV)
        outputs = {"password": cloud.secret(DEV, "hunter2")}
        named = {"type": "service", "state": provider(cloud).state}
        state.write("shop/dev", checkpoint(outputs, secrets_providers=named))
        return reading(state.url, home)

    def test_it_gets_no_token_that_is_not_its_own(self, cloud: PulumiCloud, reader: Reader) -> None:
        with pytest.raises(SecretsError, match="nobody named this one") as caught:
            reader.stack("dev", OPEN).outputs(secrets=True)
        assert f"Run pulumi login {cloud.url}, or name it in PULUMI_BACKEND_URL" in str(caught.value.hint)
        assert cloud.asked == []

    def test_it_gets_the_token_somebody_logged_in_with(
        self, cloud: PulumiCloud, home: dict[str, str], reader: Reader
    ) -> None:
        log_in(home, cloud.url)
        home["PULUMI_ACCESS_TOKEN"] = "for-another-service"
        assert reader.stack("dev", OPEN).outputs(secrets=True) == {"password": "hunter2"}


def test_other_backends_take_no_token_of_the_named_one(cloud: PulumiCloud, home: dict[str, str]) -> None:
    """The state of a stack at one service may name another service for its secrets."""
    with PulumiCloud() as other:
        other.add(DEV)
        cloud.add(
            DEV,
            {"password": other.secret(DEV, "x")},
            secrets_providers={"type": "service", "state": provider(other).state},
        )
        with pytest.raises(SecretsError, match="nobody named this one"):
            reading(cloud.url, home).stack(DEV, OPEN).outputs(secrets=True)
        assert other.asked == []


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a key and a certificate for 127.0.0.1 nobody vouches for."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stand-in")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def sealed_cloud(certificate: Path) -> t.Iterator[PulumiCloud]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with PulumiCloud(context) as service:
        service.add(DEV, {"url": "x"})
        yield service


def test_a_service_that_cannot_prove_who_it_is(sealed_cloud: PulumiCloud, home: dict[str, str]) -> None:
    with pytest.raises(BackendError, match="cannot prove that it is who it says: self-signed") as caught:
        reading(sealed_cloud.url, home).stack(DEV, Terms())
    assert "SSL_CERT_FILE" in str(caught.value.hint)
    assert sealed_cloud.asked == []


def test_a_service_somebody_vouches_for(
    sealed_cloud: PulumiCloud, home: dict[str, str], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert reading(sealed_cloud.url, home).stack(DEV, Terms()).output("url", secrets=False) == "x"


def test_a_service_somebody_logged_in_to_without_proof(sealed_cloud: PulumiCloud, home: dict[str, str]) -> None:
    log_in(home, sealed_cloud.url, insecure=True)
    assert reading(sealed_cloud.url, home).stack(DEV, Terms()).output("url", secrets=False) == "x"


def test_the_true_cli_takes_the_stand_in_for_pulumi_cloud(
    cloud: PulumiCloud, home: dict[str, str], tmp_path: Path
) -> None:
    folder = path_of_the_true_cli()
    outputs = {
        "url": "https://x",
        "password": cloud.secret(DEV, "hunter2"),
        "deep": {"a": [1.5, cloud.secret(DEV, {"k": ["ü€", None, True]})]},
    }
    cloud.add(DEV, outputs)
    cloud.add("acme/shop/prod", {"x": 1}).operation = RUNNING
    cloud.add_new("acme/shop/new")
    ours = reading(cloud.url, home).stack(DEV, OPEN).outputs(secrets=True)
    environment = home | {
        "HOME": str(tmp_path),
        "PATH": folder + os.pathsep + os.environ["PATH"],
        "PULUMI_BACKEND_URL": cloud.url,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def pulumi(*words: str) -> t.Any:
        command = ["pulumi", *words, "--json", "--non-interactive"]
        ran = subprocess.run(command, env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=-1, check=True)
        return json.loads(ran.stdout)

    assert pulumi("stack", "output", "--show-secrets", "--stack", DEV) == ours
    listed = {stack["name"]: stack.get("updateInProgress") for stack in pulumi("stack", "ls", "--all")}
    assert listed == {DEV: False, "acme/shop/new": None, "acme/shop/prod": True}
    assert set(listed) == {str(reference) for reference in reading(cloud.url, home).backend.catalogue()}
