# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: pulumi
short_description: One inventory host for each Pulumi stack, or for each resource of some type
version_added: 0.1.0
author:
  - Slipway authors (@slipway-aws)
description:
  - Reads Pulumi stacks straight from the backend that keeps their state, without the Pulumi CLI,
    and makes one host of each, in the group C(pulumi_stacks).
  - With O(resources) it makes hosts of what the stacks consist of instead, such as their EC2 instances,
    in the group C(pulumi_resources).
  - O(compose) turns what is known of a host into whatever variables a playbook wants, and O(groups) and O(keyed_groups)
    turn it into groups.
  - Nothing is guessed and nothing is skipped silently. A stack that cannot be relied on makes the whole source fail,
    with a sentence that says why. See the notes for how to make that failure stop a playbook.
notes:
  - By default Ansible only warns when an inventory source fails, and goes on with the hosts it has, which may be none.
    Set C(any_unparsed_is_failed) to V(true) in the C([inventory]) section of C(ansible.cfg), so that it stops instead.
  - The file's name must end with C(pulumi.yml) or C(pulumi.yaml).
  - A stack is not a machine. Tasks for these hosts should run on the controller, so set C(ansible_connection=local)
    for the group C(pulumi_stacks).
  - Outputs are data. Ansible never evaluates an expression it finds in one.
  - Every host has the variables C(pulumi_project), C(pulumi_stack) and C(pulumi_organization). The last one is empty
    where there are no organizations, which is everywhere but at Pulumi Cloud and its like.
  - The host of a stack also has C(pulumi_outputs), a dictionary of its outputs; C(pulumi_secret_outputs), the names of
    those that are secret or contain a secret; and C(pulumi_update), which says of the last update the C(kind), the
    C(result), and when it C(started) and C(ended) in seconds since 1970. It is null where there is no record of one.
  - The host of a resource also has C(pulumi_urn), C(pulumi_type), C(pulumi_name), which is the last part of the URN,
    C(pulumi_id), which is null for a component, and C(pulumi_resource), a dictionary of what the state knows of it.
    Whatever is secret in that is left out.
requirements:
  - The Python library C(boto3), for backends in S3 and secrets that AWS KMS protects.
  - The Python library C(cryptography), to use decrypted secrets.
  - The Python library C(zstandard), for states compressed with zstd.
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
      - URL of the backend, as C(pulumi login) takes it. These are C(file://<folder>), C(s3://<bucket>/<prefix>) and
        C(https://<host>) for Pulumi Cloud or a service with the same API.
      - V(cli) lets the Pulumi CLI read the stacks of the backend it is logged in to, and C(cli+<URL>) those of the
        backend of that URL. This is the way for backends and secrets providers only Pulumi itself can open.
      - A relative folder starts at the folder of the inventory file. One from the environment variable starts at the
        working directory, as it does for the Pulumi CLI. C(~) is the home directory.
      - An S3 URL may end with the parameters C(region), C(profile), C(endpoint), C(s3ForcePathStyle), C(disableSSL),
        C(anonymous), C(dualstack) and C(fips). Credentials come from where AWS tools look for them.
      - The token for a service comes from the environment variable E(PULUMI_ACCESS_TOKEN), or from C(pulumi login).
      - C(${NAME}) is replaced by the environment variable of that name, C(${NAME:-default}) by the default if it is
        unset or empty. The value is not a template.
      - What the file says wins over the environment variable, which is for files that name no backend. Without either
        it is the backend in C(Pulumi.yaml) of O(project_dir), else the one C(pulumi login) chose.
    type: str
    env:
      - name: PULUMI_BACKEND_URL
  project_dir:
    description:
      - A folder with a C(Pulumi.yaml), which supplies O(project) and O(backend) unless they are set.
      - A relative one starts at the folder of the inventory file.
    type: str
  project:
    description: Take only stacks of this project, and complete short names in O(stacks) with it.
    type: str
  stacks:
    description:
      - The stacks to read, each written C(stack), C(organization/stack) or C(organization/project/stack).
      - A short name must fit only one stack of the backend.
      - Cannot be combined with O(include) and O(exclude).
      - Without this option, all stacks are taken that O(project), O(include) and O(exclude) leave.
    type: list
    elements: str
  include:
    description:
      - Take only stacks that one of these shell patterns fits.
      - A pattern with a slash is compared with C(project/stack), one without with the stack's name. Where there are
        organizations, it is C(organization/project/stack).
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
      - Resources have O(resources[].hostnames).
    type: list
    elements: str
    default:
      - pulumi_stack
  resources:
    description:
      - Make hosts of these resources, and none of the stacks.
      - A resource that fits several entries belongs to the first of them.
      - An entry nothing fits is an error, unless O(allow_empty=true).
    type: list
    elements: dict
    suboptions:
      type:
        description:
          - Type of the resources as Pulumi writes it, such as V(aws:ec2/instance:Instance), or a shell pattern such as
            V(aws:ec2/*).
        type: str
        required: true
      hostnames:
        description: Jinja2 expressions over the host's variables, of which the first that gives a text names the host.
        type: list
        elements: str
        default: [pulumi_id, pulumi_name]
      compose:
        description: Variables for these hosts, beside and above those of the plugin's own O(compose).
        type: dict
        default: {}
  flatten:
    description:
      - Whether outputs also become host variables of their own, besides C(pulumi_outputs).
      - V(outputs) makes a variable of each output.
      - V(leaves) makes one of each member of a nested object too, its keys joined with C(_). Lists stay lists.
      - Characters that the name of a variable cannot have become C(_). Two outputs that would be the same variable are
        an error, and so is one whose name Ansible or this plugin keeps to itself.
      - Hosts of resources have no outputs, so that it changes nothing for them.
    type: str
    choices:
      - none
      - outputs
      - leaves
    default: none
  flatten_prefix:
    description: What the names of the variables that O(flatten) makes begin with.
    type: str
    default: ''
  secret_outputs:
    description:
      - V(omit) leaves out every output that is secret or contains a secret. C(pulumi_secret_outputs) has their names.
      - V(decrypt) puts a template in the place of each secret, which reads and decrypts it with
        P(slipway.aws.pulumi_output#lookup) whenever it is used. Then it has its true value and type. What
        C(ansible-inventory) prints and what O(cache) keeps is the template.
      - A variable of O(compose) that uses a secret becomes a template too. O(groups), O(keyed_groups) and O(hostnames)
        must not use one, because the names of groups and hosts are shown everywhere.
      - A missing or wrong passphrase is an error of the task that uses a secret, not of the inventory. Set
        C(no_log=true) for such tasks, because a value that was decrypted is a value like any other.
      - With ansible-core 2.17 and 2.18, whoever uses any of C(pulumi_outputs) has all of its secrets decrypted. There a
        variable that O(flatten) or O(compose) makes of a secret number or null is a text, unless C(jinja2_native=true).
    type: str
    choices:
      - omit
      - decrypt
    default: omit
  allow_pending:
    description: Also read stacks that are being updated, or whose last update was cut off.
    type: bool
    default: false
  allow_failed:
    description: Also read stacks whose last update failed, so that some of their outputs are new and some are old.
    type: bool
    default: false
  allow_empty:
    description:
      - Accept a backend that does not exist yet or has no stacks, and leave out stacks that were never updated or were
        destroyed. Otherwise each of these is an error.
      - Does not apply to stacks that O(stacks) names.
      - Accept that nothing fits an entry of O(resources).
    type: bool
    default: false
seealso:
  - plugin: slipway.aws.pulumi_output
    plugin_type: lookup
  - module: slipway.aws.pulumi_stack_info
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

---
# project.pulumi.yml: the project and its backend are those of ../infra/Pulumi.yaml, and each output is a variable.
plugin: slipway.aws.pulumi
project_dir: ../infra
flatten: leaves
flatten_prefix: infra_

---
# secrets.pulumi.yml: secrets are decrypted when a task uses them, and a composed variable that needs one waits as well.
plugin: slipway.aws.pulumi
backend: s3://acme-pulumi-state/production
stacks:
  - organization/shop/production-eu
secret_outputs: decrypt
compose:
  database_url: "'postgres://shop:' ~ pulumi_outputs.database.password ~ '@' ~ pulumi_outputs.database.host"

---
# machines.pulumi.yml: every EC2 instance of every stack, named by its id and reached by its private address.
plugin: slipway.aws.pulumi
backend: s3://acme-pulumi-state/production
strict: true
resources:
  - type: aws:ec2/instance:Instance
    compose:
      ansible_host: pulumi_resource.privateIp
keyed_groups:
  - key: pulumi_resource.tags.Role | default('other')
    prefix: role
  - key: pulumi_stack
    prefix: stack
"""

import dataclasses
import os
import pathlib
import typing as t
import urllib.parse

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.errors import BackendEmptyError, BackendError
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.reader import Reader, Terms, open_reader
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.selection import Selection
from ansible_collections.slipway.aws.plugins.module_utils._pulumi.urls import (
    CLI,
    VARIABLE,
    CliLocation,
    FolderLocation,
    expand_variables,
    parse_backend_url,
)
from ansible_collections.slipway.aws.plugins.module_utils._secret_names import looks_secret
from ansible_collections.slipway.aws.plugins.plugin_utils._pulumi_hosts import (
    Candidate,
    Host,
    HostError,
    Wish,
    Wording,
    candidate_of,
    resource_hosts,
    stack_host,
    wishes,
)
from ansible_collections.slipway.aws.plugins.plugin_utils._pulumi_run import run_cache
from ansible_collections.slipway.aws.plugins.plugin_utils._pulumi_secrets import as_template

Options = dict[str, t.Any]

STACKS = "pulumi_stacks"
RESOURCES = "pulumi_resources"
DECRYPT = "decrypt"
# The options that decide what is read.
ASKED = (
    *("project_dir", "project", "stacks", "include", "exclude"),
    *("secret_outputs", "allow_pending", "allow_failed", "allow_empty"),
)
# What the lookup that reads a secret has to put up with as we do.
PUT_UP_WITH = ("allow_pending", "allow_failed")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Options in, hosts out; what a stack is, the reader package knows."""

    NAME = "slipway.aws.pulumi"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(("pulumi.yml", "pulumi.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        written = self._read_config_data(path)
        folder = pathlib.Path(path).absolute().parent
        options: Options = self.get_options()
        try:
            wanted = None if options["resources"] is None else wishes(options["resources"])
            where = _where(options, written.get("backend"), folder)
            # A relative URL means something else to a file than to the environment.
            base = folder if written.get("backend") else pathlib.Path.cwd()
            hosts = self._hosts(path, base, options, wanted, use_cache=cache)
            candidates = [_candidate(host, options, wanted, where) for host in hosts]
            self._populate(inventory, STACKS if wanted is None else RESOURCES, candidates)
        except SlipwayError as error:
            # The sentence says it all; Ansible would print the chain of causes behind it.
            raise AnsibleParserError(str(error)) from None

    def _hosts(
        self, path: str, base: pathlib.Path, options: Options, wanted: list[Wish] | None, *, use_cache: bool
    ) -> list[Host]:
        patterns = None if wanted is None else [wish.pattern for wish in wanted]
        try:
            reader = _reader(options, pathlib.Path(path).absolute().parent, base)
            if not options["cache"]:
                return _read(reader, options, patterns)
            # One file may read different backends, by way of the environment: what was kept must answer this question.
            url = expand_variables(options["backend"] or "", os.environ)
            question = [url, reader.backend.where, patterns, *(options[name] for name in ASKED)]
            key = self.get_cache_key(path)
            kept = self._cache.get(key) if use_cache else None
            if isinstance(kept, dict) and kept.get("question") == question:
                return [Host(**host) for host in kept["hosts"]]
            hosts = _read(reader, options, patterns)
        except BackendEmptyError:
            if options["allow_empty"] and options["stacks"] is None:
                return []
            raise
        self._cache[key] = {"question": question, "hosts": [dataclasses.asdict(host) for host in hosts]}
        return hosts

    def _populate(self, inventory: t.Any, group: str, candidates: list[Candidate]) -> None:
        inventory.add_group(group)
        named: dict[str, Candidate] = {}
        for candidate in candidates:
            name = self._hostname(candidate)
            if name in named:
                other = "pulumi_project ~ '-' ~ pulumi_stack" if group == STACKS else "pulumi_stack ~ '-' ~ pulumi_name"
                raise HostError(
                    f"Two hosts would be called {name}: {named[name].title} and {candidate.title}.",
                    hint=f"Make the option hostnames tell them apart, for instance by {other}.",
                )
            named[name] = candidate
        known = set(inventory.hosts)
        try:
            for name, candidate in named.items():
                self._add(inventory, group, name, candidate)
        except Exception:
            # A failed source is only a warning to Ansible: half of its hosts must not stay behind.
            for name in set(named) & set(inventory.hosts) - known:
                inventory.remove_host(inventory.hosts[name])
            raise

    def _hostname(self, candidate: Candidate) -> str:
        for expression in candidate.hostnames:
            candidate.refuse_secrets("hostnames", expression)
            # Most hosts are named by a variable: 500 of them need no template engine for that.
            if expression in candidate.visible:
                name = candidate.visible[expression]
            else:
                try:
                    name = self._compose(expression, candidate.visible)
                except Exception as error:
                    if self.get_option("strict"):
                        raise HostError(
                            f"The hostnames expression {expression!r} fails for {candidate.title}: {error}"
                        ) from None
                    continue
            if isinstance(name, str) and name.strip():
                return name.strip()
        raise HostError(f"No expression of the option hostnames gives {candidate.title} a name.")

    def _add(self, inventory: t.Any, group: str, name: str, candidate: Candidate) -> None:
        strict = self.get_option("strict")
        inventory.add_host(name, group=group)
        for variable, value in candidate.variables.items():
            inventory.set_variable(name, variable, value)
        at_once, later = candidate.composition()
        if at_once:
            self._set_composite_vars(at_once, candidate.visible, name, strict=strict)
        for variable, expression in later.items():
            inventory.set_variable(name, variable, as_template("{{ " + expression + " }}"))
        self._group(inventory, name, candidate.having(later))

    def _group(self, inventory: t.Any, name: str, candidate: Candidate) -> None:
        groups, keyed_groups = self.get_option("groups"), self.get_option("keyed_groups")
        if not groups and not keyed_groups:
            return
        for expression in (groups or {}).values():
            candidate.refuse_secrets("groups", expression)
        for keyed in (entry for entry in keyed_groups or [] if isinstance(entry, dict)):
            candidate.refuse_secrets("keyed_groups", keyed.get("key"))
            candidate.refuse_secrets("keyed_groups", keyed.get("parent_group"), template=True)
        # What was composed can be grouped by; what waits for a secret cannot.
        composed = inventory.get_host(name).get_vars()
        hidden = {way[0] for way in candidate.secrets}
        visible = candidate.visible | {
            variable: value for variable, value in composed.items() if variable not in hidden
        }
        strict = self.get_option("strict")
        self._add_host_to_composed_groups(groups, visible, name, strict=strict, fetch_hostvars=False)
        self._add_host_to_keyed_groups(keyed_groups, visible, name, strict=strict, fetch_hostvars=False)


def _reader(options: Options, folder: pathlib.Path, base: pathlib.Path) -> Reader:
    return open_reader(
        options["backend"],
        base=base,
        environment=os.environ,
        project_dir=_project_dir(options, folder),
        cache=run_cache(),
    )


def _project_dir(options: Options, folder: pathlib.Path) -> pathlib.Path | None:
    written = options["project_dir"]
    return folder / pathlib.Path(written).expanduser() if written else None


def _read(reader: Reader, options: Options, patterns: list[str] | None) -> list[Host]:
    named = options["stacks"]
    selection = Selection(
        project=options["project"],
        stacks=None if named is None else tuple(named),
        include=tuple(options["include"]),
        exclude=tuple(options["exclude"]),
    )
    terms = Terms(
        allow_pending=options["allow_pending"],
        allow_failed=options["allow_failed"],
        allow_empty=options["allow_empty"],
        resource_types=tuple(patterns or ()),
    )
    stacks = reader.stacks(selection, terms)
    if patterns is not None:
        return resource_hosts(stacks, patterns, allow_none=options["allow_empty"])
    return [stack_host(stack, decrypt=options["secret_outputs"] == DECRYPT) for stack in stacks]


def _where(options: Options, written: str | None, folder: pathlib.Path) -> dict[str, t.Any]:
    """Return what the lookup that reads a secret has to be told, besides the stack."""
    told: dict[str, t.Any] = {name: True for name in PUT_UP_WITH if options[name]}
    project_dir = _project_dir(options, folder)
    if project_dir is not None:
        told["project_dir"] = str(project_dir)
    if not written:
        return told  # it finds the backend where we found it
    location = parse_backend_url(written, base=folder, environment=os.environ)
    prefix = ""
    if isinstance(location, CliLocation):
        if options["secret_outputs"] == DECRYPT and _shows_password(written):
            raise BackendError(
                "The backend URL holds a password, and every reference to a secret would show it.",
                hint="Keep it in an environment variable, and write ${NAME} in its place.",
            )
        if location.url and location.url.startswith("file://"):
            prefix, location = f"{CLI}+", parse_backend_url(location.url, base=folder, environment={})
    if isinstance(location, FolderLocation):
        # The lookup starts elsewhere.
        return told | {"backend": f"{prefix}file://{urllib.parse.quote(str(location.folder), safe='/ ')}"}
    # As it is written, because what its variables hold is nobody's business.
    return told | {"backend": written}


def _shows_password(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url.removeprefix(f"{CLI}+"))
        held = [parts.password or ""]
    except ValueError:
        return True
    held += [value for name, value in urllib.parse.parse_qsl(parts.query) if looks_secret(name)]
    return any(VARIABLE.sub("", text) for text in held)


def _candidate(host: Host, options: Options, wanted: list[Wish] | None, where: dict[str, t.Any]) -> Candidate:
    hostnames, compose = tuple(options["hostnames"]), options["compose"] or {}
    if wanted is not None and host.wish is not None:
        wish = wanted[host.wish]
        hostnames, compose = wish.hostnames, compose | wish.compose
    wording = Wording(hostnames, compose, options["flatten"], options["flatten_prefix"])
    return candidate_of(host, wording, where)
