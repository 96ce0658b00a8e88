"""What a system hands over: alarms that judge it, a dashboard, roles for who works on it, and the delivery document."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pulumi
from components.alarm_topic import AlarmTopic, AlarmTopicArgs
from components.alarms import Alarms, AlarmSetArgs
from components.container_service import log_group_name
from components.delivery_policies import Deliverables
from components.lambda_function import LambdaFunction, function_log_group_name
from components.observability import Dashboard, DashboardArgs
from components.operator_areas import Area
from components.repositories import Repositories
from components.roles import DeliveryRoles, DeliveryRolesArgs
from components.watching import Watched
from delivery import DeliveredFunction, DeliveredSite, Delivery

from systems.fleet import Fleet
from systems.ground import Ground

Text = pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class ReleasedSite:
    """A bucket that releases publish to, and the distribution before it, if there is one."""

    delivered: DeliveredSite
    bucket_arn: Text
    distribution_arn: Text | None = None


@dataclass(frozen=True, kw_only=True)
class ReleasedFunction:
    """A function that releases change. ``name`` is the word for it in the stack."""

    made: LambdaFunction
    image: str
    role_arn: Text


@dataclass(frozen=True, kw_only=True)
class LookedAt:
    """What the observer looks at beside what is released."""

    api_ids: t.Sequence[Text] = ()
    queue_arns: t.Sequence[Text] = ()
    table_arns: t.Sequence[Text] = ()
    database_arns: t.Sequence[Text] = ()
    web_acl_arns: t.Sequence[Text] = ()


@dataclass(frozen=True, kw_only=True)
class Handover:
    """``areas`` are the kinds of resources of the system that its operator needs more rights for."""

    ground: Ground
    repositories: Repositories
    fleet: Fleet
    watched: t.Sequence[Watched]
    endpoints: t.Mapping[str, Text]
    sites: t.Mapping[str, ReleasedSite] = field(default_factory=dict)
    functions: t.Mapping[str, ReleasedFunction] = field(default_factory=dict)
    distribution_arns: t.Sequence[Text] = ()
    looked_at: LookedAt = field(default_factory=LookedAt)
    areas: t.Collection[Area] = ()
    repository_namespaces: t.Sequence[str] = ()

    def complete(self) -> dict[str, t.Any]:
        """Make what judges and releases the system, and return its delivery document."""
        alarms = self._alarms()
        dashboard = self._dashboard(alarms)
        roles = self._roles(dashboard)
        ground = self.ground
        return Delivery(
            system=ground.settings.system,
            environment=ground.settings.environment,
            region=ground.settings.region,
            account=ground.arns.account,
            repositories=self.repositories.urls,
            services=self.fleet.delivered,
            functions={
                name: DeliveredFunction(
                    name=function.made.name,
                    alias=function.made.alias,
                    image=function.image,
                    log_group=function.made.log_group_name,
                )
                for name, function in self.functions.items()
            },
            sites={name: site.delivered for name, site in self.sites.items()},
            endpoints=self.endpoints,
            alarms=alarms.names,
            deploy_role=roles.deploy_arn,
            observer_role=roles.observer_arn,
            infra_admin_role=roles.operator_arn,
            ledger_bucket=ground.ledger.bucket_name,
            ledger_prefix=ground.ledger.prefix,
        ).document()

    @property
    def _log_groups(self) -> list[str]:
        names = self.ground.names
        return [
            *(log_group_name(names, service) for service in self.fleet.delivered),
            *(function_log_group_name(names, function) for function in self.functions),
        ]

    def _alarms(self) -> Alarms:
        ground = self.ground
        topic = AlarmTopic(
            ground.names("alarm-topic"),
            AlarmTopicArgs(names=ground.names, arns=ground.arns, emails=ground.settings.alarm_emails),
        )
        watched = [*self.watched, *self.fleet.watched]
        return Alarms(ground.names("alarms"), AlarmSetArgs(names=ground.names, watched=watched, actions=[topic.arn]))

    def _dashboard(self, alarms: Alarms) -> Dashboard:
        ground = self.ground
        args = DashboardArgs(
            names=ground.names,
            region=ground.settings.region,
            watched=[*self.watched, *self.fleet.watched],
            alarm_arns=alarms.arns,
            log_groups=self._log_groups,
        )
        return Dashboard(ground.names("dashboard"), args)

    def _roles(self, dashboard: Dashboard) -> DeliveryRoles:
        ground, settings = self.ground, self.ground.settings
        return DeliveryRoles(
            ground.names("delivery-roles"),
            DeliveryRolesArgs(
                names=ground.names,
                arns=ground.arns,
                deliverables=self._deliverables(dashboard),
                github_subjects=settings.github_subjects,
                create_github_provider=settings.create_github_provider,
                operator_principals=settings.operator_principals,
                observer_principals=settings.observer_principals,
                areas=("notices", *self.areas),
                repository_namespaces=self.repository_namespaces,
            ),
        )

    def _deliverables(self, dashboard: Dashboard) -> Deliverables:
        fleet, looked_at = self.fleet, self.looked_at
        services = fleet.delivered.values()
        sites = self.sites.values()
        return Deliverables(
            cluster_name=fleet.cluster.name,
            service_arns=[service.arn for service in fleet.services.values()],
            families=[service.family for service in fleet.services.values()],
            task_role_arns=[role for service in services for role in (service.task_role, service.execution_role)],
            relied=fleet.relied,
            scalable_target_arns=fleet.scalable_target_arns,
            function_arns=[function.made.arn for function in self.functions.values()],
            function_role_arns=[function.role_arn for function in self.functions.values()],
            repository_arns=list(self.repositories.arns.values()),
            site_bucket_arns=[site.bucket_arn for site in sites],
            distribution_arns=[
                *(site.distribution_arn for site in sites if site.distribution_arn is not None),
                *self.distribution_arns,
            ],
            ledger_bucket_arn=self.ground.ledger.arn,
            ledger_prefix=self.ground.ledger.prefix,
            log_groups=self._log_groups,
            api_ids=looked_at.api_ids,
            queue_arns=looked_at.queue_arns,
            table_arns=looked_at.table_arns,
            database_arns=looked_at.database_arns,
            web_acl_arns=looked_at.web_acl_arns,
            dashboard_arns=[dashboard.arn],
        )


__all__ = ("Handover", "LookedAt", "ReleasedFunction", "ReleasedSite")
