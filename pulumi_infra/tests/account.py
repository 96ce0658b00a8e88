"""Everything there is in an account, by kind: what a destroyed stack must leave empty."""

from __future__ import annotations

import typing as t

from local_engine.cloud import Cloud


def contents(cloud: Cloud) -> dict[str, set[str]]:
    """List every kind of resource the program can make, without what every account has from the start."""
    return {kind: found for kind, found in {**_network(cloud), **_others(cloud)}.items() if found}


def _ids(items: t.Iterable[t.Mapping[str, t.Any]], key: str) -> set[str]:
    return {str(item[key]) for item in items}


def _network(cloud: Cloud) -> dict[str, set[str]]:
    ec2 = cloud.client("ec2")
    vpcs = ec2.describe_vpcs()["Vpcs"]
    default = {vpc["VpcId"] for vpc in vpcs if vpc.get("IsDefault")}

    def own(items: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        return [item for item in items if item.get("VpcId") not in default]

    gateways = ec2.describe_internet_gateways()["InternetGateways"]
    attached = [g for g in gateways if not default & {a.get("VpcId") for a in g.get("Attachments", [])}]
    groups = own(ec2.describe_security_groups()["SecurityGroups"])
    owned = {group["GroupId"] for group in groups}
    rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
    nats = ec2.describe_nat_gateways()["NatGateways"]
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    return {
        "vpcs": _ids(own(vpcs), "VpcId"),
        "subnets": _ids(own(ec2.describe_subnets()["Subnets"]), "SubnetId"),
        "internet gateways": _ids(attached, "InternetGatewayId"),
        "route tables": _ids(own(ec2.describe_route_tables()["RouteTables"]), "RouteTableId"),
        "security groups": owned,
        "security group rules": _ids([r for r in rules if r["GroupId"] in owned], "SecurityGroupRuleId"),
        "nat gateways": _ids([n for n in nats if n["State"] != "deleted"], "NatGatewayId"),
        "addresses": _ids(ec2.describe_addresses()["Addresses"], "AllocationId"),
        "vpc endpoints": _ids([e for e in endpoints if e["State"] != "deleted"], "VpcEndpointId"),
    }


def _others(cloud: Cloud) -> dict[str, set[str]]:
    ecs, elb, cloudfront = cloud.client("ecs"), cloud.client("elbv2"), cloud.client("cloudfront")
    iam, logs = cloud.client("iam"), cloud.client("logs")
    clusters = ecs.list_clusters()["clusterArns"]
    policies = cloudfront.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"]
    return {
        "clusters": set(clusters),
        "services": {arn for cluster in clusters for arn in ecs.list_services(cluster=cluster)["serviceArns"]},
        "task definitions": set(ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]),
        "load balancers": _ids(elb.describe_load_balancers()["LoadBalancers"], "LoadBalancerArn"),
        "target groups": _ids(elb.describe_target_groups()["TargetGroups"], "TargetGroupArn"),
        "repositories": _ids(cloud.client("ecr").describe_repositories()["repositories"], "repositoryName"),
        "buckets": _ids(cloud.client("s3").list_buckets()["Buckets"], "Name"),
        "tables": set(cloud.client("dynamodb").list_tables()["TableNames"]),
        "log groups": _ids(logs.describe_log_groups()["logGroups"], "logGroupName"),
        "alarms": _ids(cloud.client("cloudwatch").describe_alarms()["MetricAlarms"], "AlarmName"),
        "roles": _ids(iam.list_roles()["Roles"], "RoleName"),
        "oidc providers": _ids(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"], "Arn"),
        "distributions": _ids(cloudfront.list_distributions()["DistributionList"].get("Items", []), "Id"),
        "origin access controls": _ids(
            cloudfront.list_origin_access_controls()["OriginAccessControlList"].get("Items", []), "Id"
        ),
        "functions": _ids(cloudfront.list_functions()["FunctionList"].get("Items", []), "Name"),
        "response headers policies": {item["ResponseHeadersPolicy"]["Id"] for item in policies.get("Items", [])},
    }
