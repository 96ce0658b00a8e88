"""System 3, the course-information chatbot: a function behind API Gateway, and a front end on the stack's own machines.

The front end is one task on one machine, at a fixed address; or, where it is ``balanced``, as many as are needed on a
few machines behind a load balancer that only the CDN reaches.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from components.cluster import Cluster, ClusterArgs
from components.container_service import ContainerService, Ingress, OnInstances, Route
from components.dns import AliasTarget
from components.edge import Server
from components.ingress import CLOUDFRONT_ORIGIN_FACING
from components.instances import InstancesArgs
from components.lambda_api import LambdaApi, LambdaApiArgs
from components.lambda_function import LambdaFunctionArgs, Vpc, function_log_group_name
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network import Network
from components.operator_areas import Area
from components.repositories import Repositories
from components.rest_api import ApiDomain, Interface
from components.roles import FunctionRole, FunctionRoleArgs
from components.runtime_policies import function_statements, parameter_statement
from components.server_site import ServerSite, ServerSiteArgs
from components.waf import WebAcl, WebAclArgs
from components.watching import Watched, WatchedApi, WatchedBalancer, WatchedCluster, WatchedFunction
from configuration import Configuration
from settings import Settings, Size

from systems.addresses import Address, address_of
from systems.fleet import BOOTSTRAP_TAG, Fleet, Service
from systems.ground import Ground
from systems.handover import Handover, LookedAt, ReleasedFunction
from systems.system import System

CHAT, FRONTEND = "chat", "frontend"
FRONTEND_PORT = 3000
TIMEOUT_SECONDS = 300
# It fills the machine: there is no room for a second one beside it.
USUAL = Size(cpu=512, memory=1024, count=1)
# Parameters of SSM: the variable that names each, and what it is called below the stack's path.
PARAMETERS = {
    "VECTOR_STORE_KEY_PARAMETER": "vector-store-key",
    "INDEX_NAME_PARAMETER": "index-name",
    "LLM_KEY_PARAMETER": "llm-key",
}


@dataclass(frozen=True, kw_only=True)
class Machines:
    """The cluster's own instances: one type, one of them, or up to ``most`` where the front end is balanced."""

    instance_type: str
    most: int

    @classmethod
    def load(cls, configuration: Configuration | None) -> Machines:
        if configuration is None:
            return cls(instance_type="t3.small", most=1)
        found = cls(instance_type=configuration.text("type") or "t3.small", most=configuration.whole("maximum") or 1)
        configuration.refuse_unknown()
        return found


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """``function`` is false for the first ``up`` on AWS: Lambda takes no function whose image does not exist yet."""

    allowed_origins: tuple[str, ...]
    parameter_path: str
    machines: Machines
    balanced: bool = False
    cdn: bool = True
    # Who reaches the front end where there is no CDN.
    allowed_cidrs: tuple[str, ...] = ()
    firewall: bool = False
    firewall_logs: bool = True
    function: bool = True
    function_in_vpc: bool = False
    create_api_logging: bool = True

    @classmethod
    def load(cls, configuration: Configuration) -> Wanted:
        given: dict[str, t.Any] = {
            "allowed_origins": configuration.needed("allowedOrigins", configuration.texts("allowedOrigins")),
            "parameter_path": configuration.needed("parameterPath", configuration.text("parameterPath")),
            "machines": Machines.load(configuration.section("machines")),
            "balanced": configuration.flag("balanced"),
            "cdn": configuration.flag("cdn"),
            "allowed_cidrs": configuration.texts("allowedCidrs"),
            "firewall": configuration.flag("firewall"),
            "firewall_logs": configuration.flag("firewallLogs"),
            "function": configuration.flag("function"),
            "function_in_vpc": configuration.flag("functionInVpc"),
            "create_api_logging": configuration.flag("createApiLogging"),
        }
        return cls(**{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True, kw_only=True)
class Backend:
    """The function and its API, with what watches and protects them."""

    api: LambdaApi
    role_arn: pulumi.Output[str]
    url: pulumi.Input[str]
    web_acl_arns: t.Sequence[pulumi.Output[str]]

    @property
    def watched(self) -> list[Watched]:
        function, api = self.api.function, self.api.api
        return [
            WatchedFunction(
                function=CHAT, function_name=function.name, alias=function.alias, timeout_seconds=TIMEOUT_SECONDS
            ),
            WatchedApi(api="api", api_name=api.name, stage=api.stage),
        ]


@dataclass(frozen=True, kw_only=True)
class Frontend:
    """How the front end is reached: by CloudFront or directly, and through a load balancer or not."""

    service: ContainerService
    server: Server
    balancer: LoadBalancer | None = None


def build(settings: Settings, wanted: Wanted) -> dict[str, t.Any]:
    """Create the system and return the stack's outputs."""
    names = settings.names
    ground = Ground.lay(settings)
    network = ground.network()
    repositories = ground.repositories(CHAT, FRONTEND, functions=(CHAT,))
    address = address_of(ground)
    backend = _backend(ground, network, repositories, address, wanted) if wanted.function else None
    cluster = Cluster(
        names("cluster"),
        ClusterArgs(
            names=names,
            container_insights=settings.container_insights,
            instances=_machines(ground, network, wanted),
        ),
    )
    balancer = _balancer(ground, network) if wanted.balanced else None
    fleet = Fleet(ground=ground, network=network, cluster=cluster, repositories=repositories, balancer=balancer)
    frontend = _frontend(fleet, wanted)
    site = _site(ground, frontend.server, address) if wanted.cdn else None
    endpoints: dict[str, pulumi.Input[str]] = {"public": _page(frontend, site)}
    if backend:
        endpoints["api"] = backend.url
    machines: list[Watched] = [WatchedCluster(cluster_name=cluster.name)]
    balancing: list[Watched] = [WatchedBalancer(suffix=balancer.arn_suffix)] if balancer else []
    delivery = Handover(
        ground=ground,
        repositories=repositories,
        fleet=fleet,
        watched=[*(backend.watched if backend else []), *balancing, *machines],
        functions={CHAT: ReleasedFunction(made=backend.api.function, image=CHAT, role_arn=backend.role_arn)}
        if backend
        else {},
        endpoints=endpoints,
        distribution_arns=[site.distribution_arn] if site else [],
        looked_at=LookedAt(
            api_ids=[backend.api.api.id] if backend else [], web_acl_arns=backend.web_acl_arns if backend else []
        ),
        areas=_areas(settings, wanted),
    ).complete()
    return {
        "delivery": delivery,
        "ecs_cluster_name": cluster.name,
        "ecs_service_name": frontend.service.name,
        "lambda_function_name": backend.api.function.name if backend else None,
        "api_url": backend.url if backend else None,
        "frontend_url": endpoints["public"],
        "chat_repository_url": repositories.urls[CHAT],
        "frontend_repository_url": repositories.urls[FRONTEND],
    }


def _backend(
    ground: Ground, network: Network, repositories: Repositories, address: Address | None, wanted: Wanted
) -> Backend:
    names, settings = ground.names, ground.settings
    parameters = {variable: f"{wanted.parameter_path}/{name}" for variable, name in PARAMETERS.items()}
    role = FunctionRole(
        names(f"{CHAT}-role"),
        FunctionRoleArgs(
            names=names,
            function=CHAT,
            statements=[
                *function_statements(
                    ground.arns,
                    function_name=names(CHAT),
                    log_group=function_log_group_name(names, CHAT),
                    vpc=wanted.function_in_vpc,
                ),
                parameter_statement(ground.arns, list(parameters.values())),
            ],
        ),
    )
    host = f"api.{address.name}" if address else None
    api = LambdaApi(
        names(CHAT),
        LambdaApiArgs(
            function=LambdaFunctionArgs(
                names=names,
                function=CHAT,
                image=settings.bootstrap_image or pulumi.Output.concat(repositories.urls[CHAT], f":{BOOTSTRAP_TAG}"),
                role_arn=role.arn,
                handler="main.lambda_handler",
                memory=1024,
                timeout_seconds=TIMEOUT_SECONDS,
                parameters=parameters,
                vpc=Vpc(vpc_id=network.vpc.id, subnet_ids=network.private_subnet_ids)
                if wanted.function_in_vpc
                else None,
                log_retention_days=settings.log_retention_days,
            ),
            interface=Interface(
                routes=["POST /chat"],
                allowed_origins=wanted.allowed_origins,
                domain=ApiDomain(name=host, certificate_arn=address.certificate(host)) if address and host else None,
                domain_only=address is not None,
                log_retention_days=settings.log_retention_days,
                create_account_logging=wanted.create_api_logging,
            ),
        ),
    )
    if address and host and api.api.domain_target is not None and api.api.domain_zone_id is not None:
        address.stands_for(AliasTarget.api(api.api.domain_target, api.api.domain_zone_id), host)
    firewall = []
    if wanted.firewall:
        args = WebAclArgs(
            names=names,
            protects={"api": api.api.stage_arn},
            log_retention_days=settings.log_retention_days if wanted.firewall_logs else None,
        )
        firewall.append(WebAcl(names("firewall"), args).arn)
    return Backend(api=api, role_arn=role.arn, url=api.api.url, web_acl_arns=firewall)


def _machines(ground: Ground, network: Network, wanted: Wanted) -> InstancesArgs:
    """One machine with an address of its own, or several that only the load balancer reaches."""
    return InstancesArgs(
        names=ground.names,
        arns=ground.arns,
        vpc_id=network.vpc.id,
        subnet_ids=network.private_subnet_ids if wanted.balanced else network.public_subnet_ids,
        instance_type=wanted.machines.instance_type,
        maximum=wanted.machines.most,
        assign_public_ip=not wanted.balanced,
        fixed_address=not wanted.balanced,
        tags=ground.settings.tags,
    )


def _from_the_cdn() -> str:
    """Return the list of addresses that CloudFront's servers come from."""
    return str(aws.ec2.get_managed_prefix_list(name=CLOUDFRONT_ORIGIN_FACING).id)


def _balancer(ground: Ground, network: Network) -> LoadBalancer:
    return LoadBalancer(
        ground.names("load-balancer"),
        LoadBalancerArgs(
            names=ground.names,
            vpc_id=network.vpc.id,
            subnet_ids=network.public_subnet_ids,
            allowed_cidrs=(),
            allowed_prefix_list_ids=[_from_the_cdn()],
            deletion_protection=ground.settings.deletion_protection,
        ),
    )


def _frontend(fleet: Fleet, wanted: Wanted) -> Frontend:
    instances, balancer = fleet.cluster.instances, fleet.balancer
    if instances is None:
        raise ValueError("The front end runs on the cluster's own machines, and it has none.")
    route = None
    if balancer:
        route = Route(listener_arn=balancer.listener_arn, security_group_id=balancer.security_group_id, health_path="/")
    service = fleet.launch(
        Service(
            name=FRONTEND,
            image=FRONTEND,
            size=fleet.ground.settings.size(FRONTEND, USUAL),
            port=FRONTEND_PORT,
            # Its pages call the API from the browser; it calls AWS for nothing.
            task=[],
            on_instances=OnInstances(
                capacity_provider=fleet.cluster.capacity_provider,
                security_group_id=instances.security_group_id,
                host_port=None if balancer else FRONTEND_PORT,
            ),
            route=route,
            ingress=[] if balancer else _visitors(wanted),
        )
    )
    if balancer:
        return Frontend(service=service, server=Server(domain=balancer.dns_name), balancer=balancer)
    return Frontend(service=service, server=Server(domain=instances.domain, port=FRONTEND_PORT))


def _visitors(wanted: Wanted) -> list[Ingress]:
    """Say who reaches the machine's own port: the CDN, or else the addresses that are named."""
    if wanted.cdn:
        return [Ingress(source="cdn", port=FRONTEND_PORT, prefix_list_id=_from_the_cdn())]
    return [
        Ingress(source=f"visitor-{number}", port=FRONTEND_PORT, cidr=cidr)
        for number, cidr in enumerate(wanted.allowed_cidrs)
    ]


def _site(ground: Ground, server: Server, address: Address | None) -> ServerSite:
    site = ServerSite(
        ground.names(FRONTEND),
        ServerSiteArgs(
            names=ground.names,
            site=FRONTEND,
            server=server,
            viewer_protocol_policy=ground.settings.viewer_protocol_policy,
            domain=address.site() if address else None,
        ),
    )
    if address:
        address.stands_for(AliasTarget.distribution(site.domain_name))
    return site


def _page(frontend: Frontend, site: ServerSite | None) -> pulumi.Output[str]:
    if site:
        return pulumi.Output.concat("https://", site.address)
    port = f":{frontend.server.port}" if frontend.server.port else ""
    return pulumi.Output.concat("http://", frontend.server.domain, port)


def _areas(settings: Settings, wanted: Wanted) -> list[Area]:
    found: list[Area] = ["apis", "functions", "instances"]
    if settings.domain:
        found.append("certificates")
    if wanted.firewall:
        found.append("firewall")
    if settings.size(FRONTEND, USUAL).maximum:
        found.append("autoscaling")
    return found


SYSTEM = System(services=[FRONTEND], load=Wanted.load, build=build)
