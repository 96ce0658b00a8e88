"""The table of types: complete, true to the SDK, and stopping the drawing where it has a gap."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pulumi_aws
import pytest
from diagrams import kinds, links
from diagrams.cards import Cards
from diagrams.errors import DiagramError
from diagrams.kinds import KINDS, Drawn, Framed, PartOf, Unseen, UsedBy
from local_engine.handlers import registry

from tests.drawn_systems import SYSTEMS, drawing, program

# What belongs to something that is itself not in the picture: the role of API Gateway's account.
OF_UNSEEN = {
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
}


def properties_of(type_: str) -> set[str]:
    """Return the properties of a type, as the class of the SDK has them."""
    module, name = type_.split(":")[1].split("/")[0], type_.split(":")[2]
    space = getattr(pulumi_aws, module, None) or getattr(pulumi_aws, f"{module}_")
    members = [member.fget for member in vars(getattr(space, name)).values() if isinstance(member, property)]
    return {getattr(getter, "_pulumi_name", "") for getter in members} - {""}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_table_has_every_type_of_a_system(system: str) -> None:
    assert {item.type for item in drawing(system).graph.made()} - set(KINDS) == set()


def test_the_table_has_every_type_that_components_may_make() -> None:
    # The local engine refuses what it has no handler for, so its handlers are the types in use.
    assert set(registry()) - set(KINDS) == set()


def test_a_type_without_an_entry_stops_the_drawing_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = program(tmp_path, "aws.sqs.Queue('try-prod-jobs')")
    Cards(graph)
    monkeypatch.delitem(KINDS, "aws:sqs/queue:Queue")
    with pytest.raises(DiagramError, match=r"aws:sqs/queue:Queue is drawn \(try-prod-jobs\).*kinds.py"):
        Cards(graph)


@pytest.mark.parametrize("type_", sorted(KINDS))
def test_an_entry_speaks_of_properties_that_exist(type_: str) -> None:
    for rule in KINDS[type_]:
        match rule:
            case PartOf(properties=named):
                assert {path[0] for path in named} <= properties_of(type_)
            case UsedBy(users=users):
                for user, path in users:
                    assert path[0] in properties_of(user)
            case Drawn() | Framed() | Unseen():
                assert properties_of(type_)


@pytest.mark.parametrize("link", links.LINKS, ids=lambda link: f"{link.type.rpartition(':')[2]}-{link.property[0]}")
def test_a_link_speaks_of_a_property_that_exists(link: links.Link) -> None:
    assert link.property[0] in properties_of(link.type)
    assert link.type in KINDS


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_resource_is_on_a_card_or_left_out_with_a_reason(system: str) -> None:
    graph = drawing(system).graph
    cards = Cards(graph)
    reasons = {type_ for type_, rules in KINDS.items() if isinstance(rules[-1], Framed | Unseen)} | OF_UNSEEN
    missing = [item for item in graph.made() if cards.card(item.urn) is None and item.type not in reasons]
    assert [f"{item.type} {item.name}" for item in missing] == []


FOLDED = """
role = aws.iam.Role("try-prod-worker", description="Works; sleeps", assume_role_policy=json.dumps({"Statement": []}))
aws.iam.RolePolicy("try-prod-worker", role=role.name, policy=json.dumps({"Statement": []}))
definition = aws.ecs.TaskDefinition(
    "try-prod-worker", family="worker", cpu="256", memory="512", task_role_arn=role.arn,
    container_definitions=json.dumps([{"name": "app", "essential": True, "portMappings": []}]),
)
cluster = aws.ecs.Cluster("try-prod-cluster", name="try-prod")
failed = aws.sqs.Queue("try-prod-jobs-failed")
jobs = aws.sqs.Queue("try-prod-jobs", redrive_policy=pulumi.Output.json_dumps(
    {"deadLetterTargetArn": failed.arn, "maxReceiveCount": 4}))
aws.ecs.Service("try-prod-worker", cluster=cluster.arn, task_definition=definition.arn, desired_count=2)
bucket = aws.s3.Bucket("try-prod-files")
aws.s3.BucketVersioning("try-prod-files", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"})
"""


def test_parts_are_drawn_with_what_they_belong_to(tmp_path: Path) -> None:
    graph = program(tmp_path, FOLDED)
    cards = Cards(graph)
    on: dict[str, set[str]] = {}
    for resource in graph.made():
        on.setdefault(str(cards.card(resource.urn)), set()).add(resource.type.rpartition(":")[2])
    assert on == {
        "service_worker": {"Service", "TaskDefinition", "Role", "RolePolicy"},
        "queue_jobs": {"Queue"},
        "bucket_files": {"Bucket", "BucketVersioning"},
        "None": {"Cluster"},
    }
    facts = {node.id: node.facts for node in cards.nodes()}
    assert facts["queue_jobs"] == ("given up after 4 tries",)
    assert facts["bucket_files"] == ("versioned",)
    assert facts["service_worker"] == ("2 tasks", "256 CPU, 512 MiB", "no port: a worker", "task role")


def test_a_part_whose_whole_cannot_be_found_stops_the_drawing(tmp_path: Path) -> None:
    graph = program(
        tmp_path, "aws.s3.BucketVersioning('v', bucket='x', versioning_configuration={'status': 'Enabled'})"
    )
    with pytest.raises(DiagramError, match="v .*BucketVersioning.* cannot be found"):
        Cards(graph)


def test_what_shares_a_card_is_counted(tmp_path: Path) -> None:
    graph = program(
        tmp_path,
        """
        for number in range(3):
            aws.cloudwatch.LogGroup(f"try-prod-{number}", name=f"/{number}", retention_in_days=30)
            aws.dynamodb.Table(f"try-prod-table-{number}", hash_key="id", deletion_protection_enabled=True)
        """,
    )
    nodes = {node.id: node for node in Cards(graph).nodes()}
    assert (nodes["log_group"].title, nodes["log_group"].facts) == ("3 log groups", ("kept 30 days",))
    assert nodes["table_table_0"].title == "3 tables"
    assert nodes["table_table_0"].facts == ("table-0, table-1, table-2", "protected from deletion")


def test_cards_of_the_same_name_have_ids_of_their_own(tmp_path: Path) -> None:
    graph = program(tmp_path, "[aws.sqs.Queue(name) for name in ('try-prod-a.b', 'try-prod-a-b', 'try-prod-a_b')]")
    found = [t.cast("str", Cards(graph).card(item.urn)) for item in graph.made()]
    assert sorted(found) == ["queue_a_b", "queue_a_b_2", "queue_a_b_3"]


def test_the_ledger_is_no_bucket_like_others() -> None:
    shown = drawing(SYSTEMS[0]).picture
    assert shown.node("bucket_ledger").title == kinds.LEDGER.titled
