"""The two interfaces the SDK knows an engine by, answered in the same process.

The SDK takes an object in place of a network connection and calls it with the same messages it would send to the
CLI. So nothing is guessed: parents, dependencies, options and secrets are what the real engine would be told.
"""

from __future__ import annotations

import threading
import typing as t
import uuid

from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import engine_pb2, resource_pb2

from local_engine import urns
from local_engine.deployment import Deployment, Goal
from local_engine.display import Display
from local_engine.errors import LocalEngineError
from local_engine.invokes import Invokes
from local_engine.ledger import StateLedger
from local_engine.state import PROVIDER_TYPE, ResourceState, now
from local_engine.wire import from_struct, to_struct, unwrap

FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
)
# Options that would change what happens, and that nothing here acts on: better refused than forgotten.
REFUSED_OPTIONS = (
    ("remote", "is a component of another language"),
    ("importId", "is imported"),
    ("transforms", "has transforms"),
    ("state_migrations", "has state migrations"),
    ("replace_with", "is replaced with others"),
    ("deletedWith", "is deleted with another"),
)


class Monitor:
    """The resource monitor: the program registers its resources here."""

    def __init__(
        self,
        deployment: Deployment,
        ledger: StateLedger,
        invokes: Invokes,
        *,
        project: str,
        stack: str,
        region: str,
    ) -> None:
        self._deployment = deployment
        self._ledger = ledger
        self._invokes = invokes
        self._project = project
        self._stack = stack
        self._region = region
        self._lock = threading.Lock()
        self._default_providers: dict[str, str] = {}
        self._states: dict[str, ResourceState] = {}
        self.failure: BaseException | None = None

    # The names of these methods are the protocol's.

    def GetDeploymentInfo(self, request: t.Any) -> t.Any:  # noqa: ARG002
        return resource_pb2.DeploymentInfo(supportedFeatures=FEATURES)

    def SupportsFeature(self, request: t.Any) -> t.Any:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in ("secrets", "aliasSpecs"))

    def SignalAndWaitForShutdown(self, request: t.Any) -> t.Any:  # noqa: ARG002
        return empty_pb2.Empty()

    def Invoke(self, request: t.Any) -> t.Any:
        with self._stopping_on_failure():
            answer = self._invokes.call(request.tok, unwrap(from_struct(request.args)))
            response = resource_pb2.ResourceInvokeResponse()
            getattr(response, "return").CopyFrom(to_struct(answer))
            return response

    def RegisterResource(self, request: t.Any) -> t.Any:
        with self._stopping_on_failure():
            self._refuse_unknown_options(request)
            state = self._register(request)
            return resource_pb2.RegisterResourceResponse(
                urn=state.urn, id=state.id, object=to_struct(state.outputs if state.custom else {})
            )

    def ReadResource(self, request: t.Any) -> t.Any:
        with self._stopping_on_failure():
            state = ResourceState(
                urn=urns.make(self._stack, self._project, request.parent, request.type, request.name),
                type=request.type,
                custom=True,
                external=True,
                id=request.id,
                inputs=from_struct(request.properties),
                parent=request.parent,
                dependencies=list(request.dependencies),
                provider=self._provider(request),
            )
            found = self._deployment.read(state)
            return resource_pb2.ReadResourceResponse(urn=found.urn, id=found.id, properties=to_struct(found.outputs))

    def RegisterResourceOutputs(self, request: t.Any) -> t.Any:
        with self._lock:
            self._states[request.urn].outputs = from_struct(request.outputs)
        return empty_pb2.Empty()

    def __getattr__(self, name: str) -> t.Any:
        # Here comes the rest of the protocol: calls on components, transforms, hooks, packages.
        if not name[:1].isupper():
            raise AttributeError(name)
        raise LocalEngineError(f"The program uses {name} of Pulumi's engine, which the local engine does not offer.")

    def _register(self, request: t.Any) -> ResourceState:
        goal = self._goal(request)
        state = goal.state
        if not state.custom:
            state = self._deployment.register_component(goal)
        elif state.is_provider:
            state.id = str(uuid.uuid4())
            state = self._deployment.register_provider(state)
        else:
            state.provider = self._provider(request)
            state = self._deployment.register(goal)
        with self._lock:
            self._states[state.urn] = state
        return state

    def _goal(self, request: t.Any) -> Goal:
        state = ResourceState(
            urn=urns.make(self._stack, self._project, request.parent, request.type, request.name),
            type=request.type,
            custom=request.custom,
            inputs=from_struct(request.object),
            parent=request.parent,
            protect=request.protect,
            dependencies=sorted(request.dependencies),
            property_dependencies={
                key: sorted(found.urns) for key, found in sorted(request.propertyDependencies.items())
            },
            additional_secret_outputs=list(request.additionalSecretOutputs),
            retain_on_delete=request.retainOnDelete,
            ignore_changes=list(request.ignoreChanges),
        )
        return Goal(
            state=state,
            delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
            replace_on_changes=list(request.replaceOnChanges),
            alias_urns=[self._alias_urn(alias, request) for alias in request.aliases],
        )

    def _alias_urn(self, alias: t.Any, request: t.Any) -> str:
        if alias.WhichOneof("alias") == "urn":
            return str(alias.urn)
        spec = alias.spec
        parent = "" if spec.noParent else spec.parentUrn or request.parent
        return urns.make(
            spec.stack or self._stack,
            spec.project or self._project,
            parent,
            spec.type or request.type,
            spec.name or request.name,
        )

    def _provider(self, request: t.Any) -> str:
        """Return the reference to the resource's provider, recording the default one as the engine would."""
        if request.provider:
            return str(request.provider)
        package = request.type.split(":")[0]
        version = request.version or "unversioned"
        name = f"default_{version.replace('.', '_')}"
        type_ = f"{PROVIDER_TYPE}{package}"
        urn = urns.make(self._stack, self._project, "", type_, name)
        with self._lock:
            if urn not in self._default_providers:
                inputs = {"region": self._region, "version": version}
                state = ResourceState(
                    urn=urn, type=type_, custom=True, id=str(uuid.uuid4()), inputs=inputs, created=now(), modified=now()
                )
                self._default_providers[urn] = self._deployment.register_provider(state).id
            return f"{urn}::{self._default_providers[urn]}"

    def _refuse_unknown_options(self, request: t.Any) -> None:
        for option, words in REFUSED_OPTIONS:
            if getattr(request, option, None):
                raise LocalEngineError(f"{request.type} {request.name} {words}, which the local engine does not offer.")
        if request.HasField("replacement_trigger"):
            raise LocalEngineError(f"{request.type} {request.name} has a replacement trigger, which is not offered.")

    def _stopping_on_failure(self) -> _StopOnFailure:
        return _StopOnFailure(self)


class _StopOnFailure:
    """After the first failure nothing new is begun; what is under way is finished and recorded."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def __enter__(self) -> None:
        if self._monitor.failure is not None:
            raise LocalEngineError("Not begun, because something else failed.")

    def __exit__(self, kind: t.Any, error: BaseException | None, trace: t.Any) -> None:
        if error is not None and self._monitor.failure is None:
            self._monitor.failure = error


class EngineLog:
    """The engine's other face: it takes the program's messages."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self.errors: list[str] = []

    def Log(self, request: t.Any) -> t.Any:
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        if request.severity != engine_pb2.DEBUG and not request.ephemeral:
            word = engine_pb2.LogSeverity.Name(request.severity).lower()
            self._display.line(f" {word}: {request.message.rstrip()}")
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, request: t.Any) -> t.Any:  # noqa: ARG002
        return engine_pb2.RequirePulumiVersionResponse()


__all__ = ("EngineLog", "Monitor")
