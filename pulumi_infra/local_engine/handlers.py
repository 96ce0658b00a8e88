"""How a kind of resource is made, read, changed and removed: the base class, and the registry of all kinds."""

from __future__ import annotations

import abc
import functools
import importlib
import pkgutil
import secrets
import typing as t
from collections.abc import Callable, Mapping

import botocore.exceptions

from local_engine.cloud import Cloud
from local_engine.errors import LocalEngineError
from local_engine.wire import Properties

# The AWS provider's own property: the names of the inputs it filled in itself.
DEFAULTS = "__defaults"
# Seven characters after a hyphen, as the AWS provider makes names.
RANDOM_CHARACTERS = 7


class Handler(abc.ABC):
    """One resource type. Properties are called as in the AWS provider, in camel case.

    A subclass says which inputs it honours. Any other input is an error: what is not understood is never left out
    in silence. Most outputs are the inputs, completed by what L(read) finds in the cloud.
    """

    token: t.ClassVar[str]
    inputs: t.ClassVar[frozenset[str]]
    #: A change of one of these makes a new resource.
    replace_on: t.ClassVar[frozenset[str]] = frozenset()
    #: The input that names the resource, and is made up if the program leaves it out.
    named_by: t.ClassVar[str | None] = None
    #: Two resources that agree in these inputs cannot stand side by side: the old one has to go first.
    unique_by: t.ClassVar[tuple[str, ...]] = ()

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def check(self, name: str, inputs: Properties, old: Properties | None) -> Properties:
        """Return the inputs with a name, the one the resource already has if it has one."""
        strangers = sorted(set(inputs) - self.inputs)
        if strangers:
            raise LocalEngineError(
                f"{self.token} {name!r} sets {', '.join(strangers)}, which the local engine does not know. "
                f"Add it to local_engine/resources, class {type(self).__name__}."
            )
        if self.named_by is None or inputs.get(self.named_by):
            return inputs
        if old and self.named_by in old.get(DEFAULTS, []):
            made = old[self.named_by]
        else:
            made = f"{name}-{secrets.token_hex(4)[:RANDOM_CHARACTERS]}"
        return {**inputs, self.named_by: made, DEFAULTS: [self.named_by]}

    def must_go_first(self, old: Properties, new: Properties) -> bool:
        """Say whether the old resource is in the new one's way."""
        unique = self.unique_by or ((self.named_by,) if self.named_by else ())
        return bool(unique) and all(old.get(name) == new.get(name) for name in unique)

    @abc.abstractmethod
    def create(self, inputs: Properties) -> str:
        """Create the resource and return its id."""

    @abc.abstractmethod
    def read(self, id_: str, inputs: Properties) -> Properties | None:
        """Return the outputs the cloud knows, or nothing if the resource is not there."""

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        """Change the resource from its old inputs to its new ones."""
        raise LocalEngineError(f"{self.token} cannot be changed in place.")

    @abc.abstractmethod
    def delete(self, id_: str, inputs: Properties) -> None:
        """Remove the resource; one that is not there any more is removed."""


H = t.TypeVar("H", bound=type[Handler])
_REGISTRY: dict[str, type[Handler]] = {}


def handles(token: str) -> Callable[[H], H]:
    """Register a handler for a Pulumi type token."""

    def register(handler: H) -> H:
        handler.token = token
        _REGISTRY[token] = handler
        return handler

    return register


@functools.cache
def registry() -> Mapping[str, type[Handler]]:
    """Return all handlers, by token."""
    from local_engine import resources

    for module in pkgutil.iter_modules(resources.__path__):
        importlib.import_module(f"{resources.__name__}.{module.name}")
    return _REGISTRY


def handler_for(token: str, cloud: Cloud) -> Handler:
    found = registry().get(token)
    if found is None:
        raise LocalEngineError(
            f"The local engine does not know the resource type {token}. Add a handler to local_engine/resources, "
            "or run the program with the Pulumi CLI."
        )
    return found(cloud)


def code_of(error: botocore.exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def is_missing(error: botocore.exceptions.ClientError) -> bool:
    """Say whether an error means that the thing asked for is not there. Every service has its own word for it."""
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return (
        status == 404
        or "NotFound" in code
        or code.startswith("NoSuch")
        # SQS: AWS.SimpleQueueService.NonExistentQueue; WAF: WAFNonexistentItemException.
        or "nonexistent" in code.lower()
        or code in ("ClusterNotFoundException", "ResourceNotFoundException", "404")
        # ECS has no code of its own for a task definition that is not there.
        or "Unable to describe task definition" in error.response.get("Error", {}).get("Message", "")
    )


T = t.TypeVar("T")


def unless_missing(call: Callable[[], T]) -> T | None:
    """Return what a call returns, or nothing if what it asks for is not there."""
    try:
        return call()
    except botocore.exceptions.ClientError as error:
        if is_missing(error):
            return None
        raise


def changed(old: Properties, new: Properties) -> set[str]:
    """Return the inputs that differ, apart from the provider's own note."""
    return {key for key in {*old, *new} - {DEFAULTS} if old.get(key) != new.get(key)}


__all__ = (
    "DEFAULTS",
    "Handler",
    "changed",
    "code_of",
    "handler_for",
    "handles",
    "is_missing",
    "registry",
    "unless_missing",
)
