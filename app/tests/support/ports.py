"""Ports for the servers that tests start."""

from __future__ import annotations

import itertools
import os
import socket

_RANGE = range(18100, 18180)
# Several test runs at once shall not all try the same port first.
_next = itertools.islice(itertools.cycle(_RANGE), os.getpid() % len(_RANGE), None)


def free_port() -> int:
    for _ in _RANGE:
        port = next(_next)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no port of {_RANGE} is free")
