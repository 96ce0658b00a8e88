# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""A repository by its address, as the infrastructure's outputs spell it."""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9.-]+(?::\d+)?)/(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)")
ECR_HOST = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)"
)
LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d+){3})(?::\d+)?")


@dataclasses.dataclass(frozen=True)
class Repository:
    """Where an image is pushed to.

    ``account`` and ``region`` are read from the address of ECR; a registry on another
    address (the local cloud) is asked through the connection's own region.
    """

    uri: str
    host: str
    name: str
    account: str | None
    region: str | None

    @classmethod
    def parse(cls, uri: str) -> Repository:
        """Read C(<registry>/<name>), without a tag or digest."""
        found = ADDRESS.fullmatch(uri)
        if not found or not re.search(r"[.:]|^localhost$", found["host"]):
            raise SlipwayError(
                f"{uri!r} is not the address of a repository.",
                hint="Give <registry>/<name> without tag or digest, as the repositoryUri of ECR reads.",
            )
        ecr = ECR_HOST.fullmatch(found["host"])
        return cls(
            uri=uri,
            host=found["host"],
            name=found["name"],
            account=ecr["account"] if ecr else None,
            region=ecr["region"] if ecr else None,
        )

    @property
    def is_loopback(self) -> bool:
        """Whether the registry is on this machine, where engines speak plain HTTP."""
        return bool(LOOPBACK.fullmatch(self.host))


__all__ = ("Repository",)
