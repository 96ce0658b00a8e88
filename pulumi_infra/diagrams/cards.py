"""Which resources get a card of their own, what the others belong to, and where each card stands."""

from __future__ import annotations

import itertools
import re
import typing as t

from diagrams import kinds
from diagrams.errors import DiagramError
from diagrams.facts import counted, trust
from diagrams.graph import Graph, Resource
from diagrams.kinds import KINDS, Drawn, Framed, PartOf, Unseen, UsedBy
from diagrams.model import SUBNETS, Box, Node, Place

SUBNET = "aws:ec2/subnet:Subnet"
# Where a resource says which subnets it is in.
SUBNET_PROPERTIES = (
    ("subnets",),
    ("networkConfiguration", "subnets"),
    ("vpcConfig", "subnetIds"),
    ("vpcZoneIdentifiers",),
)


class Cards:
    """Answers, for each resource, which card it is on: its own, one it shares, or that of what it belongs to."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._hosts: dict[str, str | None] = {}
        self._public = _public_subnets(graph)
        drawn: dict[str, list[Resource]] = {}
        for resource in graph.made():
            if (host := self._host(resource, ())) == resource.urn:
                drawn.setdefault(self._shared(resource), []).append(resource)
            elif host is not None and host not in graph.resources:
                raise DiagramError(f"{resource.name} belongs to {host}, which the program does not make.")
        self._groups = drawn
        self._ids = {member.urn: key for key, found in drawn.items() for member in found}
        self._slugs = _slugs(graph, drawn)

    def card(self, urn: str) -> str | None:
        """Return the card a resource is on, or None where it is only a frame or an influence on others."""
        host = self._hosts.get(urn)
        return None if host is None else self._slugs[self._ids[host]]

    def on(self, card: str) -> list[Resource]:
        """Return the resources that a card is drawn for."""
        return next(found for key, found in self._groups.items() if self._slugs[key] == card)

    def nodes(self) -> list[Node]:
        return [self._node(self._slugs[key], found) for key, found in self._groups.items()]

    def boxes(self) -> list[Box]:
        found = []
        for cluster in self._graph.of(kinds.CLUSTER):
            title = f"ECS cluster {self._graph.plain(cluster.inputs.get('name', cluster.name))}"
            places = {node.place for node in self.nodes() if node.box and node.box.startswith(self._box(cluster.urn))}
            found += [
                Box(id=self._box(cluster.urn, place), place=place, title=title) for place in sorted_places(places)
            ]
        return found

    def _host(self, resource: Resource, asked: tuple[str, ...]) -> str | None:
        """Return what a resource is drawn with, following what belongs to what to its end."""
        if resource.urn in self._hosts:
            return self._hosts[resource.urn]
        if resource.urn in asked:
            raise DiagramError(f"{resource.name} ({resource.type}) belongs to itself by way of others.")
        rules = KINDS.get(resource.type)
        if rules is None:
            raise DiagramError(
                f"Nothing says how {resource.type} is drawn ({resource.name}). Add the type to diagrams/kinds.py."
            )
        self._hosts[resource.urn] = host = self._by_rules(resource, rules, (*asked, resource.urn))
        return host

    def _by_rules(self, resource: Resource, rules: t.Sequence[kinds.Rule], asked: tuple[str, ...]) -> str | None:
        for rule in rules:
            match rule:
                case Drawn():
                    return resource.urn
                case Framed() | Unseen():
                    return None
                case PartOf() | UsedBy():
                    owners = self._owners(resource, rule)
                    hosts = [self._host(owner, asked) for owner in owners]
                    if owners:
                        return next((host for host in hosts if host is not None), None)
        raise DiagramError(
            f"{resource.name} ({resource.type}) is drawn with another resource, which cannot be found by its "
            "properties. See what diagrams/kinds.py says about the type."
        )

    def _owners(self, resource: Resource, rule: PartOf | UsedBy) -> list[Resource]:
        graph = self._graph
        if isinstance(rule, UsedBy):
            users = [user for type_, path in rule.users for user in graph.mentioning(resource.urn, type_, *path)]
            return [user for user in users if user.urn != resource.urn]
        found = [graph.resources[urn] for path in rule.properties for urn in resource.mentioned(*path)]
        return [owner for owner in found if rule.type in (None, owner.type) and owner.urn != resource.urn]

    def _drawn(self, resource: Resource) -> Drawn:
        for rule in KINDS[resource.type]:
            if isinstance(rule, Drawn):
                around = {ancestor.type for ancestor in self._graph.ancestors(resource)}
                inside = [other for type_, other in (rule.inside or {}).items() if type_ in around]
                return inside[0] if inside else rule
        raise DiagramError(f"{resource.type} is never drawn by itself.")

    def _shared(self, resource: Resource) -> str:
        together = self._drawn(resource).together
        if together == "all":
            return f"{resource.type}"
        return f"{resource.type} {resource.parent}" if together == "siblings" else resource.urn

    def _node(self, id_: str, found: t.Sequence[Resource]) -> Node:
        rule = self._drawn(found[0])
        place = rule.place or self._place(found[0])
        word = rule.word
        if found[0].type == kinds.SERVICE:
            word = f"ECS on {'EC2' if self.instances(found[0]) else 'Fargate'}"
        if found[0].type == kinds.ROLE:
            pipeline = any("Federated" in item.get("Principal", {}) for item in trust(self._graph, found[0]))
            word = f"IAM role for {'GitHub Actions' if pipeline else 'people'}"
        facts = [fact for fact in rule.facts(self._graph, found) if fact]
        return Node(
            id=id_,
            place=place,
            look=rule.look,
            word=word,
            title=self._title(rule, found),
            facts=tuple(dict.fromkeys(facts)),
            box=self._in_box(found[0], place),
        )

    def _title(self, rule: Drawn, found: t.Sequence[Resource]) -> str:
        graph, first = self._graph, found[0]
        if rule.shared and (len(found) > 1 or rule.together == "all"):
            one, many = rule.shared
            return f"{len(found)} {one if len(found) == 1 else many}"
        if rule.titled:
            return re.sub(r"\{(\w+)\}", lambda match: graph.plain(first.inputs[match[1]]), rule.titled)
        return graph.short(first.name)

    def _place(self, resource: Resource) -> Place:
        """Return the kind of subnets a resource is in; what is in none stands with the services AWS runs."""
        named = [urn for path in SUBNET_PROPERTIES for urn in resource.mentioned(*path)]
        named = [urn for urn in named if self._graph.resources[urn].type == SUBNET]
        if not named:
            instances = self.instances(resource)
            return self._place(instances) if instances else Place.DATA
        return Place.PUBLIC if named[0] in self._public else Place.PRIVATE

    def instances(self, service: Resource) -> Resource | None:
        """Return the instances a service runs on, if it does not run on Fargate."""
        for urn in service.mentioned("capacityProviderStrategies"):
            for group in self._graph.resources[urn].mentioned("autoScalingGroupProvider"):
                return self._graph.resources[group]
        return None

    def _in_box(self, resource: Resource, place: Place) -> str | None:
        if resource.type == kinds.SERVICE and (named := resource.mentioned("cluster")):
            return self._box(named[0], place)
        if resource.type == kinds.GROUP:
            for service in self._graph.of(kinds.SERVICE):
                if self.instances(service) == resource:
                    return self._in_box(service, place)
        return None

    def _box(self, cluster: str, place: Place | None = None) -> str:
        name = f"box_{_slug(self._graph.short(self._graph.resources[cluster].name))}_"
        return name + (place.name.lower() if place else "")


def sorted_places(places: t.Collection[Place]) -> list[Place]:
    return [place for place in Place if place in places]


def network(graph: Graph) -> tuple[str | None, int]:
    """Return what the network is called, and over how many zones it goes."""
    networks = graph.of("aws:ec2/vpc:Vpc")
    if not networks:
        return None, 0
    zones = {graph.plain(subnet.inputs.get("availabilityZone")) for subnet in graph.of(SUBNET)}
    title = f"VPC {networks[0].inputs['cidrBlock']}"
    return f"{title}, {counted(len(zones), 'zone')}", len(zones)


def subnet_ranges(graph: Graph, place: Place) -> list[str]:
    """Return the address ranges of the public or the private subnets."""
    public = _public_subnets(graph)
    wanted = place is Place.PUBLIC
    return [str(subnet.inputs["cidrBlock"]) for subnet in graph.of(SUBNET) if (subnet.urn in public) is wanted]


def _public_subnets(graph: Graph) -> set[str]:
    """Find the subnets whose routes lead straight to the internet."""
    tables = {
        table
        for route in graph.of("aws:ec2/route:Route")
        if route.mentioned("gatewayId")
        for table in route.mentioned("routeTableId")
    }
    return {
        subnet
        for link in graph.of("aws:ec2/routeTableAssociation:RouteTableAssociation")
        if tables & set(link.mentioned("routeTableId"))
        for subnet in link.mentioned("subnetId")
    }


def _slugs(graph: Graph, groups: t.Mapping[str, t.Sequence[Resource]]) -> dict[str, str]:
    """Return a short id for each card, of letters, digits and underscores, and no two the same."""
    found: dict[str, str] = {}
    for key, members in groups.items():
        kind = members[0].type.rpartition(":")[2]
        slug = _slug(kind if key == members[0].type else f"{kind}_{graph.short(members[0].name)}")
        others = set(found.values())
        numbered = (f"{slug}_{number}" for number in itertools.count(2))
        found[key] = slug if slug not in others else next(one for one in numbered if one not in others)
    return found


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower()).strip("_")


__all__ = ("SUBNETS", "Cards", "network", "subnet_ranges")
