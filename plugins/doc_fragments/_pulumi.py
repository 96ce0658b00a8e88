# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is **PRIVATE** to the collection.

from __future__ import annotations


class ModuleDocFragment:
    """How to name one Pulumi stack, and what to put up with in it."""

    DOCUMENTATION = r"""
options:
  stack:
    description:
      - The stack, written C(stack), C(organization/stack) or C(organization/project/stack).
      - A short name must fit only one stack of the backend.
      - The stack that C(pulumi stack select) chose last is never taken, because it is another one tomorrow.
    type: str
    required: true
  backend:
    description:
      - URL of the backend, as C(pulumi login) takes it. These are C(file://<folder>), C(s3://<bucket>/<prefix>) and
        C(https://<host>) for Pulumi Cloud or a service with the same API.
      - V(cli) lets the Pulumi CLI read the stack from the backend it is logged in to, and C(cli+<URL>) from the backend
        of that URL. This is the way for backends and secrets providers only Pulumi itself can open.
      - A relative folder starts at the folder of the playbook.
      - An S3 URL may end with the parameters C(region), C(profile), C(endpoint), C(s3ForcePathStyle), C(disableSSL),
        C(anonymous), C(dualstack) and C(fips). Credentials come from where AWS tools look for them.
      - The token for a service comes from the environment variable E(PULUMI_ACCESS_TOKEN), or from C(pulumi login).
      - C(${NAME}) is replaced by the environment variable of that name, C(${NAME:-default}) by the default if it is
        unset or empty.
      - Without this option it is E(PULUMI_BACKEND_URL), else the backend in C(Pulumi.yaml) of O(project_dir), else the
        one C(pulumi login) chose.
    type: str
  project:
    description: The project of a stack that is named without one. Without this option it is that of O(project_dir).
    type: str
  project_dir:
    description:
      - A folder with a C(Pulumi.yaml), which supplies the project and the backend. A relative one starts at the folder
        of the playbook. C(~) is the home directory.
    type: str
  allow_pending:
    description: Also read a stack that is being updated, or whose last update was cut off.
    type: bool
    default: false
  allow_failed:
    description: Also read a stack whose last update failed, so that some of its outputs are new and some are old.
    type: bool
    default: false
requirements:
  - The Python library C(boto3), for backends in S3 and secrets that AWS KMS protects.
  - The Python library C(cryptography), to decrypt secrets.
  - The Python library C(zstandard), for states compressed with zstd.
  - The Python library C(PyYAML), for O(project_dir).
"""
