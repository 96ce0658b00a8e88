"""System 1, the AI Q&A chatbot: CloudFront before a private bucket and a Fargate service that calls Bedrock."""

from __future__ import annotations

import typing as t

import pulumi
import pulumi_aws as aws
from components.alarms import Alarms, AlarmsArgs
from components.arns import Arns
from components.cluster import Cluster, ClusterArgs
from components.container_service import ContainerService, ContainerServiceArgs, Route, log_group_name
from components.delivery_policies import Deliverables
from components.ledger import Ledger, LedgerArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network import Network, NetworkArgs
from components.private_bucket import PrivateBucket, PrivateBucketArgs
from components.repositories import Repositories, RepositoriesArgs
from components.roles import DeliveryRoles, DeliveryRolesArgs, RuntimeRoles, RuntimeRolesArgs
from components.runtime_policies import InferenceProfile, execution_statements, task_statements
from components.sessions import Sessions, SessionsArgs
from components.static_site import Api, StaticSite, StaticSiteArgs
from delivery import DeliveredService, DeliveredSite, Delivery
from settings import Settings

BACKEND = "backend"
FRONTEND = "frontend"
CONTAINER = "app"
PORT = 8000
# A tag no release uses: until the first one, there is nothing to pull, and the circuit breaker stops trying.
BOOTSTRAP_TAG = "bootstrap"


def build(settings: Settings) -> dict[str, t.Any]:
    """Create the system and return the stack's outputs."""
    names = settings.names
    disposable = not settings.deletion_protection
    account = aws.get_caller_identity().account_id
    zones = aws.get_availability_zones(state="available").names[:2]
    arns = Arns(region=settings.region, account=account)

    network = Network(names("network"), NetworkArgs(names=names, region=settings.region, zones=zones, nat=settings.nat))
    cluster = Cluster(names("cluster"), ClusterArgs(names=names, container_insights=settings.container_insights))
    repositories = Repositories(
        names("images"), RepositoriesArgs(names=names, images=[BACKEND], force_delete=disposable)
    )
    sessions = Sessions(names("sessions"), SessionsArgs(names=names, deletion_protection=settings.deletion_protection))
    ledger = Ledger(
        names("ledger"), LedgerArgs(names=names, force_destroy=disposable, require_tls=settings.require_tls)
    )
    assets = PrivateBucket(
        names("assets"), PrivateBucketArgs(force_destroy=disposable, require_tls=settings.require_tls)
    )
    assets.protect()
    balancer = LoadBalancer(
        names("load-balancer"),
        LoadBalancerArgs(
            names=names,
            vpc_id=network.vpc.id,
            subnet_ids=network.public_subnet_ids,
            deletion_protection=settings.deletion_protection,
        ),
    )
    inference = InferenceProfile(
        profile=settings.inference_profile,
        model=settings.foundation_model,
        model_regions=settings.foundation_model_regions,
    )
    runtime = RuntimeRoles(
        names(f"{BACKEND}-roles"),
        RuntimeRolesArgs(
            names=names,
            arns=arns,
            service=BACKEND,
            task=task_statements(arns, inference=inference, sessions_table_arn=sessions.arn),
            execution=execution_statements(
                arns,
                repository_arns=list(repositories.arns.values()),
                log_group=log_group_name(names, BACKEND),
            ),
        ),
    )
    backend = ContainerService(
        names(BACKEND),
        ContainerServiceArgs(
            names=names,
            service=BACKEND,
            region=settings.region,
            vpc_id=network.vpc.id,
            subnet_ids=network.task_subnet_ids,
            assign_public_ip=network.assign_public_ip,
            cluster_arn=cluster.arn,
            image=settings.bootstrap_image or pulumi.Output.concat(repositories.urls[BACKEND], f":{BOOTSTRAP_TAG}"),
            container=CONTAINER,
            port=PORT,
            cpu=settings.cpu,
            memory=settings.memory,
            desired_count=settings.desired_count,
            log_retention_days=settings.log_retention_days,
            task_role_arn=runtime.task_arn,
            execution_role_arn=runtime.execution_arn,
            environment={
                "AWS_REGION": settings.region,
                "BEDROCK_INFERENCE_PROFILE": settings.inference_profile,
                "PORT": str(PORT),
                "SESSION_STORE": "dynamodb",
                "SESSION_TABLE": sessions.table_name,
                **settings.container_environment,
            },
            route=Route(
                listener_arn=balancer.listener_arn,
                security_group_id=balancer.security_group_id,
                paths=["/api/*", "/health"],
                priority=10,
            ),
        ),
    )
    site = StaticSite(
        names(FRONTEND),
        StaticSiteArgs(
            names=names,
            site=FRONTEND,
            api=Api(domain=balancer.dns_name),
            viewer_protocol_policy=settings.viewer_protocol_policy,
            spa_fallback=settings.spa_fallback,
            force_destroy=disposable,
            require_tls=settings.require_tls,
        ),
    )
    alarms = Alarms(
        names("alarms"),
        AlarmsArgs(
            names=names,
            service=BACKEND,
            cluster_name=cluster.name,
            service_name=backend.name,
            load_balancer_suffix=balancer.arn_suffix,
            target_group_suffix=backend.target_group_arn_suffix,
        ),
    )
    roles = DeliveryRoles(
        names("delivery-roles"),
        DeliveryRolesArgs(
            names=names,
            arns=arns,
            github_subjects=settings.github_subjects,
            create_github_provider=settings.create_github_provider,
            operator_principals=settings.operator_principals,
            observer_principals=settings.observer_principals,
            deliverables=Deliverables(
                cluster_name=cluster.name,
                service_arns=[backend.arn],
                families=[backend.family],
                task_role_arns=[runtime.task_arn, runtime.execution_arn],
                repository_arns=list(repositories.arns.values()),
                site_bucket_arns=[site.bucket_arn],
                distribution_arns=[site.distribution_arn],
                ledger_bucket_arn=ledger.arn,
                ledger_prefix=ledger.prefix,
                log_groups=[log_group_name(names, BACKEND)],
            ),
        ),
    )
    delivery = Delivery(
        system=settings.system,
        environment=settings.environment,
        region=settings.region,
        account=account,
        repositories=repositories.urls,
        services={
            BACKEND: DeliveredService(
                cluster=cluster.name,
                service=backend.name,
                container=CONTAINER,
                image=BACKEND,
                task_definition=backend.task_definition_arn,
                log_group=backend.log_group_name,
                port=PORT,
                task_role=runtime.task_arn,
                execution_role=runtime.execution_arn,
            )
        },
        sites={
            FRONTEND: DeliveredSite(bucket=site.bucket_name, distribution=site.distribution_id, domain=site.domain_name)
        },
        endpoints={"public": pulumi.Output.concat("https://", site.domain_name)},
        alarms=alarms.names,
        deploy_role=roles.deploy_arn,
        observer_role=roles.observer_arn,
        infra_admin_role=roles.operator_arn,
        ledger_bucket=ledger.bucket_name,
        ledger_prefix=ledger.prefix,
    )
    return {
        "delivery": delivery.document(),
        "ecs_cluster_name": cluster.name,
        "ecs_service_name": backend.name,
        "alb_dns_name": balancer.dns_name,
        "cloudfront_domain_name": site.domain_name,
        "ecr_repository_url": repositories.urls[BACKEND],
        "assets_bucket_name": assets.bucket_name,
        "frontend_bucket_name": site.bucket_name,
    }
