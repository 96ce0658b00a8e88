"""System 5, the dual-language RAG chatbot: a Fargate service that fetches its source from S3 when it starts.

The image is a plain Python. What runs in it is a bundle in the source bucket, which a release publishes as it does the
files of a site. So a start needs the bucket's objects, and the role says so about the objects and not the bucket.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from components.backups import Backups, BackupsArgs, daily
from components.cluster import Cluster, ClusterArgs
from components.container_service import Route
from components.operator_areas import Area
from components.private_bucket import PrivateBucket
from components.runtime_policies import object_statements
from components.secrets import NewSecret, Secrets, SecretsArgs
from components.watching import WatchedBalancer
from configuration import Configuration
from delivery import DeliveredSite
from settings import Settings, Size

from systems.addresses import address_of, balancer_at, url_of
from systems.fleet import Fleet, Service
from systems.ground import Ground
from systems.handover import Handover, ReleasedSite
from systems.system import System

CHAT, SOURCE = "chat", "source"
PORT = 8000
USUAL = Size(cpu=512, memory=1024, count=1)
BUNDLE = "app.tar.gz"
SECRET_KEYS = ("llm_api_key", "vector_store_api_key")
# Fetching and installing takes minutes: until then ECS must not count a missing answer.
GRACE_SECONDS, HEALTH_SECONDS = 600, 90
# One line of shell, because that is what the plain image has: fetch, unpack, install, serve.
START = (
    'set -eu; cd "$(mktemp -d)"; pip install --quiet awscli; '
    'aws s3 cp --only-show-errors "s3://$SOURCE_BUCKET/$SOURCE_BUNDLE" bundle.tar.gz; tar -xzf bundle.tar.gz; '
    'pip install --quiet --requirement requirements.txt; exec uvicorn main:app --host 0.0.0.0 --port "$PORT"'
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """``backup_days`` is how long copies of the source are kept; without it none are made."""

    languages: tuple[str, ...]
    backup_days: int | None = None
    backup_locked_days: int | None = None

    @classmethod
    def load(cls, configuration: Configuration) -> Wanted:
        return cls(
            languages=configuration.texts("languages") or ("en", "ja"),
            backup_days=configuration.whole("backupDays"),
            backup_locked_days=configuration.whole("backupLockedDays"),
        )


def build(settings: Settings, wanted: Wanted) -> dict[str, t.Any]:
    """Create the system and return the stack's outputs."""
    names = settings.names
    ground = Ground.lay(settings)
    network = ground.network()
    cluster = Cluster(names("cluster"), ClusterArgs(names=names, container_insights=settings.container_insights))
    repositories = ground.repositories(CHAT)
    source = ground.bucket(SOURCE)
    secrets = Secrets(
        names("secrets"),
        SecretsArgs(
            names=names,
            arns=ground.arns,
            new={"app": NewSecret(description="What the chatbot calls others with", keys=SECRET_KEYS)},
            recovery_days=0 if settings.disposable else 30,
        ),
    )
    address = address_of(ground)
    balancer = balancer_at(ground, network, address)
    fleet = Fleet(ground=ground, network=network, cluster=cluster, repositories=repositories, balancer=balancer)
    chat = fleet.launch(
        Service(
            name=CHAT,
            image=CHAT,
            size=settings.size(CHAT, USUAL),
            port=PORT,
            task=object_statements(source.arn, access="read-write"),
            command=["sh", "-c", START],
            environment={
                "SOURCE_BUCKET": source.bucket_name,
                "SOURCE_BUNDLE": BUNDLE,
                "LANGUAGES": ",".join(wanted.languages),
            },
            secrets={key.upper(): secrets.reference("app", key) for key in SECRET_KEYS},
            secret_arns=[secrets.arns["app"]],
            route=Route(
                listener_arn=balancer.listener_arn,
                security_group_id=balancer.security_group_id,
                health_interval_seconds=HEALTH_SECONDS,
                grace_seconds=GRACE_SECONDS,
            ),
        )
    )
    if wanted.backup_days:
        _backups(ground, source, wanted.backup_days, wanted.backup_locked_days)
    delivery = Handover(
        ground=ground,
        repositories=repositories,
        fleet=fleet,
        watched=[WatchedBalancer(suffix=balancer.arn_suffix)],
        sites={SOURCE: ReleasedSite(delivered=DeliveredSite(bucket=source.bucket_name), bucket_arn=source.arn)},
        endpoints={"public": url_of(address, balancer)},
        areas=_areas(settings, wanted),
    ).complete()
    return {
        "delivery": delivery,
        "ecs_cluster_name": cluster.name,
        "ecs_service_name": chat.name,
        "alb_dns_name": balancer.dns_name,
        "source_bucket_name": source.bucket_name,
        "app_secret_arn": secrets.arns["app"],
        "ecr_repository_url": repositories.urls[CHAT],
    }


def _backups(ground: Ground, source: PrivateBucket, days: int, locked_days: int | None) -> None:
    Backups(
        ground.names("backups"),
        BackupsArgs(
            names=ground.names,
            resources=[source.arn],
            rules=daily(keep_days=days),
            buckets=True,
            locked_days=locked_days,
            force_destroy=ground.settings.disposable,
        ),
    )


def _areas(settings: Settings, wanted: Wanted) -> list[Area]:
    found: list[Area] = ["secrets"]
    if settings.domain:
        found.append("certificates")
    if wanted.backup_days:
        found.append("backups")
    if settings.size(CHAT, USUAL).maximum:
        found.append("autoscaling")
    return found


SYSTEM = System(services=[CHAT], load=Wanted.load, build=build)
