"""What a stack exports: the delivery document, and the flat names beside it."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace

import jsonschema
import pytest
from delivery import DeliveredMigration, DeliveredService, Delivery

from tests.recorded_program import ACCOUNT, PROGRAM, Program

SCHEMA = PROGRAM.parent / "plugins" / "plugin_utils" / "_delivery" / "schema.json"
FLAT = {
    "ecs_cluster_name",
    "ecs_service_name",
    "alb_dns_name",
    "cloudfront_domain_name",
    "ecr_repository_url",
    "assets_bucket_name",
    "frontend_bucket_name",
}


def test_the_delivery_document_keeps_to_the_schema(program: Program) -> None:
    jsonschema.validate(program.outputs["delivery"], json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_delivery_document_says_where_everything_is(program: Program) -> None:
    delivery = program.outputs["delivery"]
    stack = program.stack
    assert (delivery["schema"], delivery["system"], delivery["account"]) == (1, "qa-chatbot", ACCOUNT)
    assert delivery["environment"] == stack.rpartition("-")[2]
    service = delivery["services"]["backend"]
    assert (service["cluster"], service["service"], service["container"]) == (stack, f"{stack}-backend", "app")
    assert (service["image"], service["port"], service["after"]) == ("backend", 8000, [])
    assert service["log_group"] == f"/ecs/{stack}/backend"
    assert set(delivery["repositories"]) == {"backend"}
    assert delivery["endpoints"] == {"public": f"https://{delivery['sites']['frontend']['domain']}"}
    assert len(delivery["alarms"]["required"]) == 4
    assert delivery["ledger"]["prefix"] == f"{stack}/"
    assert set(delivery["roles"]) == {"deploy", "observer", "infra_admin", "task", "execution"}


def test_the_flat_names_say_the_same(program: Program) -> None:
    outputs = program.outputs
    assert set(outputs) == {"delivery", *FLAT}
    delivery = outputs["delivery"]
    assert outputs["ecs_cluster_name"] == delivery["services"]["backend"]["cluster"]
    assert outputs["ecs_service_name"] == delivery["services"]["backend"]["service"]
    assert outputs["ecr_repository_url"] == delivery["repositories"]["backend"]
    assert outputs["frontend_bucket_name"] == delivery["sites"]["frontend"]["bucket"]
    assert outputs["cloudfront_domain_name"] == delivery["sites"]["frontend"]["domain"]


def delivery(**changes: t.Any) -> Delivery:
    service = DeliveredService(
        cluster="c",
        service="s",
        container="app",
        image=changes.pop("image", "backend"),
        task_definition="arn:aws:ecs:r:a:task-definition/t:1",
        log_group="/ecs/t",
        port=80,
        task_role="arn:aws:iam::a:role/t",
        execution_role="arn:aws:iam::a:role/e",
        after=changes.pop("after", ()),
    )
    return Delivery(
        system="s",
        environment="e",
        region="r",
        account=ACCOUNT,
        repositories={"backend": "r/b"},
        services={"one": service},
        endpoints={"public": "https://x"},
        alarms=[],
        deploy_role="arn:1",
        observer_role="arn:2",
        infra_admin_role="arn:3",
        ledger_bucket="l",
        ledger_prefix="p/",
        migrations=changes.pop("migrations", {}),
    )


def test_a_service_without_a_repository_is_refused() -> None:
    with pytest.raises(ValueError, match="runs the image other, which has no repository"):
        delivery(image="other")


def test_a_service_that_waits_for_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="waits for redis, which do not exist"):
        delivery(after=("redis",))


MIGRATION = DeliveredMigration(service="one", command=["migrate", "--all"], timeout="20m", after=["one"])


def test_a_migration_may_come_before_or_after_services() -> None:
    document = delivery(after=("tables",), migrations={"tables": replace(MIGRATION, after=())}).document()
    assert document["migrations"] == {
        "tables": {"service": "one", "command": ["migrate", "--all"], "timeout": "20m", "after": []}
    }
    assert document["services"]["one"]["after"] == ["tables"]
    assert delivery(migrations={"tables": MIGRATION}).document()["migrations"]["tables"]["after"] == ["one"]
    assert delivery().document()["migrations"] == {}


def test_a_migration_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="The migration tables runs as the service two, which does not exist"):
        delivery(migrations={"tables": replace(MIGRATION, service="two")})
    with pytest.raises(ValueError, match="The migration tables waits for two, which do not exist"):
        delivery(migrations={"tables": replace(MIGRATION, after=["two"])})
