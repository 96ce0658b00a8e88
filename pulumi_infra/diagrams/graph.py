"""The resources a stack's program asks for, and which of their properties speak of which other resource.

The true program runs, and what it registers is written down instead of made. Each name that a cloud would give is
answered with a mark, C({{urn#property}}), so that a policy or an environment variable that mentions a resource can be
traced to it, however deep inside a document the mention is.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
import threading
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from local_engine import urns
from local_engine.errors import LocalEngineError
from local_engine.program import run
from local_engine.project import Project
from local_engine.wire import from_struct, to_struct, unwrap
from pulumi.runtime.proto import engine_pb2, resource_pb2

from diagrams.errors import DiagramError

ACCOUNT = "123456789012"
# Tokyo has these; there is no b for new accounts.
ZONES = ("a", "c", "d")
MARK = re.compile(r"\{\{(urn:[^#{}]+)#(\w+)\}\}")
COMPONENTS = "slipway:"
Steps = tuple[str, ...]


@dataclass(frozen=True, order=True)
class Mention:
    """One place where a resource speaks of another: the path of the property, and which of the other's names it is."""

    path: Steps
    target: str
    attribute: str


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource the program asked for."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: t.Mapping[str, t.Any]
    mentions: tuple[Mention, ...]

    def mentioned(self, *path: str) -> list[str]:
        """Return the resources that a property speaks of, in order; a star stands for any one step of the path."""
        found = [mention.target for mention in self.mentions if _begins(mention.path, path)]
        return list(dict.fromkeys(found))


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Everything one stack asks for, by URN."""

    stack: str
    system: str
    region: str
    resources: t.Mapping[str, Resource]

    def of(self, *types: str) -> list[Resource]:
        return [resource for resource in self.resources.values() if resource.type in types]

    def made(self) -> list[Resource]:
        """Return what a cloud would have to make: everything but components."""
        return [item for item in self.resources.values() if not item.type.startswith((COMPONENTS, "pulumi:"))]

    def mentioning(self, urn: str, type_: str, *path: str) -> list[Resource]:
        """Return the resources of a type that speak of this one in a property."""
        return [resource for resource in self.of(type_) if urn in resource.mentioned(*path)]

    def ancestors(self, resource: Resource) -> list[Resource]:
        found = []
        while resource.parent in self.resources:
            resource = self.resources[resource.parent]
            found.append(resource)
        return found

    def plain(self, value: t.Any) -> str:
        """Return a text as people read it: a mark becomes what the other resource was given, or else its name."""

        def readable(match: re.Match[str]) -> str:
            other = self.resources[match[1]]
            given = other.inputs.get(match[2])
            return self.plain(given) if isinstance(given, str) and match[0] not in given else self.short(other.name)

        return MARK.sub(readable, str(value))

    def short(self, name: str) -> str:
        """Return a name without the stack's, which all of them begin with."""
        return name.removeprefix(f"{self.stack}-")


def read(folder: Path, stack: str) -> Graph:
    """Run the program of a stack and return what it asked for. Nothing is made and nobody is asked."""
    try:
        project = Project.load(folder, stack)
        config, secret_keys = project.config()
    except LocalEngineError as error:
        raise DiagramError(str(error)) from error
    region = config.get("aws:region")
    if not region:
        raise DiagramError(f"Pulumi.{stack}.yaml says no aws:region, so the program of {stack} cannot run.")
    monitor = _Recorder(project.name, stack, region)
    engine = _Engine()
    try:
        run(
            project.main,
            project=project.name,
            stack=stack,
            monitor=t.cast("t.Any", monitor),
            engine=t.cast("t.Any", engine),
            config=config,
            secret_keys=secret_keys,
            preview=False,
        )
    except Exception as error:
        raise DiagramError(f"The program of {stack} failed: {error}") from (monitor.failure or error)
    if engine.errors or monitor.failure:
        raise DiagramError(f"The program of {stack} failed: {'; '.join(engine.errors) or monitor.failure}")
    return monitor.graph(config.get("slipway:system", stack))


class _Recorder:
    """A resource monitor that writes down what is registered. The names of its methods are the protocol's."""

    def __init__(self, project: str, stack: str, region: str) -> None:
        self._project, self._stack, self._region = project, stack, region
        self._resources: dict[str, Resource] = {}
        self._lock = threading.Lock()
        self.failure: BaseException | None = None

    def graph(self, system: str) -> Graph:
        # The SDK registers what does not depend on each other in an order of chance.
        ordered = dict(sorted(self._resources.items()))
        return Graph(stack=self._stack, system=system, region=self._region, resources=ordered)

    def GetDeploymentInfo(self, request: t.Any) -> t.Any:  # noqa: ARG002
        features = (
            resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
            resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
        )
        return resource_pb2.DeploymentInfo(supportedFeatures=features)

    def SupportsFeature(self, request: t.Any) -> t.Any:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in ("secrets", "aliasSpecs"))

    def SignalAndWaitForShutdown(self, request: t.Any) -> t.Any:  # noqa: ARG002
        return empty_pb2.Empty()

    def RegisterResourceOutputs(self, request: t.Any) -> t.Any:  # noqa: ARG002
        return empty_pb2.Empty()

    def RegisterResource(self, request: t.Any) -> t.Any:
        urn = urns.make(self._stack, self._project, request.parent, request.type, request.name)
        inputs = unwrap(from_struct(request.object))
        resource = Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            inputs=inputs,
            mentions=tuple(sorted(set(_mentions(inputs)))),
        )
        with self._lock:
            self._resources[urn] = resource
        outputs = _answer(urn, request.type, inputs) if request.custom else {}
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=_mark(urn, "id") if request.custom else "", object=to_struct(outputs)
        )

    def Invoke(self, request: t.Any) -> t.Any:
        function = _FUNCTIONS.get(request.tok)
        if function is None:
            self.failure = DiagramError(
                f"The program calls {request.tok}, which diagrams/graph.py has no answer for. Add one there."
            )
            raise self.failure
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(function(unwrap(from_struct(request.args)), self._region)))
        return response

    def __getattr__(self, name: str) -> t.Any:
        if not name[:1].isupper():
            raise AttributeError(name)
        raise DiagramError(f"The program uses {name} of Pulumi's engine, which diagrams/graph.py does not offer.")


class _Engine:
    """The engine's other face: it takes the program's messages, of which only errors matter here."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def Log(self, request: t.Any) -> t.Any:
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message.strip())
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, request: t.Any) -> t.Any:  # noqa: ARG002
        return engine_pb2.RequirePulumiVersionResponse()


def _mark(urn: str, attribute: str) -> str:
    return f"{{{{{urn}#{attribute}}}}}"


def _answer(urn: str, type_: str, inputs: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a resource's outputs: what it was given, with a mark in place of each text that may be referred to."""
    marks = {attribute: _mark(urn, attribute) for attribute in _texts(type_)}
    special: dict[str, t.Any] = {}
    if type_ == "aws:rds/cluster:Cluster":
        special["masterUserSecrets"] = [{"secretArn": _mark(urn, "masterUserSecrets"), "secretStatus": "active"}]
    if type_ == "aws:acm/certificate:Certificate":
        names = [inputs["domainName"], *(inputs.get("subjectAlternativeNames") or [])]
        proof = _mark(urn, "domainValidationOptions")
        special["domainValidationOptions"] = [
            {
                "domainName": name,
                "resourceRecordName": proof,
                "resourceRecordType": "CNAME",
                "resourceRecordValue": proof,
            }
            for name in names
        ]
    return {**inputs, **marks, **special}


@functools.cache
def _texts(type_: str) -> tuple[str, ...]:
    """Return the outputs of a type that are texts, as its class in the SDK declares them."""
    package, _colon, rest = type_.partition(":")
    if package != "aws":
        return ()
    module, _slash, _file = rest.partition("/")
    space = getattr(pulumi_aws, module, None) or getattr(pulumi_aws, f"{module}_", None)
    class_ = getattr(space, type_.rpartition(":")[2], None)
    if class_ is None:
        raise DiagramError(f"The SDK has no class for {type_}; look at diagrams/graph.py, which derives its name.")
    getters = [member.fget for member in vars(class_).values() if isinstance(member, property) and member.fget]
    wanted = (pulumi.Output[str], pulumi.Output[t.Optional[str]])  # noqa: UP045 - compared with what the SDK wrote
    named = [(getattr(getter, "_pulumi_name", None), getter.__annotations__.get("return")) for getter in getters]
    return tuple(name for name, declared in named if name and declared in wanted)


def _mentions(value: t.Any, path: Steps = ()) -> t.Iterator[Mention]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _mentions(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _mentions(item, (*path, str(index)))
    elif isinstance(value, str):
        document = parsed(value)
        if document is not None:
            yield from _mentions(document, path)
            return
        text = _decoded(value) if path[-1:] == ("userData",) else value
        for match in MARK.finditer(text):
            yield Mention(path, match[1], match[2])


def parsed(text: str) -> t.Any:
    """Return a JSON document that a property holds as text, or None where it holds something else."""
    if text[:1] not in ("{", "[") or text.startswith("{{"):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text


def _begins(path: Steps, wanted: Steps) -> bool:
    return len(path) >= len(wanted) and all(
        one in ("*", other) for one, other in zip(wanted, path[: len(wanted)], strict=True)
    )


Function = t.Callable[[t.Mapping[str, t.Any], str], dict[str, t.Any]]
# What the program asks a cloud that exists; the answers only have to be of the right shape.
_FUNCTIONS: dict[str, Function] = {
    "aws:index/getCallerIdentity:getCallerIdentity": lambda _asked, _region: {
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "userId": ACCOUNT,
        "id": ACCOUNT,
    },
    "aws:index/getAvailabilityZones:getAvailabilityZones": lambda _asked, region: {
        "names": [f"{region}{zone}" for zone in ZONES],
        "id": region,
    },
    "aws:index/getRegion:getRegion": lambda _asked, region: {"id": region, "name": region, "region": region},
    "aws:index/getPartition:getPartition": lambda _asked, _region: {"id": "aws", "partition": "aws"},
    "aws:route53/getZone:getZone": lambda asked, _region: {
        "id": f"zone:{asked.get('name')}",
        "zoneId": f"zone:{asked.get('name')}",
        "name": asked.get("name"),
        "nameServers": [],
    },
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": lambda asked, _region: {
        "id": f"list:{asked.get('name')}",
        "name": asked.get("name"),
    },
    "aws:secretsmanager/getSecret:getSecret": lambda asked, region: {
        "id": asked.get("name"),
        "arn": f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{asked.get('name')}-AbCdEf",
        "name": asked.get("name"),
    },
}

__all__ = ("Graph", "Mention", "Resource", "parsed", "read")
