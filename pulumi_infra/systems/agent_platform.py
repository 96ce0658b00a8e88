"""System 4, the agent platform: an API, a front end, two workers, and one redis that all of them wait for."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
from components.backups import Backups, BackupsArgs, daily
from components.cluster import Cluster, ClusterArgs
from components.container_definition import HealthCheck, Volume
from components.container_service import Ingress, Route
from components.file_system import AccessPoint, FileSystem, FileSystemArgs
from components.load_balancer import LoadBalancer
from components.network import Network
from components.operator_areas import Area
from components.peers import Peers, PeersArgs
from components.policies import Statement
from components.queues import Queue, Queues, QueuesArgs
from components.runtime_policies import (
    InferenceProfile,
    file_statement,
    model_statements,
    receive_statement,
    send_statement,
    table_statement,
)
from components.service_discovery import ServiceDiscovery, ServiceDiscoveryArgs
from components.tables import Index, Table, Tables, TablesArgs
from components.watching import WatchedBalancer, WatchedQueue
from configuration import Configuration
from settings import Settings, Size

from systems.addresses import address_of, balancer_at, url_of
from systems.fleet import Fleet, Service
from systems.ground import Ground
from systems.handover import Handover, LookedAt
from systems.models import load_inference
from systems.system import System

API, FRONTEND, REDIS = "api", "frontend", "redis"
# The workers, and the queue of Celery that each one empties.
WORKERS = {"agent-builds": "agent_builds", "status-updates": "status_updates"}
PORTS = {API: 8000, FRONTEND: 3000, REDIS: 6379}
USUAL = {
    API: Size(cpu=512, memory=1024, count=2),
    FRONTEND: Size(cpu=256, memory=512, count=2),
    **dict.fromkeys(WORKERS, Size(cpu=512, memory=1024, count=2)),
    REDIS: Size(cpu=256, memory=512, count=1),
}
PUBLIC_RANGES = ("10.0.10.0/24", "10.0.11.0/24")
PRIVATE_RANGES = ("10.0.20.0/24", "10.0.21.0/24")
SHARED_FOLDER = "/mnt/efs"
# Who the files belong to: the user of our images, and the one redis runs as.
APP_USER, REDIS_USER = 1000, 999
# A build may take so long; until then no second worker begins it.
BUILD_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """``backup_days`` is how long copies of tables and files are kept; without it none are made."""

    inference: InferenceProfile
    backup_days: int | None = None
    backup_locked_days: int | None = None

    @classmethod
    def load(cls, configuration: Configuration) -> Wanted:
        return cls(
            inference=load_inference(configuration),
            backup_days=configuration.whole("backupDays"),
            backup_locked_days=configuration.whole("backupLockedDays"),
        )


@dataclass(frozen=True, kw_only=True)
class Stores:
    """What the services keep, and hand each other work through."""

    tables: Tables
    queues: Queues
    files: FileSystem

    @property
    def environment(self) -> dict[str, pulumi.Input[str]]:
        tables = {f"{name.upper()}_TABLE": table for name, table in self.tables.table_names.items()}
        queues = {f"{name.upper().replace('-', '_')}_QUEUE_URL": url for name, url in self.queues.urls.items()}
        return {**tables, **queues}

    def volume(self, access_point: str) -> Volume:
        return Volume(
            name="files",
            file_system_id=self.files.id,
            access_point_id=self.files.access_point_ids[access_point],
            path=SHARED_FOLDER,
        )

    def mount(self, access_point: str) -> Statement:
        return file_statement(self.files.arn, [self.files.access_point_arns[access_point]])


def build(settings: Settings, wanted: Wanted) -> dict[str, t.Any]:
    """Create the system and return the stack's outputs."""
    names = settings.names
    ground = Ground.lay(settings)
    network = ground.network(public_ranges=PUBLIC_RANGES, private_ranges=PRIVATE_RANGES)
    cluster = Cluster(names("cluster"), ClusterArgs(names=names, container_insights=settings.container_insights))
    # The workers run the API's image with another command.
    repositories = ground.repositories(API, FRONTEND, REDIS)
    # Carried by every container: what they share admits it, and so do they each other.
    containers = Peers(names("containers"), PeersArgs(names=names, purpose="containers", vpc_id=network.vpc.id))
    stores = _stores(ground, network, containers)
    discovery = ServiceDiscovery(
        names("discovery"),
        ServiceDiscoveryArgs(
            names=names,
            vpc_id=network.vpc.id,
            services={name: PORTS[name] for name in (REDIS, API)},
            force_destroy=settings.disposable,
        ),
    )
    address = address_of(ground)
    balancer = balancer_at(ground, network, address)
    fleet = Fleet(ground=ground, network=network, cluster=cluster, repositories=repositories, balancer=balancer)
    for service in _services(ground, wanted, stores, discovery, containers, balancer):
        fleet.launch(service)
    if wanted.backup_days:
        _backups(ground, stores, wanted.backup_days, wanted.backup_locked_days)
    queues = stores.queues
    delivery = Handover(
        ground=ground,
        repositories=repositories,
        fleet=fleet,
        watched=[
            WatchedBalancer(suffix=balancer.arn_suffix),
            *(
                WatchedQueue(
                    queue=name,
                    queue_name=queues.queue_names[name],
                    dead_letter_name=queues.dead_letter_names[name],
                    oldest_seconds=BUILD_SECONDS,
                )
                for name in WORKERS
            ),
        ],
        endpoints={"public": url_of(address, balancer)},
        looked_at=LookedAt(
            queue_arns=[*queues.arns.values(), *queues.dead_letter_arns.values()],
            table_arns=list(stores.tables.arns.values()),
        ),
        areas=_areas(settings, wanted),
    ).complete()
    return {
        "delivery": delivery,
        "ecs_cluster_name": cluster.name,
        "alb_dns_name": balancer.dns_name,
        "redis_endpoint": discovery.endpoints[REDIS],
        "api_endpoint": discovery.endpoints[API],
        "table_names": stores.tables.table_names,
        "queue_urls": queues.urls,
        "file_system_id": stores.files.id,
    }


def _stores(ground: Ground, network: Network, containers: Peers) -> Stores:
    names, settings = ground.names, ground.settings
    tables = Tables(
        names("tables"),
        TablesArgs(
            names=names,
            tables={
                "agents": Table(hash_key="agent_id", indexes={"by-owner": Index(hash_key="owner_id")}),
                "builds": Table(hash_key="agent_id", range_key="build_id"),
                "sessions": Table(hash_key="session_id", expiry="expires_at"),
            },
            deletion_protection=settings.deletion_protection,
        ),
    )
    queues = Queues(
        names("queues"),
        QueuesArgs(
            names=names,
            queues={
                "agent-builds": Queue(visibility_timeout=BUILD_SECONDS),
                "status-updates": Queue(visibility_timeout=60),
            },
            deletion_protection=settings.deletion_protection,
        ),
    )
    files = FileSystem(
        names("files"),
        FileSystemArgs(
            names=names,
            arns=ground.arns,
            vpc_id=network.vpc.id,
            subnet_ids=network.private_subnet_ids,
            clients={"containers": containers.security_group_id},
            access_points={
                "shared": AccessPoint(path="/shared", uid=APP_USER, gid=APP_USER),
                REDIS: AccessPoint(path="/redis", uid=REDIS_USER, gid=REDIS_USER),
            },
            deletion_protection=settings.deletion_protection,
        ),
    )
    return Stores(tables=tables, queues=queues, files=files)


def _services(
    ground: Ground,
    wanted: Wanted,
    stores: Stores,
    discovery: ServiceDiscovery,
    containers: Peers,
    balancer: LoadBalancer,
) -> list[Service]:
    """Redis first: the others find it by name, and start only when it is up."""
    settings = ground.settings
    carried = [containers.security_group_id]
    shared = stores.volume("shared")
    environment = {
        **stores.environment,
        "REDIS_URL": f"redis://{discovery.endpoints[REDIS]}/0",
        "API_URL": f"http://{discovery.endpoints[API]}",
        "BEDROCK_INFERENCE_PROFILE": wanted.inference.profile,
        "SHARED_FOLDER": SHARED_FOLDER,
    }
    work = [
        table_statement(list(stores.tables.arns.values())),
        send_statement(list(stores.queues.arns.values())),
        *model_statements(ground.arns, wanted.inference),
        stores.mount("shared"),
    ]

    def sized(name: str) -> Size:
        return settings.size(name, USUAL[name])

    redis = Service(
        name=REDIS,
        image=REDIS,
        size=sized(REDIS),
        port=PORTS[REDIS],
        task=[stores.mount(REDIS)],
        stateful=True,
        # What was written is on the shared disk at most a second later, and is there for its successor.
        command=["redis-server", "--dir", SHARED_FOLDER, "--appendonly", "yes", "--appendfsync", "everysec"],
        health_check=HealthCheck(command="redis-cli ping", interval_seconds=10, start_period_seconds=10),
        stop_timeout_seconds=60,
        volumes=[stores.volume(REDIS)],
        ingress=[_from_containers(REDIS, containers)],
        registry_arn=discovery.service_arns[REDIS],
        peer_group_ids=carried,
    )
    api = Service(
        name=API,
        image=API,
        size=sized(API),
        port=PORTS[API],
        task=work,
        environment=environment,
        volumes=[shared],
        ingress=[_from_containers(API, containers)],
        registry_arn=discovery.service_arns[API],
        route=_route(balancer, paths=["/api/*", "/docs", "/redoc"], priority=10, health_path="/api/health"),
        after=[REDIS],
        peer_group_ids=carried,
    )
    frontend = Service(
        name=FRONTEND,
        image=FRONTEND,
        size=sized(FRONTEND),
        port=PORTS[FRONTEND],
        task=[stores.mount("shared")],
        environment={"API_URL": environment["API_URL"]},
        volumes=[shared],
        route=_route(balancer, health_path="/"),
        after=[REDIS],
        peer_group_ids=carried,
    )
    workers = [
        Service(
            name=name,
            image=API,
            size=sized(name),
            task=[*work, receive_statement([stores.queues.arns[name]])],
            command=["celery", "--app", "platform_api.worker", "worker", "--queues", queue],
            environment=environment,
            # A worker finishes what it has begun, as far as ECS lets it.
            stop_timeout_seconds=120,
            volumes=[shared],
            after=[REDIS],
            peer_group_ids=carried,
        )
        for name, queue in WORKERS.items()
    ]
    return [redis, api, frontend, *workers]


def _from_containers(service: str, containers: Peers) -> Ingress:
    return Ingress(source="containers", port=PORTS[service], security_group_id=containers.security_group_id)


def _route(balancer: LoadBalancer, **rest: t.Any) -> Route:
    return Route(listener_arn=balancer.listener_arn, security_group_id=balancer.security_group_id, **rest)


def _backups(ground: Ground, stores: Stores, days: int, locked_days: int | None) -> None:
    Backups(
        ground.names("backups"),
        BackupsArgs(
            names=ground.names,
            resources=[*stores.tables.arns.values(), stores.files.arn],
            rules=daily(keep_days=days),
            locked_days=locked_days,
            force_destroy=ground.settings.disposable,
        ),
    )


def _areas(settings: Settings, wanted: Wanted) -> list[Area]:
    found: list[Area] = ["discovery", "files", "queues"]
    if settings.domain:
        found.append("certificates")
    if wanted.backup_days:
        found.append("backups")
    if any(settings.size(name, usual).maximum for name, usual in USUAL.items()):
        found.append("autoscaling")
    return found


SYSTEM = System(services=list(USUAL), load=Wanted.load, build=build)
