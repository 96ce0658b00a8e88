# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What emulators never show, because it takes time: a busy CloudFront, and an edge that still holds the old page.

One small server plays both. What it answers is laid out beforehand; time passes only when the code under test sleeps.
"""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import threading
import typing as t

import pytest
from ansible_collections.slipway.aws.plugins.module_utils._aws import Clients
from ansible_collections.slipway.aws.plugins.module_utils._edge.invalidate import Clock, invalidate, make_order
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

OLD, NEW = b"<h1>one</h1>", b"<h1>two</h1>"
DATE = "Sat, 21 Nov 2026 12:00:00 GMT"
NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"

Answer = tuple[int, bytes, dict[str, str]]


def error(status: int, code: str) -> Answer:
    body = f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code></Error></ErrorResponse>'
    return status, body.encode(), {}


def invalidation(status: str) -> Answer:
    body = (
        f'<Invalidation xmlns="{NAMESPACE}"><Id>I1</Id><Status>{status}</Status>'
        "<CreateTime>2026-11-21T12:00:00Z</CreateTime><InvalidationBatch><CallerReference>r</CallerReference>"
        "<Paths><Quantity>1</Quantity><Items><Path>/</Path></Items></Paths></InvalidationBatch></Invalidation>"
    )
    return 201, body.encode(), {}


def distribution(status: str) -> Answer:
    return 200, f'<Distribution xmlns="{NAMESPACE}"><Status>{status}</Status></Distribution>'.encode(), {}


def page(body: bytes, **headers: str) -> Answer:
    return 200, body, headers


@dataclasses.dataclass
class Script:
    """What is answered, by the start of what is asked for; the last answer is given for ever."""

    answers: dict[str, list[Answer]]
    asked: list[str] = dataclasses.field(default_factory=list)
    hosts: set[str] = dataclasses.field(default_factory=set)
    port: int = 0

    def answer(self, method: str, path: str, host: str) -> Answer:
        short = f"{method} {path.replace('/2020-05-31/distribution/E1', '')}"
        self.asked.append(short)
        self.hosts.add(host)
        key = max((each for each in self.answers if short.startswith(each)), key=len)
        left = self.answers[key]
        return left.pop(0) if len(left) > 1 else left[0]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class ManualClock:
    def __init__(self) -> None:
        self.pauses: list[float] = []

    def as_clock(self) -> Clock:
        return Clock(now=lambda: sum(self.pauses), sleep=self.pauses.append)


@pytest.fixture
def script() -> Iterator[Script]:
    played = Script(
        {
            "POST /invalidation": [invalidation("InProgress")],
            "GET /invalidation/I1": [invalidation("Completed")],
            "GET ": [distribution("Deployed")],
            "GET /index.html": [page(NEW)],
        }
    )

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _play(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body, headers = played.answer(self.command, self.path, str(self.headers.get("Host")))
            self.send_response_only(status)
            for name, value in {"Date": DATE, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _play

        def log_message(self, *arguments: t.Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    played.port = server.server_address[1]
    yield played
    server.shutdown()
    server.server_close()
    thread.join()


@dataclasses.dataclass
class Run:
    script: Script
    clock: ManualClock = dataclasses.field(default_factory=ManualClock)
    told: list[str] = dataclasses.field(default_factory=list)

    def __call__(self, *, check: bool = False, verify: t.Any = None, attempts: int = 1, **params: t.Any) -> t.Any:
        options = {
            "endpoint_url": self.script.url,
            "region": "us-east-1",
            "access_key": "slipway-test",
            "secret_key": "slipway-test",
            "aws_config": {"retries": {"mode": "standard", "total_max_attempts": attempts}},
        }
        order = make_order(
            {
                "distribution": "E1",
                "paths": ["/index.html"],
                "release": "r1",
                "max_paths": 3000,
                "wait": False,
                "wait_timeout": 600,
                "verify": verify,
                **params,
            }
        )
        return invalidate(
            Clients(options)("cloudfront"),
            order,
            check=check,
            clock=self.clock.as_clock(),
            report=lambda unit, line: self.told.append(f"{unit}: {line}"),
        )

    def verifying(self, **options: t.Any) -> dict[str, t.Any]:
        return {
            "url": self.script.url,
            "digests": {"/index.html": hashlib.sha256(NEW).hexdigest()},
            "times": 3,
            "most_paths": 20,
            "timeout": 60,
            "connect_to": {},
            **options,
        }


@pytest.fixture
def run(script: Script) -> Run:
    return Run(script)


@pytest.mark.parametrize(
    ("status", "code", "why"),
    [
        (400, "TooManyInvalidationsInProgress", "no room among those in progress"),
        (400, "Throttling", "asked too often"),
        (503, "ServiceUnavailable", "asked too often"),
    ],
    ids=["no-room", "throttled", "unavailable"],
)
def test_a_busy_cloudfront_is_asked_again(script: Script, run: Run, status: int, code: str, why: str) -> None:
    script.answers["POST /invalidation"] = [error(status, code)] * 3 + [invalidation("InProgress")]
    result = run()
    assert (result["outcome"], result["changed"], result["status"]) == ("succeeded", True, "InProgress")
    assert run.clock.pauses == [1, 2, 4]
    assert run.told[:2] == [f"E1: {why}, next try in 1 s", f"E1: {why}, next try in 2 s"]
    assert script.asked == ["POST /invalidation"] * 4


def test_an_error_of_the_server_is_retried_by_the_sdk_alone(script: Script, run: Run) -> None:
    script.answers["POST /invalidation"] = [error(500, "InternalError"), invalidation("InProgress")]
    assert run(attempts=2)["outcome"] == "succeeded"
    script.answers["POST /invalidation"] = [error(500, "InternalError")]
    with pytest.raises(SlipwayError, match="create an invalidation of the distribution E1: InternalError"):
        run()
    assert run.clock.pauses == []


def test_what_a_user_waits_for_is_told(script: Script, run: Run) -> None:
    script.answers["GET /invalidation/I1"] = [invalidation("InProgress")] * 8 + [invalidation("Completed")]
    result = run(wait=True)
    assert result["status"] == "Completed"
    assert run.told[0] == "E1: invalidation I1 of 1 paths: InProgress"
    waited = [line for line in run.told if "after" in line]
    # Every quarter of a minute or so, not at each look.
    assert 2 <= len(waited) < 8
    assert waited[-1].startswith("E1: invalidation I1: Completed after ")


def test_the_edge_is_believed_when_it_is_right_several_times_in_a_row(script: Script, run: Run) -> None:
    script.answers["GET /index.html"] = [page(OLD, Age="1200"), page(NEW), page(NEW), page(OLD), *[page(NEW)] * 3]
    result = run(verify=run.verifying())
    assert result["verified"] == ["/index.html"]
    assert script.asked.count("GET /index.html") == 7
    assert f"is other content, sha256 {hashlib.sha256(OLD).hexdigest()[:12]}…, 1200 s old" in run.told[1]
    assert run.told[-1].endswith("serves what was published under 1 paths, 3 times in a row")


def test_an_edge_that_stays_old_is_a_failure_that_says_what_is_served(script: Script, run: Run) -> None:
    script.answers["GET /index.html"] = [page(OLD)]
    with pytest.raises(SlipwayError, match="does not serve what was published, 3 times in a row, after 60 s") as caught:
        run(verify=run.verifying())
    told = caught.value.as_result()
    assert (told["outcome"], told["changed"], told["invalidation_id"]) == ("timed_out", True, "I1")
    assert set(told["wrong"]) == {"/index.html"}
    assert "was InProgress when last seen" in told["msg"]
    assert sum(run.clock.pauses) <= 60


def test_a_distribution_that_is_being_updated_explains_it(script: Script, run: Run) -> None:
    script.answers["GET /index.html"] = [(404, b"", {})]
    script.answers["GET "] = [distribution("InProgress")]
    with pytest.raises(SlipwayError, match="was answered with status 404") as caught:
        run(verify=run.verifying())
    assert "still on their way to the edges" in str(caught.value.hint)


def test_not_being_allowed_to_look_at_the_distribution_is_no_failure_of_its_own(script: Script, run: Run) -> None:
    script.answers["GET /index.html"] = [page(OLD)]
    script.answers["GET "] = [error(403, "AccessDenied")]
    with pytest.raises(SlipwayError, match="is other content"):
        run(verify=run.verifying())


def test_being_right_too_seldom_is_not_enough(run: Run) -> None:
    with pytest.raises(SlipwayError, match="was right 2 times in a row when the time was up"):
        run(verify=run.verifying(times=3, timeout=1))


def test_a_long_body_is_known_by_the_hash_it_was_stored_with(script: Script, run: Run) -> None:
    long = b"x" * (1 << 20) + b"yz"
    digest = hashlib.sha256(long).hexdigest()
    script.answers["GET /index.html"] = [page(long, **{"x-amz-meta-slipway-sha256": digest})]
    assert run(verify=run.verifying(digests={"/index.html": digest}))["verified"] == ["/index.html"]
    script.answers["GET /index.html"] = [page(long)]
    with pytest.raises(SlipwayError, match="other content, sha256 unknown"):
        run(verify=run.verifying(digests={"/index.html": digest}))


def test_nothing_that_answers_is_told(run: Run) -> None:
    with pytest.raises(SlipwayError, match=r"gave no answer \(Nothing listens at"):
        run(verify=run.verifying(url="http://127.0.0.1:1"))


def test_a_name_can_be_led_elsewhere(script: Script, run: Run) -> None:
    place = {"www.example.com": f"127.0.0.1:{script.port}"}
    result = run(verify=run.verifying(url="http://www.example.com", connect_to=place))
    assert result["verified"] == ["/index.html"]
    assert "www.example.com" in script.hosts


def test_only_the_paths_nearest_to_the_front_page_are_looked_at(script: Script, run: Run) -> None:
    digest = hashlib.sha256(NEW).hexdigest()
    digests = {"/docs/deep/a.html": digest, "/index.html": digest, "/docs/b.html": digest}
    script.answers["GET /docs/b.html"] = [page(NEW)]
    result = run(verify=run.verifying(digests=digests, most_paths=2, times=1))
    assert result["verified"] == ["/index.html", "/docs/b.html"]


def test_a_run_without_paths_or_in_check_mode_verifies_nothing_new(script: Script, run: Run) -> None:
    assert run(verify=run.verifying(digests={}))["verified"] == []
    script.answers["GET /invalidation"] = [(200, b"<InvalidationList/>", {})]
    script.asked.clear()
    assert run(check=True, verify=run.verifying())["verified"] == []
    assert "GET /index.html" not in script.asked
    assert run(paths=[], verify=run.verifying())["verified"] == ["/index.html"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"times": 0}, "verify.times is 0"),
        ({"most_paths": 0}, "verify.most_paths is 0"),
        ({"url": "ftp://x"}, "not an http or https URL"),
        ({"digests": {"index.html": "0"}}, "no path and SHA-256 in 'index.html'"),
        ({"digests": {"/index.html": None}}, "no path and SHA-256"),
        ({"connect_to": {"x": "y"}}, "not a place to connect to"),
    ],
    ids=["times", "most-paths", "url", "path", "hash", "connect-to"],
)
def test_bad_options_are_refused_before_any_request(
    script: Script, run: Run, wrong: dict[str, t.Any], message: str
) -> None:
    with pytest.raises(SlipwayError, match=message):
        run(verify=run.verifying(**wrong))
    assert script.asked == []
