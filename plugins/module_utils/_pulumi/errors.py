# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What can go wrong between a Pulumi backend and an output, one type per kind of trouble."""

from __future__ import annotations

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError


class PulumiError(SlipwayError):
    """Reading Pulumi state stopped."""


class BackendError(PulumiError):
    """The backend cannot be named, reached or understood."""


class BackendEmptyError(BackendError):
    """The backend is not there, or nothing was ever written to it."""


class SelectionError(PulumiError):
    """The stacks somebody asked for cannot be told from the question."""


class StackNotFoundError(PulumiError):
    """No stack, or more than one, answers to the name."""


class StackEmptyError(PulumiError):
    """The stack exists and holds nothing: never updated, or destroyed."""


class StackPendingError(PulumiError):
    """An update is under way, or was cut off, so the state is not to be relied on."""


class CheckpointError(PulumiError):
    """The stack's state file cannot be read for what it is."""


class OutputError(PulumiError):
    """An output is missing, or has no value anybody could use."""


class SecretsError(PulumiError):
    """A secret output cannot be decrypted."""


__all__ = (
    "BackendEmptyError",
    "BackendError",
    "CheckpointError",
    "OutputError",
    "PulumiError",
    "SecretsError",
    "SelectionError",
    "StackEmptyError",
    "StackNotFoundError",
    "StackPendingError",
)
