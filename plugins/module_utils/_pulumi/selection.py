# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Which of a backend's stacks somebody wants."""

from __future__ import annotations

import dataclasses
import fnmatch

from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import Backend, Catalogue, existing
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import BackendEmptyError, SelectionError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.names import StackReference, parse_stack_name


@dataclasses.dataclass(frozen=True)
class Selection:
    """An explicit list of stacks, or patterns over all of them; a project narrows both."""

    project: str | None = None
    stacks: tuple[str, ...] | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def select(backend: Backend, selection: Selection) -> Catalogue:
    """Return the wanted stacks of a backend, in order; a selection that finds nothing is an error."""
    _check(selection)
    if selection.stacks is not None:
        return _listed(backend, selection.stacks, selection.project)
    catalogue = backend.catalogue()
    if not catalogue:
        raise BackendEmptyError(
            f"The Pulumi backend at {backend.where} has no stacks.",
            hint="Run the first pulumi up against it, or correct the backend URL.",
        )
    found = {reference: catalogue[reference] for reference in sorted(catalogue) if _wanted(reference, selection)}
    if not found:
        raise SelectionError(
            f"None of the {len(catalogue)} stacks in {backend.where} is selected by project, include and exclude.",
            hint=existing(catalogue),
        )
    return found


def _check(selection: Selection) -> None:
    # An empty list means somebody meant to name stacks; taking all of them instead would be the opposite.
    if selection.stacks == ():
        raise SelectionError(
            "The list of stacks is empty.", hint="Name at least one, or leave the list out to take all."
        )
    if selection.stacks and (selection.include or selection.exclude):
        raise SelectionError(
            "stacks names what to take, and include or exclude select from everything else.",
            hint="Use the one or the other.",
        )


def _listed(backend: Backend, stacks: tuple[str, ...], project: str | None) -> Catalogue:
    found: Catalogue = {}
    for text in stacks:
        name = parse_stack_name(text)
        if name.project is None:
            name = dataclasses.replace(name, project=project)
        reference, entry = backend.locate(name)
        found[reference] = entry
    return found


def _wanted(reference: StackReference, selection: Selection) -> bool:
    if selection.project is not None and reference.project not in ("", selection.project):
        return False
    included = not selection.include or _matches(reference, selection.include)
    return included and not _matches(reference, selection.exclude)


def _matches(reference: StackReference, patterns: tuple[str, ...]) -> bool:
    # A pattern with a slash is about project and stack, one without only about the stack.
    # An organization may be left out of it, as it is where there are none.
    below_project = f"{reference.project}/{reference.stack}"
    return any(
        fnmatch.fnmatchcase(name, pattern)
        for pattern in patterns
        for name in ({str(reference), below_project} if "/" in pattern else {reference.stack})
    )


__all__ = ("Selection", "select")
