"""All the gates. One line of the table is one thing that must hold before a change is good."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from gate import ROOT, Gate

PYTHON = sys.executable
PYTEST = (PYTHON, "-m", "pytest", "-p", "no:cacheprovider", "-ra")
COLLECTIONS = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}


def step(name: str, *words: str) -> tuple[str, ...]:
    return (PYTHON, str(ROOT / "tests" / "gates" / "steps" / f"{name}.py"), *words)


def mypy(
    name: str, *words: str, folder: str = ".", environment: Mapping[str, str] | None = None, seconds: int = 20
) -> Gate:
    # A cache for each: different options on one cache make mypy start over every time.
    cache = ROOT / ".mypy_cache" / name
    return Gate(
        name=name,
        group="check",
        command=("mypy", "--strict", f"--cache-dir={cache}", *words),
        folder=folder,
        environment=environment or {},
        seconds=seconds,
    )


def files(*patterns: str) -> tuple[str, ...]:
    return tuple(str(path.relative_to(ROOT)) for pattern in patterns for path in sorted(ROOT.glob(pattern)))


WORKFLOWS = files(".github/workflows/*.yml")
ACTIONS = files("action.yml", ".github/actions/*/action.yml")
SCRIPTS = (".ci/run", *files("scripts/*.sh"))


PULUMI_READER = "tests/unit/plugins/module_utils/_pulumi"
WITH_SERVERS = (
    "tests/unit/plugins/modules",
    "tests/unit/plugins/inventory",
    "tests/unit/plugins/lookup",
    PULUMI_READER,
)
# They stand beside the other tests of the reader, and need the true Pulumi CLI besides.
WITH_PULUMI = files(f"{PULUMI_READER}/test_pulumi_cli_*.py", f"{PULUMI_READER}/test_pulumi_cloud.py")
SCENARIO_KIT = "roles/scenario_cloud/files"
BENCHES = ("tests/bench/ecs", "tests/bench/publishing")
WITH_ENGINE = "tests/unit/plugins/modules/test_ecr_push_engine.py"
WITH_EMULATOR = files("pulumi_infra/tests/test_local_*.py")


def schema(name: str, kind: str, *documents: str) -> Gate:
    command = ("check-jsonschema", "--builtin-schema", f"vendor.{kind}", *documents)
    return Gate(name=name, group="check", command=command, paths=documents, seconds=1)


CHECKS = (
    Gate(name="ruff", group="check", command=("ruff", "check", "."), seconds=1),
    Gate(name="ruff-format", group="check", command=("ruff", "format", "--check", "."), seconds=1),
    mypy(
        "mypy-plugins",
        "--config-file=.config/mypy.ini",
        "--package=ansible_collections.slipway.aws.plugins",
        environment={"MYPYPATH": "collections"},
        seconds=40,
    ),
    mypy("mypy-app", "chatbot", "main.py", "frontend/build.py", folder="app"),
    mypy(
        "mypy-infra",
        "--config-file=../.config/mypy.ini",
        ".",
        folder="pulumi_infra",
        environment={"MYPYPATH": "."},
        seconds=40,
    ),
    mypy(
        "mypy-gates",
        "--config-file=.config/mypy.ini",
        "tests/gates",
        environment={"MYPYPATH": "tests/gates:tests/gates/steps"},
    ),
    mypy(
        "mypy-local-cloud",
        "--config-file=.config/mypy.ini",
        "--package=slipway_local_cloud",
        environment={"MYPYPATH": "roles/local_cloud/files"},
    ),
    mypy(
        "mypy-scenario-cloud",
        "--config-file=.config/mypy.ini",
        "--package=slipway_scenarios",
        environment={"MYPYPATH": SCENARIO_KIT},
    ),
    mypy(
        "mypy-scenario-tests",
        "--config-file=.config/mypy.ini",
        "tests/scenario_cloud",
        environment={"MYPYPATH": f"tests/scenario_cloud:{SCENARIO_KIT}"},
    ),
    mypy(
        "mypy-shipping",
        "--config-file=.config/mypy.ini",
        "tests/shipping",
        environment={"MYPYPATH": "tests/shipping:tests/local_cloud:demo:roles/local_cloud/files"},
    ),
    mypy(
        "mypy-e2e",
        "--config-file=.config/mypy.ini",
        "tests/e2e",
        environment={"MYPYPATH": "demo:tests/e2e"},
    ),
    *(
        mypy(
            f"mypy-{folder.replace('_', '-')}",
            "--config-file=.config/mypy.ini",
            f"tests/{folder}",
            environment={"MYPYPATH": f"collections:tests/{folder}:{PULUMI_READER}:{SCENARIO_KIT}"},
        )
        for folder in ("bench", "core_versions", "pulumi_cli")
    ),
    mypy(
        "mypy-least-privilege",
        "--config-file=.config/mypy.ini",
        "tests/least_privilege",
        environment={"MYPYPATH": "tests/least_privilege:roles/local_cloud/files:pulumi_infra"},
        seconds=30,
    ),
    mypy("mypy-demo", "--config-file=.config/mypy.ini", "demo", environment={"MYPYPATH": "demo"}),
    Gate(name="yamllint", group="check", command=("yamllint", "--strict", "."), seconds=2),
    Gate(name="ansible-lint", group="check", command=("ansible-lint",), environment=COLLECTIONS, seconds=25),
    Gate(
        name="antsibull-docs",
        group="check",
        command=(
            "antsibull-docs",
            "lint-collection-docs",
            "--plugin-docs",
            "--validate-collection-refs=dependent",
            ".",
        ),
        # It copies our dependencies as git would, and git ignores the virtualenv they are in: hide git from it there.
        environment={"GIT_CEILING_DIRECTORIES": sys.prefix},
        seconds=15,
    ),
    Gate(name="antsibull-changelog", group="check", command=("antsibull-changelog", "lint"), seconds=1),
    Gate(name="licences", group="check", command=step("licences"), paths=("plugins",), seconds=1),
    Gate(name="links", group="check", command=step("links"), seconds=1),
    Gate(name="nothing-private", group="check", command=step("nothing_private"), seconds=1),
    Gate(
        name="zizmor",
        group="check",
        command=("zizmor", "--offline", "--no-progress", "."),
        paths=WORKFLOWS or (".github/workflows",),
        seconds=1,
    ),
    schema("schema-workflows", "github-workflows", *(WORKFLOWS or (".github/workflows",))),
    schema("schema-dependabot", "dependabot", ".github/dependabot.yml"),
    *((schema("schema-actions", "github-actions", *ACTIONS),) if ACTIONS else ()),
    Gate(name="shellcheck", group="check", command=("shellcheck", *SCRIPTS), paths=SCRIPTS, seconds=1),
    Gate(
        name="unit",
        group="check",
        command=(*PYTEST, "-n", "2", "tests/unit", *(f"--ignore={folder}" for folder in WITH_SERVERS)),
        paths=("tests/unit", *WITH_SERVERS),
        seconds=20,
    ),
    Gate(
        name="unit-app",
        group="check",
        command=(*PYTEST, "-n", "2", "tests", "--ignore=tests/browser"),
        folder="app",
        paths=("app/tests",),
        seconds=40,
    ),
    Gate(
        name="unit-infra",
        group="check",
        command=(*PYTEST, "-n", "2", "tests", "--ignore-glob=tests/test_local_*.py"),
        folder="pulumi_infra",
        paths=("pulumi_infra/tests",),
        seconds=120,
    ),
)

# Tests that start servers, or Ansible itself, and take their time. Modules and what runs in the controller get separate
# processes, as in real life and in ansible-test: they keep their warnings in different places.
SERVERS = (
    Gate(
        name="unit-modules",
        command=(*PYTEST, "-n", "2", "tests/unit/plugins/modules", f"--ignore={WITH_ENGINE}"),
        paths=("tests/unit/plugins/modules", WITH_ENGINE),
        seconds=100,
    ),
    Gate(
        name="unit-inventory",
        command=(*PYTEST, "-n", "2", "tests/unit/plugins/inventory", "tests/unit/plugins/lookup"),
        paths=("tests/unit/plugins/inventory", "tests/unit/plugins/lookup"),
        seconds=90,
    ),
    Gate(
        name="unit-pulumi",
        command=(*PYTEST, "-n", "2", PULUMI_READER, *(f"--ignore={path}" for path in WITH_PULUMI)),
        paths=(PULUMI_READER, *WITH_PULUMI),
        seconds=90,
    ),
    Gate(
        name="pulumi-cli",
        command=step("pulumi_cli", *PYTEST, "-n", "2", "tests/pulumi_cli", *WITH_PULUMI),
        paths=("tests/pulumi_cli", "pulumi_infra", *WITH_PULUMI),
        # Building the CLI takes longest, and only where it was never built.
        seconds=580,
        timeout=2400,
        first=True,
    ),
    Gate(
        name="core-versions",
        command=(*PYTEST, "tests/core_versions"),
        paths=("tests/core_versions",),
        seconds=90,
    ),
    Gate(
        name="policies",
        command=step("policies"),
        paths=("tests/least_privilege", "requirements/parliament.txt", "pulumi_infra/components"),
        seconds=60,
    ),
    Gate(
        name="least-privilege",
        command=(*PYTEST, "tests/least_privilege"),
        paths=("tests/least_privilege", "pulumi_infra/components"),
        exclusive="engine",
        seconds=420,
        timeout=1800,
    ),
    Gate(
        name="scenario-cloud",
        command=(*PYTEST, "tests/scenario_cloud"),
        paths=("tests/scenario_cloud", SCENARIO_KIT),
        seconds=140,
    ),
    Gate(
        name="unit-bench",
        command=(*PYTEST, *BENCHES),
        paths=BENCHES,
        seconds=10,
    ),
    Gate(name="fuzz", command=step("fuzz"), paths=("tests/fuzz",), seconds=60),
    Gate(
        name="infra-on-emulator",
        # What they print is how long each system takes to be made, made again, and destroyed.
        command=(*PYTEST, "-n", "2", "-rP", *(path.removeprefix("pulumi_infra/") for path in WITH_EMULATOR)),
        folder="pulumi_infra",
        paths=WITH_EMULATOR or ("pulumi_infra/tests/test_local_lifecycle.py",),
        seconds=250,
    ),
)

ARTEFACT = (
    Gate(name="artefact", command=step("artefact"), seconds=2),
    Gate(name="artefact-contents", command=step("artefact_contents"), needs=("artefact",), seconds=1),
    Gate(name="artefact-works", command=step("artefact_works"), needs=("artefact",), seconds=20),
    Gate(name="galaxy-import", command=step("galaxy_import"), needs=("artefact",), seconds=20),
    Gate(name="ansible-sanity", command=step("run_ansible_test", "sanity"), needs=("artefact",), seconds=80),
    Gate(
        name="ansible-units", command=step("run_ansible_test", "units"), needs=("artefact",), seconds=300, timeout=1500
    ),
    Gate(name="ansible-integration", command=step("run_ansible_test", "integration"), needs=("artefact",), seconds=90),
)

SCENARIOS = (
    Gate(
        name="unit-engine",
        command=step("with_engine", *PYTEST, WITH_ENGINE),
        paths=(WITH_ENGINE,),
        exclusive="engine",
        seconds=60,
    ),
    Gate(
        name="molecule-moto",
        command=step("scenario", "moto"),
        paths=("molecule/moto",),
        seconds=60,
    ),
    Gate(
        name="molecule-scenarios",
        command=step("scenario", "scenarios"),
        paths=("molecule/scenarios", SCENARIO_KIT),
        seconds=70,
    ),
    Gate(name="molecule-sandbox", command=step("sandbox"), inherits=("AWS_",), paths=("molecule/sandbox",), seconds=1),
    Gate(
        name="molecule-local-cloud",
        command=step("scenario", "local_cloud"),
        paths=("molecule/local_cloud",),
        exclusive="engine",
        seconds=120,
    ),
    Gate(
        name="shipping",
        command=(*PYTEST, "tests/shipping"),
        paths=("tests/shipping",),
        exclusive="engine",
        seconds=240,
        timeout=1200,
    ),
    Gate(
        name="local-cloud",
        command=(*PYTEST, "tests/local_cloud"),
        paths=("tests/local_cloud",),
        exclusive="engine",
        seconds=350,
    ),
    Gate(
        name="e2e", command=(*PYTEST, "tests/e2e"), paths=("tests/e2e",), exclusive="engine", seconds=480, timeout=1800
    ),
    # Exclusive, because the engine may have to be installed as well, and apt-get does one thing at a time.
    Gate(name="chromium", command=step("chromium"), exclusive="engine", first=True, seconds=30),
    Gate(
        name="browser",
        command=(*PYTEST, "tests/browser"),
        folder="app",
        paths=("app/tests/browser",),
        needs=("chromium",),
        seconds=60,
    ),
)

GATES = (*CHECKS, *SERVERS, *ARTEFACT, *SCENARIOS)
