"""What is known of each resource, in the shape Pulumi's checkpoints have (version 3)."""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local_engine import urns
from local_engine.passphrase import Passphrase
from local_engine.wire import Properties, has_secret

CHECKPOINT_VERSION = 3
PROVIDER_TYPE = "pulumi:providers:"

# (our field, the file's key); what is empty is left out of the file, as the CLI does.
_OPTIONAL = (
    ("delete", "delete"),
    ("id", "id"),
    ("inputs", "inputs"),
    ("outputs", "outputs"),
    ("parent", "parent"),
    ("protect", "protect"),
    ("external", "external"),
    ("dependencies", "dependencies"),
    ("provider", "provider"),
    ("property_dependencies", "propertyDependencies"),
    ("additional_secret_outputs", "additionalSecretOutputs"),
    ("aliases", "aliases"),
    ("retain_on_delete", "retainOnDelete"),
    ("created", "created"),
    ("modified", "modified"),
    ("ignore_changes", "ignoreChanges"),
)


_KNOWN = {"urn", "type", "custom", *(key for _name, key in _OPTIONAL)}


def now() -> str:
    return spelt(datetime.now(UTC))


def spelt(moment: datetime) -> str:
    """Spell a moment as the CLI does, which leaves out zeros at the end."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".") + "Z"


@dataclass(kw_only=True)
class ResourceState:
    """One resource, as it was last seen."""

    urn: str
    type: str
    custom: bool
    id: str = ""
    delete: bool = False
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    external: bool = False
    dependencies: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    retain_on_delete: bool = False
    created: str = ""
    modified: str = ""
    ignore_changes: list[str] = field(default_factory=list)
    #: What the CLI wrote and nothing here acts on; it goes back into the file as it was.
    rest: Properties = field(default_factory=dict)

    @property
    def name(self) -> str:
        return urns.name_of(self.urn)

    @property
    def is_provider(self) -> bool:
        return self.type.startswith(PROVIDER_TYPE)

    @property
    def managed(self) -> bool:
        """Whether something in the cloud stands behind this, which we made."""
        return self.custom and not self.external and not self.is_provider

    def depends_on(self) -> set[str]:
        """Return every URN this one names; those must stand before it in a checkpoint."""
        named = {self.parent, *self.dependencies}
        named.update(urn for urns_ in self.property_dependencies.values() for urn in urns_)
        if self.provider:
            named.add(self.provider.rpartition("::")[0])
        return named - {""}

    def to_json(self, crypter: Passphrase) -> Properties:
        document: Properties = {"urn": self.urn, "custom": self.custom, "type": self.type}
        for name, key in _OPTIONAL:
            value = getattr(self, name)
            if value:
                document[key] = crypter.seal(value) if name in ("inputs", "outputs") else value
        return {**document, **self.rest}

    @classmethod
    def from_json(cls, document: Properties, crypter: Passphrase) -> ResourceState:
        state = cls(urn=document["urn"], type=document["type"], custom=document.get("custom", False))
        for name, key in _OPTIONAL:
            if document.get(key) is not None:
                value = document[key]
                setattr(state, name, crypter.open(value) if name in ("inputs", "outputs") else value)
        state.rest = {key: value for key, value in document.items() if key not in _KNOWN}
        return state


@dataclass(kw_only=True)
class Snapshot:
    """All resources of a stack, dependencies first."""

    resources: list[ResourceState] = field(default_factory=list)
    pending: list[tuple[str, ResourceState]] = field(default_factory=list)

    def find(self, urn: str) -> ResourceState | None:
        return next((state for state in self.resources if state.urn == urn and not state.delete), None)

    @property
    def stack(self) -> ResourceState | None:
        return next((state for state in self.resources if state.type == urns.STACK_TYPE), None)

    def has_secret(self) -> bool:
        states = [*self.resources, *(state for _kind, state in self.pending)]
        return any(has_secret(state.inputs) or has_secret(state.outputs) for state in states)

    def copy(self) -> Snapshot:
        return Snapshot(resources=[dataclasses.replace(state) for state in self.resources], pending=list(self.pending))


def to_deployment(snapshot: Snapshot, crypter: Passphrase, sdk_version: str, encrypted: bool) -> Properties:
    """Return the C(latest) part of a checkpoint."""
    version = f"v{sdk_version}"
    deployment: Properties = {
        "manifest": {
            "time": now(),
            # The CLI checks that this fits the version.
            "magic": hashlib.sha256(version.encode()).hexdigest(),
            "version": version,
        }
    }
    if encrypted:
        deployment["secrets_providers"] = {"type": "passphrase", "state": {"salt": crypter.state}}
    deployment["resources"] = [state.to_json(crypter) for state in snapshot.resources]
    if snapshot.pending:
        deployment["pending_operations"] = [
            {"resource": state.to_json(crypter), "type": kind} for kind, state in snapshot.pending
        ]
    deployment["metadata"] = {}
    return deployment


def from_deployment(deployment: t.Mapping[str, t.Any], crypter: Passphrase) -> Snapshot:
    return Snapshot(
        resources=[ResourceState.from_json(item, crypter) for item in deployment.get("resources") or []],
        pending=[
            (item["type"], ResourceState.from_json(item["resource"], crypter))
            for item in deployment.get("pending_operations") or []
        ],
    )


__all__ = ("CHECKPOINT_VERSION", "ResourceState", "Snapshot", "from_deployment", "now", "spelt", "to_deployment")
