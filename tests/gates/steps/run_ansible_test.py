"""Run ansible-test on the built artefact, outside the checkout, where it sees what a user will install."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

from step import fail, installed, watch

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
EMPTY = re.compile(r"All targets skipped|no tests ran|collected 0 items|No targets", re.IGNORECASE)
"""ansible-test is content when it found nothing to do; we are not."""
RAN = {
    "sanity": re.compile(r'Running sanity test "validate-modules"'),
    "units": re.compile(r"\d+ passed"),
    "integration": re.compile(r"Running (?P<name>\S+) integration test role"),
}
EXCLUDED = re.compile(r"WARNING: (?:Excluding|Skipping) (.+)")
ERRORS = re.compile(r"^(?:ERROR|FATAL): .+|^FAILED .+", re.MULTILINE)
BOOTSTRAP = """
import subprocess
import sys

wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
subprocess.check_call([sys.executable, "-m", "pip", "install", *wanted])
"""


def offer_pip_bootstrap() -> None:
    """Put a pip installer where ansible-test caches the one it would download; Python brings pip along anyway."""
    package = importlib.util.find_spec("ansible_test")
    (folder,) = package.submodule_search_locations if package and package.submodule_search_locations else (".",)
    pinned = re.search(r"pip='([0-9.]+)'", (Path(folder) / "_internal" / "python_requirements.py").read_text())
    if not pinned:
        fail("cannot tell from ansible-test's python_requirements.py which pip it wants")
    cache = Path.home() / ".ansible" / "test" / "cache" / f"get_pip_{pinned[1].replace('.', '_')}.py"
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(BOOTSTRAP)


def problems(kind: str, code: int, output: str) -> list[str]:
    found = []
    if code:
        found.append(f"ansible-test {kind} ended with code {code}")
    if EMPTY.search(output):
        found.append(f"ansible-test {kind} had nothing to test")
    if not RAN[kind].search(output):
        found.append(f"ansible-test {kind} shows no sign of having run")
    return found


def main(kind: str) -> None:
    offer_pip_bootstrap()
    with installed() as path:
        tree = path / "ansible_collections" / "slipway" / "aws"
        code, output = watch(["ansible-test", kind, "--python", PYTHON], cwd=tree)
    for excluded in EXCLUDED.findall(output):
        print(f"SKIPPED {excluded}")
    for line in ERRORS.findall(output):
        print(line)  # again, at the end, where people look
    if found := problems(kind, code, output):
        fail("; ".join(found))


if __name__ == "__main__":
    main(sys.argv[1])
