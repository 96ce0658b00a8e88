"""The one kind of failure this package raises on purpose."""

from __future__ import annotations


class LocalEngineError(Exception):
    """A sentence that says what happened, where, and what to do next."""


__all__ = ("LocalEngineError",)
