"""A Lambda function made from an image, and the alias its callers use.

A release owns the code and what the alias points at. Memory, environment and network stay here: a change of them
waits in the unpublished version, and the next release publishes it with its own image.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.names import Names
from components.network import ANYWHERE

MEMORY = (128, 10_240)
LONGEST_SECONDS = 900
LONGEST_NAME = 64
PARAMETER_NAME = re.compile(r"(/[A-Za-z0-9_.-]+)+")
SECRET_WORDS = re.compile(r"(^|_)(PASSWORD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|(API|ACCESS|PRIVATE)_?KEY)(_|$)")
# A variable that ends so says where a secret is, not what it is.
REFERENCE_WORDS = ("_ARN", "_ID", "_NAME", "_PARAMETER", "_PATH", "_URL")
# Lambda sets these itself and refuses a function that would.
RESERVED_VARIABLES = re.compile(
    r"_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_)?REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_.*|"
    r"AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_(TASK_ROOT|RUNTIME_DIR)"
)


@dataclass(frozen=True, kw_only=True)
class Vpc:
    """The network a function runs in. It needs NAT or endpoints there: Lambda gives no public addresses."""

    vpc_id: pulumi.Input[str]
    subnet_ids: t.Sequence[pulumi.Input[str]]

    def __post_init__(self) -> None:
        if not self.subnet_ids:
            raise ValueError("A function in a VPC needs at least one subnet, and two in different zones to be safe.")


@dataclass(frozen=True, kw_only=True)
class LambdaFunctionArgs:
    """``image`` must be in a private ECR repository of this region when the function is made: Lambda looks.

    ``parameters`` says in which SSM parameter the value of a variable is kept; only the name goes into the
    environment, under the variable's name, and the function reads the value when it runs.
    """

    names: Names
    function: str
    image: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    handler: str = "main.lambda_handler"
    architecture: t.Literal["x86_64", "arm64"] = "x86_64"
    memory: int = 1024
    timeout_seconds: int = 300
    parameters: t.Mapping[str, str] = field(default_factory=dict)
    environment: t.Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    vpc: Vpc | None = None
    alias: str = "live"
    # A queue or a topic for what was invoked asynchronously and failed; API Gateway does not invoke so.
    on_failure_arn: pulumi.Input[str] | None = None
    reserved_concurrency: int | None = None
    provisioned_concurrency: int | None = None
    tracing: bool = False
    log_retention_days: int = 30

    def __post_init__(self) -> None:
        self._check_concurrency()
        if len(self.function_name) > LONGEST_NAME:
            raise ValueError(
                f"{self.function_name} is longer than the {LONGEST_NAME} characters a function's name may have."
            )
        least, most = MEMORY
        if not least <= self.memory <= most:
            raise ValueError(f"Lambda offers {least} to {most} MB of memory, not {self.memory}.")
        if not 1 <= self.timeout_seconds <= LONGEST_SECONDS:
            raise ValueError(
                f"A function runs 1 to {LONGEST_SECONDS} seconds at the longest, not {self.timeout_seconds}."
            )
        both = sorted(set(self.parameters) & set(self.environment))
        if both:
            raise ValueError(f"{', '.join(both)} is both in parameters and in environment; it can be in one of them.")
        for variable in (*self.parameters, *self.environment):
            if RESERVED_VARIABLES.fullmatch(variable):
                raise ValueError(f"Lambda sets the variable {variable} itself and takes no other value for it.")
        self._check_secrets()

    def _check_concurrency(self) -> None:
        reserved, provisioned = self.reserved_concurrency, self.provisioned_concurrency
        if provisioned is not None and provisioned < 1:
            raise ValueError(f"provisioned_concurrency is {provisioned}; leave it out where nothing is kept warm.")
        if reserved is not None and reserved < 1:
            raise ValueError(f"reserved_concurrency is {reserved}: the function would answer nothing.")
        if reserved is not None and provisioned is not None and provisioned > reserved:
            raise ValueError(f"{provisioned} instances cannot be kept warm where at most {reserved} may run.")

    def _check_secrets(self) -> None:
        for variable, name in self.parameters.items():
            if not PARAMETER_NAME.fullmatch(name):
                # What stands there may be the secret itself, so it is not repeated.
                raise ValueError(f"{variable} takes the name of an SSM parameter, such as /<system>/<env>/<name>.")
        for variable in self.environment:
            if SECRET_WORDS.search(variable.upper()) and not variable.upper().endswith(REFERENCE_WORDS):
                raise ValueError(
                    f"The variable {variable} sounds like a secret, and an environment can be read by many. "
                    "Keep the value in an SSM parameter and put that one's name into parameters."
                )

    @property
    def function_name(self) -> str:
        return self.names(self.function)

    @property
    def log_group_name(self) -> str:
        return function_log_group_name(self.names, self.function)


def function_log_group_name(names: Names, function: str) -> str:
    return f"/aws/lambda/{names(function)}"


class LambdaFunction(pulumi.ComponentResource):
    def __init__(self, name: str, args: LambdaFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:lambda:LambdaFunction", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        logs = aws.cloudwatch.LogGroup(
            args.function_name,
            name=args.log_group_name,
            retention_in_days=args.log_retention_days,
            opts=self._child,
        )
        group = self._security_group(args.vpc) if args.vpc else None
        function = self._function(logs.name, group)
        alias = aws.lambda_.Alias(
            args.names(f"{args.function}-{args.alias}"),
            name=args.alias,
            description="What callers get; a release moves it",
            function_name=function.name,
            function_version=function.version,
            # Where the alias points, and how it shares requests meanwhile, is what a release is.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["function_version", "routing_config"]),
        )
        self._behind(alias)
        self.name: pulumi.Output[str] = function.name
        self.arn: pulumi.Output[str] = function.arn
        # Whoever uses the alias gets one that exists.
        self.alias: pulumi.Output[str] = alias.name
        self.alias_arn: pulumi.Output[str] = alias.arn
        self.invoke_arn: pulumi.Output[str] = alias.invoke_arn
        self.log_group_name: pulumi.Output[str] = logs.name
        self.security_group_id: pulumi.Output[str] | None = group.id if group else None
        self.register_outputs({"name": self.name, "alias": self.alias})

    def _function(self, log_group: pulumi.Output[str], group: aws.ec2.SecurityGroup | None) -> aws.lambda_.Function:
        args = self._args
        network: t.Any = None
        if args.vpc and group:
            network = {"subnet_ids": list(args.vpc.subnet_ids), "security_group_ids": [group.id]}
        return aws.lambda_.Function(
            args.function_name,
            name=args.function_name,
            package_type="Image",
            image_uri=args.image,
            image_config={"commands": [args.handler]},
            role=args.role_arn,
            architectures=[args.architecture],
            memory_size=args.memory,
            timeout=args.timeout_seconds,
            environment={"variables": {**args.parameters, **args.environment}},
            vpc_config=network,
            logging_config={"log_format": "Text", "log_group": log_group},
            tracing_config={"mode": "Active" if args.tracing else "PassThrough"},
            reserved_concurrent_executions=args.reserved_concurrency,
            # The alias starts on a version, because one on $LATEST would show every change at once.
            publish=True,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["image_uri"]),
        )

    def _security_group(self, vpc: Vpc) -> aws.ec2.SecurityGroup:
        args = self._args
        group = aws.ec2.SecurityGroup(
            args.function_name,
            description=f"The function {args.function}: nothing connects to it",
            vpc_id=vpc.vpc_id,
            tags={"Name": args.function_name},
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            args.names(f"{args.function}-https"),
            security_group_id=group.id,
            description="AWS APIs and the services it calls",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=ANYWHERE,
            opts=self._child,
        )
        return group

    def _behind(self, alias: aws.lambda_.Alias) -> None:
        """Make what belongs to the alias: instances kept warm, and a place for what failed."""
        args = self._args
        if args.provisioned_concurrency is not None:
            aws.lambda_.ProvisionedConcurrencyConfig(
                args.function_name,
                function_name=alias.function_name,
                qualifier=alias.name,
                provisioned_concurrent_executions=args.provisioned_concurrency,
                opts=self._child,
            )
        if args.on_failure_arn is not None:
            aws.lambda_.FunctionEventInvokeConfig(
                args.function_name,
                function_name=alias.function_name,
                qualifier=alias.name,
                maximum_retry_attempts=2,
                destination_config={"on_failure": {"destination": args.on_failure_arn}},
                opts=self._child,
            )


__all__ = ("LambdaFunction", "LambdaFunctionArgs", "Vpc", "function_log_group_name")
