"""References to secrets. Their values are put in by people, and read by tasks; Pulumi never sees one.

A secret of Secrets Manager can be made empty. A parameter of SSM cannot: it has a value from its first moment, which
would be in the state. So parameters are only ever named here.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.arns import Arns
from components.names import Names
from components.policies import Statement

SECRET_ARN = re.compile(r"arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:\S+-[A-Za-z0-9]{6}")


@dataclass(frozen=True, kw_only=True)
class NewSecret:
    """A secret made without a value. With ``keys``, its value is to be JSON with these."""

    description: str
    keys: t.Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ExistingSecret:
    """A secret somebody else made, by its name or by its ARN."""

    name: str | None = None
    arn: str | None = None
    keys: t.Sequence[str] = ()

    def __post_init__(self) -> None:
        if (self.name is None) == (self.arn is None):
            raise ValueError("name and arn exclude each other, and one of them is needed to find a secret.")
        if self.arn is not None and not SECRET_ARN.fullmatch(self.arn):
            # ECS takes a JSON key only after the whole ARN.
            raise ValueError(f"{self.arn!r} is not the whole ARN of a secret, with the six characters at its end.")


@dataclass(frozen=True, kw_only=True)
class SecretsArgs:
    names: Names
    arns: Arns
    new: t.Mapping[str, NewSecret] = field(default_factory=dict)
    existing: t.Mapping[str, ExistingSecret] = field(default_factory=dict)
    # Names of SSM parameters, such as /chatbot/prod/llm-key.
    parameters: t.Mapping[str, str] = field(default_factory=dict)
    # What encrypts the new ones; without it, the key that AWS manages for Secrets Manager.
    kms_key_arn: pulumi.Input[str] | None = None
    # What the existing ones and the parameters are encrypted with, where that is a key of one's own.
    decrypt_key_arns: t.Sequence[pulumi.Input[str]] = ()
    # 0 deletes at once and for good, which suits a stack that comes and goes.
    recovery_days: int = 30

    def __post_init__(self) -> None:
        twice = sorted(
            {*self.new} & {*self.existing} | {*self.new} & {*self.parameters} | {*self.existing} & {*self.parameters}
        )
        if twice:
            raise ValueError(f"{', '.join(twice)} is given twice: a name stands for one secret or one parameter.")
        if self.recovery_days != 0 and not 7 <= self.recovery_days <= 30:
            raise ValueError(f"recovery_days is {self.recovery_days}; it must be 0, or from 7 to 30.")
        for label, name in self.parameters.items():
            if not re.fullmatch(r"(/[\w.-]+)+|[\w.-]+", name):
                raise ValueError(f"{label} names the parameter {name!r}; give a name such as /chatbot/prod/llm-key.")


class Secrets(pulumi.ComponentResource):
    def __init__(self, name: str, args: SecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:secretsmanager:Secrets", name, None, opts)
        self._args = args
        self._keys: dict[str, tuple[str, ...]] = {}
        #: The secrets' ARNs, new and existing.
        self.arns: dict[str, pulumi.Output[str]] = {}
        for label, new in args.new.items():
            self._keys[label] = tuple(new.keys)
            self.arns[label] = self._make(label, new)
        for label, existing in args.existing.items():
            self._keys[label] = tuple(existing.keys)
            self.arns[label] = self._find(existing)
        #: What a program asks SSM for at run time.
        self.parameter_names: dict[str, str] = dict(args.parameters)
        self.parameter_arns: dict[str, pulumi.Output[str]] = {
            label: args.arns.of("ssm", f"parameter/{parameter.removeprefix('/')}")
            for label, parameter in args.parameters.items()
        }
        self.register_outputs({"arns": self.arns, "parameter_names": self.parameter_names})

    def reference(self, label: str, key: str | None = None) -> pulumi.Output[str]:
        """Return what a container's C(secrets) take: a secret, one JSON key of it, or a parameter."""
        if label in self.parameter_arns:
            if key is not None:
                raise ValueError(f"{label} is an SSM parameter, which has no keys; leave {key!r} out.")
            return self.parameter_arns[label]
        if label not in self.arns:
            known = ", ".join(sorted({*self.arns, *self.parameter_arns}))
            raise ValueError(f"There is no secret {label!r} here; there are: {known}.")
        if key is None:
            return self.arns[label]
        if key not in self._keys[label]:
            raise ValueError(f"The secret {label} has no key {key!r}; list it in its keys.")
        return pulumi.Output.concat(self.arns[label], f":{key}::")

    def read_statements(
        self, *labels: str, parameter_actions: t.Sequence[str] = ("ssm:GetParameters",)
    ) -> list[Statement]:
        """Return what a role needs to read these, or all of them. ECS asks by the action that stands here first."""
        chosen = labels or (*self.arns, *self.parameter_arns)
        secrets = [self.arns[label] for label in chosen if label in self.arns]
        parameters = [self.parameter_arns[label] for label in chosen if label in self.parameter_arns]
        own = [] if self._args.kms_key_arn is None else [self._args.kms_key_arn]
        keys = [*own, *self._args.decrypt_key_arns]
        statements = []
        if secrets:
            statements.append(
                Statement(sid="ReadTheSecrets", actions=["secretsmanager:GetSecretValue"], resources=secrets)
            )
        if parameters:
            statements.append(Statement(sid="ReadTheParameters", actions=list(parameter_actions), resources=parameters))
        if keys and statements:
            region = self._args.arns.region
            services = [f"{service}.{region}.amazonaws.com" for service in ("secretsmanager", "ssm")]
            statements.append(
                Statement(
                    sid="DecryptThem",
                    actions=["kms:Decrypt"],
                    resources=keys,
                    conditions={"StringEquals": {"kms:ViaService": services}},
                )
            )
        return statements

    def _make(self, label: str, new: NewSecret) -> pulumi.Output[str]:
        args = self._args
        # No fixed name: a deleted secret keeps its own for as long as it can be recovered.
        secret = aws.secretsmanager.Secret(
            args.names(label),
            description=new.description,
            kms_key_id=args.kms_key_arn,
            recovery_window_in_days=args.recovery_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        arn: pulumi.Output[str] = secret.arn
        return arn

    def _find(self, existing: ExistingSecret) -> pulumi.Output[str]:
        if existing.arn is not None:
            return pulumi.Output.from_input(existing.arn)
        # This asks about the secret, and not for its value.
        found = aws.secretsmanager.get_secret_output(name=existing.name, opts=pulumi.InvokeOutputOptions(parent=self))
        arn: pulumi.Output[str] = found.arn
        return arn


__all__ = ("ExistingSecret", "NewSecret", "Secrets", "SecretsArgs")
