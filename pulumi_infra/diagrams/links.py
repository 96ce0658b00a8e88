"""What leads from card to card: references in properties, rules of security groups, and what policies allow."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from diagrams import kinds
from diagrams.cards import Cards
from diagrams.facts import admitted, api_routes, ports, trust
from diagrams.graph import Graph, Resource, parsed
from diagrams.model import Edge, Flow, Look, Node, Place

LISTENER = "aws:lb/listener:Listener"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ALIAS = "aws:route53/record:Record"
PEOPLE = Node(id="people", place=Place.PEOPLE, look=Look.PERSON, word="browser", title="People")

Labels = t.Callable[[Graph, Resource, str], t.Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Link:
    """A property whose mention of another resource is an edge. ``back``: the other one is where the edge begins."""

    type: str
    property: tuple[str, ...]
    flow: Flow
    back: bool = False
    labels: Labels = lambda _graph, _resource, _target: ()


def _words(*words: str) -> Labels:
    return lambda _graph, _resource, _target: words


def _paths_to_origin(graph: Graph, distribution: Resource, target: str) -> list[str]:  # noqa: ARG001
    origins = {
        str(origin["originId"])
        for number, origin in enumerate(distribution.inputs["origins"])
        if target in distribution.mentioned("origins", str(number))
    }
    behaviours = distribution.inputs.get("orderedCacheBehaviors") or []
    paths = [str(item["pathPattern"]) for item in behaviours if item["targetOriginId"] in origins]
    if distribution.inputs["defaultCacheBehavior"]["targetOriginId"] in origins:
        paths.append("all other paths" if behaviours else "all paths")
    return paths


def _paths_of_rule(graph: Graph, rule: Resource, target: str) -> list[str]:  # noqa: ARG001
    patterns = [item for condition in rule.inputs["conditions"] if (item := condition.get("pathPattern"))]
    paths = [str(path) for pattern in patterns for path in pattern["values"]]
    others = [
        other for other in graph.of(kinds.RULE) if other.mentioned("listenerArn") == rule.mentioned("listenerArn")
    ]
    rest = "all other paths" if len(others) > 1 else "all paths"
    return [rest if path == "/*" else path for path in paths]


def _routes(graph: Graph, integration: Resource, target: str) -> list[str]:  # noqa: ARG001
    return [route for api in integration.mentioned("restApi") for route in api_routes(graph, api)]


def _mount_paths(graph: Graph, definition: Resource, target: str) -> list[str]:
    """Return where the containers mount what one of the task's volumes is of."""
    del graph
    volumes = {
        str(volume["name"])
        for number, volume in enumerate(definition.inputs["volumes"])
        if target in definition.mentioned("volumes", str(number))
    }
    containers = parsed(definition.inputs["containerDefinitions"]) or []
    mounts = [mount for item in containers for mount in item.get("mountPoints", [])]
    return sorted({str(mount["containerPath"]) for mount in mounts if mount["sourceVolume"] in volumes})


# Everything else that resources say of each other is how they are wired, and no way that anything goes.
LINKS = (
    Link(type=kinds.DISTRIBUTION, property=("origins", "*", "domainName"), flow=Flow.REQUEST, labels=_paths_to_origin),
    Link(type=kinds.DISTRIBUTION, property=("webAclId",), flow=Flow.GUARD, back=True),
    Link(type=kinds.DISTRIBUTION, property=("viewerCertificate",), flow=Flow.GUARD, back=True, labels=_words("TLS")),
    Link(type=LISTENER, property=("certificateArn",), flow=Flow.GUARD, back=True, labels=_words("TLS")),
    Link(type=LISTENER, property=("defaultActions",), flow=Flow.REQUEST, labels=_words("all other paths")),
    Link(type=kinds.RULE, property=("actions",), flow=Flow.REQUEST, labels=_paths_of_rule),
    Link(type=ALIAS, property=("aliases",), flow=Flow.REQUEST),
    Link(
        type="aws:apigateway/domainName:DomainName",
        property=("regionalCertificateArn",),
        flow=Flow.GUARD,
        back=True,
        labels=_words("TLS"),
    ),
    Link(type="aws:apigateway/integration:Integration", property=("uri",), flow=Flow.REQUEST, labels=_routes),
    Link(type="aws:wafv2/webAclAssociation:WebAclAssociation", property=("resourceArn",), flow=Flow.GUARD),
    Link(
        type=kinds.DEFINITION,
        property=("containerDefinitions", "*", "image"),
        flow=Flow.DELIVER,
        back=True,
        labels=_words("image"),
    ),
    Link(type=kinds.DEFINITION, property=("containerDefinitions", "*", "environment"), flow=Flow.USE),
    Link(
        type=kinds.DEFINITION,
        property=("containerDefinitions", "*", "secrets"),
        flow=Flow.USE,
        labels=_words("secrets"),
    ),
    Link(type=kinds.DEFINITION, property=("volumes",), flow=Flow.USE, labels=_mount_paths),
    Link(type=kinds.SERVICE, property=("serviceRegistries",), flow=Flow.USE, labels=_words("registers")),
    Link(type=kinds.FUNCTION, property=("imageUri",), flow=Flow.DELIVER, back=True, labels=_words("image")),
    Link(type=kinds.FUNCTION, property=("environment",), flow=Flow.USE),
    Link(
        type="aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        property=("destinationConfig",),
        flow=Flow.USE,
        labels=_words("what failed"),
    ),
    Link(
        type="aws:lambda/eventSourceMapping:EventSourceMapping",
        property=("eventSourceArn",),
        flow=Flow.REQUEST,
        back=True,
        labels=_words("events"),
    ),
    Link(type=kinds.BALANCER, property=("accessLogs",), flow=Flow.WATCH, labels=_words("access log")),
    Link(
        type="aws:cloudwatch/metricAlarm:MetricAlarm",
        property=("alarmActions",),
        flow=Flow.WATCH,
        labels=_words("tell"),
    ),
    Link(type="aws:backup/selection:Selection", property=("resources",), flow=Flow.WATCH, labels=_words("copies")),
)

# What an action does to its resource: the first that fits. An action without a word is no edge.
ACTIONS = (
    (r"bedrock:Invoke.*", "invokes"),
    (r"ecr:PutImage", "pushes"),
    (r"ecs:UpdateService", "releases"),
    (r"lambda:(UpdateFunctionCode|UpdateAlias)", "releases"),
    (r"cloudfront:CreateInvalidation", "invalidates"),
    (r"sqs:SendMessage", "sends"),
    (r"sqs:ReceiveMessage", "receives"),
    (r"sns:Publish", "tells"),
    (r"elasticfilesystem:ClientMount", "mounts"),
    (r"(dynamodb|s3):(Put|Update|Delete|BatchWrite).*", "writes"),
    (r"(dynamodb|s3):(Get|Query|Scan|BatchGet).*", "reads"),
    (r"secretsmanager:GetSecretValue", "secrets"),
    (r"ssm:GetParameters?(ByPath)?", "reads"),
    (r"servicediscovery:DiscoverInstances", "asks"),
)
CHANGES = frozenset({"pushes", "releases", "invalidates", "writes"})


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What the stack uses and does not make, known only from what a policy allows."""

    look: Look
    title: str
    word: str
    # Finds the name in an ARN; the first group is the name.
    name: str


OUTSIDE = {
    "bedrock": Outside(
        look=Look.MODEL, title="Amazon Bedrock", word="inference profile", name=r":inference-profile/([\w.:-]+)$"
    ),
    "ssm": Outside(look=Look.GUARD, title="SSM parameters", word="kept by people", name=r":parameter(/[\w./*-]+)$"),
    "secretsmanager": Outside(
        look=Look.GUARD, title="Existing secrets", word="Secrets Manager", name=r":secret:(.+?)(-.{6})?$"
    ),
    "s3": Outside(look=Look.MODEL, title="Existing buckets", word="S3", name=r":::([\w.-]+)"),
}


@dataclass
class Found:
    """What is known about one edge so far."""

    flows: set[Flow] = field(default_factory=set)
    labels: list[str] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)


class Links:
    """Collects the edges between the cards of a graph."""

    def __init__(self, graph: Graph, cards: Cards) -> None:
        self._graph, self._cards = graph, cards
        self._found: dict[tuple[str, str], Found] = {}
        self._outside: dict[str, set[str]] = {}
        self._by_properties()
        self._by_names()
        self._by_policies()
        self._by_ports()
        self._from_people()

    def edges(self) -> list[Edge]:
        return [
            Edge(
                source=source,
                target=target,
                flow=next(flow for flow in Flow if flow in found.flows),
                labels=tuple(dict.fromkeys([*found.labels, *(_port_label(port) for port in found.ports)])),
            )
            for (source, target), found in sorted(self._found.items())
        ]

    def outside(self) -> list[Node]:
        """Return cards for what the stack uses and does not make."""
        nodes = [PEOPLE] if any(source == PEOPLE.id for source, _target in self._found) else []
        for service, names in sorted(self._outside.items()):
            kind = OUTSIDE[service]
            facts = tuple(sorted(names))
            nodes.append(
                Node(
                    id=f"outside_{service}",
                    place=Place.DATA,
                    look=kind.look,
                    word=kind.word,
                    title=kind.title,
                    facts=facts,
                )
            )
        return nodes

    def _add(self, source: str | None, target: str | None, flow: Flow, labels: t.Sequence[str] = ()) -> None:
        if source is None or target is None or source == target:
            return
        found = self._found.setdefault((source, target), Found())
        found.flows.add(flow)
        found.labels += [label for label in labels if label not in found.labels]

    def _by_properties(self) -> None:
        for link in LINKS:
            for resource in self._graph.of(link.type):
                own = self._cards.card(resource.urn)
                for target in resource.mentioned(*link.property):
                    other = self._cards.card(target)
                    labels = link.labels(self._graph, resource, target)
                    self._add(*((other, own) if link.back else (own, other)), link.flow, labels)

    def _by_names(self) -> None:
        """Follow the names of Cloud Map in environment variables: they are texts, and not references."""
        hosts: dict[str, list[str]] = {}
        for name in self._graph.of("aws:servicediscovery/service:Service"):
            for namespace in name.mentioned("dnsConfig", "namespaceId"):
                host = f"{name.inputs['name']}.{self._graph.resources[namespace].inputs['name']}"
                hosts[host] = [
                    service.urn for service in self._graph.mentioning(name.urn, kinds.SERVICE, "serviceRegistries")
                ]
        for definition in self._graph.of(kinds.DEFINITION):
            for container in parsed(definition.inputs["containerDefinitions"]) or []:
                for variable in container.get("environment", []):
                    for host in hosts:
                        if re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w.-])", str(variable["value"])):
                            for target in hosts[host]:
                                self._add(self._cards.card(definition.urn), self._cards.card(target), Flow.REQUEST)

    def _by_policies(self) -> None:
        for policy in (*self._graph.of("aws:iam/rolePolicy:RolePolicy"), *self._graph.of("aws:iam/policy:Policy")):
            document = parsed(str(policy.inputs.get("policy") or "")) or {}
            roles = self._roles_of(policy)
            for number, statement in enumerate(document.get("Statement", [])):
                if statement.get("Effect") == "Allow":
                    for role in roles:
                        self._allowed(role, policy, number, statement)

    def _roles_of(self, policy: Resource) -> list[Resource]:
        graph = self._graph
        attached = graph.mentioning(policy.urn, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn")
        return [graph.resources[urn] for item in (policy, *attached) for urn in item.mentioned("role")]

    def _allowed(self, role: Resource, policy: Resource, number: int, statement: t.Mapping[str, t.Any]) -> None:
        own = self._cards.card(role.urn)
        assumed_by = {kind for item in trust(self._graph, role) for kind in item.get("Principal", {})}
        if own is None or assumed_by == {"AWS"}:
            # What people may look at, or change by hand, is no way that anything goes by itself.
            return
        pipeline = "Federated" in assumed_by
        words = _words_for(_listed(statement.get("Action")))
        words = [word for word in words if word in CHANGES or not pipeline]
        if not words:
            return
        for target in policy.mentioned("policy", "Statement", str(number), "Resource"):
            self._add(own, self._cards.card(target), Flow.DELIVER if pipeline else Flow.USE, words)
        if not pipeline:
            self._beyond(own, statement, words)

    def _beyond(self, own: str, statement: t.Mapping[str, t.Any], words: t.Sequence[str]) -> None:
        """Follow what a statement names that is none of the stack's resources."""
        services = {action.partition(":")[0] for action in _listed(statement.get("Action"))}
        for service in sorted(services & set(OUTSIDE)):
            literal = [text for text in _listed(statement.get("Resource")) if text != "*" and "{{" not in text]
            if literal:
                names = {match[1] for text in literal if (match := re.search(OUTSIDE[service].name, text))}
                self._outside.setdefault(service, set()).update(names)
                self._add(own, f"outside_{service}", Flow.USE, words)

    def _by_ports(self) -> None:
        """Write on each edge the port that a security group opens for it.

        A group that several carry says who may come, and not who does: it opens edges of its own only to what nothing
        else leads to.
        """
        carriers = self._carriers()
        for rule in self._graph.of(INGRESS):
            sources = [card for urn in rule.mentioned("referencedSecurityGroupId") for card in carriers.get(urn, [])]
            targets = [card for urn in rule.mentioned("securityGroupId") for card in carriers.get(urn, [])]
            for target in targets:
                others = [source for source in sources if source != target]
                if on_it := [
                    (one, other) for one in others for other in self._on(target) if (one, other) in self._found
                ]:
                    # The instances are met, and a service on them is meant.
                    for source, service in on_it:
                        self._add_port(source, service, ports(rule))
                    continue
                known = [source for source in others if (source, target) in self._found]
                reached = any(other == target for _source, other in self._found)
                if not known and (len(others) == 1 or not reached):
                    for source in others:
                        self._add(source, target, Flow.USE)
                    known = others
                for source in known:
                    self._add_port(source, target, ports(rule))

    def _add_port(self, source: str, target: str, port: str) -> None:
        found = self._found[(source, target)]
        if port not in found.ports:
            found.ports.append(port)

    def _on(self, instances: str) -> list[str]:
        """Return the services that run on instances."""
        found = [(item, self._cards.instances(item)) for item in self._graph.of(kinds.SERVICE)]
        cards = [
            self._cards.card(item.urn) for item, group in found if group and self._cards.card(group.urn) == instances
        ]
        return [card for card in cards if card is not None]

    def _carriers(self) -> dict[str, list[str]]:
        """Return the cards that carry each security group."""
        found: dict[str, set[str]] = {}
        for resource in self._graph.made():
            if resource.type in (INGRESS, ENDPOINT) or (card := self._cards.card(resource.urn)) is None:
                continue
            for mention in resource.mentions:
                if self._graph.resources[mention.target].type == SECURITY_GROUP:
                    found.setdefault(mention.target, set()).add(card)
        return {group: sorted(cards) for group, cards in found.items()}

    def _from_people(self) -> None:
        """People come by a name, or where there is none, by whatever answers addresses outside."""
        graph, cards = self._graph, self._cards
        behind = {target for source, target in self._found if self._flows(source, target) & {Flow.REQUEST}}
        for resource in graph.of(kinds.DISTRIBUTION, kinds.REST_API, ALIAS, kinds.BALANCER, kinds.GROUP):
            card = cards.card(resource.urn)
            # A record that proves a certificate is on the certificate's card, and no name that people type.
            if card is None or card in behind or resource not in cards.on(card):
                continue
            if resource.type not in (kinds.BALANCER, kinds.GROUP) or self._doors(resource):
                self._add(PEOPLE.id, card, Flow.REQUEST)

    def _doors(self, resource: Resource) -> list[str]:
        """Return the addresses that a load balancer or instances answer."""
        templates = [self._graph.resources[urn] for urn in resource.mentioned("launchTemplate")]
        inner = [urn for template in templates for urn in template.mentioned("networkInterfaces")]
        return admitted(self._graph, [*resource.mentioned("securityGroups"), *inner])

    def _flows(self, source: str, target: str) -> set[Flow]:
        return self._found[(source, target)].flows


def _words_for(actions: t.Sequence[str]) -> list[str]:
    found = []
    for action in actions:
        word = next((word for pattern, word in ACTIONS if re.fullmatch(pattern, action)), None)
        if word:
            found.append(word)
    return sorted(set(found))


def _listed(value: t.Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _port_label(port: str) -> str:
    return f"port {port}" if port[:1].isdigit() else port


__all__ = ("LINKS", "PEOPLE", "Link", "Links")
