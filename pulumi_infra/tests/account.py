"""Everything there is in an account, by kind: what a destroyed stack must leave empty."""

from __future__ import annotations

import typing as t

from local_engine.cloud import Cloud


def contents(cloud: Cloud) -> dict[str, set[str]]:
    """List every kind of resource the program can make, without what every account has from the start."""
    return {kind: found for kind, found in _everything(cloud).items() if found}


def _everything(cloud: Cloud) -> dict[str, set[str]]:
    listings = (_network, _containers, _instances, _stores, _functions, _edge, _watching, _roles)
    found = [listing(cloud) for listing in listings]
    kinds = {kind: items for listed in found for kind, items in listed.items()}
    assert len(kinds) == sum(map(len, found)), "two listings use one word for two kinds"
    return kinds


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


def _containers(cloud: Cloud) -> dict[str, set[str]]:
    ecs, elb = cloud.client("ecs"), cloud.client("elbv2")
    clusters = ecs.list_clusters()["clusterArns"]
    providers = ecs.describe_capacity_providers()["capacityProviders"]
    own = [item for item in providers if not item["name"].startswith("FARGATE") and item["status"] != "INACTIVE"]
    return {
        "clusters": set(clusters),
        "services": {arn for cluster in clusters for arn in ecs.list_services(cluster=cluster)["serviceArns"]},
        "task definitions": set(ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]),
        "capacity providers": _ids(own, "name"),
        "load balancers": _ids(elb.describe_load_balancers()["LoadBalancers"], "LoadBalancerArn"),
        "target groups": _ids(elb.describe_target_groups()["TargetGroups"], "TargetGroupArn"),
        "repositories": _ids(cloud.client("ecr").describe_repositories()["repositories"], "repositoryName"),
    }


def _instances(cloud: Cloud) -> dict[str, set[str]]:
    ec2, autoscaling = cloud.client("ec2"), cloud.client("autoscaling")
    groups = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    profiles = cloud.client("iam").list_instance_profiles()["InstanceProfiles"]
    return {
        "launch templates": _ids(ec2.describe_launch_templates()["LaunchTemplates"], "LaunchTemplateId"),
        "auto scaling groups": _ids(groups, "AutoScalingGroupName"),
        "instance profiles": _ids(profiles, "InstanceProfileName"),
    }


def _stores(cloud: Cloud) -> dict[str, set[str]]:
    efs, rds, backup = cloud.client("efs"), cloud.client("rds"), cloud.client("backup")
    secrets = cloud.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    subnet_groups = _ids(rds.describe_db_subnet_groups()["DBSubnetGroups"], "DBSubnetGroupName")
    parameter_groups = _ids(
        rds.describe_db_cluster_parameter_groups()["DBClusterParameterGroups"], "DBClusterParameterGroupName"
    )
    return {
        "buckets": _ids(cloud.client("s3").list_buckets()["Buckets"], "Name"),
        "tables": set(cloud.client("dynamodb").list_tables()["TableNames"]),
        "queues": set(cloud.client("sqs").list_queues().get("QueueUrls", [])),
        "file systems": _ids(efs.describe_file_systems()["FileSystems"], "FileSystemId"),
        "access points": _ids(efs.describe_access_points()["AccessPoints"], "AccessPointId"),
        "database clusters": _ids(rds.describe_db_clusters()["DBClusters"], "DBClusterIdentifier"),
        "database instances": _ids(rds.describe_db_instances()["DBInstances"], "DBInstanceIdentifier"),
        "subnet groups": subnet_groups - {"default"},
        "parameter groups": {name for name in parameter_groups if not name.startswith("default.")},
        "vaults": _ids(backup.list_backup_vaults()["BackupVaultList"], "BackupVaultName"),
        "plans": _ids(backup.list_backup_plans()["BackupPlansList"], "BackupPlanId"),
        "secrets": _ids(secrets, "ARN"),
    }


def _functions(cloud: Cloud) -> dict[str, set[str]]:
    apis = cloud.client("apigateway")
    return {
        "lambda functions": _ids(cloud.client("lambda").list_functions()["Functions"], "FunctionName"),
        "apis": _ids(apis.get_rest_apis()["items"], "id"),
        "api domains": _ids(apis.get_domain_names()["items"], "domainName"),
        "api logging": {role for role in [apis.get_account().get("cloudwatchRoleArn")] if role},
    }


def _edge(cloud: Cloud) -> dict[str, set[str]]:
    cloudfront, waf, cloudmap = cloud.client("cloudfront"), cloud.client("wafv2"), cloud.client("servicediscovery")
    controls = cloudfront.list_origin_access_controls()["OriginAccessControlList"]
    policies = cloudfront.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"]
    return {
        "distributions": _ids(cloudfront.list_distributions()["DistributionList"].get("Items", []), "Id"),
        "origin access controls": _ids(controls.get("Items", []), "Id"),
        "functions": _ids(cloudfront.list_functions()["FunctionList"].get("Items", []), "Name"),
        "response headers policies": {item["ResponseHeadersPolicy"]["Id"] for item in policies.get("Items", [])},
        "web acls": {
            item["ARN"] for scope in ("REGIONAL", "CLOUDFRONT") for item in waf.list_web_acls(Scope=scope)["WebACLs"]
        },
        "certificates": _ids(cloud.client("acm").list_certificates()["CertificateSummaryList"], "CertificateArn"),
        "zones": _ids(cloud.client("route53").list_hosted_zones()["HostedZones"], "Id"),
        "namespaces": _ids(cloudmap.list_namespaces()["Namespaces"], "Id"),
        "names": _ids(cloudmap.list_services()["Services"], "Id"),
    }


def _watching(cloud: Cloud) -> dict[str, set[str]]:
    cloudwatch, sns = cloud.client("cloudwatch"), cloud.client("sns")
    return {
        "log groups": _ids(cloud.client("logs").describe_log_groups()["logGroups"], "logGroupName"),
        "alarms": _ids(cloudwatch.describe_alarms()["MetricAlarms"], "AlarmName"),
        "dashboards": _ids(cloudwatch.list_dashboards()["DashboardEntries"], "DashboardName"),
        "topics": _ids(sns.list_topics()["Topics"], "TopicArn"),
        "subscriptions": _ids(sns.list_subscriptions()["Subscriptions"], "SubscriptionArn"),
    }


def _roles(cloud: Cloud) -> dict[str, set[str]]:
    iam = cloud.client("iam")
    return {
        "roles": _ids(iam.list_roles()["Roles"], "RoleName"),
        "policies": _ids(iam.list_policies(Scope="Local")["Policies"], "Arn"),
        "oidc providers": _ids(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"], "Arn"),
    }
