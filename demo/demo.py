# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo`: release the reference system on the local cloud, again, and then a broken one.

Every step is the command a user would type; this program only runs them in order, watches from outside, and stops
with a sentence when something is not as it should be.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import typing as t

from calls import CallLog
from cloud import ROOT, STACK, Cloud, outputs, receipts, state_folder
from visitor import Visitor

BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
STARTED = time.monotonic()
SITE = ["ansible-playbook", "slipway.aws.site", "--inventory", str(ROOT / "inventories" / "local")]


class DemoError(Exception):
    """A step did not do what the demonstration promises."""


def say(text: str = "") -> None:
    print(text, flush=True)  # noqa: T201 - talking is what a demonstration does


def step(title: str) -> None:
    say(f"\n{BOLD}[{time.monotonic() - STARTED:6.1f} s] {title}{PLAIN}")


def run(argv: t.Sequence[str], *, cwd: str = ".", expect_failure: bool = False) -> float:
    """Run a command in the open, and return how long it took."""
    started = time.monotonic()
    say(f"$ {' '.join(argv)}")
    code = subprocess.run(argv, cwd=ROOT / cwd, stdin=subprocess.DEVNULL, check=False).returncode
    if expect_failure and code == 0:
        raise DemoError(f"{argv[0]} {argv[1]} succeeded, although this release is broken.")
    if not expect_failure and code != 0:
        raise DemoError(f"{argv[0]} {argv[1]} failed with exit code {code}; its own words are above.")
    return time.monotonic() - started


def infrastructure(cloud: Cloud) -> None:
    backend = f"file://{state_folder() / 'pulumi'}"
    (state_folder() / "pulumi").mkdir(parents=True, exist_ok=True)
    engine = [sys.executable, "-m", "local_engine", "up", "--stack", STACK]
    run([*engine, "--backend", backend, "--endpoint", cloud.endpoint_url], cwd="pulumi_infra")


def running_release(cloud: Cloud, domain: str) -> str:
    answer = cloud.ask(domain, "/api/health")
    if answer.status != 200:
        raise DemoError(f"{domain}/api/health answers {answer.status}: {answer.body[:300]!r}")
    return str(answer.json()["release_id"])


def first_release(cloud: Cloud, domain: str) -> str:
    seconds = run(SITE)
    release = running_release(cloud, domain)
    say(f"Release {release} answers through CloudFront, {seconds:.1f} s after the command.")
    for question in ("What time is it?", "Why is the sky blue?"):
        answer = cloud.ask(domain, "/api/chat", method="POST", body={"message": question}, timeout=60)
        if answer.status != 200:
            raise DemoError(f"The chat answers {answer.status} to {question!r}: {answer.body[:300]!r}")
        reply = answer.json()
        say(f"  {question}  ->  ({reply['source']}) {reply['answer'][:80]}")
    return release


def same_release_again(cloud: Cloud, release: str, domain: str) -> None:
    log = CallLog(cloud.call_log)
    seconds = run(SITE)
    writes = log.writes()
    if any(writes.values()):
        raise DemoError(f"The second run wrote something: {writes}")
    if running_release(cloud, domain) != release:
        raise DemoError("Another release answers, although nothing was to change.")
    say(f"Nothing changed in {seconds:.1f} s: " + ", ".join(f"{count} {action}" for action, count in writes.items()))


def broken_release(cloud: Cloud, release: str, domain: str) -> None:
    variables = ["-e", f"release_id={release}-broken", "-e", "@demo/broken_release.yml"]
    with Visitor(cloud, domain) as visitor:
        seconds = run([*SITE, *variables], expect_failure=True)
    receipt = receipts()[-1]
    if (receipt["release_id"], receipt["outcome"]) != (f"{release}-broken", "rolled_back"):
        raise DemoError(f"The last receipt is of {receipt['release_id']}, which {receipt['outcome']}.")
    if visitor.failures:
        raise DemoError(f"{len(visitor.failures)} of {visitor.asked} visits failed; the first: {visitor.failures[0]}")
    if running_release(cloud, domain) != release:
        raise DemoError(f"{release} no longer answers.")
    say(f"Cause: {receipt['units']['services']['backend']['cause']}")
    say(
        f"The broken release failed and was rolled back in {seconds:.1f} s. Meanwhile a visitor asked {visitor.asked} "
        f"times and got {visitor.asked} good answers, all from {', '.join(visitor.releases)}."
    )


def main() -> int:
    os.environ["PATH"] = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"  # noqa: PTH120
    try:
        step("The local cloud: an AWS of your own, with real containers")
        run(["ansible-playbook", "--inventory", "localhost,", "playbooks/local_cloud.yml"])
        cloud = Cloud.running()
        step(f"The infrastructure of system 1, as Pulumi describes it: stack {STACK}")
        infrastructure(cloud)
        domain = str(outputs()["cloudfront_domain_name"])
        step("(a) Release v1: build, push, ship, publish, gate")
        release = first_release(cloud, domain)
        step("(b) The same again: nothing to do, and it says so")
        same_release_again(cloud, release, domain)
        step("(c) A broken release: it starts, then exits 1")
        broken_release(cloud, release, domain)
    except DemoError as error:
        say(f"\ndemo: {error}\ndemo: the local cloud is left as it is, to look at; `make down` stops it.")
        return 1
    step("(d) Yours to look at")
    port = cloud.endpoint_url.rsplit(":", 1)[1]
    browsable = domain.replace(".cloudfront.net", f".cloudfront.localhost:{port}")
    say(f"  open     http://{browsable}/")
    say(f"  or       curl -H 'Host: {domain}' {cloud.endpoint_url}/api/health")
    say(f"  reports  {state_folder() / 'releases'}")
    say("  stop     make down")
    return 0


if __name__ == "__main__":
    sys.exit(main())
