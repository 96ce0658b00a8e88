"""What AWS would answer, made up: the outputs of mocked resources, and the answers to functions. One place for all."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

Inputs = Mapping[str, t.Any]
Outputs = dict[str, t.Any]

ACCOUNT = "123456789012"
REGION = "ap-northeast-1"
ZONES = [f"{REGION}a", f"{REGION}c", f"{REGION}d"]
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-111122223333"
FOUND_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:found-abc123"
DATABASE_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds-abc123"
PREFIX_LIST = "pl-0123456789abcdef0"
FOUND_ZONE = "Z1"


def identifier(token: str, name: str, inputs: Inputs) -> str:
    if token == "aws:ecs/service:Service":
        return _arn(token, f"service/{inputs['name']}/{name}")
    return f"{name}-id"


def outputs(token: str, name: str, inputs: Inputs) -> Outputs:
    """Return what a resource of a type says of itself, beside its inputs."""
    made_up = _OUTPUTS.get(token)
    return {"arn": _arn(token, name), "name": name, **(made_up(name, inputs) if made_up else {}), **inputs}


def answer(token: str, arguments: Inputs) -> Outputs:
    """Answer one of the provider's functions; one that nothing here knows is a mistake of the program or of ours."""
    if token not in _ANSWERS:
        raise AssertionError(f"the program calls {token}, which tests/invented.py has no answer to")
    return _ANSWERS[token](arguments)


def _arn(token: str, resource: str) -> str:
    service = token.split(":")[1].split("/")[0]
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _proofs(_name: str, inputs: Inputs) -> Outputs:
    """Answer as ACM does: in no order, and the same record for a name and for all names under it."""
    domains = [inputs["domainName"], *inputs.get("subjectAlternativeNames", [])]
    bases = {domain: domain.removeprefix("*.") for domain in domains}
    proofs = [
        {
            "domainName": domain,
            "resourceRecordName": f"_proof.{bases[domain]}.",
            "resourceRecordType": "CNAME",
            "resourceRecordValue": f"value-of-{bases[domain]}.",
        }
        for domain in reversed(domains)
    ]
    return {"domainValidationOptions": proofs}


_OUTPUTS: dict[str, Callable[[str, Inputs], Outputs]] = {
    "aws:acm/certificate:Certificate": _proofs,
    "aws:apigateway/deployment:Deployment": lambda name, _: {"executionArn": f"{_execution(name)}/"},
    "aws:apigateway/domainName:DomainName": lambda name, _: {
        "cloudfrontDomainName": f"{name}.cloudfront.net",
        "cloudfrontZoneId": "Z2",
        "regionalDomainName": f"{name}.regional",
        "regionalZoneId": "Z2",
    },
    "aws:apigateway/restApi:RestApi": lambda name, _: {
        "executionArn": _execution(name),
        "rootResourceId": f"{name}-root",
    },
    "aws:apigateway/stage:Stage": lambda name, _: {
        "executionArn": f"{_execution(name)}/live",
        "invokeUrl": f"https://{name}.execute-api.{REGION}.amazonaws.com/live",
    },
    "aws:cloudfront/distribution:Distribution": lambda name, _: {
        "domainName": f"{name}.cloudfront.net",
        "hostedZoneId": "Z1",
    },
    "aws:cloudwatch/dashboard:Dashboard": lambda name, _: {
        "dashboardArn": f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{name}"
    },
    "aws:ec2/eip:Eip": lambda name, _: {
        "allocationId": f"eipalloc-{name}",
        "publicDns": f"{name}.compute.amazonaws.com",
        "publicIp": "192.0.2.1",
    },
    "aws:ec2/launchTemplate:LaunchTemplate": lambda _name, _inputs: {"latestVersion": 3},
    "aws:ecr/repository:Repository": lambda name, inputs: {
        "registryId": ACCOUNT,
        "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{inputs.get('name', name)}",
    },
    "aws:efs/fileSystem:FileSystem": lambda name, _: {"dnsName": f"{name}.efs.{REGION}.amazonaws.com"},
    "aws:lambda/alias:Alias": lambda name, _: {"invokeArn": f"invoke/{name}"},
    "aws:lambda/function:Function": lambda name, _: {"invokeArn": f"invoke/{name}", "version": "1"},
    "aws:lb/loadBalancer:LoadBalancer": lambda name, _: {
        "arnSuffix": f"suffix/{name}",
        "dnsName": f"{name}.elb.amazonaws.com",
        "zoneId": f"{name}-zone",
    },
    "aws:lb/targetGroup:TargetGroup": lambda name, _: {"arnSuffix": f"suffix/{name}"},
    "aws:rds/cluster:Cluster": lambda name, _: {
        "clusterResourceId": f"cluster-{name}",
        "endpoint": f"{name}.cluster-x.{REGION}.rds.amazonaws.com",
        "masterUserSecrets": [{"secretArn": DATABASE_SECRET, "secretStatus": "active", "kmsKeyId": KEY}],
        "port": 5432,
        "readerEndpoint": f"{name}.cluster-ro-x.{REGION}.rds.amazonaws.com",
    },
    "aws:rds/clusterInstance:ClusterInstance": lambda name, _: {
        "endpoint": f"{name}.x.{REGION}.rds.amazonaws.com",
        "port": 5432,
    },
    "aws:route53/record:Record": lambda _name, inputs: {"fqdn": str(inputs.get("name", "")).rstrip(".")},
    "aws:route53/zone:Zone": lambda name, _: {"nameServers": ["ns-1.example.net"], "zoneId": f"{name}-zone"},
    "aws:s3/bucket:Bucket": lambda name, _: {
        "bucket": name,
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{REGION}.amazonaws.com",
    },
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": lambda name, _: {"hostedZone": f"{name}-zone"},
    "aws:sqs/queue:Queue": lambda name, _: {"url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"},
}


def _execution(name: str) -> str:
    return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{name}"


_ANSWERS: dict[str, Callable[[Inputs], Outputs]] = {
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": lambda given: {"id": PREFIX_LIST, "name": given["name"]},
    "aws:iam/getPolicyDocument:getPolicyDocument": lambda _: {"id": "1", "json": "{}", "minifiedJson": "{}"},
    "aws:index/getAvailabilityZones:getAvailabilityZones": lambda _: {"id": REGION, "names": ZONES},
    "aws:index/getCallerIdentity:getCallerIdentity": lambda _: {
        "id": ACCOUNT,
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "userId": ACCOUNT,
    },
    "aws:index/getPartition:getPartition": lambda _: {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com"},
    "aws:index/getRegion:getRegion": lambda _: {"id": REGION, "name": REGION, "region": REGION},
    "aws:route53/getZone:getZone": lambda given: {
        "id": FOUND_ZONE,
        "zoneId": FOUND_ZONE,
        "name": given.get("name", "example.net"),
        "nameServers": ["ns-2.example.net"],
    },
    "aws:secretsmanager/getSecret:getSecret": lambda given: {
        "id": FOUND_SECRET,
        "arn": FOUND_SECRET,
        "name": given.get("name", "found"),
    },
    "aws:ssm/getParameter:getParameter": lambda given: {
        "id": given["name"],
        "arn": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{given['name'].removeprefix('/')}",
        "name": given["name"],
        "type": "String",
        "value": "a value",
    },
}

__all__ = ("ACCOUNT", "FOUND_SECRET", "KEY", "PREFIX_LIST", "REGION", "ZONES", "answer", "identifier", "outputs")
