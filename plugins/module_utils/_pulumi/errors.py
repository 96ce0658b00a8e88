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


class BackendDeniedError(BackendError):
    """The backend does not let us in, or not as far as we have to go."""


class BackendEmptyError(BackendError):
    """The backend is not there, or nothing was ever written to it."""


class ProjectError(PulumiError):
    """The project file cannot be found or read."""


class SelectionError(PulumiError):
    """The stacks somebody asked for cannot be told from the question."""


class StackNotFoundError(PulumiError):
    """No stack, or more than one, answers to the name."""


class StackEmptyError(PulumiError):
    """The stack exists and holds nothing: it was destroyed."""


class StackNeverUpdatedError(StackEmptyError):
    """The stack was made and never filled."""


class StackLockedError(PulumiError):
    """An update is under way, or was killed and left its lock behind."""


class StackPendingError(PulumiError):
    """An update was cut off in the middle of an operation, so the state is not to be relied on."""


class StackFailedError(PulumiError):
    """The last update failed, so the state is part old, part new."""


class CheckpointError(PulumiError):
    """The stack's state file cannot be read for what it is."""


class OutputError(PulumiError):
    """An output has no value anybody could use."""


class OutputNotFoundError(OutputError):
    """The stack does not export this, or what it exports has no such part."""


class OutputTypeError(OutputError):
    """The value is of another type than the one asked for."""


class OutputHiddenError(OutputError):
    """Where a value should be stands the text Pulumi hides secrets behind."""


class OutputSecretError(OutputError):
    """The value is secret, and nobody said that it may be decrypted."""


class SecretsError(PulumiError):
    """A secret output cannot be decrypted."""


class PassphraseError(SecretsError):
    """The passphrase is missing or is not the right one."""


__all__ = (
    "BackendDeniedError",
    "BackendEmptyError",
    "BackendError",
    "CheckpointError",
    "OutputError",
    "OutputHiddenError",
    "OutputNotFoundError",
    "OutputSecretError",
    "OutputTypeError",
    "PassphraseError",
    "ProjectError",
    "PulumiError",
    "SecretsError",
    "SelectionError",
    "StackEmptyError",
    "StackFailedError",
    "StackLockedError",
    "StackNeverUpdatedError",
    "StackNotFoundError",
    "StackPendingError",
)
