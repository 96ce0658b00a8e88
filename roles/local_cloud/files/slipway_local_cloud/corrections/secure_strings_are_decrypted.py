# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that are parameters."""

from __future__ import annotations

import typing as t

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from .seams import Place, Record


def secure_strings_are_decrypted(_place: Place) -> None:
    """A secret that is a SecureString parameter reaches the container in clear.

    AWS: the execution role decrypts it.
    MiniStack: the container gets the ciphertext.
    """
    ecs, ssm = service("ecs"), service("ssm")
    resolve, find = original(ecs, "_resolve_container_secrets"), original(ssm, "resolve_parameter_value")

    def resolve_container_secrets(container: Record) -> dict[str, str]:
        resolved: dict[str, str] = dict(resolve(container))
        for secret in container.get("secrets", []):
            if "secretsmanager" not in secret.get("valueFrom", "") and secret.get("name") in resolved:
                resolved[secret["name"]] = str(find(secret["valueFrom"], decrypt=True))
        return resolved

    replace(ecs, "_resolve_container_secrets", resolve_container_secrets)
