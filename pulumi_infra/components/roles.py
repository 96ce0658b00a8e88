"""The roles of a stack: what runs, who ships, who looks, and who changes the infrastructure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.arns import Arns
from components.delivery_policies import Deliverables, deploy_statements, observer_statements
from components.github_subjects import subjects_of
from components.names import Names
from components.operator_areas import Area, area_policies
from components.operator_policies import operator_statements
from components.policies import Statement, document, trust_principals, trust_service

# What a role may do; a function of its own ARN where the role itself is among what it may look at.
Statements = t.Sequence[Statement] | t.Callable[[pulumi.Output[str]], t.Sequence[Statement]]

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
class FunctionRoleArgs:
    names: Names
    function: str
    statements: t.Sequence[Statement]

    def __post_init__(self) -> None:
        if not self.statements:
            raise ValueError("A function needs at least to write its log; see runtime_policies.function_statements.")


class FunctionRole(pulumi.ComponentResource):
    """The role a function acts as. Lambda connects it to its network and its log with the same one."""

    def __init__(self, name: str, args: FunctionRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:iam:FunctionRole", name, None, opts)
        # Lambda names no account when it assumes a role; only functions of the role's own account can be given it.
        trust = document(
            [
                Statement(
                    sid="AssumedByLambda", actions=["sts:AssumeRole"], principals={"Service": "lambda.amazonaws.com"}
                )
            ]
        )
        self.arn = _role(
            self,
            args.names(f"{args.function}-function"),
            f"What {args.function} may do while it runs",
            trust,
            args.statements,
        )
        self.register_outputs({"arn": self.arn})


@dataclass(frozen=True, kw_only=True)
class DeliveryRolesArgs:
    """``areas`` are the kinds of resources the operator's role covers beside the usual ones.

    ``github_subjects`` are exact: see L(components.github_subjects). ``repository_namespaces`` are those of
    repositories that are not called after the stack.
    """

    names: Names
    arns: Arns
    deliverables: Deliverables
    github_subjects: t.Sequence[str]
    create_github_provider: bool = True
    operator_principals: t.Sequence[str] = ()
    observer_principals: t.Sequence[str] = ()
    areas: t.Collection[Area] = ()
    repository_namespaces: t.Sequence[str] = ()

    def __post_init__(self) -> None:
        subjects_of(self.github_subjects)
        for principal in (*self.operator_principals, *self.observer_principals):
            if "*" in principal:
                raise ValueError(f"The principal {principal!r} is a pattern; name each that may assume a role.")


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
            lambda own: deploy_statements(arns, stack, own_role=own),
        )
        self.observer_arn = _role(
            self,
            names("observer"),
            "Looks at this stack; changes nothing",
            self._people(args.observer_principals),
            observer_statements(arns, stack),
        )
        self.operator_arn = self._operator()
        self.register_outputs({"deploy_arn": self.deploy_arn, "observer_arn": self.observer_arn})

    def _operator(self) -> pulumi.Output[str]:
        args = self._args
        name = args.names("infra-admin")
        role, arn = _made(
            self,
            name,
            "Runs pulumi up for this stack",
            self._people(args.operator_principals),
            operator_statements(
                args.arns, args.names, areas=args.areas, repository_namespaces=args.repository_namespaces
            ),
        )
        child = pulumi.ResourceOptions(parent=self)
        for number, statements in enumerate(area_policies(args.arns, args.names, args.areas), start=1):
            policy = aws.iam.Policy(
                f"{name}-{number}",
                description=f"What {name} may do beside the usual",
                policy=document(statements),
                opts=child,
            )
            aws.iam.RolePolicyAttachment(f"{name}-{number}", role=role.name, policy_arn=policy.arn, opts=child)
        return arn

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
    statements: Statements,
) -> pulumi.Output[str]:
    return _made(parent, name, description, trust, statements)[1]


def _made(
    parent: pulumi.Resource,
    name: str,
    description: str,
    trust: pulumi.Output[str],
    statements: Statements,
) -> tuple[aws.iam.Role, pulumi.Output[str]]:
    """Make a role and its policy; whoever gets the ARN gets a role that can already do its work."""
    child = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(name, description=description, assume_role_policy=trust, opts=child)
    told = statements(role.arn) if callable(statements) else statements
    if not told:
        # It may nothing, and IAM takes no policy without a statement.
        return role, role.arn
    policy = aws.iam.RolePolicy(name, role=role.name, policy=document(told), opts=child)
    arn: pulumi.Output[str] = pulumi.Output.all(role.arn, policy.id).apply(lambda known: str(known[0]))
    return role, arn


__all__ = (
    "DeliveryRoles",
    "DeliveryRolesArgs",
    "FunctionRole",
    "FunctionRoleArgs",
    "RuntimeRoles",
    "RuntimeRolesArgs",
)
