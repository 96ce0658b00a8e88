# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS asks IAM about a call: actions, resources and condition keys, from its service authorization reference.

One row for each operation that the collection or the application calls. An operation without a row is an error: then
somebody has to look up what AWS asks, and write it down here.
"""

from __future__ import annotations

import dataclasses
import typing as t

from evaluator import Question
from recorded_call import Call

ECS_TASKS = "ecs-tasks.amazonaws.com"
# Where an inference profile may send a request, by the first word of its id, as the stacks' configuration has it.
PROFILE_REGIONS = {"apac": ("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2")}


class UnmappedCall(ValueError):
    """Nobody has looked up what AWS asks about this call."""


@dataclasses.dataclass(frozen=True)
class Place:
    """The account and region whose ARNs are spelled."""

    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def repository(self, name: str) -> str:
        return self.arn("ecr", f"repository/{name}")

    def cluster(self, name: str) -> str:
        return name if name.startswith("arn:") else self.arn("ecs", f"cluster/{name or 'default'}")

    def in_cluster(self, kind: str, cluster: str, name: str) -> str:
        return name if name.startswith("arn:") else self.arn("ecs", f"{kind}/{cluster.rpartition('/')[2]}/{name}")


Asked = t.Callable[[t.Mapping[str, t.Any], Place], list[Question]]


def questions(call: Call, place: Place) -> list[Question]:
    """Return everything IAM must allow for this call."""
    row = TABLE.get((call.service, call.operation))
    if row is None:
        raise UnmappedCall(
            f"{call.name} was called, and tests/least_privilege/authorisation.py does not say what AWS asks about it. "
            "Look it up in the service authorization reference and add a row."
        )
    return row(call.parameters, place)


def nothing(_parameters: t.Mapping[str, t.Any], _place: Place) -> list[Question]:
    """AWS asks no policy: the call needs no permission, or a trust policy decides."""
    return []


def on_everything(action: str) -> Asked:
    """AWS knows no resource for the action."""
    return lambda _parameters, _place: [Question(action, "*")]


# -- ECS: services, tasks and families; the cluster is a condition key --


def _ecs(action: str, cluster: str, resource: str, place: Place) -> Question:
    return Question(f"ecs:{action}", resource, {"ecs:cluster": place.cluster(cluster)})


def _describe_services(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    cluster = parameters.get("cluster", "")
    return [
        _ecs("DescribeServices", cluster, place.in_cluster("service", cluster, name), place)
        for name in parameters["services"]
    ]


def _update_service(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    cluster = parameters.get("cluster", "")
    return [_ecs("UpdateService", cluster, place.in_cluster("service", cluster, parameters["service"]), place)]


def _describe_tasks(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    cluster = parameters.get("cluster", "")
    return [
        _ecs("DescribeTasks", cluster, place.in_cluster("task", cluster, task), place) for task in parameters["tasks"]
    ]


def _describe_service_deployments(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    """A deployment belongs to a service, which is in the ARN of it: both are asked about."""
    asked = []
    for arn in parameters["serviceDeploymentArns"]:
        _kind, cluster, service, _id = str(arn).rpartition(":")[2].split("/")
        asked.append(_ecs("DescribeServiceDeployments", cluster, place.in_cluster("service", cluster, service), place))
        asked.append(_ecs("DescribeServiceDeployments", cluster, str(arn), place))
    return asked


def _list_tasks(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    cluster = parameters.get("cluster", "")
    return [_ecs("ListTasks", cluster, place.in_cluster("container-instance", cluster, "*"), place)]


def _run_task(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    cluster, name = parameters.get("cluster", ""), str(parameters["taskDefinition"])
    definition = name if name.startswith("arn:") else place.arn("ecs", f"task-definition/{name}")
    asked = [_ecs("RunTask", cluster, definition, place)]
    if parameters.get("tags"):
        asked.append(
            Question("ecs:TagResource", place.in_cluster("task", cluster, "*"), {"ecs:CreateAction": "RunTask"})
        )
    passed = [(parameters.get("overrides") or {}).get(role) for role in ("taskRoleArn", "executionRoleArn")]
    return [*asked, *(Question("iam:PassRole", role, {"iam:PassedToService": ECS_TASKS}) for role in passed if role)]


def _stop_task(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    cluster = parameters.get("cluster", "")
    return [_ecs("StopTask", cluster, place.in_cluster("task", cluster, parameters["task"]), place)]


def _describe_clusters(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    return [Question("ecs:DescribeClusters", place.cluster(name)) for name in parameters.get("clusters") or [""]]


def _capacity_providers(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    names = [str(name).rpartition("/")[2] for name in parameters.get("capacityProviders") or ["*"]]
    return [Question("ecs:DescribeCapacityProviders", place.arn("ecs", f"capacity-provider/{name}")) for name in names]


def _register_task_definition(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    family = place.arn("ecs", f"task-definition/{parameters['family']}:*")
    asked = [Question("ecs:RegisterTaskDefinition", family)]
    if parameters.get("tags"):
        asked.append(Question("ecs:TagResource", family, {"ecs:CreateAction": "RegisterTaskDefinition"}))
    passed = [parameters.get(role) for role in ("taskRoleArn", "executionRoleArn")]
    return [
        *asked,
        *(Question("iam:PassRole", role, {"iam:PassedToService": ECS_TASKS}) for role in passed if role),
    ]


# -- ECR: its API, and the names AWS gives to what an engine says to the registry --


def _on_repository(action: str) -> Asked:
    return lambda parameters, place: [Question(f"ecr:{action}", place.repository(parameters["repositoryName"]))]


def _describe_repositories(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    names = parameters.get("repositoryNames") or ["*"]
    return [Question("ecr:DescribeRepositories", place.repository(name)) for name in names]


# -- S3: an object, or the bucket that lists --


def _object(action: str, parameters: t.Mapping[str, t.Any], key: str | None = None) -> Question:
    return Question(f"s3:{action}", f"arn:aws:s3:::{parameters['Bucket']}/{key or parameters['Key']}")


def _read_object(parameters: t.Mapping[str, t.Any], _place: Place) -> list[Question]:
    return [_object("GetObjectVersion" if parameters.get("VersionId") else "GetObject", parameters)]


def _copy_object(parameters: t.Mapping[str, t.Any], _place: Place) -> list[Question]:
    source, _mark, version = str(parameters["CopySource"]).partition("?versionId=")
    read = "s3:GetObjectVersion" if version else "s3:GetObject"
    return [Question(read, f"arn:aws:s3:::{source}"), _object("PutObject", parameters)]


def _delete_objects(parameters: t.Mapping[str, t.Any], _place: Place) -> list[Question]:
    return [_object("DeleteObject", parameters, key) for key in parameters["Keys"]]


def _list_objects(parameters: t.Mapping[str, t.Any], _place: Place) -> list[Question]:
    context = {"s3:prefix": str(parameters["Prefix"])} if parameters.get("Prefix") else {}
    return [Question("s3:ListBucket", f"arn:aws:s3:::{parameters['Bucket']}", context)]


# -- what the look before a release asks --


def _role(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    """A role is asked for by its name, and AWS knows its path; the stacks' roles have none."""
    return [Question("iam:GetRole", f"arn:aws:iam::{place.account}:role/{parameters['RoleName']}")]


def _simulated(parameters: t.Mapping[str, t.Any], _place: Place) -> list[Question]:
    return [Question("iam:SimulatePrincipalPolicy", str(parameters["PolicySourceArn"]))]


def _on_secret(action: str) -> Asked:
    return lambda parameters, place: [
        Question(
            f"secretsmanager:{action}",
            str(parameters["SecretId"])
            if str(parameters["SecretId"]).startswith("arn:")
            else place.arn("secretsmanager", f"secret:{parameters['SecretId']}-??????"),
        )
    ]


def _on_file_system(action: str) -> Asked:
    return lambda parameters, place: [
        Question(
            f"elasticfilesystem:{action}",
            place.arn("elasticfilesystem", f"file-system/{parameters.get('FileSystemId') or '*'}"),
        )
    ]


# -- what scales services, and is held still meanwhile --


def _on_scalable_target(action: str) -> Asked:
    """Its ARN carries an id of AWS's own, so a call that names a service is about one that cannot be told here."""
    return lambda parameters, place: [
        Question(
            f"application-autoscaling:{action}",
            str(parameters.get("ResourceARN") or place.arn("application-autoscaling", "scalable-target/*")),
        )
    ]


# -- the rest --


def _on_distribution(action: str) -> Asked:
    return lambda parameters, place: [
        Question(
            f"cloudfront:{action}", f"arn:aws:cloudfront::{place.account}:distribution/{parameters['DistributionId']}"
        )
    ]


def _log_events(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
    group, stream = parameters["logGroupName"], parameters["logStreamName"]
    return [Question("logs:GetLogEvents", place.arn("logs", f"log-group:{group}:log-stream:{stream}"))]


def _items(action: str) -> Asked:
    return lambda parameters, place: [
        Question(f"dynamodb:{action}", place.arn("dynamodb", f"table/{parameters['TableName']}"))
    ]


def _model(action: str) -> Asked:
    """A model by itself, or a profile and, through it, its model wherever the profile may send the request.

    There is no permission called Converse: AWS asks whether the model may be invoked.
    """

    def asked(parameters: t.Mapping[str, t.Any], place: Place) -> list[Question]:
        name = str(parameters["modelId"]).rpartition("/")[2]
        area, _dot, model = name.partition(".")
        if area not in PROFILE_REGIONS:
            return [Question(f"bedrock:{action}", f"arn:aws:bedrock:{place.region}::foundation-model/{name}")]
        profile = place.arn("bedrock", f"inference-profile/{name}")
        through = {"bedrock:InferenceProfileArn": profile}
        return [
            Question(f"bedrock:{action}", profile),
            *(
                Question(f"bedrock:{action}", f"arn:aws:bedrock:{region}::foundation-model/{model}", through)
                for region in PROFILE_REGIONS[area]
            ),
        ]

    return asked


STREAM = "InvokeModelWithResponseStream"
TABLE: dict[tuple[str, str], Asked] = {
    ("application-autoscaling", "DescribeScalableTargets"): on_everything(
        "application-autoscaling:DescribeScalableTargets"
    ),
    **{
        ("application-autoscaling", action): _on_scalable_target(action)
        for action in ("ListTagsForResource", "RegisterScalableTarget", "TagResource", "UntagResource")
    },
    ("bedrock-runtime", "Converse"): _model("InvokeModel"),
    ("bedrock-runtime", "ConverseStream"): _model(STREAM),
    ("bedrock-runtime", "InvokeModel"): _model("InvokeModel"),
    ("bedrock-runtime", STREAM): _model(STREAM),
    ("cloudfront", "CreateInvalidation"): _on_distribution("CreateInvalidation"),
    ("cloudfront", "GetInvalidation"): _on_distribution("GetInvalidation"),
    ("cloudfront", "ListInvalidations"): _on_distribution("ListInvalidations"),
    # AWS has a resource for it, all alarms of the account, and answers with composite ones only where it is "*".
    ("cloudwatch", "DescribeAlarms"): lambda _parameters, place: [
        Question("cloudwatch:DescribeAlarms", place.arn("cloudwatch", "alarm:*"))
    ],
    ("dynamodb", "GetItem"): _items("GetItem"),
    ("dynamodb", "PutItem"): _items("PutItem"),
    ("ec2", "DescribeSubnets"): on_everything("ec2:DescribeSubnets"),
    ("ecr", "BatchGetImage"): _on_repository("BatchGetImage"),
    ("ecr", "DescribeImages"): _on_repository("DescribeImages"),
    ("ecr", "DescribeRepositories"): _describe_repositories,
    ("ecr", "GetAuthorizationToken"): on_everything("ecr:GetAuthorizationToken"),
    ("ecr", "GetDownloadUrlForLayer"): _on_repository("GetDownloadUrlForLayer"),
    ("ecr", "PutImage"): _on_repository("PutImage"),
    # AWS knows no resource for it: whoever may deregister one revision may deregister any.
    ("ecs", "DeregisterTaskDefinition"): on_everything("ecs:DeregisterTaskDefinition"),
    ("ecs", "DescribeCapacityProviders"): _capacity_providers,
    ("ecs", "DescribeClusters"): _describe_clusters,
    ("ecs", "DescribeServiceDeployments"): _describe_service_deployments,
    ("ecs", "DescribeServices"): _describe_services,
    ("ecs", "DescribeTaskDefinition"): on_everything("ecs:DescribeTaskDefinition"),
    ("ecs", "DescribeTasks"): _describe_tasks,
    ("ecs", "ListServices"): lambda parameters, place: [
        _ecs("ListServices", parameters.get("cluster", ""), "*", place)
    ],
    ("ecs", "ListTaskDefinitions"): on_everything("ecs:ListTaskDefinitions"),
    ("ecs", "ListTasks"): _list_tasks,
    ("ecs", "RegisterTaskDefinition"): _register_task_definition,
    ("ecs", "RunTask"): _run_task,
    ("ecs", "StopTask"): _stop_task,
    ("ecs", "UpdateService"): _update_service,
    ("efs", "DescribeFileSystems"): _on_file_system("DescribeFileSystems"),
    ("efs", "DescribeMountTargets"): _on_file_system("DescribeMountTargets"),
    ("elbv2", "DescribeTargetGroupAttributes"): on_everything("elasticloadbalancing:DescribeTargetGroupAttributes"),
    ("elbv2", "DescribeTargetGroups"): on_everything("elasticloadbalancing:DescribeTargetGroups"),
    ("elbv2", "DescribeTargetHealth"): on_everything("elasticloadbalancing:DescribeTargetHealth"),
    ("iam", "GetRole"): _role,
    ("iam", "SimulatePrincipalPolicy"): _simulated,
    # Judged on all log groups, whatever the prefix that is asked for.
    ("logs", "DescribeLogGroups"): on_everything("logs:DescribeLogGroups"),
    ("logs", "GetLogEvents"): _log_events,
    ("registry", "Ping"): nothing,
    **{
        ("registry", action): _on_repository(action)
        for action in (
            "BatchCheckLayerAvailability",
            "BatchGetImage",
            "CompleteLayerUpload",
            "GetDownloadUrlForLayer",
            "InitiateLayerUpload",
            "PutImage",
            "UploadLayerPart",
        )
    },
    ("s3", "CopyObject"): _copy_object,
    ("s3", "DeleteObjects"): _delete_objects,
    ("s3", "GetObject"): _read_object,
    ("s3", "HeadObject"): _read_object,
    ("s3", "ListObjectsV2"): _list_objects,
    ("s3", "PutObject"): lambda parameters, _place: [_object("PutObject", parameters)],
    ("secretsmanager", "DescribeSecret"): _on_secret("DescribeSecret"),
    ("secretsmanager", "GetResourcePolicy"): _on_secret("GetResourcePolicy"),
    ("ssm", "DescribeParameters"): on_everything("ssm:DescribeParameters"),
    # The role's trust policy decides, and AWS never denies the question who one is.
    ("sts", "AssumeRoleWithWebIdentity"): nothing,
    ("sts", "GetCallerIdentity"): nothing,
}


__all__ = ("TABLE", "Place", "UnmappedCall", "questions")
