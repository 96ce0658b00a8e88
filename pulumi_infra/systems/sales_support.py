"""System 2, the sales-trip support app: an API and a front end behind a load balancer for known addresses only.

Sessions live in memory, or, where the stack has a database, in Aurora PostgreSQL.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
from components.cluster import Cluster, ClusterArgs
from components.container_service import Route, log_group_name
from components.database import Database, DatabaseArgs
from components.network import Network
from components.operator_areas import Area
from components.peers import Peers, PeersArgs
from components.secrets import NewSecret, Secrets, SecretsArgs
from components.sidecars import SidecarLog, Telemetry, otlp
from components.watching import Watched, WatchedBalancer, WatchedDatabase
from configuration import Configuration
from settings import Settings, Size

from systems.addresses import address_of, balancer_at, url_of
from systems.fleet import Fleet, Service
from systems.ground import Ground
from systems.handover import Handover, LookedAt
from systems.system import System

BACKEND, FRONTEND = "backend", "frontend"
BACKEND_PORT, FRONTEND_PORT = 8000, 80
USUAL = {BACKEND: Size(cpu=512, memory=1024, count=1), FRONTEND: Size(cpu=256, memory=512, count=1)}
# The keys of the one secret. A database of the stack keeps its own password, in a secret of its own.
LLM_KEY, DATABASE_KEY, TELEMETRY_KEY = "llm_api_key", "db_password", "telemetry_api_key"
# What PostgreSQL takes for each capacity unit of two gibibytes.
CONNECTIONS_PER_UNIT = 160


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """The database's size, in Aurora capacity units."""

    least: float
    most: float
    instances: int

    @classmethod
    def load(cls, configuration: Configuration) -> Capacity:
        least = configuration.number("minCapacity")
        found = cls(
            least=0.5 if least is None else least,
            most=configuration.number("maxCapacity") or 2,
            instances=configuration.whole("instances") or 1,
        )
        configuration.refuse_unknown()
        return found


@dataclass(frozen=True, kw_only=True)
class Collector:
    """Where the backend's traces of its calls to the model go, and the image that sends them there."""

    image: str
    endpoint: str

    @classmethod
    def load(cls, configuration: Configuration) -> Collector:
        found = cls(
            image=configuration.needed("image", configuration.text("image")),
            endpoint=configuration.needed("endpoint", configuration.text("endpoint")),
        )
        configuration.refuse_unknown()
        return found


@dataclass(frozen=True, kw_only=True)
class Wanted:
    allowed_cidrs: tuple[str, ...]
    repository_namespace: str
    llm_base_url: str
    database: Capacity | None
    telemetry: Collector | None

    @classmethod
    def load(cls, configuration: Configuration) -> Wanted:
        database, telemetry = configuration.section("database"), configuration.section("telemetry")
        namespace, url = configuration.text("repositoryNamespace"), configuration.text("llmBaseUrl")
        return cls(
            allowed_cidrs=configuration.needed("allowedCidrs", configuration.texts("allowedCidrs")),
            repository_namespace=configuration.needed("repositoryNamespace", namespace),
            llm_base_url=configuration.needed("llmBaseUrl", url),
            database=Capacity.load(database) if database else None,
            telemetry=Collector.load(telemetry) if telemetry else None,
        )

    @property
    def secret_keys(self) -> list[str]:
        return [
            LLM_KEY,
            *([] if self.database else [DATABASE_KEY]),
            *([TELEMETRY_KEY] if self.telemetry else []),
        ]


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Where the backend keeps its sessions: what its container is told, and what it may read."""

    environment: t.Mapping[str, pulumi.Input[str]]
    secrets: t.Mapping[str, pulumi.Input[str]]
    secret_arns: t.Sequence[pulumi.Input[str]]
    peer_group_ids: t.Sequence[pulumi.Input[str]] = ()
    database_arns: t.Sequence[pulumi.Input[str]] = ()
    watched: t.Sequence[Watched] = ()


def build(settings: Settings, wanted: Wanted) -> dict[str, t.Any]:
    """Create the system and return the stack's outputs."""
    names = settings.names
    ground = Ground.lay(settings)
    network = ground.network()
    cluster = Cluster(names("cluster"), ClusterArgs(names=names, container_insights=settings.container_insights))
    repositories = ground.repositories(
        # Their builds push the same tag again and again.
        BACKEND,
        FRONTEND,
        namespace=wanted.repository_namespace,
        immutable_tags=False,
    )
    secrets = Secrets(
        names("secrets"),
        SecretsArgs(
            names=names,
            arns=ground.arns,
            new={"app": NewSecret(description="What the backend calls others with", keys=wanted.secret_keys)},
            recovery_days=0 if settings.disposable else 30,
        ),
    )
    address = address_of(ground)
    balancer = balancer_at(ground, network, address, allowed_cidrs=wanted.allowed_cidrs)
    fleet = Fleet(ground=ground, network=network, cluster=cluster, repositories=repositories, balancer=balancer)
    memory = _memory(ground, network, secrets, wanted.database)
    fleet.launch(
        Service(
            name=BACKEND,
            image=BACKEND,
            size=settings.size(BACKEND, USUAL[BACKEND]),
            port=BACKEND_PORT,
            # It calls models over the internet, and AWS for nothing.
            task=[],
            environment={"LLM_BASE_URL": wanted.llm_base_url, **memory.environment},
            secrets={"LLM_API_KEY": secrets.reference("app", LLM_KEY), **memory.secrets},
            secret_arns=[secrets.arns["app"], *memory.secret_arns],
            telemetry=_telemetry(ground, secrets, wanted.telemetry),
            peer_group_ids=memory.peer_group_ids,
            route=Route(
                listener_arn=balancer.listener_arn,
                security_group_id=balancer.security_group_id,
                paths=["/api/*", "/health"],
                priority=10,
            ),
        )
    )
    fleet.launch(
        Service(
            name=FRONTEND,
            image=FRONTEND,
            size=settings.size(FRONTEND, USUAL[FRONTEND]),
            port=FRONTEND_PORT,
            task=[],
            route=Route(
                listener_arn=balancer.listener_arn, security_group_id=balancer.security_group_id, health_path="/"
            ),
        )
    )
    delivery = Handover(
        ground=ground,
        repositories=repositories,
        fleet=fleet,
        watched=[WatchedBalancer(suffix=balancer.arn_suffix), *memory.watched],
        endpoints={"public": url_of(address, balancer)},
        looked_at=LookedAt(database_arns=memory.database_arns),
        areas=_areas(settings, wanted),
        repository_namespaces=[wanted.repository_namespace],
    ).complete()
    return {
        "delivery": delivery,
        "ecs_cluster_name": cluster.name,
        "backend_service_name": fleet.services[BACKEND].name,
        "frontend_service_name": fleet.services[FRONTEND].name,
        "alb_dns_name": balancer.dns_name,
        "app_secret_arn": secrets.arns["app"],
        "backend_repository_url": repositories.urls[BACKEND],
        "frontend_repository_url": repositories.urls[FRONTEND],
    }


def _memory(ground: Ground, network: Network, secrets: Secrets, capacity: Capacity | None) -> Memory:
    """Keep sessions in the process, where a restart loses them, or in a database that only the backend reaches."""
    if capacity is None:
        return Memory(
            environment={"SESSION_STORE": "memory"},
            secrets={"DB_PASSWORD": secrets.reference("app", DATABASE_KEY)},
            secret_arns=[],
        )
    names, settings = ground.names, ground.settings
    clients = Peers(
        names("database-clients"), PeersArgs(names=names, purpose="database-clients", vpc_id=network.vpc.id)
    )
    database = Database(
        names("database"),
        DatabaseArgs(
            names=names,
            vpc_id=network.vpc.id,
            subnet_ids=network.private_subnet_ids,
            clients={BACKEND: clients.security_group_id},
            database="sessions",
            min_capacity=capacity.least,
            max_capacity=capacity.most,
            instances=capacity.instances,
            skip_final_snapshot=settings.disposable,
            deletion_protection=settings.deletion_protection,
            log_retention_days=settings.log_retention_days,
        ),
    )
    return Memory(
        environment={
            "SESSION_STORE": "postgresql",
            "DB_HOST": database.endpoint,
            "DB_PORT": str(database.port),
            "DB_NAME": database.database,
        },
        secrets={
            "DB_USER": database.secret_reference("username"),
            "DB_PASSWORD": database.secret_reference("password"),
        },
        secret_arns=[database.secret_arn],
        peer_group_ids=[clients.security_group_id],
        database_arns=[database.arn],
        watched=[
            WatchedDatabase(
                database="database",
                cluster_id=database.identifier,
                most_connections=int(capacity.most * CONNECTIONS_PER_UNIT),
            )
        ],
    )


def _telemetry(ground: Ground, secrets: Secrets, collector: Collector | None) -> Telemetry | None:
    if collector is None:
        return None
    return otlp(
        image=collector.image,
        service=BACKEND,
        environment=ground.settings.environment,
        log=SidecarLog(group=log_group_name(ground.names, BACKEND), region=ground.settings.region),
        endpoint=collector.endpoint,
        header_secrets={"x-api-key": secrets.reference("app", TELEMETRY_KEY)},
    )


def _areas(settings: Settings, wanted: Wanted) -> list[Area]:
    found: list[Area] = ["secrets"]
    if settings.domain:
        found.append("certificates")
    if wanted.database:
        found.append("databases")
    if any(settings.size(name, usual).maximum for name, usual in USUAL.items()):
        found.append("autoscaling")
    return found


SYSTEM = System(services=[BACKEND, FRONTEND], load=Wanted.load, build=build)
