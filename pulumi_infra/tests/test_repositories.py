"""Repositories: their names, which tags may move, who may pull, and what never expires."""

from __future__ import annotations

import json
import typing as t

import pytest
from components.repositories import Repositories, RepositoriesArgs, lifecycle

from tests.parts import ARNS, NAMES, STACK, misnamed, record
from tests.recorded_program import ACCOUNT, REGION, Program
from tests.tags import untagged

REPOSITORY = "aws:ecr/repository:Repository"
POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"


def args(**changes: t.Any) -> RepositoriesArgs:
    return RepositoriesArgs(**{"names": NAMES, "images": ["backend", "frontend"], **changes})


def made(**changes: t.Any) -> Program:
    return record(lambda: {"urls": Repositories(NAMES("images"), args(**changes)).urls})


def test_each_image_has_a_repository_called_after_the_stack() -> None:
    program = made()
    found = {item.inputs["name"]: item.inputs for item in program.of(REPOSITORY)}
    assert set(found) == {f"{STACK}/backend", f"{STACK}/frontend"}
    for repository in found.values():
        assert repository["imageTagMutability"] == "IMMUTABLE"
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository["encryptionConfigurations"] == [{"encryptionType": "AES256"}]
        assert repository["forceDelete"] is False
        assert "imageTagMutabilityExclusionFilters" not in repository
    assert program.of(POLICY) == []
    assert misnamed(program) == []
    assert untagged(program) == []


def test_a_namespace_of_an_organisation() -> None:
    program = made(namespace="org/trips")
    assert {item.inputs["name"] for item in program.of(REPOSITORY)} == {"org/trips/backend", "org/trips/frontend"}
    assert program.outputs["urls"]["backend"].endswith("/org/trips/backend")


@pytest.mark.parametrize(
    ("changes", "mutability", "exceptions"),
    [
        pytest.param({"immutable_tags": False}, "MUTABLE", None, id="all-move"),
        pytest.param(
            {"moving_tags": ["latest"]},
            "IMMUTABLE_WITH_EXCLUSION",
            [{"filter": "latest", "filterType": "WILDCARD"}],
            id="one-moves",
        ),
    ],
)
def test_tags_that_move(changes: dict[str, t.Any], mutability: str, exceptions: t.Any) -> None:
    repository = made(**changes).one(REPOSITORY, "backend").inputs
    assert repository["imageTagMutability"] == mutability
    assert repository.get("imageTagMutabilityExclusionFilters") == exceptions


def test_lambda_pulls_images_of_functions_for_functions_of_the_stack() -> None:
    program = made(functions=["backend"], arns=ARNS)
    (policy,) = program.of(POLICY)
    assert policy.name == f"{STACK}-backend"
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert statement["Action"] == ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    functions = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-*"
    assert statement["Condition"] == {"ArnLike": {"aws:SourceArn": functions}}


def expired(rules: dict[str, t.Any], images: list[tuple[set[str], int]]) -> set[int]:
    """Return which images a lifecycle policy removes: each is its tags and how many days ago it was pushed."""
    gone: set[int] = set()
    for rule in sorted(rules["rules"], key=lambda rule: rule["rulePriority"]):
        chosen = rule["selection"]
        assert chosen["tagStatus"] == "untagged", "a rule that looks at tags could take a released image"
        candidates = sorted((days, index) for index, (tags, days) in enumerate(images) if not tags)
        if chosen["countType"] == "sinceImagePushed":
            gone |= {index for days, index in candidates if days > chosen["countNumber"]}
        else:
            gone |= {index for _days, index in candidates[chosen["countNumber"] :]}
    return gone


def test_where_tags_stay_no_released_image_ever_expires() -> None:
    # Ten years of a release a day, each with its tag, and what builds left over.
    released: list[tuple[set[str], int]] = [({f"sha-{day}"}, day) for day in range(3650)]
    left_over: list[tuple[set[str], int]] = [(set(), day) for day in range(100)]
    gone = expired(lifecycle(args()), released + left_over)
    assert gone == {len(released) + day for day in range(15, 100)}


@pytest.mark.parametrize(
    "changes", [pytest.param({"immutable_tags": False}, id="all"), pytest.param({"moving_tags": ["latest"]}, id="one")]
)
def test_where_tags_move_the_images_they_left_are_kept_in_number_not_by_age(changes: dict[str, t.Any]) -> None:
    # "latest" moved every ten days; what it left is what a release rolls back to, however long ago.
    history: list[tuple[set[str], int]] = [({"latest"}, 0), *((set(), 10 * step) for step in range(1, 101))]
    assert expired(lifecycle(args(**changes)), history) == set()
    assert expired(lifecycle(args(**changes)), [*history, (set(), 2000)]) == {101}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"immutable_tags": False, "moving_tags": ["latest"]}, "every tag may move", id="both"),
        pytest.param({"functions": ["backend"]}, "need arns", id="no-arns"),
        pytest.param({"functions": ["worker"], "arns": ARNS}, "names worker, which is none", id="stranger"),
        pytest.param({"namespace": "Org/App"}, "not a namespace of ECR", id="upper-case"),
        pytest.param({"namespace": "org/"}, "not a namespace of ECR", id="slash"),
        pytest.param({"images": ["back/end"]}, "not the name of an image", id="image"),
        pytest.param({"untagged_images": 49}, "at least 50 of them", id="too-few"),
        pytest.param({"untagged_days": 0}, "at least a day", id="too-soon"),
    ],
)
def test_repositories_refuse_what_would_lose_images(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        args(**changes)
