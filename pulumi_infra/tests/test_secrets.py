"""Secrets: named, never seen."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
from components.secrets import ExistingSecret, NewSecret, Secrets, SecretsArgs

from tests.invented import FOUND_SECRET, KEY
from tests.parts import ARNS, NAMES, record
from tests.recorded_program import ACCOUNT, REGION, Program
from tests.tags import untagged

SECRET = "aws:secretsmanager/secret:Secret"
WHOLE_ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shared/llm-Ab12Cd"
PARAMETER_ARN = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter"
GIVEN: dict[str, t.Any] = {
    "names": NAMES,
    "arns": ARNS,
    "new": {"app": NewSecret(description="Keys of the app", keys=["API_KEY", "DB_PASSWORD"])},
    "existing": {"llm": ExistingSecret(name="shared/llm", keys=["key"]), "whole": ExistingSecret(arn=WHOLE_ARN)},
    "parameters": {"index": "/chatbot/prod/index-name"},
}


def secrets(ask: Callable[[Secrets], t.Any] = lambda _made: None, **changes: t.Any) -> Program:
    return record(lambda: {"asked": ask(Secrets("secrets", SecretsArgs(**{**GIVEN, **changes})))})


def test_a_secret_is_made_without_a_value() -> None:
    program = secrets()
    secret = program.one(SECRET).inputs
    assert secret == {
        "description": "Keys of the app",
        "recoveryWindowInDays": 30,
        "tags": {"user": "owner"},
    }
    assert [resource.type for resource in program.resources] == [SECRET]
    assert untagged(program) == []


def test_containers_refer_to_a_secret_a_key_of_it_or_a_parameter() -> None:
    def ask(made: Secrets) -> dict[str, t.Any]:
        return {
            "key": made.reference("app", "API_KEY"),
            "all": made.reference("app"),
            "found": made.reference("llm", "key"),
            "whole": made.reference("whole"),
            "parameter": made.reference("index"),
            "names": made.parameter_names,
        }

    own = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:shop-test-app"
    assert secrets(ask).outputs["asked"] == {
        "key": f"{own}:API_KEY::",
        "all": own,
        "found": f"{FOUND_SECRET}:key::",
        "whole": WHOLE_ARN,
        "parameter": f"{PARAMETER_ARN}/chatbot/prod/index-name",
        "names": {"index": "/chatbot/prod/index-name"},
    }


@pytest.mark.parametrize(
    ("label", "key", "words"),
    [
        ("other", None, "no secret 'other' here; there are: app, index, llm, whole"),
        ("app", "API_KEZ", "The secret app has no key 'API_KEZ'"),
        ("index", "x", "index is an SSM parameter, which has no keys"),
    ],
)
def test_a_reference_to_nothing_is_refused(label: str, key: str | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        secrets(lambda made: made.reference(label, key))


def test_a_role_reads_what_is_named_and_decrypts_through_these_services_only() -> None:
    def ask(made: Secrets) -> list[dict[str, t.Any]]:
        return [statement.render() for statement in made.read_statements()]

    reading, parameters, decrypting = secrets(ask, kms_key_arn=KEY, decrypt_key_arns=[f"{KEY}-2"]).outputs["asked"]
    assert reading["Action"] == ["secretsmanager:GetSecretValue"]
    assert len(reading["Resource"]) == 3
    assert parameters["Action"] == ["ssm:GetParameters"]
    assert parameters["Resource"] == [f"{PARAMETER_ARN}/chatbot/prod/index-name"]
    assert (decrypting["Action"], decrypting["Resource"]) == (["kms:Decrypt"], [KEY, f"{KEY}-2"])
    assert decrypting["Condition"] == {
        "StringEquals": {"kms:ViaService": [f"secretsmanager.{REGION}.amazonaws.com", f"ssm.{REGION}.amazonaws.com"]}
    }


def test_a_role_can_have_less_than_all() -> None:
    def ask(made: Secrets) -> list[dict[str, t.Any]]:
        one, two = made.read_statements("whole"), made.read_statements("index", parameter_actions=["ssm:GetParameter"])
        return [statement.render() for statement in (*one, *two)]

    secret, parameter = secrets(ask).outputs["asked"]
    assert secret["Resource"] == [WHOLE_ARN]
    assert parameter["Action"] == ["ssm:GetParameter"]


def test_a_key_and_the_days_of_regret_are_arguments() -> None:
    secret = secrets(kms_key_arn=KEY, recovery_days=0).one(SECRET).inputs
    assert (secret["kmsKeyId"], secret["recoveryWindowInDays"]) == (KEY, 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parameters": {"app": "/x"}}, "app is given twice"),
        ({"new": {"llm": NewSecret(description="x")}}, "llm is given twice"),
        ({"parameters": {"whole": "/x"}}, "whole is given twice"),
        ({"recovery_days": 3}, "recovery_days is 3; it must be 0, or from 7 to 30"),
        ({"parameters": {"index": "/chatbot/prod/*"}}, "index names the parameter '/chatbot/prod/\\*'"),
    ],
)
def test_what_names_nothing_or_two_things_is_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SecretsArgs(**{**GIVEN, **changes})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "one of them is needed"),
        ({"name": "a", "arn": WHOLE_ARN}, "exclude each other"),
        ({"arn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x"}, "is not the whole ARN"),
    ],
)
def test_a_secret_is_found_by_one_thing(arguments: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ExistingSecret(**arguments)
