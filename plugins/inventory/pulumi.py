# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: pulumi
short_description: One inventory host for each Pulumi stack
version_added: 0.1.0
author:
  - Slipway authors (@slipway-aws)
description:
  - Reads Pulumi stacks straight from the backend that keeps their state, without the Pulumi CLI,
    and makes one host of each.
  - The stack's outputs become the host's variable C(pulumi_outputs), its names C(pulumi_project) and C(pulumi_stack).
    O(compose) turns them into whatever variables a playbook wants.
  - All hosts are in the group C(pulumi_stacks).
  - Reads backends in folders and S3 buckets, in Pulumi's layouts 0 and 1, plain or compressed with gzip.
  - Nothing is guessed and nothing is skipped silently. A stack that cannot be relied on makes the whole source fail,
    with a sentence that says why. See the notes for how to make that failure stop a playbook.
notes:
  - By default Ansible only warns when an inventory source fails, and goes on with the hosts it has, which may be none.
    Set C(any_unparsed_is_failed) to V(true) in the C([inventory]) section of C(ansible.cfg), so that it stops instead.
  - The file's name must end with C(pulumi.yml) or C(pulumi.yaml).
  - A stack is not a machine. Tasks for these hosts should run on the controller, so set C(ansible_connection=local)
    for the group C(pulumi_stacks).
  - Outputs are data. Ansible never evaluates an expression it finds in one.
requirements:
  - The Python library C(boto3), for backends in S3.
  - The Python library C(cryptography), for O(secret_outputs=decrypt).
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Names this plugin, so that Ansible knows whose file it is.
    type: str
    required: true
    choices:
      - slipway.aws.pulumi
  backend:
    description:
      - URL of the backend, as C(pulumi login) takes it, so C(file://<folder>) or C(s3://<bucket>/<prefix>).
      - A relative folder starts at the folder of the inventory file. One from the environment variable starts at the
        working directory, as it does for the Pulumi CLI. C(~) is the home directory.
      - An S3 URL may end with the parameters C(region), C(profile), C(endpoint), C(s3ForcePathStyle), C(disableSSL),
        C(anonymous), C(dualstack) and C(fips). Credentials come from where AWS tools look for them.
      - C(${NAME}) is replaced by the environment variable of that name, C(${NAME:-default}) by the default if it is
        unset or empty. The value is not a template.
      - What the file says wins over the environment variable, which is for files that name no backend.
    type: str
    env:
      - name: PULUMI_BACKEND_URL
  project:
    description: Take only stacks of this project, and complete short names in O(stacks) with it.
    type: str
  stacks:
    description:
      - The stacks to make hosts of, each written C(stack), C(organization/stack) or C(organization/project/stack).
      - A short name must fit only one stack of the backend.
      - Cannot be combined with O(include) and O(exclude).
      - Without this option, all stacks are taken that O(project), O(include) and O(exclude) leave.
    type: list
    elements: str
  include:
    description:
      - Take only stacks that one of these shell patterns fits.
      - A pattern with a slash is compared with C(project/stack), one without with the stack's name.
    type: list
    elements: str
    default: []
  exclude:
    description: Leave out stacks that one of these shell patterns fits. The patterns are those of O(include).
    type: list
    elements: str
    default: []
  hostnames:
    description:
      - Jinja2 expressions over the host's variables, of which the first that gives a text names the host.
      - Two stacks with the same name are an error, because they would share one host.
    type: list
    elements: str
    default:
      - pulumi_stack
  secret_outputs:
    description:
      - V(omit) leaves out every output that is secret or contains a secret, and lists their names in
        C(pulumi_secret_outputs).
      - V(decrypt) decrypts them with the passphrase in C(PULUMI_CONFIG_PASSPHRASE) or C(PULUMI_CONFIG_PASSPHRASE_FILE).
        They are ordinary variables then, which C(ansible-inventory --list) prints and any task may print.
        It cannot be combined with O(cache), which would keep them.
    type: str
    choices:
      - omit
      - decrypt
    default: omit
  allow_pending:
    description: Also read stacks that are being updated, or whose last update was cut off.
    type: bool
    default: false
  allow_empty:
    description:
      - Accept a backend that does not exist yet or has no stacks, and leave out stacks that were never updated or were
        destroyed. Otherwise each of these is an error.
      - Does not apply to stacks that O(stacks) names.
    type: bool
    default: false
"""

EXAMPLES = r"""
# every-stack.pulumi.yml: all stacks of a bucket, in groups by project.
plugin: slipway.aws.pulumi
backend: s3://acme-pulumi-state/production?region=ap-northeast-1
strict: true
hostnames:
  - pulumi_project ~ '-' ~ pulumi_stack
keyed_groups:
  - key: pulumi_project
    prefix: project

---
# production.pulumi.yml: the stacks that exist to be released to, with the document a release reads.
plugin: slipway.aws.pulumi
backend: file://${STATE_DIR:-../state}
project: shop
include:
  - production-*
exclude:
  - "*-scratch"
strict: true
compose:
  delivery: pulumi_outputs.delivery
  ansible_connection: "'local'"

---
# two.pulumi.yml: two named stacks; the backend comes from PULUMI_BACKEND_URL.
plugin: slipway.aws.pulumi
stacks:
  - organization/shop/production-eu
  - organization/shop/production-us
"""

import os
import pathlib
import typing as t

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.backend import open_backend
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import BackendEmptyError, BackendError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.selection import Selection, select
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.stack import read_stacks
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import expand_variables

try:
    # Since ansible-core 2.19 only what is marked as trusted is ever templated.
    from ansible.template import trust_as_template as _trust_as_template  # noqa: F401

    def mark_as_data(value: t.Any) -> t.Any:
        return value

except ImportError:
    from ansible.utils.unsafe_proxy import wrap_var as mark_as_data

GROUP = "pulumi_stacks"
# The options that decide what is read.
ASKED = ("project", "stacks", "include", "exclude", "allow_pending", "allow_empty")

HostVariables = dict[str, t.Any]


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Options in, hosts out; what a stack is, the reader package knows."""

    NAME = "slipway.aws.pulumi"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(("pulumi.yml", "pulumi.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        written = self._read_config_data(path)
        # A relative URL means something else to a file than to the environment.
        base = pathlib.Path(path).absolute().parent if written.get("backend") else pathlib.Path.cwd()
        try:
            stacks = self._cached_stacks(path, base, cache)
        except SlipwayError as error:
            # The sentence says it all; Ansible would print the chain of causes behind it.
            raise AnsibleParserError(error.as_result()["msg"]) from None
        self._populate(inventory, stacks)

    def _cached_stacks(self, path: str, base: pathlib.Path, cache: bool) -> list[HostVariables]:
        url = self.get_option("backend")
        if not url:
            raise BackendError(
                f"{path} names no Pulumi backend.", hint="Set its option backend, or PULUMI_BACKEND_URL."
            )
        url = expand_variables(url, os.environ)
        if not self.get_option("cache"):
            return self._read_stacks(url, base)
        if self.get_option("secret_outputs") == "decrypt":
            raise BackendError(
                "cache would keep decrypted secrets.",
                hint="Use only one of cache and secret_outputs=decrypt.",
            )
        # One file may read different backends, by way of the environment: what was kept must answer the same question.
        source = [url, str(base), *(self.get_option(name) for name in ASKED)]
        key = self.get_cache_key(path)
        kept = self._cache.get(key) if cache else None
        if isinstance(kept, dict) and kept.get("source") == source:
            return t.cast("list[HostVariables]", kept["stacks"])
        stacks = self._read_stacks(url, base)
        self._cache[key] = {"source": source, "stacks": stacks}
        return stacks

    def _read_stacks(self, url: str, base: pathlib.Path) -> list[HostVariables]:
        named = self.get_option("stacks")
        selection = Selection(
            project=self.get_option("project"),
            stacks=None if named is None else tuple(named),
            include=tuple(self.get_option("include")),
            exclude=tuple(self.get_option("exclude")),
        )
        may_be_empty = self.get_option("allow_empty") and named is None
        try:
            backend = open_backend(url, base=base, environment=os.environ)
            wanted = select(backend.catalogue(), selection, backend.where)
        except BackendEmptyError:
            if may_be_empty:
                return []
            raise
        decrypt = self.get_option("secret_outputs") == "decrypt"
        return [
            {
                "pulumi_project": stack.reference.project,
                "pulumi_stack": stack.reference.stack,
                "pulumi_outputs": stack.outputs(secrets=decrypt),
                "pulumi_secret_outputs": list(stack.secret_outputs),
            }
            for stack in read_stacks(
                backend,
                wanted,
                environment=os.environ,
                allow_pending=self.get_option("allow_pending"),
                skip_empty=may_be_empty,
            )
        ]

    def _populate(self, inventory: t.Any, stacks: list[HostVariables]) -> None:
        inventory.add_group(GROUP)
        hosts: dict[str, HostVariables] = {}
        for stack in stacks:
            variables = mark_as_data(stack)
            name = self._hostname(variables)
            if name in hosts:
                raise AnsibleParserError(
                    f"Two stacks would be the host {name}: {_full_name(hosts[name])} and {_full_name(variables)}. "
                    "Make the option hostnames tell them apart, for instance by pulumi_project ~ '-' ~ pulumi_stack."
                )
            hosts[name] = variables
        known = set(inventory.hosts)
        try:
            for name, variables in hosts.items():
                self._add(inventory, name, variables)
        except Exception:
            # A failed source is only a warning to Ansible: half of its hosts must not stay behind.
            for name in set(hosts) & set(inventory.hosts) - known:
                inventory.remove_host(inventory.hosts[name])
            raise

    def _hostname(self, variables: HostVariables) -> str:
        for expression in self.get_option("hostnames"):
            try:
                name = self._compose(expression, variables)
            except Exception as error:
                if self.get_option("strict"):
                    raise AnsibleParserError(
                        f"The hostnames expression {expression!r} fails for stack {_full_name(variables)}: {error}"
                    ) from None
                continue
            if isinstance(name, str) and name.strip():
                return name.strip()
        raise AnsibleParserError(f"No expression of the option hostnames gives stack {_full_name(variables)} a name.")

    def _add(self, inventory: t.Any, name: str, variables: HostVariables) -> None:
        strict = self.get_option("strict")
        inventory.add_host(name, group=GROUP)
        for key, value in variables.items():
            inventory.set_variable(name, key, value)
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)


def _full_name(variables: HostVariables) -> str:
    return "/".join(part for part in (variables["pulumi_project"], variables["pulumi_stack"]) if part)
