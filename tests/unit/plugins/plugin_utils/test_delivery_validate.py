# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import typing as t

import pytest

pytest.importorskip("jsonschema")

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.aws.plugins.filter.delivery import FilterModule
from ansible_collections.slipway.aws.plugins.plugin_utils._delivery import validate

ACCOUNT = "000000000000"
DELIVERY: dict[str, t.Any] = {
    "schema": 1,
    "system": "qa-chatbot",
    "environment": "local",
    "region": "ap-northeast-1",
    "account": ACCOUNT,
    "repositories": {"backend": f"{ACCOUNT}.dkr.ecr.ap-northeast-1.amazonaws.com/qa-chatbot/backend"},
    "services": {
        "backend": {
            "cluster": "qa-chatbot",
            "service": "qa-chatbot-backend",
            "container": "app",
            "image": "backend",
            "task_definition": f"arn:aws:ecs:ap-northeast-1:{ACCOUNT}:task-definition/qa-chatbot-backend:1",
            "log_group": "/ecs/qa-chatbot",
            "port": 8000,
            "after": [],
        }
    },
    "functions": {},
    "sites": {"frontend": {"bucket": "site", "distribution": "E1", "domain": "d1.cloudfront.net"}},
    "endpoints": {"public": "https://d1.cloudfront.net"},
    "alarms": {"required": ["api-5xx"]},
    "roles": {
        "deploy": f"arn:aws:iam::{ACCOUNT}:role/deploy",
        "observer": f"arn:aws:iam::{ACCOUNT}:role/observer",
        "infra_admin": f"arn:aws:iam::{ACCOUNT}:role/admin",
        "task": {"backend": f"arn:aws:iam::{ACCOUNT}:role/task"},
        "execution": {"backend": f"arn:aws:iam::{ACCOUNT}:role/execution"},
    },
    "ledger": {"bucket": "ledger", "prefix": "qa-chatbot-local/"},
}
GONE = object()


def changed(path: str, value: t.Any) -> dict[str, t.Any]:
    """Return the good document with one place changed."""
    document = copy.deepcopy(DELIVERY)
    *parents, last = path.split("/")
    place = document
    for parent in parents:
        place = place[parent]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return document


def service(**changes: t.Any) -> dict[str, t.Any]:
    return DELIVERY["services"]["backend"] | changes


def test_the_document_of_the_conventions_is_good_and_comes_back_unchanged() -> None:
    document = copy.deepcopy(DELIVERY)
    assert FilterModule().filters()["delivery"](document) is document
    assert document == DELIVERY


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("services/backend/task_definition", GONE),
        ("services/backend/after", GONE),
        ("ledger/prefix", ""),
        ("repositories/backend", "127.0.0.1:4566/qa-chatbot/backend"),
        ("functions", {"api": {"name": "api", "image": "backend", "alias": "live", "timeout": 300}}),
        ("functions", {"api": {"name": "api", "image": "backend", "after": ["backend"]}}),
        ("migrations", {"tables": {"service": "backend", "command": ["migrate"], "after": ["backend"]}}),
        ("migrations", {"tables": {"service": "backend", "command": ["migrate"], "timeout": "1h30m"}}),
        ("migrations", {"tables": {"service": "backend", "command": ["migrate"], "container": "app"}}),
        ("region", "us-gov-west-1"),
        ("sites", GONE),
        ("sites/frontend/distribution", GONE),
        ("alarms/required", []),
    ],
)
def test_what_may_be(path: str, value: t.Any) -> None:
    assert validate.find_complaints(changed(path, value)) == []


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("services/backend/cluster", GONE, "services.backend.cluster: is missing"),
        ("schema", GONE, "schema: is missing"),
        ("schema", 2, "schema: must be 1, not 2"),
        ("schema", "1", "schema: must be 1, not '1'"),
        ("account", 0, "account: must be a text, not a number"),
        ("account", "12", "account: must be a quoted number of 12 digits, not '12'"),
        ("region", "tokyo", "region: must be an AWS region, not 'tokyo'"),
        ("services", [], "services: must be a dictionary, not a list"),
        ("services/backend", None, "services.backend: must be a dictionary, not nothing"),
        ("services/backend/port", "8000", "services.backend.port: must be a whole number, not a text"),
        ("services/backend/port", True, "services.backend.port: must be a whole number, not true or false"),
        ("services/backend/port", 0, "services.backend.port: 0 is less than the minimum of 1"),
        ("services/backend/container", " ", "services.backend.container: must be a text that is not empty, not ' '"),
        ("services/backend/task_definition", "app:1", "services.backend.task_definition: must be an ARN, not 'app:1'"),
        ("services/backend/imagee", "x", "services.backend.imagee: is not known (did you mean image?)"),
        ("servces", {}, "servces: is not known (did you mean services?)"),
        ("owner", "me", "owner: is not known"),
        ("alarms/required", GONE, "alarms.required: is missing"),
        ("endpoints/public", GONE, "endpoints.public: is missing"),
        ("alarms/required", "api-5xx", "alarms.required: must be a list, not a text"),
        ("alarms/required", ["a", 1], "alarms.required[1]: must be a text, not a number"),
        (
            "repositories/backend",
            "registry/app:latest",
            "repositories.backend: must be a repository without tag or digest, not 'registry/app:latest'",
        ),
        (
            "sites/frontend/domain",
            "https://d1",
            "sites.frontend.domain: must be a host name without scheme, port or path, not 'https://d1'",
        ),
        ("sites/frontend/bucket", GONE, "sites.frontend.bucket: is missing"),
        (
            "endpoints/public",
            "d1.cloudfront.net",
            "endpoints.public: must be a URL that begins with http:// or https://, not 'd1.cloudfront.net'",
        ),
        ("roles/task/backend", "task", "roles.task.backend: must be an ARN, not 'task'"),
        (
            "ledger/prefix",
            "/x",
            "ledger.prefix: must be empty, or a path that does not begin but ends with a slash, not '/x'",
        ),
        ("ledger/bucket", GONE, "ledger.bucket: is missing"),
        (
            "services",
            {"a b": service()},
            "services.a b: must be a name of letters, digits, dots, dashes and underscores, not 'a b'",
        ),
        (
            "services/backend/image",
            "backnd",
            "services.backend.image: 'backnd' is no key of delivery.repositories (did you mean backend?)",
        ),
        ("repositories", {}, "services.backend.image: 'backend' is no key of delivery.repositories"),
        (
            "functions",
            {"api": {"name": "api", "image": "x"}},
            "functions.api.image: 'x' is no key of delivery.repositories",
        ),
        (
            "services/backend/after",
            ["redis"],
            "services.backend.after[0]: 'redis' is no service, function or migration of this stack",
        ),
        (
            "services",
            {"backend": service(), "web": service(after=["backend", "backnd"])},
            "services.web.after[1]: 'backnd' is no service, function or migration of this stack"
            " (did you mean backend?)",
        ),
        (
            "migrations",
            {"tables": {"service": "backnd", "command": ["migrate"]}},
            "migrations.tables.service: 'backnd' is no key of delivery.services (did you mean backend?)",
        ),
        ("migrations", {"tables": {"service": "backend"}}, "migrations.tables.command: is missing"),
        (
            "migrations",
            {"tables": {"service": "backend", "command": "migrate"}},
            "migrations.tables.command: must be a list, not a text",
        ),
        (
            "migrations",
            {"tables": {"service": "backend", "command": ["migrate"], "timeout": "soon"}},
            "migrations.tables.timeout: must be a duration such as 90s, 15m or 1h30m, not 'soon'",
        ),
        (
            "migrations",
            {"tables": {"service": "backend", "command": ["migrate"], "env": {}}},
            "migrations.tables.env: is not known",
        ),
        (
            "services/backend/after",
            ["backend"],
            "services.backend.after: goes round in a circle, backend after backend",
        ),
        (
            "services",
            {"web": service(after=["api"]), "api": service(after=["db"]), "db": service(after=["api"]), "x": service()},
            "services.api.after: goes round in a circle, api after db after api",
        ),
    ],
)
def test_a_complaint_names_its_place(path: str, value: t.Any, complaint: str) -> None:
    assert validate.find_complaints(changed(path, value)) == [f"delivery.{complaint}"]


@pytest.mark.parametrize("document", [None, "delivery", 1, [], [DELIVERY]])
def test_something_else_is_no_document(document: t.Any) -> None:
    (complaint,) = validate.find_complaints(document)
    assert complaint.startswith("delivery: must be a dictionary, not ")


def test_an_empty_document_misses_every_required_key_once() -> None:
    assert validate.find_complaints({}) == [
        f"delivery.{key}: is missing"
        for key in (
            *("account", "alarms", "endpoints", "environment", "ledger"),
            *("region", "repositories", "schema", "system"),
        )
    ]


def test_the_error_lists_all_but_not_without_end() -> None:
    document = changed("services", {f"s{number}": {} for number in range(10)})
    with pytest.raises(validate.DeliveryError) as caught:
        validate.check_delivery(document)
    assert caught.value.message.count(": is missing") == 10
    assert caught.value.message.endswith("; and 30 more.")
    assert len(caught.value.details["complaints"]) == 40


def test_the_filter_fails_with_the_sentence() -> None:
    with pytest.raises(AnsibleFilterError, match=r"delivery\.services\.backend\.cluster: is missing\."):
        FilterModule().filters()["delivery"](changed("services/backend/cluster", GONE))


def test_without_the_library_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate, "HAS_JSONSCHEMA", False)
    with pytest.raises(AnsibleFilterError, match="needs the Python library jsonschema, which is not installed"):
        FilterModule().filters()["delivery"](DELIVERY)


def test_the_schema_is_itself_valid() -> None:
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(validate.load_schema())
