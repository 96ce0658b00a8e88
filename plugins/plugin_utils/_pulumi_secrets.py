# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection.

"""How an inventory offers secrets without holding any.

In the place of a secret stands a template, which looks the value up at the moment somebody uses it. So nothing secret
is in what C(ansible-inventory) prints or what a cache keeps, nothing is decrypted that nobody uses, and a listing needs
no passphrase. Values encrypted by Ansible's vault would be the other way. They would have to be decrypted here, all of
them, to be encrypted again with a key of our own that no public interface hands to the rest of the run; and a vault
holds text, so that numbers, null and whole objects would lose their type.
"""

from __future__ import annotations

import copy
import functools
import importlib
import re
import typing as t

import jinja2
from ansible.parsing.yaml import dumper
from ansible.plugins.loader import lookup_loader
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import OutputError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.values import (
    PASSED_ON,
    SECRET,
    SIGNATURE,
    holds_secret,
    plain,
)
from jinja2 import nodes
from yaml.representer import SafeRepresenter

try:
    # Since ansible-core 2.19 only what is marked as trusted is ever templated.
    from ansible.template import trust_as_template
except ImportError:
    OLD_TEMPLATES = True
else:
    OLD_TEMPLATES = False

LOOKUP = "slipway.aws.pulumi_output"
OUTPUTS = "pulumi_outputs"
# What can stand in a literal of Jinja2 and mean itself, in every version and however often it is evaluated.
AWKWARD = re.compile(r"[^\w ./:?&=@+,;~*()\[\]-]")
# Functions and variables by which an expression reaches variables it does not name.
ANY = "vars"
ROUNDABOUT = frozenset({"hostvars", ANY})
LOOKUPS = frozenset({"lookup", "q", "query"})
VARIABLE_LOOKUPS = ("vars", "varnames")

# A variable, and the keys and indexes from there on.
Way = tuple[t.Union[str, int], ...]  # noqa: UP007


def mark_as_data(value: t.Any) -> t.Any:
    """Return a value that nothing will evaluate."""
    return wrap_var(value) if OLD_TEMPLATES else value


def as_template(value: str) -> str:
    """Return a text that is evaluated when it is used."""
    template: str = value if OLD_TEMPLATES else trust_as_template(value)
    return template


def parted(value: t.Any, name: str, way: Way = ()) -> tuple[t.Any, list[Way]]:
    """Return the plain data of a serialised value, with V(None) for each secret in it, and the ways to those."""
    if not holds_secret(value):
        return plain(value, None, name), []
    if isinstance(value, list):
        items = [parted(item, f"{name}[{index}]", (*way, index)) for index, item in enumerate(value)]
        return [item for item, dummy in items], [found for dummy, ways in items for found in ways]
    signature = value.get(SIGNATURE)
    if signature == SECRET:
        return None, [way]
    if signature is not None and str(signature) not in PASSED_ON:
        return plain(value, None, name), []
    members: dict[str, t.Any] = {}
    ways: list[Way] = []
    for written, item in value.items():
        key = plain(written, None, name)
        members[key], inner = parted(item, f"{name}.{key}", (*way, key))
        ways += inner
    return members, ways


def without(variables: dict[str, t.Any], ways: t.Iterable[Way]) -> dict[str, t.Any]:
    """Return a copy in which what is secret is missing.

    A list with a secret in it is missing as a whole: its other elements would get different indexes.
    """
    left = copy.deepcopy(variables)
    for way in ways:
        last = max(index for index, step in enumerate(way) if isinstance(step, str))
        container: t.Any = left
        for step in way[:last]:
            container = container.get(step) if isinstance(container, dict) else None
        if isinstance(container, dict):
            container.pop(way[last], None)
    return left


def with_references(outputs: dict[str, t.Any], ways: t.Iterable[Way], options: t.Mapping[str, t.Any]) -> t.Any:
    """Return the outputs with templates in the place of what is secret; C(options) tell the lookup where it is."""
    filled: dict[str, t.Any] = mark_as_data(copy.deepcopy(outputs))
    names: set[str] = set()
    for way in ways:
        container: t.Any = filled
        for step in way[:-1]:
            container = container[step]
        container[way[-1]] = as_template("{{ " + _lookup(way, options) + " }}")
        names.add(str(way[0]))
    return sealed(filled, frozenset(names), options) if OLD_TEMPLATES else filled


def alias(way: Way) -> str:
    """Return the template of a variable that is another name of an output, or of a part of one."""
    return as_template("{{ " + OUTPUTS + _subscripts(way) + " }}")


def _lookup(way: Way, options: t.Mapping[str, t.Any]) -> str:
    words = [literal(LOOKUP), literal(way[0]), *(f"{name}={literal(value)}" for name, value in options.items())]
    return f"lookup({', '.join(words)})" + _subscripts(way[1:])


def _subscripts(way: Way) -> str:
    return "".join(f"[{literal(step)}]" for step in way)


def literal(value: str | int) -> str:
    """Write a value as Jinja2 writes it, so that nothing in it can end the literal or be evaluated itself.

    Backslashes would be the usual way, but some versions of Ansible double them first. A constant that looks like a
    template is evaluated once more where a lookup gets it; what a filter returns is not.
    """
    if not isinstance(value, str):
        return repr(value)
    codes = [str(ord(character)) for character in AWKWARD.findall(value)]
    text = AWKWARD.sub("%c", value)
    return f"('{text}' | format({', '.join(codes)}))" if codes else f"'{text}'"


class SealedOutputs(dict[str, t.Any]):
    """Outputs as ansible-core before 2.19 has to have them.

    It would make texts of numbers and of null, and objects of texts that look like one, if a secret were the result of
    a template. But it evaluates a variable by asking for its members by key, and prints, stores and copies it by
    walking through its items. So who asks by key gets values, and who walks sees references.
    """

    def __init__(self, shown: dict[str, t.Any], names: frozenset[str], options: t.Mapping[str, t.Any]) -> None:
        super().__init__(shown)
        self._names = names
        self._options = options

    @functools.cached_property
    def _values(self) -> dict[str, t.Any]:
        # One lookup for all of them, once per process: the old template engine asks for every member each time.
        names = sorted(self._names)
        values = lookup_loader.get(LOOKUP).run(names, variables={}, **self._options)
        return {name: _exactly(value) for name, value in zip(names, values, strict=True)}

    def __getitem__(self, name: str) -> t.Any:
        return self._values[name] if name in self._names else super().__getitem__(name)


def sealed(shown: dict[str, t.Any], names: frozenset[str], options: t.Mapping[str, t.Any]) -> SealedOutputs:
    """Return the outputs for ansible-core before 2.19."""
    for name in sorted(names):
        if "{" in name:
            raise OutputError(
                f"The secret output {name!r} has a name that ansible-core before 2.19 would evaluate.",
                hint="Rename it, or use a newer ansible-core.",
            )
    return SealedOutputs(shown, names, options)


def _exactly(value: t.Any) -> t.Any:
    """Mark texts as data, and as texts, whatever they look like."""
    if isinstance(value, dict):
        return {mark_as_data(key): _exactly(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exactly(item) for item in value]
    # Their module is gone in newer versions.
    as_text: t.Any = importlib.import_module("ansible.utils.native_jinja").NativeJinjaText
    return mark_as_data(as_text(value)) if isinstance(value, str) else value


def mentioned(template: str, variables: t.Mapping[str, t.Any], ways: t.Collection[Way]) -> str | None:
    """Return which secret a template would use, V(None) if it uses none.

    Nothing is evaluated, and in doubt the answer is yes. C(variables) have V(None) where the secrets are.
    """
    if not ways:
        return None
    for chain in _chains(template):
        found = _reached(chain, variables, ways)
        if found is not None:
            return ".".join(str(step) for step in found)
    return None


@functools.lru_cache(maxsize=256)
def _chains(template: str) -> tuple[tuple[_Step, ...], ...]:
    """Return each variable of a template, with the constant steps taken from it."""
    try:
        return tuple(_walk(jinja2.Environment(autoescape=False).parse(template)))  # noqa: S701 - nothing is rendered
    except jinja2.TemplateSyntaxError:
        return ()  # whoever evaluates it will say so


# Whether it is written .name, which may also be a method, and the key or index.
_Step = tuple[bool, t.Any]


def _walk(node: nodes.Node) -> t.Iterator[tuple[_Step, ...]]:
    steps: list[_Step] = []
    while isinstance(node, (nodes.Getattr, nodes.Getitem)):
        if isinstance(node, nodes.Getattr):
            steps.append((True, node.attr))
        elif isinstance(node.arg, nodes.Const):
            steps.append((False, node.arg.value))
        else:
            yield from _walk(node.arg)
            steps.clear()  # it may be any key
        node = node.node
    if isinstance(node, nodes.Name):
        yield ((False, node.name), *reversed(steps))
        return
    if isinstance(node, nodes.Call) and _reads_variables(node):
        yield ((False, ANY),)
    for child in node.iter_child_nodes():
        yield from _walk(child)


def _reads_variables(call: nodes.Call) -> bool:
    """Tell whether a call may look up variables by their names."""
    if not isinstance(call.node, nodes.Name) or call.node.name not in LOOKUPS:
        return False
    first = call.args[0] if call.args else None
    return not isinstance(first, nodes.Const) or str(first.value).endswith(VARIABLE_LOOKUPS)


def _reached(chain: tuple[_Step, ...], variables: t.Mapping[str, t.Any], ways: t.Collection[Way]) -> Way | None:
    if chain[0][1] in ROUNDABOUT:
        return next(iter(ways))
    value: t.Any = variables
    walked: list[t.Any] = []
    for is_attribute, step in chain:
        if is_attribute and hasattr(value, str(step)):
            break  # a method, which sees all of the value
        if isinstance(value, dict) and step in value:
            walked.append(step)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            walked.append(step)  # to Jinja2 a negative index is an expression, and so may be any
        else:
            return None  # there is no such thing
        value = value[step]
        if tuple(walked) in ways:
            break
    return next((way for way in ways if way[: len(walked)] == tuple(walked)), None)


if OLD_TEMPLATES:
    t.cast("t.Any", dumper.AnsibleDumper).add_representer(SealedOutputs, SafeRepresenter.represent_dict)


__all__ = ("alias", "as_template", "mark_as_data", "mentioned", "parted", "with_references", "without")
