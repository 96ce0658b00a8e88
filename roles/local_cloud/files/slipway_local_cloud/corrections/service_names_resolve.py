# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of services, for the containers of others."""

from __future__ import annotations

import contextlib
import threading
import typing as t
from pathlib import Path

from .seams import original, replace, service

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from .seams import Place, Record

Names = dict[str, list[str]]


def service_names_resolve(_place: Place) -> None:
    """A service with a registry in Cloud Map has its tasks registered there, and tasks resolve its name.

    AWS: the registry's instances are the running tasks, and DNS in the VPC answers with their addresses.
    MiniStack: registers nothing, and no name resolves. Here names are in the containers' ``/etc/hosts``.
    """
    Registry().install()


class Registry:
    """Keeps the registries true to the running tasks, and the containers' hosts files true to the registries."""

    def __init__(self) -> None:
        self._ecs, self._map = service("ecs"), service("servicediscovery")
        self._refresh = original(self._ecs, "_refresh_service_state")
        self._build = original(self._ecs, "_build_run_kwargs")
        self._attach = original(self._ecs, "_attach_started_container")
        for store in ("_namespaces", "_services", "_instances", "_instance_health_status"):
            original(self._map, store)
        self._turn = threading.Lock()

    def install(self) -> None:
        replace(self._ecs, "_refresh_service_state", self.refresh_service_state)
        replace(self._ecs, "_build_run_kwargs", self.build_run_kwargs)
        replace(self._ecs, "_attach_started_container", self.attach_started_container)

    def refresh_service_state(self, cluster: str, group: str) -> None:
        self._refresh(cluster, group)
        kind, dummy, name = (group or "").partition(":")
        found = self._ecs._services.get(f"{cluster}/{name}") if kind == "service" else None
        registries = [one["registryArn"].rpartition("/")[2] for one in (found or {}).get("serviceRegistries") or []]
        if not found or not registries:
            return
        instances = {
            task["taskArn"].rpartition("/")[2]: self._instance(task, found)
            for task in [*self._ecs._tasks.values()]
            if task.get("group") == group and task["clusterArn"] == found["clusterArn"]
            and task["lastStatus"] == "RUNNING" and self._ecs._task_ip(task)
        }  # fmt: skip
        with self._turn:
            changed = False
            for registry in registries:
                changed = changed or self._map._instances.get(registry, {}) != instances
                self._map._instances[registry] = instances
                self._map._instance_health_status[registry] = dict.fromkeys(instances, "HEALTHY")
            if changed:
                for task in [*self._ecs._tasks.values()]:
                    self._write(task)

    def build_run_kwargs(self, *given: t.Any) -> Record:
        arguments: Record = self._build(*given)
        # So that the first thing an application does can be to look somebody up.
        known = {name: addresses[0] for name, addresses in self._names().items() if addresses}
        return arguments | {"extra_hosts": {**arguments.get("extra_hosts", {}), **known}}

    def attach_started_container(self, task: Record, container: t.Any, *rest: t.Any) -> bool:
        attached = bool(self._attach(task, container, *rest))
        with contextlib.suppress(Exception):  # a container that ended at once needs no names
            container.reload()
            task.setdefault("_hosts_files", []).append(container.attrs["HostsPath"])
            with self._turn:
                self._write(task)
        return attached

    def _instance(self, task: Record, found: Record) -> Record:
        attributes = {
            "AWS_INSTANCE_IPV4": self._ecs._task_ip(task),
            "AVAILABILITY_ZONE": task["availabilityZone"],
            "ECS_CLUSTER_NAME": found["clusterArn"].rpartition("/")[2],
            "ECS_SERVICE_NAME": found["serviceName"],
        }
        return {"Id": task["taskArn"].rpartition("/")[2], "Attributes": attributes}

    def _names(self) -> Names:
        """Return every name of this account and region with its addresses, also of a service that has none now."""
        names: Names = {}
        for identifier, one in [*self._map._services.items()]:
            namespace = self._map._namespaces.get(one["NamespaceId"])
            if namespace:
                instances = self._map._instances.get(identifier, {}).values()
                addresses = [each["Attributes"].get("AWS_INSTANCE_IPV4") for each in instances]
                names[f"{one['Name']}.{namespace['Name']}"] = [address for address in addresses if address]
        return names

    def _write(self, task: Record) -> None:
        if task["lastStatus"] == "STOPPED":
            return
        names = self._names()
        for file in {*task.get("_hosts_files", [])}:
            # An engine that is not on this machine keeps its files; its containers know what they started with.
            with contextlib.suppress(OSError):
                _rewrite(Path(file), names)


def _rewrite(file: Path, names: Names) -> None:
    """Replace what a hosts file says of these names; in place, for the container holds on to the very file."""
    with file.open("r+", encoding="utf-8") as stream:
        before = stream.read()
        after = "".join(_lines(before.splitlines(keepends=True), names))
        if after != before:
            stream.seek(0)
            stream.write(after)
            stream.truncate()


def _lines(before: Iterable[str], names: Names) -> list[str]:
    kept = [line for line in before if not {*line.split("#")[0].split()[1:]} & {*names}]
    return kept + [f"{address}\t{name}\n" for name, addresses in sorted(names.items()) for address in addresses]
