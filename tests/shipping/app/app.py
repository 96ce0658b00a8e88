# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program that all services here run. It answers for its release; how it fails, its environment says."""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import signal
import sys
import threading
import time
import typing as t

RELEASE = os.environ.get("RELEASE_ID", "none")
PORT = int(os.environ.get("PORT", "8000"))
HEALTH_PATH = os.environ.get("HEALTH_PATH", "/health")
# With a value, nothing is well before this file is there.
GATE = os.environ.get("GATE", "")


def fetch_source() -> None:
    """Download what there is to serve, as a task does whose image is bare."""
    import boto3  # type: ignore[import-not-found,unused-ignore]
    from botocore.config import Config

    bucket, _, key = os.environ["SOURCE"].removeprefix("s3://").partition("/")
    print(f"downloading s3://{bucket}/{key}", flush=True)
    s3 = t.cast(t.Any, boto3).client(
        "s3", config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    )
    s3.download_file(bucket, key, "/tmp/source")


def call_the_database() -> None:
    """Ask a neighbour that is not there: nobody listens on that port of the task."""
    import urllib3

    urllib3.PoolManager(retries=False).request("GET", "http://127.0.0.1:5984/courses", timeout=5)


def leak() -> None:
    kept = []
    while True:
        kept.append(bytearray(b"x") * 2**20)


def boot_for_long_and_fail() -> None:
    print("loading the index", flush=True)
    time.sleep(4)
    raise RuntimeError("the index has 0 of 1200 courses")


START: dict[str, t.Callable[[], None]] = {
    "source": fetch_source,
    "database": call_the_database,
    "leak": leak,
    "late": boot_for_long_and_fail,
}


class Application(http.server.BaseHTTPRequestHandler):
    """Everything but the health check is answered with the release; each service has a path of its own."""

    def do_GET(self) -> None:
        well = not GATE or pathlib.Path(GATE).exists()
        status = 404 if self.path == "/health" != HEALTH_PATH else 200 if well else 503
        body = json.dumps({"release_id": RELEASE}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing of single requests."""


def main() -> None:
    START.get(os.environ.get("START", ""), lambda: None)()
    server = http.server.ThreadingHTTPServer(("0.0.0.0", PORT), Application)
    server.daemon_threads = False
    # What is under way is answered to its end.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"release {RELEASE}: listening on 0.0.0.0:{PORT}", flush=True)
    server.serve_forever()
    server.server_close()
    sys.exit(0)


if __name__ == "__main__":
    main()
