# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection.

"""From stacks to inventory hosts: which variables a host has, and what they may be called."""

from __future__ import annotations

import dataclasses
import fnmatch
import keyword
import re
import typing as t

from ansible.vars.reserved import is_reserved_name
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.checkpoint import Resource
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import PulumiError, SelectionError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import DIY_ORGANIZATION, StackReference
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.stack import Stack, told_of
from ansible_collections.slipway.aws.plugins.plugin_utils._pulumi_secrets import (
    OUTPUTS,
    Way,
    alias,
    mark_as_data,
    mentioned,
    parted,
    with_references,
    without,
)

# How the option flatten is spelled.
NONE, LEAVES = "none", "leaves"
# Pulumi writes urn:pulumi:<stack>::<project>::<types>::<name>; only the name may hold the delimiter.
URN_PARTS = 4
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")
# What Ansible sets itself, besides the keywords of plays and tasks.
MAGIC = frozenset(
    {"group_names", "groups", "hostvars", "inventory_dir", "inventory_file", "inventory_hostname"}
    | {"inventory_hostname_short", "item", "omit", "play_hosts", "playbook_dir", "role_name", "role_names", "role_path"}
    | {"vars"}
)
OURS = ("ansible_", "pulumi_")
RESOURCE_KEYS = frozenset({"compose", "hostnames", "type"})
RESOURCE_HOSTNAMES = ("pulumi_id", "pulumi_name")


class HostError(PulumiError):
    """A host, or one of its variables, cannot be called what it would be called."""


@dataclasses.dataclass(frozen=True)
class Host:
    """One host to be, in a form any cache can keep.

    C(secrets) are the ways into its outputs that end at a secret, where C(variables) have V(None).
    """

    title: str
    stack: str
    variables: dict[str, t.Any]
    secrets: list[list[str | int]] = dataclasses.field(default_factory=list)
    wish: int | None = None


@dataclasses.dataclass(frozen=True)
class Wish:
    """Resources somebody wants hosts of."""

    pattern: str
    hostnames: tuple[str, ...]
    compose: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Wording:
    """What somebody wrote of names and variables of hosts."""

    hostnames: tuple[str, ...]
    compose: dict[str, str]
    flatten: str
    prefix: str


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A host with all it is to become: C(variables) go to Ansible, and expressions that work at once see C(visible).

    C(secrets) are the ways that end at a secret; C(outline) holds all variables, with V(None) there.
    """

    title: str
    hostnames: tuple[str, ...]
    compose: dict[str, str]
    variables: dict[str, t.Any]
    visible: dict[str, t.Any]
    outline: dict[str, t.Any]
    secrets: frozenset[Way]

    def having(self, later: t.Iterable[str]) -> Candidate:
        """Return the host with more variables that wait for a secret."""
        names = list(later)
        if not names:
            return self
        return dataclasses.replace(
            self,
            outline=self.outline | dict.fromkeys(names),
            secrets=self.secrets | {(name,) for name in names},
        )

    def composition(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the variables to compose at once, and those that use a secret and so have to wait for their use."""
        at_once, later = {}, {}
        for name, expression in self.compose.items():
            secret = self._secret(expression)
            if secret is None:
                at_once[name] = expression
                continue
            if mentioned(f"{{{{ {expression} }}}}", {name: None}, {(name,)}):
                raise HostError(
                    f"compose makes {name} of a secret and of itself, which has no end ({self.title}).",
                    hint="Give it another name.",
                )
            later[name] = expression
        return at_once, later

    def refuse_secrets(self, option: str, text: t.Any, *, template: bool = False) -> None:
        """Refuse an expression whose result is shown everywhere and would tell a secret."""
        secret = self._secret(text, template=template)
        if secret is not None:
            raise HostError(
                f"The expression {text!r} of the option {option} uses the secret {secret} of {self.title}.",
                hint="The names of groups and hosts are shown everywhere: make them of something else.",
            )

    def _secret(self, text: t.Any, *, template: bool = False) -> str | None:
        if not self.secrets or not isinstance(text, str):
            return None
        return mentioned(text if template else f"{{{{ {text} }}}}", self.outline, self.secrets)


def full_name(reference: StackReference) -> str:
    """Return the name of a stack that fits only it, in every backend."""
    if not reference.project:
        return reference.stack
    return "/".join((reference.organization or DIY_ORGANIZATION, reference.project, reference.stack))


def stack_host(stack: Stack, *, decrypt: bool) -> Host:
    """Return the host that a stack is."""
    secrets: list[Way] = []
    outputs: dict[str, t.Any] = {}
    if decrypt and stack.deployment.root:
        with told_of(stack.reference):
            outputs, secrets = _parted(stack.deployment.root.outputs)
    else:
        outputs = stack.outputs(secrets=False)
    update = stack.update
    return Host(
        title=f"stack {stack.reference}",
        stack=full_name(stack.reference),
        variables={
            **_names(stack.reference),
            OUTPUTS: outputs,
            "pulumi_secret_outputs": list(stack.secret_outputs),
            "pulumi_update": {
                "kind": update.kind,
                "result": update.result,
                "started": update.started,
                "ended": update.ended,
            }
            if update
            else None,
        },
        secrets=[list(way) for way in secrets],
    )


def _parted(serialised: dict[str, t.Any]) -> tuple[dict[str, t.Any], list[Way]]:
    outputs: dict[str, t.Any] = {}
    secrets: list[Way] = []
    for name, value in serialised.items():
        outputs[name], ways = parted(value, name, (name,))
        secrets += ways
    return outputs, secrets


def _names(reference: StackReference) -> dict[str, t.Any]:
    return {
        "pulumi_organization": reference.organization,
        "pulumi_project": reference.project,
        "pulumi_stack": reference.stack,
    }


def wishes(items: t.Sequence[t.Any]) -> list[Wish]:
    """Read the option resources."""
    if not items:
        raise SelectionError(
            "The list of resources is empty.", hint="Name a type, or leave the list out to make hosts of stacks."
        )
    return [_wish(item, f"resources[{index}]") for index, item in enumerate(items)]


def _wish(item: t.Any, place: str) -> Wish:
    if not isinstance(item, dict) or not isinstance(item.get("type"), str) or not item["type"]:
        raise SelectionError(
            f"{place} names no type.", hint="Write for instance type: aws:ec2/instance:Instance, or a shell pattern."
        )
    unknown = sorted(str(key) for key in item.keys() - RESOURCE_KEYS)
    if unknown:
        raise SelectionError(
            f"{place} has the unknown key {', '.join(unknown)}.", hint=f"Known are {', '.join(sorted(RESOURCE_KEYS))}."
        )
    hostnames = item.get("hostnames", list(RESOURCE_HOSTNAMES))
    compose = item.get("compose", {})
    if not isinstance(hostnames, list) or not all(isinstance(name, str) for name in hostnames):
        raise SelectionError(f"{place}.hostnames is not a list of expressions.")
    if not isinstance(compose, dict):
        raise SelectionError(f"{place}.compose is not a dictionary of expressions.")
    return Wish(item["type"], tuple(hostnames), compose)


def resource_hosts(stacks: t.Iterable[Stack], patterns: t.Sequence[str], *, allow_none: bool) -> list[Host]:
    """Return the hosts that resources are. The first pattern that fits a resource is the one it is wanted for."""
    hosts = [
        _resource_host(stack, resource, index)
        for stack in stacks
        for resource in stack.deployment.resources
        # What was replaced and is still to be removed is no host any more.
        if not resource.delete and (index := _first(patterns, resource.type)) is not None
    ]
    met = {host.wish for host in hosts}
    for index, pattern in enumerate(patterns):
        # A pattern that others leave nothing to has found something all the same.
        if index not in met and not allow_none and not any(_fits(host, pattern) for host in hosts):
            raise SelectionError(
                f"No resource of the selected stacks has a type that fits {pattern!r}.",
                hint="pulumi stack export shows the types there are; allow_empty accepts that there are none.",
            )
    return hosts


def _first(patterns: t.Sequence[str], kind: str) -> int | None:
    return next((index for index, pattern in enumerate(patterns) if fnmatch.fnmatchcase(kind, pattern)), None)


def _fits(host: Host, pattern: str) -> bool:
    return fnmatch.fnmatchcase(host.variables["pulumi_type"], pattern)


def _resource_host(stack: Stack, resource: Resource, wish: int) -> Host:
    return Host(
        title=f"resource {resource.urn}",
        stack=full_name(stack.reference),
        variables={
            **_names(stack.reference),
            "pulumi_urn": resource.urn,
            "pulumi_type": resource.type,
            "pulumi_name": resource.urn.split("::", URN_PARTS - 1)[-1],
            "pulumi_id": resource.id,
            "pulumi_resource": stack.resource_outputs(resource, secrets=False),
        },
        wish=wish,
    )


def candidate_of(host: Host, wording: Wording, where: t.Mapping[str, t.Any]) -> Candidate:
    """Return a host with all it is to become; C(where) tells the lookup which backend its secrets are in."""
    ways: list[Way] = [tuple(way) for way in host.secrets]
    outline = dict(host.variables)
    aliases: dict[str, Way] = {}
    if wording.flatten != NONE and OUTPUTS in outline:
        members = flattened(outline[OUTPUTS], prefix=wording.prefix, leaves=wording.flatten == LEAVES, title=host.title)
        for name, (way, value) in members.items():
            outline[name] = value
            if any(secret[: len(way)] == way for secret in ways):
                aliases[name] = way
    secrets = frozenset([(OUTPUTS, *way) for way in ways] + [(name,) for name in aliases])
    visible = mark_as_data(without(outline, secrets) if secrets else outline)
    variables = visible
    if secrets:
        options = {"stack": host.stack, **where, "secret_outputs": "decrypt"}
        references = with_references(outline[OUTPUTS], ways, options)
        variables = {**visible, OUTPUTS: references, **{name: alias(way) for name, way in aliases.items()}}
    return Candidate(host.title, wording.hostnames, wording.compose, variables, visible, outline, secrets)


def flattened(
    outputs: dict[str, t.Any], *, prefix: str, leaves: bool, title: str
) -> dict[str, tuple[tuple[str, ...], t.Any]]:
    """Return the variables that outputs become, each with the way to its value."""
    found: dict[str, tuple[tuple[str, ...], t.Any]] = {}
    for way, value in _members(outputs, (), leaves=leaves):
        name = _variable_name(prefix + "_".join(way))
        output = ".".join(way)
        if name in found:
            raise HostError(
                f"The outputs {'.'.join(found[name][0])} and {output} of {title} would both be the variable {name}.",
                hint="flatten_prefix would not tell them apart: rename one of them, or do without flatten.",
            )
        if name.startswith(OURS) or name in MAGIC or is_reserved_name(name) or keyword.iskeyword(name):
            raise HostError(
                f"The output {output} of {title} cannot be the variable {name}: that name is taken.",
                hint="Set flatten_prefix, for instance to output_.",
            )
        found[name] = (way, value)
    return found


def _members(
    container: dict[str, t.Any], way: tuple[str, ...], *, leaves: bool
) -> t.Iterator[tuple[tuple[str, ...], t.Any]]:
    for key, value in container.items():
        yield (*way, key), value
        if leaves and isinstance(value, dict):
            yield from _members(value, (*way, key), leaves=True)


def _variable_name(text: str) -> str:
    name = NOT_IN_NAMES.sub("_", text)
    return f"_{name}" if not name or name[0].isdigit() else name


__all__ = (
    "Candidate",
    "Host",
    "HostError",
    "Wish",
    "Wording",
    "candidate_of",
    "flattened",
    "full_name",
    "resource_hosts",
    "stack_host",
    "wishes",
)
