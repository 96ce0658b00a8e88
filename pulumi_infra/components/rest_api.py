"""API Gateway in front of a function: the given routes, for the given origins, at the given rate."""

from __future__ import annotations

import hashlib
import json
import re
import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import Names
from components.policies import Statement, document

METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
ROUTE = re.compile(rf"({'|'.join(METHODS)}) ((?:/[A-Za-z0-9._-]+)+)")
ORIGIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?|http://(localhost|127\.0\.0\.1)(:[0-9]+)?")
HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
# What every account may have; more needs a raised quota.
USUAL_LONGEST_SECONDS = 29
LONGEST_SECONDS = 300
PUSH_TO_LOGS = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "integrationStatus": "$context.integrationStatus",
    "integrationError": "$context.integrationErrorMessage",
    "error": "$context.error.message",
}


@dataclass(frozen=True, kw_only=True)
class ApiDomain:
    """A name of one's own. The certificate is of the API's region; the DNS record points at the outputs' name."""

    name: str
    certificate_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What callers may ask, from where, and how often."""

    routes: t.Sequence[str]
    allowed_origins: t.Sequence[str]
    allowed_headers: t.Sequence[str] = ("content-type",)
    preflight_seconds: int = 600
    answer_within_seconds: int = USUAL_LONGEST_SECONDS
    requests_per_second: int = 20
    burst: int = 40
    stage: str = "live"
    domain: ApiDomain | None = None
    # Only the domain answers then; API Gateway's own address does not.
    domain_only: bool = False
    tracing: bool = False
    log_retention_days: int = 30
    # An account and region has one role for API Gateway's logs: the first stack makes it, the others use it.
    create_account_logging: bool = True

    def __post_init__(self) -> None:
        if self.domain_only and self.domain is None:
            raise ValueError("domain_only leaves the API without any address where there is no domain.")
        self._check_routes()
        self._check_origins()
        if not 1 <= self.answer_within_seconds <= LONGEST_SECONDS:
            raise ValueError(f"API Gateway waits 1 to {LONGEST_SECONDS} seconds, not {self.answer_within_seconds}.")
        if self.requests_per_second < 1 or self.burst < 1:
            raise ValueError("requests_per_second and burst must be at least 1, or every request is refused.")

    def _check_routes(self) -> None:
        if not self.routes:
            raise ValueError("An API needs at least one route, such as 'POST /chat'.")
        for route in self.routes:
            if not ROUTE.fullmatch(route):
                raise ValueError(f"The route {route!r} is not a method and a path, such as 'POST /chat'.")
        if len(set(self.routes)) != len(self.routes):
            raise ValueError("A route is named twice.")

    def _check_origins(self) -> None:
        if not self.allowed_origins:
            raise ValueError("allowed_origins is empty; name the origin of each page that may call the API.")
        for origin in self.allowed_origins:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"The origin {origin!r} is not exact; give scheme and host without a path, such as "
                    "https://chat.example.com. A page on the same machine may use http."
                )
        for header in self.allowed_headers:
            if not HEADER_NAME.fullmatch(header):
                raise ValueError(f"{header!r} is not the name of a header; a pattern would allow any.")

    @property
    def paths(self) -> dict[str, list[str]]:
        """The methods of each path."""
        found: dict[str, list[str]] = {}
        for route in sorted(self.routes):
            method, _space, path = route.partition(" ")
            found.setdefault(path, []).append(method)
        return found


@dataclass(frozen=True, kw_only=True)
class Target:
    """The function behind the API, by its alias."""

    function_name: pulumi.Input[str]
    alias: pulumi.Input[str]
    invoke_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class RestApiArgs:
    names: Names
    api: str
    interface: Interface
    target: Target


class RestApi(pulumi.ComponentResource):
    def __init__(self, name: str, args: RestApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:apigateway:RestApi", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        # For what its place alone tells apart: a successor put there first would go with what it replaced.
        self._alone = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        interface = args.interface
        self._api = aws.apigateway.RestApi(
            args.names(args.api),
            name=args.names(args.api),
            description=f"Calls {args.names(args.api)}",
            endpoint_configuration={"types": "REGIONAL"},
            disable_execute_api_endpoint=interface.domain_only,
            opts=self._child,
        )
        self._resources: dict[str, pulumi.Output[str]] = {"": self._api.root_resource_id}
        parts: list[pulumi.Resource] = [*self._error_answers()]
        for path, methods in interface.paths.items():
            resource = self._resource(path)
            for method in methods:
                parts.append(self._proxy(path, method, resource))
                self._permit(path, method)
            parts.append(self._preflight(path, [*methods, "OPTIONS"], resource))
        stage = self._stage(self._deployment(parts))
        self.name: pulumi.Output[str] = self._api.name
        self.id: pulumi.Output[str] = self._api.id
        self.stage: pulumi.Output[str] = stage.stage_name
        self.stage_arn: pulumi.Output[str] = stage.arn
        self.url: pulumi.Output[str] = stage.invoke_url
        self.log_group_name = f"/apigateway/{args.names.prefix}/{args.api}"
        self.domain_target: pulumi.Output[str] | None = None
        self.domain_zone_id: pulumi.Output[str] | None = None
        if interface.domain:
            self._domain(interface.domain, stage)
        self.register_outputs({"url": self.url, "name": self.name})

    def _called(self, path: str, method: str = "") -> str:
        words = "-".join(word for word in [method.lower(), *path.split("/")] if word)
        return self._args.names(f"{self._args.api}-{words}")

    def _resource(self, path: str) -> pulumi.Output[str]:
        """Make the resource of a path, and those of the paths above it."""
        if path not in self._resources:
            above, _slash, part = path.rpartition("/")
            resource = aws.apigateway.Resource(
                self._called(path),
                rest_api=self._api.id,
                parent_id=self._resource(above),
                path_part=part,
                opts=self._child,
            )
            self._resources[path] = resource.id
        return self._resources[path]

    def _proxy(self, path: str, method: str, resource: pulumi.Output[str]) -> pulumi.Resource:
        name = self._called(path, method)
        made = aws.apigateway.Method(
            name,
            rest_api=self._api.id,
            resource_id=resource,
            http_method=method,
            authorization="NONE",
            opts=self._alone,
        )
        return aws.apigateway.Integration(
            name,
            rest_api=self._api.id,
            resource_id=resource,
            http_method=made.http_method,
            type="AWS_PROXY",
            # Whatever the caller's method is, a function is invoked by POST.
            integration_http_method="POST",
            uri=self._args.target.invoke_arn,
            timeout_milliseconds=self._args.interface.answer_within_seconds * 1000,
            opts=self._alone,
        )

    def _permit(self, path: str, method: str) -> None:
        """Let this API, and no other, invoke the alias, and nothing but the alias."""
        target = self._args.target
        aws.lambda_.Permission(
            self._called(path, method),
            action="lambda:InvokeFunction",
            function=target.function_name,
            qualifier=target.alias,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(
                self._api.execution_arn, "/", self._args.interface.stage, "/", method, path
            ),
            opts=self._child,
        )

    def _preflight(self, path: str, methods: t.Sequence[str], resource: pulumi.Output[str]) -> pulumi.Resource:
        """Answer a browser that asks whether it may: API Gateway does, and the function is not woken for it."""
        interface = self._args.interface
        name = self._called(path, "OPTIONS")
        fixed = {
            "Access-Control-Allow-Methods": ",".join(methods),
            "Access-Control-Allow-Headers": ",".join(interface.allowed_headers),
            "Access-Control-Max-Age": str(interface.preflight_seconds),
            "Vary": "Origin",
        }
        origins = interface.allowed_origins
        if len(origins) == 1:
            fixed[ALLOW_ORIGIN] = origins[0]
        made = aws.apigateway.Method(
            name,
            rest_api=self._api.id,
            resource_id=resource,
            http_method="OPTIONS",
            authorization="NONE",
            opts=self._alone,
        )
        answer = aws.apigateway.MethodResponse(
            name,
            rest_api=self._api.id,
            resource_id=resource,
            http_method=made.http_method,
            status_code="204",
            # Also the one that only the template sets has to be declared.
            response_parameters={f"method.response.header.{header}": True for header in sorted({*fixed, ALLOW_ORIGIN})},
            opts=self._alone,
        )
        mock = aws.apigateway.Integration(
            name,
            rest_api=self._api.id,
            resource_id=resource,
            http_method=made.http_method,
            type="MOCK",
            passthrough_behavior="WHEN_NO_TEMPLATES",
            request_templates={"application/json": '{"statusCode": 204}'},
            opts=self._alone,
        )
        return aws.apigateway.IntegrationResponse(
            name,
            rest_api=self._api.id,
            resource_id=resource,
            # By way of the integration: an answer belongs to one, and goes with it.
            http_method=mock.http_method,
            status_code=answer.status_code,
            response_parameters={f"method.response.header.{key}": f"'{value}'" for key, value in sorted(fixed.items())},
            response_templates={} if ALLOW_ORIGIN in fixed else {"application/json": origin_template(origins)},
            opts=self._alone,
        )

    def _error_answers(self) -> list[pulumi.Resource]:
        """Let the page read what API Gateway answers itself, such as 429, instead of a network error."""
        origins = self._args.interface.allowed_origins
        if len(origins) > 1:
            # These answers know no condition, so the one header they could have would be wrong for the others.
            return []
        return [
            aws.apigateway.Response(
                self._args.names(f"{self._args.api}-{kind.lower().replace('_', '-')}"),
                rest_api_id=self._api.id,
                response_type=kind,
                response_parameters={f"gatewayresponse.header.{ALLOW_ORIGIN}": f"'{origins[0]}'"},
                opts=self._alone,
            )
            for kind in ("DEFAULT_4XX", "DEFAULT_5XX")
        ]

    def _deployment(self, parts: t.Sequence[pulumi.Resource]) -> aws.apigateway.Deployment:
        """Put the routes into effect, again whenever one of them changed."""
        interface = self._args.interface
        shape = {
            "paths": interface.paths,
            "origins": list(interface.allowed_origins),
            "headers": list(interface.allowed_headers),
            "seconds": [interface.preflight_seconds, interface.answer_within_seconds],
        }
        digest = pulumi.Output.from_input(self._args.target.invoke_arn).apply(
            lambda arn: hashlib.sha256(json.dumps([shape, arn], sort_keys=True).encode()).hexdigest()
        )
        return aws.apigateway.Deployment(
            self._args.names(self._args.api),
            rest_api=self._api.id,
            triggers={"shape": digest},
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(parts)),
        )

    def _stage(self, deployment: aws.apigateway.Deployment) -> aws.apigateway.Stage:
        args, interface = self._args, self._args.interface
        logs = aws.cloudwatch.LogGroup(
            args.names(f"{args.api}-access"),
            name=f"/apigateway/{args.names.prefix}/{args.api}",
            retention_in_days=interface.log_retention_days,
            opts=self._child,
        )
        logging = self._account_logging() if interface.create_account_logging else None
        stage = aws.apigateway.Stage(
            args.names(f"{args.api}-{interface.stage}"),
            rest_api=self._api.id,
            deployment=deployment.id,
            stage_name=interface.stage,
            access_log_settings={"destination_arn": logs.arn, "format": json.dumps(ACCESS_LOG)},
            xray_tracing_enabled=interface.tracing,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logging] if logging else []),
        )
        aws.apigateway.MethodSettings(
            args.names(f"{args.api}-{interface.stage}"),
            rest_api=self._api.id,
            stage_name=stage.stage_name,
            method_path="*/*",
            settings={
                "metrics_enabled": True,
                "logging_level": "ERROR",
                # The bodies of requests are what people asked, and no business of a log.
                "data_trace_enabled": False,
                "throttling_rate_limit": interface.requests_per_second,
                "throttling_burst_limit": interface.burst,
            },
            opts=self._alone,
        )
        return stage

    def _account_logging(self) -> pulumi.Resource:
        name = self._args.names(f"{self._args.api}-logging")
        trust = document(
            [
                Statement(
                    sid="AssumedByService",
                    actions=["sts:AssumeRole"],
                    principals={"Service": "apigateway.amazonaws.com"},
                )
            ]
        )
        role = aws.iam.Role(
            name,
            description="API Gateway writes its logs",
            assume_role_policy=trust,
            opts=self._child,
        )
        # API Gateway takes no role that may less than AWS's own policy for it.
        policy = aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=PUSH_TO_LOGS, opts=self._child)
        return aws.apigateway.Account(
            name,
            cloudwatch_role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _domain(self, domain: ApiDomain, stage: aws.apigateway.Stage) -> None:
        name = self._args.names(f"{self._args.api}-domain")
        made = aws.apigateway.DomainName(
            name,
            domain_name=domain.name,
            regional_certificate_arn=domain.certificate_arn,
            endpoint_configuration={"types": "REGIONAL"},
            security_policy="TLS_1_2",
            opts=self._child,
        )
        aws.apigateway.BasePathMapping(
            name,
            rest_api=self._api.id,
            stage_name=stage.stage_name,
            domain_name=made.domain_name,
            opts=self._child,
        )
        self.domain_target = made.regional_domain_name
        self.domain_zone_id = made.regional_zone_id
        self.url = pulumi.Output.concat("https://", made.domain_name)


def origin_template(origins: t.Sequence[str]) -> str:
    """Return a template that names the caller's origin in the answer, if it is one of the given ones."""
    known = " || ".join(f'$origin == "{origin}"' for origin in origins)
    return (
        '#set($origin = $input.params("Origin"))\n'
        '#if($origin == "")#set($origin = $input.params("origin"))#end\n'
        f"#if({known})#set($context.responseOverride.header.{ALLOW_ORIGIN} = $origin)#end\n"
    )


__all__ = ("ApiDomain", "Interface", "RestApi", "RestApiArgs", "Target", "origin_template")
