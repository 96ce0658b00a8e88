"""Collectors of telemetry that run beside a service's own container, as the container definitions that ECS takes.

They share the task's network, so the application speaks to them at localhost. They are not essential: when one
fails, its service goes on without it. Their secrets are references, which ECS resolves when the task starts.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

import pulumi

Text = pulumi.Input[str]
PINNED = re.compile(r".+(:(?!latest$)[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})")
OTLP_PORT = 4318
DATADOG_TRACES_PORT = 8126
DATADOG_SITES = ("ap1.datadoghq.com", "datadoghq.com", "datadoghq.eu", "us3.datadoghq.com", "us5.datadoghq.com")


@dataclass(frozen=True, kw_only=True)
class SidecarLog:
    """Where the sidecar's own log goes: usually the service's group."""

    group: Text
    region: str


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """The container beside, and what the application's environment has to say so that it is found."""

    container: t.Mapping[str, t.Any]
    environment: t.Mapping[str, str]


def otlp(
    *,
    image: str,
    service: str,
    environment: str,
    log: SidecarLog,
    endpoint: str,
    header_secrets: t.Mapping[str, Text] | None = None,
    memory: int = 128,
) -> Telemetry:
    """Return a collector that takes OTLP at localhost and hands it on to C(endpoint).

    The image is a version of AWS's distribution, C(public.ecr.aws/aws-observability/aws-otel-collector).
    C(header_secrets) maps a header's name, such as C(x-api-key), to a reference of the secret with its value.
    """
    if not endpoint.startswith("https://"):
        raise ValueError(f"Telemetry says much about a system: send it to an https address, not to {endpoint!r}.")
    # Each header is a variable of the container, which the collector puts where it belongs.
    secrets = dict(header_secrets or {})
    variables = {header: "OTLP_" + re.sub(r"[^A-Z0-9]", "_", header.upper()) for header in secrets}
    exporter: dict[str, t.Any] = {"endpoint": endpoint}
    if variables:
        exporter["headers"] = {header: f"${{env:{variable}}}" for header, variable in variables.items()}
    pipeline = {"receivers": ["otlp"], "processors": ["batch"], "exporters": ["otlphttp"]}
    config = {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{OTLP_PORT}"}}}},
        "processors": {"batch": {}},
        "exporters": {"otlphttp": exporter},
        "service": {"pipelines": dict.fromkeys(("traces", "metrics", "logs"), pipeline)},
    }
    return Telemetry(
        container=_container(
            name="otlp",
            image=image,
            memory=memory,
            log=log,
            # JSON is YAML, and the collector reads YAML.
            environment={"AOT_CONFIG_CONTENT": json.dumps(config)},
            secrets={variables[header]: reference for header, reference in secrets.items()},
        ),
        environment={
            "OTEL_SERVICE_NAME": service,
            "OTEL_RESOURCE_ATTRIBUTES": f"deployment.environment.name={environment}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://localhost:{OTLP_PORT}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        },
    )


def datadog(
    *,
    image: str,
    service: str,
    environment: str,
    log: SidecarLog,
    api_key: Text,
    site: str = "datadoghq.com",
    memory: int = 256,
) -> Telemetry:
    """Return Datadog's agent, a version of C(public.ecr.aws/datadog/agent). C(api_key) is a reference of a secret."""
    if site not in DATADOG_SITES:
        raise ValueError(f"Datadog has no site {site!r}; choose one of {', '.join(DATADOG_SITES)}.")
    if isinstance(api_key, str) and not api_key.startswith("arn:"):
        # What stands there may be the key itself, so it is not repeated.
        raise ValueError("api_key is the ARN of the secret with the key, and not the key.")
    return Telemetry(
        container=_container(
            name="datadog-agent",
            image=image,
            memory=memory,
            log=log,
            environment={
                "DD_APM_ENABLED": "true",
                "DD_ENV": environment,
                "DD_SERVICE": service,
                "DD_SITE": site,
                "ECS_FARGATE": "true",
            },
            secrets={"DD_API_KEY": api_key},
        ),
        environment={
            "DD_AGENT_HOST": "localhost",
            "DD_ENV": environment,
            "DD_SERVICE": service,
            "DD_TRACE_AGENT_PORT": str(DATADOG_TRACES_PORT),
        },
    )


def _container(
    *,
    name: str,
    image: str,
    memory: int,
    log: SidecarLog,
    environment: t.Mapping[str, str],
    secrets: t.Mapping[str, Text],
) -> dict[str, t.Any]:
    if not PINNED.fullmatch(image):
        raise ValueError(f"The image {image!r} can change by itself; name a version or a digest.")
    container = {
        "name": name,
        "image": image,
        "essential": False,
        "memory": memory,
        "environment": [{"name": key, "value": value} for key, value in sorted(environment.items())],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log.group,
                "awslogs-region": log.region,
                "awslogs-stream-prefix": name,
            },
        },
    }
    if secrets:
        container["secrets"] = [{"name": key, "valueFrom": secrets[key]} for key in sorted(secrets)]
    return container


__all__ = ("SidecarLog", "Telemetry", "datadog", "otlp")
