"""What a running task may do, and what ECS may do to start it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi

from components.arns import Arns
from components.policies import Statement


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


def task_statements(
    arns: Arns, *, inference: InferenceProfile, sessions_table_arn: pulumi.Input[str]
) -> list[Statement]:
    """The application calls one model through one profile, and reads and writes one table. Nothing else."""
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
        Statement(sid="Sessions", actions=["dynamodb:GetItem", "dynamodb:PutItem"], resources=[sessions_table_arn]),
    ]


def execution_statements(
    arns: Arns, *, repository_arns: t.Sequence[pulumi.Input[str]], log_group: str
) -> list[Statement]:
    """ECS pulls the image and writes the log."""
    return [
        # AWS gives this action no resource to name.
        Statement(sid="RegistryLogin", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
        Statement(
            sid="PullTheImages",
            actions=["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            resources=list(repository_arns),
        ),
        Statement(
            sid="WriteTheLog",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=arns.log_group(log_group),
        ),
    ]


__all__ = ("InferenceProfile", "execution_statements", "task_statements")
