# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services that find each other by name."""

from __future__ import annotations

import typing as t

from definitions import completed, container, define, run, running, stopped
from ecs import create_service, log_of, wait_for

if t.TYPE_CHECKING:
    from home import Home

NAME = "greeter.shop.local"
SERVE = "import http.server as h; h.HTTPServer(('0.0.0.0', 8000), h.SimpleHTTPRequestHandler).serve_forever()"
ASK = f"import urllib.request; urllib.request.urlopen('http://{NAME}:8000/', timeout=5)"
WATCH = f"""
import socket, time
while True:
    try:
        print('SEEN', *socket.gethostbyname_ex('{NAME}')[2], flush=True)
    except OSError:
        print('SEEN nobody', flush=True)
    time.sleep(0.5)
"""


def instances(home: Home, registry: str) -> list[str]:
    found = home.client("servicediscovery").list_instances(ServiceId=registry)["Instances"]
    return [one["Attributes"]["AWS_INSTANCE_IPV4"] for one in found]


def test_service_names_resolve(cloud: Home, pushed: str) -> None:
    """A task that starts later finds it at once; one that runs already follows each move."""
    names = cloud.client("servicediscovery")
    names.create_private_dns_namespace(Name="shop.local", Vpc="vpc-1")
    namespace = next(one["Id"] for one in names.list_namespaces()["Namespaces"] if one["Name"] == "shop.local")
    records = {"DnsRecords": [{"Type": "A", "TTL": 10}]}
    registry = names.create_service(Name="greeter", NamespaceId=namespace, DnsConfig=records)["Service"]
    cloud.client("ecs").create_cluster(clusterName="tests")
    watcher = run(cloud, define(cloud, "watcher", container(pushed, WATCH, stopTimeout=2)))

    def seen(what: str) -> None:
        def last() -> str:
            return ([line for line in log_of(cloud, "watcher").splitlines() if line.startswith("SEEN")] or [""])[-1]

        wait_for(f"the watcher sees {what}", lambda: last() == f"SEEN {what}")

    seen("nobody")
    greeter = define(cloud, "greeter", container(pushed, SERVE, stopTimeout=2))
    create_service(cloud, "greeter", greeter, serviceRegistries=[{"registryArn": registry["Arn"]}])
    completed(cloud, "greeter")
    [address] = instances(cloud, registry["Id"])
    seen(address)
    task = stopped(cloud, run(cloud, define(cloud, "guest", container(pushed, ASK))))
    assert task["containers"][0]["exitCode"] == 0, log_of(cloud, "guest")

    [before] = running(cloud, "greeter")
    cloud.client("ecs").stop_task(cluster="tests", task=before)
    wait_for("another task", lambda: [one for one in running(cloud, "greeter") if one != before])
    [moved] = instances(cloud, registry["Id"])
    seen(moved)
    cloud.client("ecs").update_service(cluster="tests", service="greeter", desiredCount=0)
    seen("nobody")
    cloud.client("ecs").stop_task(cluster="tests", task=watcher)
