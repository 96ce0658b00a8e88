"""The dashboard, the logs that AWS would keep for ever, and the collectors beside a service."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from components.observability import Dashboard, DashboardArgs, RetainedLogs, RetainedLogsArgs
from components.sidecars import SidecarLog, Telemetry, datadog, otlp
from components.watching import Watched, WatchedBalancer, WatchedCluster

from tests.parts import NAMES, STACK, misnamed, record
from tests.recorded_program import REGION
from tests.tags import untagged
from tests.test_alarms import API, DATABASE, FUNCTION, QUEUE, SERVED, WORKER

EVERYTHING: list[Watched] = [
    WatchedBalancer(suffix="b"),
    SERVED,
    WORKER,
    FUNCTION,
    API,
    QUEUE,
    DATABASE,
    WatchedCluster(cluster_name="c"),
]
LOG = SidecarLog(group="/ecs/x/api", region=REGION)
SECRET = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:telemetry-abc123"


def widgets(**changes: t.Any) -> list[dict[str, t.Any]]:
    def build() -> dict[str, t.Any]:
        args = DashboardArgs(**{"names": NAMES, "region": REGION, "watched": EVERYTHING, **changes})
        return {"name": Dashboard(NAMES("dashboard"), args).name}

    program = record(build)
    assert misnamed(program) == []
    dashboard = program.one("aws:cloudwatch/dashboard:Dashboard").inputs
    assert dashboard["dashboardName"] == STACK
    return t.cast("list[dict[str, t.Any]]", json.loads(dashboard["dashboardBody"])["widgets"])


def test_everything_the_stack_has_is_shown() -> None:
    found = widgets()
    titles = [widget["properties"]["title"] for widget in found]
    assert len(titles) == len(set(titles)) == 16
    metrics = {metric[1] for widget in found for metric in widget["properties"]["metrics"]}
    # What each team said it looks at.
    assert metrics >= {
        "Duration",
        "Errors",
        "CPUUtilization",
        "MemoryUtilization",
        "Count",
        "Latency",
        "4XXError",
        "5XXError",
    }


def test_every_alarm_can_be_explained_by_a_graph() -> None:
    found = {(metric[0], metric[1]) for widget in widgets() for metric in widget["properties"]["metrics"]}
    asked: set[tuple[str, str]] = set()

    def look() -> None:
        asked.update((alarm.namespace, alarm.metric) for watched in EVERYTHING for alarm in watched.alarms())

    record(look)
    assert len(asked) > 10
    assert asked - found == set()


def test_metrics_are_written_as_cloudwatch_reads_them() -> None:
    (first, *_more) = widgets(watched=[FUNCTION])
    assert first["properties"]["metrics"][0] == [
        "AWS/Lambda",
        "Invocations",
        "FunctionName",
        "course-chat",
        "Resource",
        "course-chat:live",
        {"stat": "Sum", "label": "Invocations (Sum)"},
    ]


def test_nothing_covers_anything_else() -> None:
    found = widgets(alarm_arns=["arn:a"], log_groups=["/a", "/b"])
    taken: set[tuple[int, int]] = set()
    for widget in found:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not taken & cells, widget["properties"]["title"]
        taken |= cells
    assert max(x for x, _y in taken) == 23
    assert (found[0]["type"], found[0]["properties"]["alarms"]) == ("alarm", ["arn:a"])
    assert found[-1]["properties"]["query"].startswith("SOURCE '/a' | SOURCE '/b' | fields")


def test_an_empty_dashboard_is_refused() -> None:
    with pytest.raises(ValueError, match="would be empty"):
        DashboardArgs(names=NAMES, region=REGION, watched=[])


def test_logs_of_aws_get_an_end() -> None:
    program = record(
        lambda: (
            RetainedLogs(
                NAMES("logs"), RetainedLogsArgs(names=NAMES, groups={"database": "/aws/rds/cluster/x/postgresql"})
            ).log_groups
        )
    )
    group = program.one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert (group["name"], group["retentionInDays"]) == ("/aws/rds/cluster/x/postgresql", 30)
    assert program.outputs == {"database": "/aws/rds/cluster/x/postgresql"}
    assert untagged(program) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"retention_days": 31}, "365, 400.* days, not for 31", id="days"),
        pytest.param({"groups": {}}, "No log group is named", id="none"),
    ],
)
def test_logs_cloudwatch_would_refuse_are_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        RetainedLogsArgs(**{"names": NAMES, "groups": {"a": "/a"}, **changes})


def collector(**changes: t.Any) -> Telemetry:
    given = {
        "image": "collector:v1",
        "service": "api",
        "environment": "prod",
        "log": LOG,
        "endpoint": "https://otlp.example.com",
        "header_secrets": {"x-api-key": SECRET},
    }
    return otlp(**{**given, **changes})


def agent(**changes: t.Any) -> Telemetry:
    given = {"image": "agent:7", "service": "api", "environment": "prod", "log": LOG, "api_key": SECRET}
    return datadog(**{**given, **changes})


@pytest.mark.parametrize("telemetry", [pytest.param(collector(), id="otlp"), pytest.param(agent(), id="datadog")])
def test_a_sidecar_is_a_container_as_ecs_takes_it(telemetry: Telemetry) -> None:
    container = json.loads(json.dumps(telemetry.container))
    # The service goes on without it.
    assert container["essential"] is False
    assert container["memory"] >= 128
    assert container["logConfiguration"]["options"]["awslogs-group"] == "/ecs/x/api"
    assert [secret["valueFrom"] for secret in container["secrets"]] == [SECRET]
    assert SECRET not in json.dumps(container["environment"])
    assert "api" in telemetry.environment.values()


def test_the_collector_hands_on_what_it_gets_with_the_secret_in_its_place() -> None:
    telemetry = collector()
    (variable,) = [item["value"] for item in telemetry.container["environment"]]
    config = json.loads(variable)
    exporter = config["exporters"]["otlphttp"]
    (secret,) = telemetry.container["secrets"]
    assert exporter == {"endpoint": "https://otlp.example.com", "headers": {"x-api-key": f"${{env:{secret['name']}}}"}}
    port = re.findall(r":(\d+)$", config["receivers"]["otlp"]["protocols"]["http"]["endpoint"])
    assert telemetry.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://localhost:{port[0]}"
    assert set(config["service"]["pipelines"]) == {"traces", "metrics", "logs"}
    assert "secrets" not in collector(header_secrets=None).container


@pytest.mark.parametrize("image", ["collector", "collector:latest", "host:5000/collector", "a/b:latest"])
def test_an_image_that_changes_by_itself_is_refused(image: str) -> None:
    with pytest.raises(ValueError, match="name a version or a digest"):
        collector(image=image)


@pytest.mark.parametrize("image", ["a/collector:v1.2", "host:5000/a:1", f"a@sha256:{'0' * 64}"])
def test_an_image_that_stays_is_taken(image: str) -> None:
    assert collector(image=image).container["image"] == image


def test_telemetry_goes_out_over_tls_only() -> None:
    with pytest.raises(ValueError, match="send it to an https address"):
        collector(endpoint="http://otlp.example.com")


def test_a_key_is_a_reference_and_a_site_is_known() -> None:
    with pytest.raises(ValueError, match="and not the key") as raised:
        agent(api_key="0123456789")
    assert "0123456789" not in str(raised.value)
    with pytest.raises(ValueError, match="Datadog has no site 'example.com'"):
        agent(site="example.com")
