"""The roles of a stack on the local cloud, and who may assume them, by an emulator that asks."""

from __future__ import annotations

import base64
import json
import time
import typing as t
from pathlib import Path

import pytest

from tests.account import contents
from tests.conftest import Workshop
from tests.emulator import empty, ministack
from tests.parts import source

ROLES = """
from components.delivery_policies import Deliverables
from components.roles import DeliveryRoles, DeliveryRolesArgs

function = "arn:aws:lambda:ap-northeast-1:000000000000:function:try-chat"
DeliveryRoles(
    names("roles"),
    DeliveryRolesArgs(
        names=names,
        arns=arns,
        github_subjects=[
            "repo:example-org/course:environment:dev",
            "repo:example-org@123456/course@456789:environment:dev",
        ],
        areas=["functions", "apis", "notices"],
        deliverables=Deliverables(
            repository_arns=["arn:aws:ecr:ap-northeast-1:000000000000:repository/try/chat"],
            ledger_bucket_arn="arn:aws:s3:::ledger",
            ledger_prefix="try/",
            log_groups=["/aws/lambda/try-chat"],
            function_arns=[function],
            function_role_arns=["arn:aws:iam::000000000000:role/try-chat-function"],
        ),
    ),
)
"""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[str]:
    """A MiniStack that looks at policies; the engine is its root, and exempt."""
    with ministack(tmp_path_factory.mktemp("strict"), AUTH="true") as address:
        yield address


@pytest.fixture
def guarded(tmp_path: Path, strict: str) -> Workshop:
    empty(strict)
    return Workshop(tmp_path, strict)


def up(workshop: Workshop) -> t.Any:
    workshop.write_program(source(ROLES))
    return workshop.operations().up()


def test_the_roles_of_a_stack_of_functions(workshop: Workshop) -> None:
    up(workshop)
    iam = workshop.cloud.client("iam")
    roles = {role["RoleName"].rpartition("-")[0]: role["RoleName"] for role in iam.list_roles()["Roles"]}
    assert set(roles) == {"try-deploy", "try-observer", "try-infra-admin"}
    trust = iam.get_role(RoleName=roles["try-deploy"])["Role"]["AssumeRolePolicyDocument"]
    subjects = trust["Statement"][0]["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert len(subjects) == 2
    assert up(workshop).writing_calls == {}
    (policy,) = iam.list_policies(Scope="Local")["Policies"]
    attached = iam.list_attached_role_policies(RoleName=roles["try-infra-admin"])["AttachedPolicies"]
    assert [item["PolicyArn"] for item in attached] == [policy["Arn"]]
    for areas in ('["functions", "apis"]', '["apis", "queues"]', '["apis"]'):
        text = source(ROLES.replace('["functions", "apis", "notices"]', areas))
        workshop.write_program(text)
        assert workshop.operations().up().writing_calls["CreatePolicyVersion"] == 1
        assert workshop.operations().up().writing_calls == {}
    document = iam.get_policy_version(
        PolicyArn=policy["Arn"], VersionId=iam.get_policy(PolicyArn=policy["Arn"])["Policy"]["DefaultVersionId"]
    )["PolicyVersion"]["Document"]
    assert {statement["Sid"] for statement in document["Statement"]} == {"Apis", "ApiLogs"}
    # AWS keeps five versions at most, and removes no policy that still has another than the one in effect.
    assert len(iam.list_policy_versions(PolicyArn=policy["Arn"])["Versions"]) == 2
    assert workshop.operations().destroy().writing_calls["DeletePolicyVersion"] == 1
    assert contents(workshop.cloud) == {}


@pytest.mark.parametrize(
    ("subject", "trusted"),
    [
        pytest.param("repo:example-org/course:environment:dev", True, id="classic"),
        pytest.param("repo:example-org@123456/course@456789:environment:dev", True, id="immutable"),
        pytest.param("repo:example-org/course:environment:prod", False, id="other-environment"),
        pytest.param("repo:example-org@1/course@2:environment:dev", False, id="recycled-name"),
        pytest.param("repo:example-org/course:pull_request", False, id="pull-request"),
    ],
)
def test_the_deploy_role_is_assumed_by_its_subjects_alone(guarded: Workshop, subject: str, trusted: bool) -> None:
    up(guarded)
    iam, sts = guarded.cloud.client("iam"), guarded.cloud.client("sts")
    (arn,) = [role["Arn"] for role in iam.list_roles()["Roles"] if role["RoleName"].startswith("try-deploy")]
    token = web_token(sub=subject, aud="sts.amazonaws.com")

    def assume() -> t.Any:
        return sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="pipeline", WebIdentityToken=token)

    if trusted:
        assert assume()["Credentials"]["AccessKeyId"]
    else:
        with pytest.raises(sts.exceptions.ClientError, match="AssumeRoleWithWebIdentity"):
            assume()


def web_token(**claims: str) -> str:
    """Return a token as GitHub makes them; the emulator looks at what it says, and not at who signed it."""
    now = int(time.time())
    whole = {"iss": "https://token.actions.githubusercontent.com", "iat": now, "exp": now + 600, **claims}

    def part(value: t.Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256', 'kid': 'k', 'typ': 'JWT'})}.{part(whole)}.c2lnbmF0dXJl"
