"""The few words a card says about a resource: its size, its ports, how long it keeps things."""

from __future__ import annotations

import re
import typing as t

from diagrams.graph import Graph, Resource, parsed

Facts = t.Callable[[Graph, t.Sequence[Resource]], t.Sequence[str | None]]
DAY = 24 * 60 * 60


def none(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:  # noqa: ARG001
    return []


def names(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    """Name each of several that share one card."""
    return [", ".join(graph.short(item.name) for item in found)] if len(found) > 1 else []


def distribution(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:  # noqa: ARG001
    given = found[0].inputs
    policy = given["defaultCacheBehavior"]["viewerProtocolPolicy"]
    words = {"redirect-to-https": "HTTP goes to HTTPS", "https-only": "HTTPS only", "allow-all": "HTTP and HTTPS"}
    signed = found[0].mentioned("origins", "*", "originAccessControlId")
    functions = found[0].mentioned("defaultCacheBehavior", "functionAssociations")
    return [
        ", ".join(given.get("aliases") or []) or None,
        words.get(policy, policy),
        "origin access control" if signed else None,
        "function for client-side routes" if functions else None,
    ]


def certificate(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    region = found[0].inputs.get("region")
    return [
        *(found[0].inputs.get("subjectAlternativeNames") or []),
        f"in {region}" if region not in (None, graph.region) else None,
    ]


def record(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:  # noqa: ARG001
    return [" and ".join(sorted({str(item.inputs["type"]) for item in found}))]


def zone(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:  # noqa: ARG001
    return ["made by this stack"]


def web_acl(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:  # noqa: ARG001
    rules = found[0].inputs.get("rules") or []
    limits = [limit for rule in rules if (limit := rule["statement"].get("rateBasedStatement"))]
    managed = [rule for rule in rules if "managedRuleGroupStatement" in rule["statement"]]
    return [
        *(f"{item['limit']} requests in 5 min from one address" for item in limits),
        counted(len(managed), "group") + " of AWS's rules" if managed else None,
    ]


def rest_api(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    api = found[0].urn
    settings = graph.mentioning(api, "aws:apigateway/methodSettings:MethodSettings", "restApi")
    mappings = graph.mentioning(api, "aws:apigateway/basePathMapping:BasePathMapping", "restApi")
    limits = [item.inputs["settings"] for item in settings]
    return [
        *api_routes(graph, api),
        *(graph.plain(item.inputs["domainName"]) for item in mappings),
        *(f"{item['throttlingRateLimit']} requests/s" for item in limits if item.get("throttlingRateLimit")),
    ]


def api_routes(graph: Graph, api: str) -> list[str]:
    """Return method and path of what an API hands on; what it answers by itself is no route."""
    found = []
    for integration in graph.mentioning(api, "aws:apigateway/integration:Integration", "restApi"):
        if integration.inputs.get("type") != "MOCK":
            parts: list[str] = []
            above = integration.mentioned("resourceId")
            while above:
                part = graph.resources[above[0]]
                if "pathPart" in part.inputs:
                    parts.insert(0, str(part.inputs["pathPart"]))
                above = part.mentioned("parentId")
            found.append(f"{graph.plain(integration.inputs['httpMethod'])} /{'/'.join(parts)}")
    return sorted(found)


def load_balancer(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    listeners = graph.mentioning(found[0].urn, "aws:lb/listener:Listener", "loadBalancerArn")
    lines: list[str | None] = []
    for listener in sorted(listeners, key=lambda item: int(item.inputs["port"])):
        port = f"{listener.inputs['protocol']} {listener.inputs['port']}"
        redirects = [action for action in listener.inputs["defaultActions"] if action["type"] == "redirect"]
        lines.append(f"{port} goes to {redirects[0]['redirect']['protocol']}" if redirects else port)
    return [*lines, *admitted(graph, found[0].mentioned("securityGroups"))]


def admitted(graph: Graph, groups: t.Sequence[str]) -> list[str]:
    """Say which addresses security groups let in, and at which ports."""
    doors: dict[str, list[str]] = {}
    for group in groups:
        for rule in graph.mentioning(group, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", *GROUP):
            source = rule.inputs.get("cidrIpv4") or rule.inputs.get("cidrIpv6") or rule.inputs.get("prefixListId")
            if source:
                doors.setdefault(_readable_source(str(source)), []).append(ports(rule))
    return [f"from {source}: {', '.join(sorted(set(found), key=_number))}" for source, found in sorted(doors.items())]


GROUP = ("securityGroupId",)


def _readable_source(source: str) -> str:
    if source in ("0.0.0.0/0", "::/0"):
        return "anywhere"
    return "CloudFront" if "cloudfront" in source else source


def ports(rule: Resource) -> str:
    first, last = rule.inputs.get("fromPort"), rule.inputs.get("toPort")
    if first is None:
        return "any port"
    return str(first) if first == last else f"{first}-{last}"


def _number(text: str) -> tuple[int, str]:
    return (int(match[0]), text) if (match := re.match(r"\d+", text)) else (0, text)


def service(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    given = found[0]
    count = int(given.inputs.get("desiredCount", 1))
    lines: list[str | None] = []
    for urn in given.mentioned("taskDefinition"):
        definition = graph.resources[urn].inputs
        containers = parsed(definition["containerDefinitions"]) or []
        open_ports = [mapping["containerPort"] for item in containers for mapping in item.get("portMappings", [])]
        lines += [
            counted(count, "task"),
            f"{definition['cpu']} CPU, {definition['memory']} MiB",
            f"port {', '.join(str(port) for port in open_ports)}" if open_ports else "no port: a worker",
            *(f"beside it: {item['name']}" for item in containers if item.get("essential") is False),
        ]
        roles = {"task": "taskRoleArn", "execution": "executionRoleArn"}
        own = [word for word, key in roles.items() if graph.resources[urn].mentioned(key)]
        lines.append(f"{' + '.join(own)} role" if own else None)
    if given.inputs.get("deploymentMaximumPercent") == 100:
        lines.append("the old task stops first")
    lines += [_scaling(graph, target) for target in _targets(graph, given)]
    return lines


def _targets(graph: Graph, given: Resource) -> list[Resource]:
    return graph.mentioning(given.urn, "aws:appautoscaling/target:Target", "resourceId")


MEASURES = {
    "ECSServiceAverageCPUUtilization": "CPU",
    "ECSServiceAverageMemoryUtilization": "memory",
    "ALBRequestCountPerTarget": "requests",
}


def _scaling(graph: Graph, target: Resource) -> str:
    measures = set()
    for policy in graph.mentioning(target.urn, "aws:appautoscaling/policy:Policy", "resourceId"):
        tracking = policy.inputs["targetTrackingScalingPolicyConfiguration"]
        kind = (tracking.get("predefinedMetricSpecification") or {}).get("predefinedMetricType")
        measures.add(MEASURES.get(str(kind), "backlog"))
    return f"{target.inputs['minCapacity']} to {target.inputs['maxCapacity']} by {', '.join(sorted(measures))}"


def instances(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    given = found[0]
    least, most = int(given.inputs["minSize"]), int(given.inputs["maxSize"])
    templates = [graph.resources[urn] for urn in given.mentioned("launchTemplate")]
    lines: list[str | None] = [counted(most, "instance") if least == most else f"{least} to {most} instances"]
    for template in templates:
        lines.append(str(template.inputs.get("instanceType")))
        # Its address is in the script the instances start with.
        if any(graph.resources[urn].type == "aws:ec2/eip:Eip" for urn in template.mentioned("userData")):
            lines.append("fixed address")
        lines += admitted(graph, template.mentioned("networkInterfaces"))
    return lines


def gateways(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:  # noqa: ARG001
    return ["one for all zones" if len(found) == 1 else "one a zone"]


def endpoints(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:  # noqa: ARG001
    return [", ".join(sorted(str(item.inputs["serviceName"]).split(".", 3)[-1] for item in found))]


def function(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    given = found[0].inputs
    aliases = graph.mentioning(found[0].urn, "aws:lambda/alias:Alias", "functionName")
    return [
        f"{given['memorySize']} MB, {given['timeout']} s",
        ", ".join((given.get("imageConfig") or {}).get("commands") or []) or None,
        *(f"alias {item.inputs['name']}" for item in aliases),
    ]


def namespace(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    services = graph.mentioning(found[0].urn, "aws:servicediscovery/service:Service", "dnsConfig", "namespaceId")
    return [", ".join(str(item.inputs["name"]) for item in services) or None]


def table(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    recovery = all((item.inputs.get("pointInTimeRecovery") or {}).get("enabled") for item in found)
    return [*names(graph, found), "point-in-time recovery" if recovery else None, _protected(found)]


def _protected(found: t.Sequence[Resource]) -> str | None:
    protections = ("deletionProtectionEnabled", "deletionProtection", "enableDeletionProtection")
    return (
        "protected from deletion" if all(any(item.inputs.get(key) for key in protections) for item in found) else None
    )


def queue(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:  # noqa: ARG001
    redrive = parsed(str(found[0].inputs.get("redrivePolicy") or "")) or {}
    return [f"given up after {redrive['maxReceiveCount']} tries" if redrive else None]


def file_system(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    system = found[0].urn
    mounts = graph.mentioning(system, "aws:efs/mountTarget:MountTarget", "fileSystemId")
    points = graph.mentioning(system, "aws:efs/accessPoint:AccessPoint", "fileSystemId")
    paths = sorted(str((item.inputs.get("rootDirectory") or {}).get("path")) for item in points)
    return [", ".join(paths) or None, f"mounted in {counted(len(mounts), 'zone')}" if mounts else None]


def database(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    given = found[0].inputs
    scaling = given.get("serverlessv2ScalingConfiguration") or {}
    made = graph.mentioning(found[0].urn, "aws:rds/clusterInstance:ClusterInstance", "clusterIdentifier")
    size = f"{scaling['minCapacity']} to {scaling['maxCapacity']} units" if scaling else None
    return [
        f"PostgreSQL {given['engineVersion']}",
        ", ".join([counted(len(made), "instance"), *([size] if size else [])]),
        f"kept {given['backupRetentionPeriod']} days",
        _protected(found),
    ]


def secrets(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    return [*names(graph, found), "values put in by people"]


def bucket(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    versions = graph.mentioning(found[0].urn, "aws:s3/bucketVersioning:BucketVersioning", "bucket")
    closed = graph.mentioning(found[0].urn, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "bucket")
    return [", ".join([*(["private"] if closed else []), *(["versioned"] if versions else [])]) or None]


def ledger(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    return ["receipts and locks", *bucket(graph, found)]


def repositories(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    moving = any(item.inputs.get("imageTagMutability") != "IMMUTABLE" for item in found)
    return [*names(graph, found), "tags may move" if moving else "tags never move", "scanned on push"]


def alarms(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:  # noqa: ARG001
    """Count the alarms of each kind of thing, as the namespaces of their metrics call it."""
    kinds: dict[str, int] = {}
    for alarm in found:
        kind = str(alarm.inputs.get("namespace", "")).rpartition("/")[2] or "metrics"
        kinds[KINDS_OF_METRIC.get(kind, kind)] = kinds.get(KINDS_OF_METRIC.get(kind, kind), 0) + 1
    return [", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))]


KINDS_OF_METRIC = {"ApplicationELB": "load balancer", "ApiGateway": "API", "Lambda": "function", "RDS": "Aurora"}


def topic(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    told = graph.mentioning(found[0].urn, "aws:sns/topicSubscription:TopicSubscription", "topic")
    kinds = sorted({str(item.inputs["protocol"]) for item in told})
    return [f"{counted(len(told), 'subscriber')}: {', '.join(kinds)}" if told else "nobody subscribed yet"]


def dashboard(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:  # noqa: ARG001
    widgets = (parsed(str(found[0].inputs["dashboardBody"])) or {}).get("widgets", [])
    graphs = [item for item in widgets if item.get("type") == "metric"]
    return [counted(len(graphs), "graph")]


def logs(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:  # noqa: ARG001
    days = sorted({int(item.inputs["retentionInDays"]) for item in found})
    return [f"kept {' or '.join(str(number) for number in days)} days"]


def backups(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:  # noqa: ARG001
    rules = [rule for plan in found for rule in plan.inputs.get("rules", [])]
    return [
        f"{rule['ruleName']}, kept {(rule.get('lifecycle') or {}).get('deleteAfter', 'for ever')} days"
        for rule in rules
    ]


def role(graph: Graph, found: t.Sequence[Resource]) -> list[str | None]:
    """Say who may assume a role, and what it is for in the program's own words."""
    lines: list[str | None] = []
    for statement in trust(graph, found[0]):
        for condition in (statement.get("Condition") or {}).values():
            subjects = [value for key, value in condition.items() if key.endswith(":sub")]
            lines += [str(item) for value in subjects for item in (value if isinstance(value, list) else [value])]
    return [*lines, *str(found[0].inputs.get("description", "")).split("; ")]


def trust(graph: Graph, role_: Resource) -> list[dict[str, t.Any]]:  # noqa: ARG001
    document = parsed(str(role_.inputs.get("assumeRolePolicy") or "")) or {}
    return t.cast("list[dict[str, t.Any]]", document.get("Statement", []))


def counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


__all__ = ("Facts", "admitted", "api_routes", "counted", "ports", "trust")
