"""The roles of a stack: what runs, who ships, who looks, and who changes the infrastructure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.arns import Arns
from components.delivery_policies import Deliverables, deploy_statements, observer_statements
from components.names import Names
from components.operator_policies import operator_statements
from components.policies import Statement, document, trust_principals, trust_service

GITHUB = "token.actions.githubusercontent.com"
GITHUB_AUDIENCE = "sts.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class RuntimeRolesArgs:
    names: Names
    arns: Arns
    service: str
    task: t.Sequence[Statement]
    execution: t.Sequence[Statement]


class RuntimeRoles(pulumi.ComponentResource):
    """The role the application acts as, and the role ECS acts as to start it."""

    def __init__(self, name: str, args: RuntimeRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:iam:RuntimeRoles", name, None, opts)
        trust = trust_service("ecs-tasks.amazonaws.com", account=args.arns.account)
        self.task_arn = _role(
            self, args.names(f"{args.service}-task"), f"What {args.service} may do while it runs", trust, args.task
        )
        self.execution_arn = _role(
            self, args.names(f"{args.service}-execution"), f"Starts the tasks of {args.service}", trust, args.execution
        )
        self.register_outputs({"task_arn": self.task_arn, "execution_arn": self.execution_arn})


@dataclass(frozen=True, kw_only=True)
class DeliveryRolesArgs:
    names: Names
    arns: Arns
    deliverables: Deliverables
    github_subjects: t.Sequence[str]
    create_github_provider: bool = True
    operator_principals: t.Sequence[str] = ()
    observer_principals: t.Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.github_subjects:
            raise ValueError("The deploy role needs at least one subject that may assume it.")


class DeliveryRoles(pulumi.ComponentResource):
    """The roles of the pipeline and of people."""

    def __init__(self, name: str, args: DeliveryRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:iam:DeliveryRoles", name, None, opts)
        self._args = args
        names, arns, stack = args.names, args.arns, args.deliverables
        self.deploy_arn = _role(
            self,
            names("deploy"),
            "Releases this stack from GitHub Actions; changes no infrastructure",
            self._github_trust(),
            deploy_statements(arns, stack),
        )
        self.observer_arn = _role(
            self,
            names("observer"),
            "Looks at this stack; changes nothing",
            self._people(args.observer_principals),
            observer_statements(arns, stack),
        )
        self.operator_arn = _role(
            self,
            names("infra-admin"),
            "Runs pulumi up for this stack",
            self._people(args.operator_principals),
            operator_statements(arns, names),
        )
        self.register_outputs({"deploy_arn": self.deploy_arn, "observer_arn": self.observer_arn})

    def _people(self, principals: t.Sequence[str]) -> pulumi.Output[str]:
        # The account itself stands for whoever its administrators give sts:AssumeRole on this role.
        return trust_principals(list(principals) or [self._args.arns.everywhere("iam", "root")])

    def _github_trust(self) -> pulumi.Output[str]:
        equals = {f"{GITHUB}:aud": GITHUB_AUDIENCE, f"{GITHUB}:sub": list(self._args.github_subjects)}
        return document(
            [
                Statement(
                    sid="AssumedByThePipeline",
                    actions=["sts:AssumeRoleWithWebIdentity"],
                    principals={"Federated": self._github_provider()},
                    conditions={"StringEquals": equals},
                )
            ]
        )

    def _github_provider(self) -> pulumi.Output[str]:
        if not self._args.create_github_provider:
            return self._args.arns.everywhere("iam", f"oidc-provider/{GITHUB}")
        provider = aws.iam.OpenIdConnectProvider(
            self._args.names("github"),
            url=f"https://{GITHUB}",
            client_id_lists=[GITHUB_AUDIENCE],
            opts=pulumi.ResourceOptions(parent=self),
        )
        arn: pulumi.Output[str] = provider.arn
        return arn


def _role(
    parent: pulumi.Resource,
    name: str,
    description: str,
    trust: pulumi.Output[str],
    statements: t.Sequence[Statement],
) -> pulumi.Output[str]:
    child = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(name, description=description, assume_role_policy=trust, opts=child)
    policy = aws.iam.RolePolicy(name, role=role.name, policy=document(statements), opts=child)
    # Whoever gets the ARN gets a role that can already do its work.
    arn: pulumi.Output[str] = pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0]))
    return arn


__all__ = ("DeliveryRoles", "DeliveryRolesArgs", "RuntimeRoles", "RuntimeRolesArgs")
