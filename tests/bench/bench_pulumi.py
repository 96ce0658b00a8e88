# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How quickly stacks are read, beside the Pulumi CLI in the same run. Prints a table in Markdown.

Times are medians; each round lets everybody run once. Run it with the CLI that the gates use:

    python tests/gates/steps/pulumi_cli.py python tests/bench/bench_pulumi.py
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import dataclasses
import functools
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import typing as t
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "collections")]

import read_once
from stopwatch import Run, median, run, side_by_side, timed
from synthetic_state import checkpoint, outputs, update_record

EXIT_SKIPPED = 77
# When the stacks were updated last: an update leaves its state and its record at the same time.
NOW = int(time.time())
# What two runs of the same play differ by; less than this cannot be told from nothing.
NOISE = 0.02
REGION = "ap-northeast-1"
BUCKET = "pulumi-state"
PASSPHRASE = "correct horse"
MEGABYTE = 1_000_000


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    repeats: int
    state: int = MEGABYTE
    large_state: int = 50 * MEGABYTE
    lookups: int = 10
    stacks: int = 500
    stack_state: int = 20_000


FULL = Sizes(repeats=7)
QUICK = Sizes(repeats=1, state=100_000, large_state=MEGABYTE, lookups=2, stacks=10)


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table; C(figures) are all there were."""

    part: str
    what: str
    value: float
    unit: str
    remark: str = ""
    figures: tuple[float, ...] = ()


class Bench:
    """A folder with backends in it, and the environment everybody runs with."""

    def __init__(self, folder: Path, program: str, sizes: Sizes) -> None:
        self.folder = folder
        self.program = program
        self.sizes = sizes
        self.rows: list[Row] = []
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "AWS_", "PULUMI_")) and name != "PYTHONDONTWRITEBYTECODE"
        }
        configuration = folder / "ansible.cfg"
        configuration.write_text("[inventory]\nany_unparsed_is_failed = true\n", encoding="utf-8")
        self.environment = kept | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            "ANSIBLE_CONFIG": str(configuration),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "AWS_ACCESS_KEY_ID": "bench-key-id",
            "AWS_SECRET_ACCESS_KEY": "bench-secret-key",
            "AWS_CONFIG_FILE": str(folder / "nowhere"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "nowhere"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_COLOR": "1",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_HOME": str(folder / "pulumi"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PYTHONPATH": str(ROOT / "collections"),
        }

    def backend(self, name: str, content: bytes) -> tuple[str, Path]:
        """Make a backend in a folder with one stack in it, and return its URL and the file of the stack."""
        root = self.folder / name / ".pulumi"
        file = root / "stacks" / "shop" / "dev.json"
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        (root / "meta.yaml").write_text("version: 1\n", encoding="utf-8")
        record, text = update_record("dev", NOW)
        history = root / "history" / "shop" / "dev"
        history.mkdir(parents=True)
        (history / record).write_bytes(text)
        return f"file://{self.folder / name}", file

    def run(self, *words: str, **environment: str) -> Run:
        return run(words, self.environment | environment, str(self.folder))

    def cli(self, url: str, *words: str, stack: str = "dev") -> Run:
        command = ("stack", "output", "--json", "--stack", f"organization/shop/{stack}", *words)
        return self.run(self.program, *command, PULUMI_BACKEND_URL=url)

    def python(self, script: str, *words: str) -> Run:
        return self.run(sys.executable, str(HERE / script), *words)

    def ansible(self, name: str, *words: str, **environment: str) -> Run:
        return self.run(sys.executable, "-m", f"ansible.cli.{name}", *words, **environment)

    def add(self, part: str, what: str, figures: list[float], unit: str = "s", remark: str = "") -> float:
        value = median(figures)
        self.rows.append(Row(part, what, value, unit, remark, tuple(figures)))
        print(f"… {part}: {what}: {value:.4g} {unit} {remark}".rstrip(), file=sys.stderr, flush=True)
        return value

    def compare(self, part: str, what: str, ours: float, theirs: float, target: str) -> None:
        self.add(part, what, [theirs / max(ours, 1e-9)], "times", target)


def one_stack(bench: Bench) -> None:
    """A state of one megabyte: the reader in a process that runs already, in one that has to start, and the CLI."""
    size = bench.sizes.state
    part = f"(a) one stack, {size / MEGABYTE:g} MB"
    url, file = bench.backend("one", checkpoint(size, **outputs()))
    secret_url = with_secret(bench, file)
    for title, address, words in (
        ("", url, ()),
        (", with a secret behind a passphrase", secret_url, ("--show-secrets",)),
    ):
        expected = json.loads(bench.cli(address, *words).output)
        os.environ["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE

        def read(address: str = address, expected: t.Any = expected) -> None:
            forget_keys()
            if read_once.by_reader(address, "organization/shop/dev") != expected:
                raise RuntimeError("the reader and the CLI disagree")

        figures = side_by_side(
            {
                "reader": functools.partial(timed, read),
                "process": functools.partial(
                    seconds, bench.python, "read_once.py", "reader", address, "organization/shop/dev"
                ),
                "cli": functools.partial(seconds, bench.cli, address, *words),
            },
            bench.sizes.repeats,
        )
        ours = bench.add(part, f"reader, in process{title}", figures["reader"])
        fresh = bench.add(part, f"reader, with the start of Python{title}", figures["process"])
        theirs = bench.add(part, f"`pulumi stack output --json`{title}", figures["cli"])
        bench.compare(part, f"reader before CLI{title}", ours, theirs, "" if title else "target: at least 5")
        bench.compare(part, f"reader with the start of Python before CLI{title}", fresh, theirs, "")


def forget_keys() -> None:
    """Derive the key of a passphrase anew, as each process has to."""
    from ansible_collections.slipway.aws.plugins.module_utils._pulumi import passphrase

    passphrase._key.cache_clear()


def with_secret(bench: Bench, file: Path) -> str:
    """Let the CLI write the same state again, now with a passphrase and a secret."""
    folder = bench.folder / "secret"
    folder.mkdir()
    url = f"file://{folder}"
    words = ("--stack", "organization/shop/dev", "--non-interactive")
    project = bench.folder / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\n", encoding="utf-8")

    def cli(*command: str) -> Run:
        return bench.run(bench.program, "-C", str(project), "stack", *command, PULUMI_BACKEND_URL=url)

    cli("init", "organization/shop/dev")
    provider = json.loads(cli("export", *words).output)["deployment"]["secrets_providers"]
    latest = json.loads(file.read_bytes())["checkpoint"]["latest"]
    # The mark of a secret; what it holds is JSON once more.
    mark = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"hunter2"'}
    latest["resources"][0]["outputs"]["secret"] = mark
    latest["secrets_providers"] = provider
    document = bench.folder / "import.json"
    document.write_text(json.dumps({"version": 3, "deployment": latest}), encoding="utf-8")
    cli("import", "--force", "--file", str(document), *words)
    return url


def seconds(work: Callable[..., Run], *words: str) -> float:
    return work(*words).seconds


def plays(bench: Bench) -> None:
    """Ten lookups of one play: all in one task, and each in a task of its own."""
    count = bench.sizes.lookups
    url, _file = bench.backend("play", checkpoint(bench.sizes.state, **outputs(count)))
    names = list(outputs(count))
    ours = f"lookup('slipway.aws.pulumi_output', '{{}}', stack='organization/shop/dev', backend='{url}')"
    theirs = f"lookup('pipe', '{bench.program} stack output {{}} --json -s organization/shop/dev') | from_json"
    expressions = {
        "empty": [f"'{name}'" for name in names],
        "ours": [ours.format(name) for name in names],
        "pipe": [theirs.format(name) for name in names],
    }
    for tasks in (1, count):
        files = {name: play(bench, f"{name}-{tasks}", words, tasks) for name, words in expressions.items()}
        runs = side_by_side(
            {name: functools.partial(played, bench, file, url) for name, file in files.items()}, bench.sizes.repeats
        )
        part = f"(b) {count} lookups in one play, {'in one task' if tasks == 1 else f'in {tasks} tasks'}"
        add = functools.partial(bench.add, part)
        empty = add("the same play without any", [one.seconds for one in runs["empty"]])
        total = add("`slipway.aws.pulumi_output`, whole play", [one.seconds for one in runs["ours"]])
        piped = add("`pipe` with `pulumi stack output`, whole play", [one.seconds for one in runs["pipe"]])
        bench.compare(part, "whole play, ours before `pipe`", total, piped, f"of which {empty:.2f} s are Ansible's")
        for measure, unit, target in (
            ("seconds", "s", "target: at least 20"),
            ("processor", "s of all processors", ""),
        ):
            net = add("`slipway.aws.pulumi_output`, the lookups alone", less(runs, "ours", measure), unit)
            net_piped = add("`pipe`, the lookups alone", less(runs, "pipe", measure), unit)
            bench.compare(part, f"the lookups alone, ours before `pipe`, in {unit}", net, net_piped, target)


def less(runs: dict[str, list[Run]], name: str, measure: str) -> list[float]:
    """Subtract Ansible's own part, round by round: what disturbed the one is likely to have disturbed the other."""
    pairs = zip(runs[name], runs["empty"], strict=True)
    return [max(getattr(one, measure) - getattr(other, measure), NOISE) for one, other in pairs]


def play(bench: Bench, name: str, expressions: list[str], tasks: int) -> Path:
    """Write a play with this many tasks that evaluates the expressions."""
    each = len(expressions) // tasks
    shares = [expressions[number * each : (number + 1) * each] for number in range(tasks)]
    debugs = [{"ansible.builtin.debug": {"msg": [f"{{{{ {item} }}}}" for item in share]}} for share in shares]
    file = bench.folder / f"{name}.yml"
    file.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": debugs}]), encoding="utf-8")
    return file


def played(bench: Bench, file: Path, url: str) -> Run:
    done = bench.ansible("playbook", "-i", "localhost,", "-c", "local", str(file), PULUMI_BACKEND_URL=url)
    if "failed=0" not in done.output:
        raise RuntimeError(done.output)
    return done


def inventory(bench: Bench) -> None:
    """Many stacks in one bucket of a server beside us, which shares the machine with whoever asks it."""
    sizes = bench.sizes
    part = f"(c) {sizes.stacks} stacks in one S3 backend"
    with s3_server(bench) as endpoint:
        fill(bench, endpoint)
        source = bench.folder / "all.pulumi.yml"
        url = f"s3://{BUCKET}?region={REGION}&endpoint={endpoint}&s3ForcePathStyle=true"
        source.write_text(f"plugin: slipway.aws.pulumi\nbackend: {url}\n", encoding="utf-8")
        nobody = bench.folder / "nobody.yml"
        nobody.write_text("all: {}\n", encoding="utf-8")

        def listing(file: Path, hosts: int) -> float:
            done = bench.ansible("inventory", "-i", str(file), "--list")
            if len(json.loads(done.output).get("_meta", {}).get("hostvars", {})) != hosts:
                raise RuntimeError(done.output[:2000])
            return done.seconds

        contestants: dict[str, Callable[[], float]] = {
            "ours": functools.partial(listing, source, sizes.stacks),
            "empty": functools.partial(listing, nobody, 0),
            "server": functools.partial(server_alone, bench, endpoint),
            "cli": lambda: bench.cli(url, stack=stack_names(bench)[0]).seconds,
        }
        figures = side_by_side(contestants, max(sizes.repeats // 2, 1))
    bench.add(part, "`ansible-inventory --list`", figures["ours"], remark="target: under 10")
    bench.add(part, "`ansible-inventory --list` of nothing", figures["empty"])
    remark = f"{2 * sizes.stacks} reads and {sizes.stacks} listings, 16 at a time, nothing else"
    bench.add(part, "the server alone", figures["server"], remark=remark)
    one = bench.add(part, "`pulumi stack output --json`, one stack", figures["cli"])
    bench.add(part, "`pulumi stack output --json`, each stack in turn", [one * sizes.stacks], remark="from one stack")


@contextlib.contextmanager
def s3_server(bench: Bench) -> Iterator[str]:
    """Start a moto server in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, env=bench.environment, stdin=silent, stdout=silent, stderr=silent) as server:
        try:
            deadline = time.monotonic() + 60
            while not answers(endpoint):
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the S3 server does not start")
                time.sleep(0.1)
            yield endpoint
        finally:
            server.terminate()


def answers(endpoint: str) -> bool:
    try:
        urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=5).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


def client(bench: Bench, endpoint: str) -> t.Any:
    import boto3
    import botocore.config

    make: Callable[..., t.Any] = boto3.client
    return make(
        "s3",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=bench.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=bench.environment["AWS_SECRET_ACCESS_KEY"],
        config=botocore.config.Config(s3={"addressing_style": "path"}, max_pool_connections=16),
    )


def stack_names(bench: Bench) -> list[str]:
    return [f"s{number:04}" for number in range(bench.sizes.stacks)]


def fill(bench: Bench, endpoint: str) -> None:
    s3 = client(bench, endpoint)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=BUCKET, Key=".pulumi/meta.yaml", Body=b"version: 1\n")
    for name in stack_names(bench):
        body = checkpoint(bench.sizes.stack_state, stack=name, **outputs())
        s3.put_object(Bucket=BUCKET, Key=f".pulumi/stacks/shop/{name}.json", Body=body)
        record, text = update_record(name, NOW)
        s3.put_object(Bucket=BUCKET, Key=f".pulumi/history/shop/{name}/{record}", Body=text)


def server_alone(bench: Bench, endpoint: str) -> float:
    """Ask the server what the plugin asks it, and do nothing with the answers."""
    s3 = client(bench, endpoint)

    def ask(name: str) -> None:
        folder = f".pulumi/history/shop/{name}/"
        s3.get_object(Bucket=BUCKET, Key=f".pulumi/stacks/shop/{name}.json")["Body"].read()
        s3.list_objects_v2(Bucket=BUCKET, Prefix=folder)
        s3.get_object(Bucket=BUCKET, Key=folder + update_record(name, NOW)[0])["Body"].read()

    def all_of_them() -> None:
        with concurrent.futures.ThreadPoolExecutor(max_workers=16) as pool:
            list(pool.map(ask, stack_names(bench)))

    return timed(all_of_them)


def large_stack(bench: Bench) -> None:
    """A state of 50 megabytes, of which one output is wanted: time, and memory above that for a tiny state."""
    size = bench.sizes.large_state
    part = f"(d) one output of {size / MEGABYTE:g} MB"
    url, file = bench.backend("large", checkpoint(size, **outputs()))
    tiny_url, tiny_file = bench.backend("tiny", checkpoint(0, **outputs()))
    ways: dict[str, tuple[str, Callable[[], Run], Callable[[], Run]]] = {}

    def add(title: str, work: Callable[..., Run], large: tuple[str, ...], tiny: tuple[str, ...]) -> None:
        ways[title] = (title, functools.partial(work, *large), functools.partial(work, *tiny))

    read = functools.partial(bench.python, "read_once.py")
    add("reader", read, ("reader", url, "organization/shop/dev"), ("reader", tiny_url, "organization/shop/dev"))
    add("`json.load`", read, ("json", str(file)), ("json", str(tiny_file)))
    add("`pulumi stack output --json`", bench.cli, (url, "output_0"), (tiny_url, "output_0"))
    for title, (_title, large, tiny) in ways.items():
        small, runs = (
            [tiny() for _round in range(bench.sizes.repeats)],
            [large() for _round in range(bench.sizes.repeats)],
        )
        bench.add(part, f"{title}, whole process", [one.seconds for one in runs])
        bench.add(
            part, f"{title}, the reading alone", [reading(a) - reading(b) for a, b in zip(runs, small, strict=True)]
        )
        above = [one.peak - median([other.peak for other in small]) for one in runs]
        bench.add(
            part, f"{title}, memory above a tiny state", above, "MiB", f"the file has {size / 1024 / 1024:.1f} MiB"
        )
    whole_plays(bench, part, url, tiny_url)


def reading(one: Run) -> float:
    """Return what our child says it took to read; of the CLI we know only the whole."""
    try:
        return float(json.loads(one.output)["seconds"])
    except (KeyError, TypeError):
        return one.seconds


def whole_plays(bench: Bench, part: str, url: str, tiny_url: str) -> None:
    lookup = "lookup('slipway.aws.pulumi_output', 'output_0', stack='organization/shop/dev', backend='{}')"
    files = {
        "large": play(bench, "large", [lookup.format(url)], 1),
        "tiny": play(bench, "tiny", [lookup.format(tiny_url)], 1),
    }
    runs = side_by_side(
        {name: functools.partial(played, bench, file, url) for name, file in files.items()}, bench.sizes.repeats
    )
    bench.add(part, "play with one lookup", [one.seconds for one in runs["large"]])
    bench.add(part, "the same play, tiny state", [one.seconds for one in runs["tiny"]])


PARTS: dict[str, Callable[[Bench], None]] = {"a": one_stack, "b": plays, "c": inventory, "d": large_stack}


def table(rows: list[Row]) -> str:
    lines = ["| what | | median | |", "|---|---|---:|---|"]
    last = ""
    for row in rows:
        number = f"{row.value:.1f}" if row.unit in ("times", "MiB") else f"{row.value:.3f}"
        lines.append(f"| {row.part if row.part != last else ''} | {row.what} | {number} {row.unit} | {row.remark} |")
        last = row.part
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="small sizes, once: only to see that it works")
    parser.add_argument("--only", action="append", choices=sorted(PARTS), help="only this part; repeatable")
    parser.add_argument("--repeats", type=int, help="rounds for each figure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    program = os.environ.get("SLIPWAY_PULUMI") or shutil.which("pulumi")
    if not program:
        print("SKIPPED the benchmark needs the Pulumi CLI: SLIPWAY_PULUMI does not name it, nor is it on the PATH")
        return EXIT_SKIPPED
    sizes = QUICK if options.quick else FULL
    if options.repeats:
        sizes = dataclasses.replace(sizes, repeats=options.repeats)
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        bench = Bench(Path(folder), program, sizes)
        version = bench.run(program, "version").output.strip()
        for name in options.only or sorted(PARTS):
            PARTS[name](bench)
    print(f"Python {platform.python_version()}, Pulumi {version}, {os.cpu_count()} cores, {sizes.repeats} rounds\n")
    print(table(bench.rows))
    if options.json:
        document = {"python": platform.python_version(), "pulumi": version, "cores": os.cpu_count()}
        rows = [dataclasses.asdict(row) for row in bench.rows]
        options.json.write_text(json.dumps(document | {"rows": rows}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
