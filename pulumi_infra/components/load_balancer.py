"""A public Application Load Balancer: HTTP, or HTTPS with everything else sent there.

Paths that no service claimed are answered 404 here, unless a target group takes them.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.ingress import Ingress, admit, ipv4_range
from components.names import Names
from components.network import ANYWHERE
from components.policies import Statement

# TLS 1.2 with forward secrecy, and 1.3.
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
LOG_DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"
NOT_SERVED: dict[str, t.Any] = {
    "type": "fixed-response",
    "fixed_response": {"content_type": "text/plain", "message_body": "Nothing is served here.", "status_code": "404"},
}
TO_HTTPS: dict[str, t.Any] = {
    "type": "redirect",
    "redirect": {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"},
}


@dataclass(frozen=True, kw_only=True)
class AccessLogs:
    """Where each request is written down. The bucket's policy must have L(access_log_statement) before."""

    bucket: pulumi.Input[str]
    prefix: str = ""

    def __post_init__(self) -> None:
        if self.prefix.startswith("/") or self.prefix.endswith("/") or "AWSLogs" in self.prefix:
            raise ValueError(
                f"{self.prefix!r} cannot be the prefix of access logs: no slash at either end, and no AWSLogs in it."
            )


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """Who may come is ``allowed_cidrs``, or the addresses in ``allowed_prefix_list_ids``, or both."""

    names: Names
    vpc_id: pulumi.Input[str]
    subnet_ids: t.Sequence[pulumi.Input[str]]
    allowed_cidrs: t.Sequence[str] = (ANYWHERE,)
    allowed_prefix_list_ids: t.Sequence[pulumi.Input[str]] = ()
    certificate_arn: pulumi.Input[str] | None = None
    default_target_group_arn: pulumi.Input[str] | None = None
    idle_timeout_seconds: int = 60
    access_logs: AccessLogs | None = None
    deletion_protection: bool = False

    def __post_init__(self) -> None:
        if not self.allowed_cidrs and not self.allowed_prefix_list_ids:
            raise ValueError("Nobody may reach the load balancer: name ranges in allowed_cidrs, or a prefix list.")
        ranges = [ipv4_range(cidr) for cidr in self.allowed_cidrs]
        if len(set(ranges)) != len(ranges):
            raise ValueError(f"allowed_cidrs names a range twice: {', '.join(self.allowed_cidrs)}.")
        if len(ranges) > 1 and any(item.prefixlen == 0 for item in ranges):
            raise ValueError(f"{ANYWHERE} admits everybody, so the other ranges of allowed_cidrs mean nothing.")
        if not 1 <= self.idle_timeout_seconds <= 4000:
            raise ValueError(f"A load balancer waits 1 to 4000 seconds for an answer, not {self.idle_timeout_seconds}.")


class LoadBalancer(pulumi.ComponentResource):
    """``listener_arn`` is where services hang their rules: the HTTPS one, where there is a certificate."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:lb:LoadBalancer", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._tls = args.certificate_arn is not None
        names = args.names
        group = self._security_group()
        logs = args.access_logs
        balancer = aws.lb.LoadBalancer(
            names.short("alb"),
            load_balancer_type="application",
            internal=False,
            security_groups=[group.id],
            subnets=list(args.subnet_ids),
            drop_invalid_header_fields=True,
            idle_timeout=args.idle_timeout_seconds,
            enable_deletion_protection=args.deletion_protection,
            access_logs={"bucket": logs.bucket, "prefix": logs.prefix, "enabled": True} if logs else None,
            opts=self._child,
        )
        if args.default_target_group_arn is None:
            default = NOT_SERVED
        else:
            default = {"type": "forward", "target_group_arn": args.default_target_group_arn}
        listener = aws.lb.Listener(
            names("http"),
            load_balancer_arn=balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[t.cast("t.Any", TO_HTTPS if self._tls else default)],
            opts=self._child,
        )
        if self._tls:
            listener = aws.lb.Listener(
                names("https"),
                load_balancer_arn=balancer.arn,
                port=443,
                protocol="HTTPS",
                ssl_policy=TLS_POLICY,
                certificate_arn=args.certificate_arn,
                default_actions=[t.cast("t.Any", default)],
                opts=self._child,
            )
        self.security_group_id: pulumi.Output[str] = group.id
        self.arn: pulumi.Output[str] = balancer.arn
        self.arn_suffix: pulumi.Output[str] = balancer.arn_suffix
        self.dns_name: pulumi.Output[str] = balancer.dns_name
        self.zone_id: pulumi.Output[str] = balancer.zone_id
        self.listener_arn: pulumi.Output[str] = listener.arn
        self.register_outputs({"dns_name": self.dns_name, "listener_arn": self.listener_arn})

    def _security_group(self) -> aws.ec2.SecurityGroup:
        args, names = self._args, self._args.names
        group = aws.ec2.SecurityGroup(
            names("alb"),
            description="Load balancer: HTTP from outside, and only to the tasks behind it",
            vpc_id=args.vpc_id,
            tags={"Name": names("alb")},
            opts=self._child,
        )
        doors = {"http": 80, "https": 443} if self._tls else {"http": 80}
        for word, port in doors.items():
            for cidr in args.allowed_cidrs:
                self._admit(group.id, word, port, cidr)
        # A prefix list is a service that was told the port: it needs no redirect, and a group has few rules.
        word, port = list(doors.items())[-1]
        for index, prefix_list_id in enumerate(args.allowed_prefix_list_ids):
            rule = Ingress(source="a prefix list", port=port, prefix_list_id=prefix_list_id)
            name = names(f"alb-{word}-list-{index}")
            admit(name, group.id, rule, description=f"{word.upper()} from a prefix list", opts=self._child)
        return group

    def _admit(self, group_id: pulumi.Input[str], word: str, port: int, cidr: str) -> None:
        """Open a port to a range. Only here may the range be the whole world."""
        suffix = "" if cidr == ANYWHERE else "-" + cidr.replace("/", "-").replace(".", "-")
        aws.vpc.SecurityGroupIngressRule(
            self._args.names(f"alb-{word}{suffix}"),
            security_group_id=group_id,
            description=word.upper(),
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=cidr,
            opts=self._child,
        )


def access_log_statement(
    bucket_arn: pulumi.Input[str], *, account: str, region: str, logs_prefix: str = ""
) -> Statement:
    """Return what a bucket's policy must say before a load balancer of this account may write its log there."""
    folder = f"{logs_prefix}/AWSLogs" if logs_prefix else "AWSLogs"
    return Statement(
        sid="LoadBalancersWriteTheirLog",
        actions=["s3:PutObject"],
        principals={"Service": LOG_DELIVERY},
        resources=[pulumi.Output.concat(bucket_arn, f"/{folder}/{account}/*")],
        conditions={
            "ArnLike": {"aws:SourceArn": f"arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/*"},
        },
    )


__all__ = ("AccessLogs", "LoadBalancer", "LoadBalancerArgs", "access_log_statement")
