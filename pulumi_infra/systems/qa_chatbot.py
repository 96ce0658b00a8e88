"""System 1, the AI Q&A chatbot: CloudFront before a private bucket and a Fargate service that calls Bedrock."""

from __future__ import annotations

import typing as t

import pulumi
from components.cluster import Cluster, ClusterArgs
from components.container_service import Route
from components.dns import AliasTarget
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.runtime_policies import InferenceProfile, task_statements
from components.sessions import Sessions, SessionsArgs
from components.static_site import Api, StaticSite, StaticSiteArgs
from components.watching import WatchedBalancer
from configuration import Configuration
from delivery import DeliveredSite
from settings import Settings, Size

from systems.addresses import address_of
from systems.fleet import Fleet, Service
from systems.ground import Ground
from systems.handover import Handover, ReleasedSite
from systems.models import load_inference
from systems.system import System

BACKEND = "backend"
FRONTEND = "frontend"
PORT = 8000
USUAL = Size(cpu=256, memory=512, count=2)


def load(configuration: Configuration) -> InferenceProfile:
    return load_inference(configuration)


def build(settings: Settings, inference: InferenceProfile) -> dict[str, t.Any]:
    """Create the system and return the stack's outputs."""
    names = settings.names
    ground = Ground.lay(settings)
    network = ground.network()
    cluster = Cluster(names("cluster"), ClusterArgs(names=names, container_insights=settings.container_insights))
    repositories = ground.repositories(BACKEND)
    sessions = Sessions(names("sessions"), SessionsArgs(names=names, deletion_protection=settings.deletion_protection))
    assets = ground.bucket("assets")
    balancer = LoadBalancer(
        names("load-balancer"),
        LoadBalancerArgs(
            names=names,
            vpc_id=network.vpc.id,
            subnet_ids=network.public_subnet_ids,
            deletion_protection=settings.deletion_protection,
        ),
    )
    fleet = Fleet(ground=ground, network=network, cluster=cluster, repositories=repositories, balancer=balancer)
    backend = fleet.launch(
        Service(
            name=BACKEND,
            image=BACKEND,
            size=settings.size(BACKEND, USUAL),
            port=PORT,
            task=task_statements(ground.arns, inference=inference, sessions_table_arn=sessions.arn),
            environment={
                "BEDROCK_INFERENCE_PROFILE": inference.profile,
                "SESSION_STORE": "dynamodb",
                "SESSION_TABLE": sessions.table_name,
            },
            route=Route(
                listener_arn=balancer.listener_arn,
                security_group_id=balancer.security_group_id,
                paths=["/api/*", "/health"],
                priority=10,
            ),
        )
    )
    address = address_of(ground)
    site = StaticSite(
        names(FRONTEND),
        StaticSiteArgs(
            names=names,
            site=FRONTEND,
            api=Api(domain=balancer.dns_name),
            viewer_protocol_policy=settings.viewer_protocol_policy,
            spa_fallback=settings.spa_fallback,
            force_destroy=settings.disposable,
            require_tls=settings.require_tls,
            domain=address.site() if address else None,
        ),
    )
    if address:
        address.stands_for(AliasTarget.distribution(site.domain_name))
    delivery = Handover(
        ground=ground,
        repositories=repositories,
        fleet=fleet,
        watched=[WatchedBalancer(suffix=balancer.arn_suffix)],
        sites={
            FRONTEND: ReleasedSite(
                delivered=DeliveredSite(
                    bucket=site.bucket_name, distribution=site.distribution_id, domain=site.domain_name
                ),
                bucket_arn=site.bucket_arn,
                distribution_arn=site.distribution_arn,
            )
        },
        endpoints={"public": pulumi.Output.concat("https://", site.address)},
        areas=["certificates"] if address else [],
    ).complete()
    return {
        "delivery": delivery,
        "ecs_cluster_name": cluster.name,
        "ecs_service_name": backend.name,
        "alb_dns_name": balancer.dns_name,
        "cloudfront_domain_name": site.domain_name,
        "ecr_repository_url": repositories.urls[BACKEND],
        "assets_bucket_name": assets.bucket_name,
        "frontend_bucket_name": site.bucket_name,
    }


SYSTEM = System(services=[BACKEND], load=load, build=build)
