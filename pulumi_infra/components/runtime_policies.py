"""What a running task or function may do, and what AWS may do to start it.

Each function is one grant, on the resources it is given. A role's policy is the sum of those its program needs.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

import pulumi

from components.arns import Arns
from components.policies import Statement

Text = pulumi.Input[str]
Access = t.Literal["read", "write", "read-write"]
SID_WORD = re.compile(r"[A-Za-z0-9]*")

# What looks and what changes, service by service.
ITEMS = {
    "read": ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"],
    "write": ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
}
OBJECTS = {"read": ["s3:GetObject"], "write": ["s3:PutObject"]}


@dataclass(frozen=True, kw_only=True)
class InferenceProfile:
    """A Bedrock inference profile, and the model that it may route to in each of its regions."""

    profile: str
    model: str
    model_regions: t.Sequence[str]

    def arn(self, arns: Arns) -> pulumi.Output[str]:
        if self.profile.startswith("arn:"):
            return pulumi.Output.from_input(self.profile)
        return arns.of("bedrock", f"inference-profile/{self.profile}")


def model_statements(arns: Arns, inference: InferenceProfile) -> list[Statement]:
    """One model through one profile: not the model by itself, nor another through the profile."""
    # The second one is what a streamed answer is authorised as.
    invoke = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
    profile = inference.arn(arns)
    models = [f"arn:aws:bedrock:{region}::foundation-model/{inference.model}" for region in inference.model_regions]
    return [
        Statement(sid="InvokeTheProfile", actions=invoke, resources=[profile]),
        Statement(
            sid="InvokeItsModelsThroughTheProfile",
            actions=invoke,
            resources=models,
            conditions={"StringEquals": {"bedrock:InferenceProfileArn": profile}},
        ),
    ]


def task_statements(
    arns: Arns, *, inference: InferenceProfile, sessions_table_arn: pulumi.Input[str]
) -> list[Statement]:
    """The application calls one model through one profile, and reads and writes one table. Nothing else."""
    return [
        *model_statements(arns, inference),
        Statement(sid="Sessions", actions=["dynamodb:GetItem", "dynamodb:PutItem"], resources=[sessions_table_arn]),
    ]


def table_statement(table_arns: t.Sequence[Text], *, access: Access = "read-write", word: str = "") -> Statement:
    """Items of tables and of their indexes. A scan reads a whole table, and is not among them."""
    return Statement(
        sid=f"ItemsOfTables{_word(word)}",
        actions=_actions(ITEMS, access),
        resources=[each for arn in table_arns for each in (arn, pulumi.Output.concat(arn, "/index/*"))],
    )


def send_statement(queue_arns: t.Sequence[Text]) -> Statement:
    return Statement(
        sid="SendMessages",
        actions=["sqs:GetQueueUrl", "sqs:SendMessage"],
        resources=list(queue_arns),
    )


def receive_statement(queue_arns: t.Sequence[Text]) -> Statement:
    return Statement(
        sid="ReceiveMessages",
        actions=[
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ReceiveMessage",
        ],
        resources=list(queue_arns),
    )


def secret_statement(secret_arns: t.Sequence[Text]) -> Statement:
    """Secrets by their whole ARNs; what follows an ARN in a task definition, such as a JSON key, is not part of it."""
    _refuse_json_keys(secret_arns)
    return Statement(sid="ReadTheSecrets", actions=["secretsmanager:GetSecretValue"], resources=list(secret_arns))


def parameter_statement(arns: Arns, names: t.Sequence[str]) -> Statement:
    """Parameters of SSM by their names, asked for one by one or several at once."""
    return Statement(
        sid="ReadTheParameters",
        actions=["ssm:GetParameter", "ssm:GetParameters"],
        resources=[arns.of("ssm", f"parameter/{name.removeprefix('/')}") for name in names],
    )


def decrypt_statement(arns: Arns, key_arns: t.Sequence[Text], *, services: t.Sequence[str]) -> Statement:
    """Keys of one's own, and only through the services that keep what they encrypt, such as C(ssm)."""
    via = [f"{service}.{arns.region}.amazonaws.com" for service in services]
    return Statement(
        sid="DecryptThroughTheirServices",
        actions=["kms:Decrypt"],
        resources=list(key_arns),
        conditions={"StringEquals": {"kms:ViaService": via}},
    )


def object_statements(
    bucket_arn: Text, *, prefix: str = "", access: Access = "read", word: str = ""
) -> list[Statement]:
    """Objects of a bucket, and their list.

    They are two resources: an action on objects is judged on ``<bucket>/<key>``, and the list on the bucket itself.
    A statement that names the bucket for both grants no object to anybody. Without the list, an object that is not
    there is answered 403 instead of 404.
    """
    if prefix.startswith("/") or "*" in prefix:
        raise ValueError(f"The prefix {prefix!r} must be the plain beginning of keys, such as source/.")
    listed = {"StringLike": {"s3:prefix": [prefix, f"{prefix}*"]}} if prefix else {}
    return [
        Statement(
            sid=f"Objects{_word(word)}",
            actions=_actions(OBJECTS, access),
            resources=[pulumi.Output.concat(bucket_arn, "/", prefix, "*")],
        ),
        Statement(
            sid=f"ListObjects{_word(word)}",
            actions=["s3:ListBucket"],
            resources=[bucket_arn],
            conditions=listed,
        ),
    ]


def file_statement(file_system_arn: Text, access_point_arns: t.Sequence[Text], *, write: bool = True) -> Statement:
    """Mount a file system of EFS, over TLS and only through its access points."""
    if not access_point_arns:
        raise ValueError("A file system is mounted through an access point; name at least one.")
    return Statement(
        sid="MountTheFileSystem",
        actions=["elasticfilesystem:ClientMount", *(["elasticfilesystem:ClientWrite"] if write else [])],
        resources=[file_system_arn],
        conditions={
            "StringEquals": {"elasticfilesystem:AccessPointArn": list(access_point_arns)},
            "Bool": {"aws:SecureTransport": "true"},
        },
    )


def discovery_statement(namespace_name: Text) -> Statement:
    """Ask Cloud Map who answers in a namespace. Names resolved by DNS need no permission at all."""
    return Statement(
        sid="FindServices",
        actions=["servicediscovery:DiscoverInstances"],
        # AWS gives this action no resource to name, but a condition.
        resources=["*"],
        conditions={"StringEquals": {"servicediscovery:NamespaceName": namespace_name}},
    )


def execution_statements(
    arns: Arns,
    *,
    repository_arns: t.Sequence[pulumi.Input[str]],
    log_group: str,
    secret_arns: t.Sequence[Text] = (),
    parameters: t.Sequence[str] = (),
    key_arns: t.Sequence[Text] = (),
) -> list[Statement]:
    """ECS pulls the image, writes the log, and puts secrets into the task's environment."""
    _refuse_json_keys(secret_arns)
    found = [
        # AWS gives this action no resource to name.
        Statement(sid="RegistryLogin", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        Statement(
            sid="PullTheImages",
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=list(repository_arns),
        ),
        write_log_statement(arns, log_group),
    ]
    if secret_arns:
        found.append(secret_statement(secret_arns))
    if parameters:
        # ECS asks for several at once, and never for one.
        resources = parameter_statement(arns, parameters).resources
        found.append(Statement(sid="ReadTheParameters", actions=["ssm:GetParameters"], resources=resources))
    if key_arns:
        found.append(decrypt_statement(arns, key_arns, services=["secretsmanager", "ssm"]))
    return found


def write_log_statement(arns: Arns, log_group: str) -> Statement:
    return Statement(
        sid="WriteTheLog",
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        resources=arns.log_group(log_group),
    )


def function_statements(
    arns: Arns,
    *,
    function_name: str,
    log_group: str,
    vpc: bool = False,
    on_failure_queue_arn: Text | None = None,
    tracing: bool = False,
) -> list[Statement]:
    """What every function needs to run at all. What its program does comes beside it, from the grants above."""
    found = [write_log_statement(arns, log_group)]
    if vpc:
        found += _network_statements(arns.of("lambda", f"function:{function_name}"))
    if on_failure_queue_arn is not None:
        found.append(Statement(sid="KeepWhatFailed", actions=["sqs:SendMessage"], resources=[on_failure_queue_arn]))
    if tracing:
        # AWS gives these actions no resource to name.
        actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        found.append(Statement(sid="SendTraces", actions=actions, resources=["*"]))
    return found


def _network_statements(function_arn: pulumi.Output[str]) -> list[Statement]:
    """Lambda connects a function to its VPC with the function's own role, before the program starts."""
    actions = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    ]
    return [
        # Interfaces get their ids when they are made, and Lambda checks for these actions without a resource.
        Statement(sid="ConnectToTheVpc", actions=actions, resources=["*"]),
        # This key is there only when the program itself calls, which has no business with interfaces.
        Statement(
            sid="ButNotTheProgramItself",
            effect="Deny",
            actions=actions,
            resources=["*"],
            conditions={"ArnEquals": {"lambda:SourceFunctionArn": function_arn}},
        ),
    ]


def _actions(kinds: t.Mapping[str, t.Sequence[str]], access: Access) -> list[str]:
    return sorted(action for kind, actions in kinds.items() if kind in access.split("-") for action in actions)


def _word(word: str) -> str:
    if not SID_WORD.fullmatch(word):
        raise ValueError(f"{word!r} becomes part of a statement's id, which has letters and digits only.")
    return word


def _refuse_json_keys(secret_arns: t.Sequence[Text]) -> None:
    for arn in secret_arns:
        if isinstance(arn, str) and arn.count(":") > 6:
            raise ValueError(
                f"{arn!r} goes on after the ARN of the secret; a policy names the secret and not its keys."
            )


__all__ = (
    "Access",
    "InferenceProfile",
    "decrypt_statement",
    "discovery_statement",
    "execution_statements",
    "file_statement",
    "function_statements",
    "model_statements",
    "object_statements",
    "parameter_statement",
    "receive_statement",
    "secret_statement",
    "send_statement",
    "table_statement",
    "task_statements",
    "write_log_statement",
)
