"""What can go wrong when a system is drawn."""

from __future__ import annotations


class DiagramError(Exception):
    """A sentence for whoever runs the command."""


__all__ = ("DiagramError",)
