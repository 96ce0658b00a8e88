"""Between the provider's camel case and the services' own spelling."""

from __future__ import annotations

import typing as t


def pascal(value: t.Any) -> t.Any:
    """Return a structure with every key's first letter in upper case, as most services want it."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: pascal(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [pascal(item) for item in value]
    return value


def given(**arguments: t.Any) -> dict[str, t.Any]:
    """Return the arguments that have a value: AWS takes no nulls."""
    return {name: value for name, value in arguments.items() if value is not None}


__all__ = ("given", "pascal")
