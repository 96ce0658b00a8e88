# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bridge of our own for a private engine.

The engine runs with ``iptables: false``: an engine that manages the firewall flushes Docker's shared chains when
it starts, and with them the published ports of any other engine on the machine. The three rules that tasks need to
reach the outside are set here instead; each names the bridge, which is how they are found again.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import subprocess
import typing as t
from pathlib import Path

from .errors import LocalCloudError

if t.TYPE_CHECKING:
    from collections.abc import Iterable

Network = ipaddress.IPv4Network
# Rarely used corners of the private ranges; the first /24 that nothing here routes, holds or asks for names is taken.
RANGES = (Network("10.203.0.0/16"), Network("172.29.0.0/16"), Network("192.168.192.0/18"))
RULES = (
    ("nat", "POSTROUTING", ("-s", "{subnet}", "!", "-o", "{bridge}", "-j", "MASQUERADE")),
    ("filter", "FORWARD", ("-i", "{bridge}", "-j", "ACCEPT")),
    ("filter", "FORWARD", ("-o", "{bridge}", "-j", "ACCEPT")),
)


def bridge_name(mark: str) -> str:
    """Return the bridge's name; the kernel allows fifteen characters."""
    return f"slipway{mark}"


def choose_subnet(taken: Iterable[Network], mark: str) -> Network:
    """Return a free /24, beginning at a place of this home's own so that two homes rarely meet."""
    used = list(taken)
    for block in RANGES:
        candidates = list(block.subnets(new_prefix=24))
        first = int(mark, 16) % len(candidates)
        for candidate in candidates[first:] + candidates[:first]:
            if not any(candidate.overlaps(network) for network in used):
                return candidate
    raise LocalCloudError(
        "Every private network that the local cloud could use for its tasks is already routed on this machine.",
        f"Free a /24 inside one of {', '.join(map(str, RANGES))}, or start Docker and let the local cloud use it.",
    )


def taken_networks() -> list[Network]:
    """Return what this machine routes, the addresses it has, and the name servers it asks."""
    found: list[Network] = []
    for kind, key in (("route", "dst"), ("address", "local")):
        entries = json.loads(_run("ip", "-json", "-4", kind, "show", *(["table", "all"] if kind == "route" else [])))
        for entry in entries:
            for item in entry.get("addr_info", [entry]):
                found += _network(str(item.get(key, "")), item.get("prefixlen"))
    try:
        resolver = Path("/etc/resolv.conf").read_text(encoding="utf-8")
    except OSError:
        resolver = ""
    for line in resolver.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            found += _network(words[1], None)
    return found


def _network(text: str, prefix: int | None) -> list[Network]:
    try:
        return [Network(f"{text}/{prefix}" if prefix is not None and "/" not in text else text, strict=False)]
    except ValueError:
        return []  # `default`, an IPv6 name server, nothing at all


def make_bridge(bridge: str, mark: str) -> Network:
    """Make the bridge and its rules; return its subnet, whose first address is the host's."""
    remove_bridge(bridge)
    subnet = choose_subnet(taken_networks(), mark)
    _run("ip", "link", "add", "name", bridge, "type", "bridge")
    _run("ip", "address", "add", f"{gateway_of(subnet)}/{subnet.prefixlen}", "dev", bridge)
    _run("ip", "link", "set", "dev", bridge, "up")
    for table, chain, rule in RULES:
        words = [word.format(bridge=bridge, subnet=subnet) for word in rule]
        _run("iptables", "-w", "10", "-t", table, "-I", chain, "1", *words)
    return subnet


def gateway_of(subnet: Network) -> str:
    return str(subnet.network_address + 1)


def bridge_exists(bridge: str) -> bool:
    return Path("/sys/class/net", bridge).exists()


def remove_bridge(bridge: str) -> None:
    """Remove the bridge and every rule that names it, whichever run made them."""
    for table, chain in {(table, chain) for table, chain, _rule in RULES}:
        listed = subprocess.run(
            ["iptables", "-w", "10", "-t", table, "-S", chain], capture_output=True, text=True, check=False
        )
        for line in listed.stdout.splitlines():
            words = line.split()
            if bridge in words and words[0] == "-A":
                _run("iptables", "-w", "10", "-t", table, "-D", *words[1:])
    if bridge_exists(bridge):
        # Ports of containers that were killed while they were being plugged in stay behind otherwise.
        for port in sorted(Path("/sys/class/net", bridge, "brif").iterdir()):
            with contextlib.suppress(LocalCloudError):  # a container that ends takes its port along
                _run("ip", "link", "delete", "dev", port.name)
        _run("ip", "link", "delete", "dev", bridge)


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except FileNotFoundError as error:
        raise LocalCloudError(
            f"The private engine's network needs {command[0]}, which is not installed.",
            "On Debian and Ubuntu: apt-get install iproute2 iptables",
        ) from error
    if done.returncode != 0:
        raise LocalCloudError(f"`{' '.join(command)}` failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
