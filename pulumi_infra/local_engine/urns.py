"""Uniform resource names: how Pulumi tells resources apart."""

from __future__ import annotations

STACK_TYPE = "pulumi:pulumi:Stack"


def make(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """Return a resource's URN. The types of its parents are part of it, but not the stack's."""
    qualified = type_
    if parent:
        parent_types = parent.split("::")[2]
        if parent_types != STACK_TYPE:
            qualified = f"{parent_types}${type_}"
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def name_of(urn: str) -> str:
    return urn.split("::", 3)[3]


def type_of(urn: str) -> str:
    return urn.split("::")[2].split("$")[-1]


__all__ = ("STACK_TYPE", "make", "name_of", "type_of")
