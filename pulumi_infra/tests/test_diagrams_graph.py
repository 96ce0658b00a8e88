"""What the drawings read from a program: every resource of it, and who speaks of whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagrams.errors import DiagramError
from diagrams.graph import Graph, read

from tests.drawn_systems import SYSTEMS, drawing, program
from tests.recorded_program import PROGRAM, record


def mentions(graph: Graph, name: str, type_: str = "") -> dict[str, str]:
    """Return what a resource speaks of, by the path of the property."""
    found = [item for item in graph.made() if item.name == name and item.type.endswith(type_)]
    assert len(found) == 1
    return {".".join(item.path): f"{graph.resources[item.target].name}.{item.attribute}" for item in found[0].mentions}


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_resource_of_the_program_is_read(system: str) -> None:
    asked = {(item.type, item.name) for item in record(f"{system}-prod").resources}
    assert {(item.type, item.name) for item in drawing(system).graph.made()} == asked


def test_a_mention_is_found_in_documents_inside_of_properties(tmp_path: Path) -> None:
    graph = program(
        tmp_path,
        """
        bucket = aws.s3.Bucket("try-prod-files")
        table = aws.dynamodb.Table("try-prod-items", name="items", hash_key="id")
        role = aws.iam.Role("try-prod-worker", assume_role_policy="{}")
        aws.iam.RolePolicy(
            "try-prod-worker",
            role=role.name,
            policy=pulumi.Output.json_dumps(
                {"Statement": [{"Resource": pulumi.Output.concat(bucket.arn, "/*")}, {"Resource": [table.arn]}]}
            ),
        )
        """,
    )
    assert mentions(graph, "try-prod-worker", "RolePolicy") == {
        "role": "try-prod-worker.name",
        "policy.Statement.0.Resource": "try-prod-files.arn",
        "policy.Statement.1.Resource.0": "try-prod-items.arn",
    }


def test_a_mention_is_found_in_the_script_that_instances_start_with(tmp_path: Path) -> None:
    graph = program(
        tmp_path,
        """
        import base64
        address = aws.ec2.Eip("try-prod-address", domain="vpc")
        script = address.allocation_id.apply(lambda known: base64.b64encode(f"take {known}".encode()).decode())
        aws.ec2.LaunchTemplate("try-prod-instances", user_data=script)
        """,
    )
    assert mentions(graph, "try-prod-instances") == {"userData": "try-prod-address.allocationId"}


def test_a_name_is_read_as_people_read_it(tmp_path: Path) -> None:
    graph = program(
        tmp_path,
        """
        table = aws.dynamodb.Table("try-prod-items", name="the-items", hash_key="id")
        bucket = aws.s3.Bucket("try-prod-files")
        pulumi.export("x", table.name)
        aws.sqs.Queue("try-prod-jobs", name=pulumi.Output.concat("of ", table.name, " and ", bucket.arn))
        """,
    )
    (queue,) = graph.of("aws:sqs/queue:Queue")
    assert graph.plain(queue.inputs["name"]) == "of the-items and files"
    assert (graph.short("try-prod-files"), graph.short("other")) == ("files", "other")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("raise ValueError('the shoe pinches')", "the shoe pinches", id="program-fails"),
        pytest.param("aws.ec2.get_ami(owners=['self'])", "aws:ec2/getAmi:getAmi", id="unknown-function"),
        pytest.param("pulumi.log.error('it is said so')", "it is said so", id="error-is-logged"),
    ],
)
def test_a_program_that_cannot_run_is_told_of(tmp_path: Path, source: str, words: str) -> None:
    with pytest.raises(DiagramError, match=words):
        program(tmp_path, source)


def test_a_stack_that_is_not_there_is_told_of() -> None:
    with pytest.raises(DiagramError, match="nowhere-prod"):
        read(PROGRAM, "nowhere-prod")
