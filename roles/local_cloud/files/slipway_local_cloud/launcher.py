# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program that is the local cloud: MiniStack, corrected, with its API calls written down.

``python -P -m slipway_local_cloud.launcher <record>`` finds its orders in the record that the role keeps. It listens on
127.0.0.1 and on the host's address in the tasks' network, which tasks know as host.docker.internal, and nowhere else
unasked.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import resource
import sys
import typing as t
from pathlib import Path

from . import call_log, corrections
from .errors import LocalCloudError
from .settings import IDENTITY_PATH

if t.TYPE_CHECKING:
    from .call_log import Application, Receive, Scope, Send


def set_environment(orders: t.Mapping[str, t.Any]) -> None:
    """Tell MiniStack its settings; its modules read them while they are imported."""
    for name in [*os.environ]:
        if name.startswith(("AWS_", "MINISTACK_", "LOCALSTACK_")) or name in ("SERVICES", "PERSIST_STATE", "AUTH"):
            del os.environ[name]
    os.environ.update(
        {
            "GATEWAY_PORT": str(orders["port"]),
            "MINISTACK_REGION": orders["region"],
            "MINISTACK_ACCOUNT_ID": orders["account"],
            "MINISTACK_HOST": "localhost",
            # Containers carry ministack.instance=<this>:<port>; it is how they are found again.
            "MINISTACK_HOSTNAME": orders["instance"],
            "DOCKER_HOST": orders["docker_host"],
            # An engine that starts thirty containers at once takes its time, and that is no failure of theirs.
            "MINISTACK_DOCKER_TIMEOUT": "60",
            # Listeners of their own on every address, which nothing here uses.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
        }
    )


def with_identity(application: Application, orders: t.Mapping[str, t.Any]) -> Application:
    """Answer who this is, and pass on everything else."""
    answer = json.dumps({"instance": orders["instance"], "pid": os.getpid()}).encode()

    async def identified(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == IDENTITY_PATH:
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": answer})
            return
        await application(scope, receive, send)

    return identified


def build(orders: t.Mapping[str, t.Any]) -> Application:
    """Import MiniStack, correct it, and put the journal around it."""
    set_environment(orders)
    application = importlib.import_module("ministack.app").app
    place = corrections.Place(orders["port"], orders["region"], orders["access_key"], orders["secret_key"])
    for name in corrections.apply(place):
        print(f"corrected: {name}", flush=True)  # noqa: T201 - this is the log
    journal = call_log.CallLog(application, Path(orders["call_log"]), orders["region"], orders["account"])
    return with_identity(journal, orders)


def main(orders_file: str) -> None:
    orders = json.loads(Path(orders_file).read_text(encoding="utf-8"))["orders"]
    application = build(orders)
    with contextlib.suppress(ValueError, OSError):
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    config = importlib.import_module("hypercorn.config").Config()
    config.bind = [f"{address}:{orders['port']}" for address in orders["addresses"]]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    asyncio.run(importlib.import_module("hypercorn.asyncio").serve(application, config))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except LocalCloudError as error:
        sys.exit(str(error))
