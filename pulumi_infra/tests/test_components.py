"""What components and settings refuse, before anything is created."""

from __future__ import annotations

import typing as t

import pulumi
import pytest
from components.container_service import ContainerServiceArgs, Route
from components.names import Names
from components.network import NetworkArgs
from components.repositories import RepositoriesArgs, lifecycle
from tagging import with_tags

from tests.recorded_program import record

NAMES = Names("Shop_Dev.eu")


def test_names_fit_every_service() -> None:
    assert NAMES("alb") == "shop-dev-eu-alb"


@pytest.mark.parametrize("stack", ["qa-chatbot-local", "a-very-long-name-of-a-stack-in-production"])
def test_short_names_leave_room_for_the_random_part(stack: str) -> None:
    assert len(Names(stack).short("backend")) + len("-1234567") <= 32


def test_short_names_of_two_long_stacks_differ() -> None:
    one, two = (Names(f"a-very-long-name-of-a-stack-{number}").short("backend") for number in (1, 2))
    assert one != two


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"zones": ["a"]}, "two to four zones, not 1"),
        ({"zones": list("abcde")}, "two to four zones, not 5"),
        ({"cidr": "10.0.0.0/24"}, "too small"),
    ],
)
def test_a_network_refuses_what_cannot_work(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        NetworkArgs(**{"names": NAMES, "region": "r", "zones": ["a", "b"], **changes})


def test_subnets_do_not_overlap() -> None:
    public, private = NetworkArgs(names=NAMES, region="r", zones=["a", "b"]).subnets()
    assert (public, private) == (["10.0.0.0/24", "10.0.1.0/24"], ["10.0.4.0/24", "10.0.5.0/24"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cpu": 300}, "no 300 CPU units"),
        ({"cpu": 256, "memory": 4096}, "512 to 2048 MiB, not 4096"),
        ({"desired_count": 0}, "at least 1"),
    ],
)
def test_a_service_refuses_what_fargate_does_not_sell(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ContainerServiceArgs(
            **{
                "names": NAMES,
                "service": "s",
                "region": "r",
                "vpc_id": "v",
                "subnet_ids": ["s"],
                "assign_public_ip": False,
                "cluster_arn": "c",
                "image": "i",
                "port": 80,
                "task_role_arn": "t",
                "execution_role_arn": "e",
                "route": Route(listener_arn="l", security_group_id="g", paths=["/*"], priority=1),
                **changes,
            }
        )


def test_where_tags_move_the_images_they_left_are_kept_in_number() -> None:
    rule = lifecycle(RepositoriesArgs(names=NAMES, images=["a"], immutable_tags=False))["rules"][0]
    assert rule["selection"]["countType"] == "imageCountMoreThan"
    assert rule["selection"]["countNumber"] >= 100


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("slipway:nat", "many", "slipway:nat is 'many'; it must be one of none, single, per-zone"),
        ("slipway:githubSubjects", '["repo:org/*"]', "'repo:org/\\*' is not the exact subject"),
        ("slipway:githubSubjects", "[]", "needs at least one subject"),
        ("slipway:githubSubjects", '["org/repo"]', "is not the exact subject"),
        ("slipway:system", "shop", "slipway:system is 'shop'; this program knows agent-platform, course-chatbot"),
        ("slipway:viewerProtocolPolicy", "http", "it must be one of redirect-to-https, https-only, allow-all"),
    ],
)
def test_configuration_that_means_nothing_is_refused(key: str, value: str, words: str) -> None:
    with pytest.raises(pulumi.RunError, match=words):
        record("qa-chatbot-dev", {key: value})


def test_without_nat_tasks_have_addresses_of_their_own() -> None:
    program = record("qa-chatbot-dev", {"slipway:nat": "none"})
    network = program.one("aws:ecs/service:Service").inputs["networkConfiguration"]
    assert network["assignPublicIp"] is True
    assert all("-public-" in subnet for subnet in network["subnets"])
    assert program.of("aws:ec2/natGateway:NatGateway") == []


def test_a_bootstrap_image_runs_until_the_first_release() -> None:
    program = record("qa-chatbot-dev", {"slipway:bootstrapImage": "example/placeholder:1"})
    definition = program.one("aws:ecs/taskDefinition:TaskDefinition").inputs["containerDefinitions"]
    assert '"image": "example/placeholder:1"' in definition


def test_what_cannot_be_tagged_is_left_alone() -> None:
    args = pulumi.ResourceTransformationArgs(
        resource=t.cast("pulumi.Resource", None),
        type_="aws:ec2/route:Route",
        name="r",
        props={"routeTableId": "t"},
        opts=pulumi.ResourceOptions(),
    )
    assert with_tags(args, {"system": "x"}) is None
