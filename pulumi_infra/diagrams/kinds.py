"""How each type of resource is drawn: by itself, as a part of another, or not at all, and then why.

A type that is not here stops the drawing: nothing new falls out of the picture unseen.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from diagrams import facts
from diagrams.facts import Facts
from diagrams.model import Look, Place

Together = t.Literal["alone", "siblings", "all"]
Property = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A card. Without a place, it stands in the subnets it names; ``inside`` a type of component it is another card.

    Several may share one: ``siblings`` of one component, or ``all`` of the stack. ``one`` and ``many`` are what the
    shared card is then called; a card of a single resource is called after it.
    """

    look: Look
    word: str
    place: Place | None = None
    together: Together = "alone"
    shared: tuple[str, str] | None = None
    titled: str | None = None
    facts: Facts = facts.none
    inside: t.Mapping[str, Drawn] | None = None


@dataclass(frozen=True, kw_only=True)
class PartOf:
    """Belongs to what one of these properties speaks of; ``type`` picks one if they speak of several."""

    properties: tuple[Property, ...]
    type: str | None = None


@dataclass(frozen=True, kw_only=True)
class UsedBy:
    """Belongs to the resource that speaks of it: (its type, the property)."""

    users: tuple[tuple[str, Property], ...]


@dataclass(frozen=True)
class Framed:
    """Is a frame around others: the network, a cluster."""


@dataclass(frozen=True)
class Unseen:
    """Is in the picture only through what it does to others."""

    why: str


Rule = Drawn | PartOf | UsedBy | Framed | Unseen


def part_of(*properties: str, type_: str | None = None) -> tuple[Rule, ...]:
    return (PartOf(properties=tuple((name,) for name in properties), type=type_),)


def used_by(*users: tuple[str, str]) -> UsedBy:
    return UsedBy(users=tuple((type_, (name,)) for type_, name in users))


SERVICE = "aws:ecs/service:Service"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
GROUP = "aws:autoscaling/group:Group"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
FUNCTION = "aws:lambda/function:Function"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
RULE = "aws:lb/listenerRule:ListenerRule"
REST_API = "aws:apigateway/restApi:RestApi"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
CLUSTER = "aws:ecs/cluster:Cluster"
ROLE = "aws:iam/role:Role"

LEDGER = Drawn(look=Look.DELIVERY, word="S3 bucket", titled="release ledger", place=Place.DELIVERY, facts=facts.ledger)

# The first rule of a type that applies to a resource decides.
KINDS: dict[str, tuple[Rule, ...]] = {
    "aws:acm/certificate:Certificate": (
        Drawn(
            look=Look.GUARD, word="ACM certificate", place=Place.EDGE, titled="{domainName}", facts=facts.certificate
        ),
    ),
    "aws:acm/certificateValidation:CertificateValidation": part_of("certificateArn"),
    "aws:apigateway/account:Account": (Unseen("one for the whole account and region: where API Gateway logs"),),
    "aws:apigateway/basePathMapping:BasePathMapping": part_of("restApi"),
    "aws:apigateway/deployment:Deployment": part_of("restApi"),
    "aws:apigateway/domainName:DomainName": (
        used_by(("aws:apigateway/basePathMapping:BasePathMapping", "domainName")),
    ),
    "aws:apigateway/integration:Integration": part_of("restApi"),
    "aws:apigateway/integrationResponse:IntegrationResponse": part_of("restApi"),
    "aws:apigateway/method:Method": part_of("restApi"),
    "aws:apigateway/methodResponse:MethodResponse": part_of("restApi"),
    "aws:apigateway/methodSettings:MethodSettings": part_of("restApi"),
    "aws:apigateway/resource:Resource": part_of("restApi"),
    "aws:apigateway/response:Response": part_of("restApiId"),
    REST_API: (Drawn(look=Look.ENTRANCE, word="API Gateway", place=Place.EDGE, facts=facts.rest_api),),
    "aws:apigateway/stage:Stage": part_of("restApi"),
    "aws:appautoscaling/policy:Policy": part_of("resourceId", type_="aws:appautoscaling/target:Target"),
    "aws:appautoscaling/target:Target": part_of("resourceId", type_=SERVICE),
    GROUP: (Drawn(look=Look.COMPUTE, word="EC2 instances", facts=facts.instances),),
    "aws:backup/plan:Plan": (Drawn(look=Look.WATCH, word="AWS Backup", place=Place.DELIVERY, facts=facts.backups),),
    "aws:backup/selection:Selection": part_of("planId"),
    "aws:backup/vault:Vault": (used_by(("aws:backup/plan:Plan", "rules")),),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": part_of("backupVaultName"),
    DISTRIBUTION: (Drawn(look=Look.ENTRANCE, word="CloudFront", place=Place.EDGE, facts=facts.distribution),),
    "aws:cloudfront/function:Function": (
        used_by((DISTRIBUTION, "defaultCacheBehavior"), (DISTRIBUTION, "orderedCacheBehaviors")),
    ),
    "aws:cloudfront/originAccessControl:OriginAccessControl": (used_by((DISTRIBUTION, "origins")),),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": (
        used_by((DISTRIBUTION, "defaultCacheBehavior"), (DISTRIBUTION, "orderedCacheBehaviors")),
    ),
    "aws:cloudwatch/dashboard:Dashboard": (
        Drawn(look=Look.WATCH, word="CloudWatch", place=Place.DELIVERY, titled="dashboard", facts=facts.dashboard),
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        Drawn(
            look=Look.WATCH,
            word="CloudWatch Logs",
            place=Place.DELIVERY,
            together="all",
            shared=("log group", "log groups"),
            facts=facts.logs,
        ),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        Drawn(
            look=Look.WATCH,
            word="CloudWatch",
            place=Place.DELIVERY,
            together="all",
            shared=("alarm", "alarms"),
            facts=facts.alarms,
        ),
    ),
    "aws:dynamodb/table:Table": (
        Drawn(
            look=Look.STORE,
            word="DynamoDB",
            place=Place.DATA,
            together="siblings",
            shared=("", "tables"),
            facts=facts.table,
        ),
    ),
    "aws:ec2/eip:Eip": (
        used_by(("aws:ec2/natGateway:NatGateway", "allocationId"), (TEMPLATE, "userData")),
        Drawn(look=Look.ENTRANCE, word="Elastic IP", place=Place.PUBLIC),
    ),
    "aws:ec2/internetGateway:InternetGateway": (Unseen("makes the public subnets public"),),
    TEMPLATE: (used_by((GROUP, "launchTemplate"), (GROUP, "mixedInstancesPolicy")),),
    "aws:ec2/natGateway:NatGateway": (
        Drawn(
            look=Look.ENTRANCE,
            word="the way out",
            place=Place.PUBLIC,
            together="all",
            shared=("NAT gateway", "NAT gateways"),
            facts=facts.gateways,
        ),
    ),
    "aws:ec2/route:Route": (Unseen("says which subnets are public"),),
    "aws:ec2/routeTable:RouteTable": (Unseen("says which subnets are public"),),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": (Unseen("says which subnets are public"),),
    "aws:ec2/securityGroup:SecurityGroup": (Unseen("its rules are the ports on the edges"),),
    "aws:ec2/subnet:Subnet": (Framed(),),
    "aws:ec2/vpc:Vpc": (Framed(),),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        Drawn(
            look=Look.ENTRANCE,
            word="AWS without a detour",
            place=Place.PRIVATE,
            together="all",
            shared=("VPC endpoint", "VPC endpoints"),
            facts=facts.endpoints,
        ),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": part_of("repository"),
    "aws:ecr/repository:Repository": (
        Drawn(
            look=Look.DELIVERY,
            word="ECR",
            place=Place.DELIVERY,
            together="siblings",
            shared=("", "image repositories"),
            facts=facts.repositories,
        ),
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": part_of("repository"),
    "aws:ecs/capacityProvider:CapacityProvider": part_of("autoScalingGroupProvider"),
    CLUSTER: (Framed(),),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": (Unseen("says which instances are the cluster's"),),
    SERVICE: (Drawn(look=Look.COMPUTE, word="ECS service", facts=facts.service),),
    DEFINITION: (used_by((SERVICE, "taskDefinition")),),
    "aws:efs/accessPoint:AccessPoint": part_of("fileSystemId"),
    "aws:efs/backupPolicy:BackupPolicy": part_of("fileSystemId"),
    "aws:efs/fileSystem:FileSystem": (Drawn(look=Look.STORE, word="EFS", place=Place.DATA, facts=facts.file_system),),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": part_of("fileSystemId"),
    "aws:efs/mountTarget:MountTarget": part_of("fileSystemId"),
    "aws:iam/instanceProfile:InstanceProfile": (used_by((TEMPLATE, "iamInstanceProfile")),),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (used_by((ROLE, "assumeRolePolicy")),),
    "aws:iam/policy:Policy": (used_by(("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn")),),
    ROLE: (
        used_by(
            (DEFINITION, "taskRoleArn"),
            (DEFINITION, "executionRoleArn"),
            (FUNCTION, "role"),
            ("aws:iam/instanceProfile:InstanceProfile", "role"),
            ("aws:backup/selection:Selection", "iamRoleArn"),
            ("aws:apigateway/account:Account", "cloudwatchRoleArn"),
        ),
        Drawn(look=Look.PERSON, word="IAM role", place=Place.PEOPLE, facts=facts.role),
    ),
    "aws:iam/rolePolicy:RolePolicy": part_of("role"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": part_of("role"),
    "aws:lambda/alias:Alias": part_of("functionName"),
    "aws:lambda/eventSourceMapping:EventSourceMapping": part_of("functionName"),
    FUNCTION: (Drawn(look=Look.COMPUTE, word="Lambda function", facts=facts.function),),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": part_of("functionName"),
    "aws:lambda/permission:Permission": part_of("function"),
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": part_of("functionName"),
    "aws:lb/listener:Listener": part_of("loadBalancerArn"),
    RULE: part_of("listenerArn"),
    BALANCER: (Drawn(look=Look.ENTRANCE, word="Application Load Balancer", facts=facts.load_balancer),),
    "aws:lb/targetGroup:TargetGroup": (used_by((SERVICE, "loadBalancers"), (RULE, "actions")),),
    "aws:rds/cluster:Cluster": (
        Drawn(look=Look.STORE, word="Aurora Serverless", place=Place.DATA, facts=facts.database),
    ),
    "aws:rds/clusterInstance:ClusterInstance": part_of("clusterIdentifier"),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": (
        used_by(("aws:rds/cluster:Cluster", "dbClusterParameterGroupName")),
    ),
    "aws:rds/subnetGroup:SubnetGroup": (used_by(("aws:rds/cluster:Cluster", "dbSubnetGroupName")),),
    "aws:route53/record:Record": (
        # What proves a certificate belongs to it; the others are the names people type.
        *part_of("records", type_="aws:acm/certificate:Certificate"),
        Drawn(
            look=Look.ENTRANCE,
            word="DNS name",
            place=Place.EDGE,
            together="siblings",
            titled="{name}",
            facts=facts.record,
        ),
    ),
    "aws:route53/zone:Zone": (
        Drawn(look=Look.ENTRANCE, word="DNS zone", place=Place.EDGE, titled="{name}", facts=facts.zone),
    ),
    "aws:s3/bucket:Bucket": (
        Drawn(
            look=Look.STORE,
            word="S3 bucket",
            place=Place.DATA,
            facts=facts.bucket,
            inside={"slipway:ledger:Ledger": LEDGER},
        ),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": part_of("bucket"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": part_of("bucket"),
    "aws:s3/bucketPolicy:BucketPolicy": part_of("bucket"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": part_of("bucket"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": part_of("bucket"),
    "aws:s3/bucketVersioning:BucketVersioning": part_of("bucket"),
    "aws:secretsmanager/secret:Secret": (
        Drawn(
            look=Look.GUARD,
            word="Secrets Manager",
            place=Place.DATA,
            together="siblings",
            shared=("", "secrets"),
            facts=facts.secrets,
        ),
    ),
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": (
        Drawn(look=Look.ENTRANCE, word="Cloud Map", place=Place.PRIVATE, titled="{name}", facts=facts.namespace),
    ),
    "aws:servicediscovery/service:Service": part_of("dnsConfig"),
    "aws:sns/topic:Topic": (Drawn(look=Look.WATCH, word="SNS topic", place=Place.DELIVERY, facts=facts.topic),),
    "aws:sns/topicPolicy:TopicPolicy": part_of("arn"),
    "aws:sns/topicSubscription:TopicSubscription": part_of("topic"),
    "aws:sqs/queue:Queue": (
        # What could not be done goes to a queue of its own, which belongs to the one it came from.
        used_by(("aws:sqs/queue:Queue", "redrivePolicy")),
        Drawn(look=Look.STORE, word="SQS queue", place=Place.DATA, facts=facts.queue),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": part_of("queueUrl"),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": part_of("queueUrl"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (Unseen("the way out is open, or the edge's own"),),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (Unseen("is the port on an edge"),),
    "aws:wafv2/webAcl:WebAcl": (Drawn(look=Look.GUARD, word="WAF", place=Place.EDGE, facts=facts.web_acl),),
    "aws:wafv2/webAclAssociation:WebAclAssociation": part_of("webAclArn"),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": part_of("resourceArn"),
}

__all__ = ("KINDS", "Drawn", "Framed", "PartOf", "Rule", "Unseen", "UsedBy")
