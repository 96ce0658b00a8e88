"""Every system on a local cloud: made from nothing, made again without a call, released, changed, and gone."""

from __future__ import annotations

import time
import typing as t

import pytest
import yaml
from local_engine.cloud import Cloud
from local_engine.errors import LocalEngineError
from local_engine.planning import Step
from moto.server import ThreadedMotoServer

from tests.account import contents
from tests.conftest import Workshop
from tests.recorded_program import REGION, STACKS

LOCAL = [stack for stack in STACKS if stack.endswith("-local")]
PROD = [stack for stack in STACKS if stack.endswith("-prod")]
# What no emulator here has: WAF's log, and a lock on a vault. Everything else of prod is made.
BEYOND_EMULATORS: dict[str, dict[str, t.Any]] = {
    "agent-platform-prod": {"backupLockedDays": None},
    "course-chatbot-prod": {"firewallLogs": False},
    "rag-chatbot-prod": {"backupLockedDays": None},
}
# It deletes a protected load balancer, and this stack has nothing else that is protected.
DELETED_ALTHOUGH_PROTECTED = {"course-chatbot-prod", "rag-chatbot-prod"}
RELEASED = "example/app@sha256:" + "1" * 64


def configure(workshop: Workshop, stack: str, **changes: t.Any) -> None:
    """Change settings of the stack's file; None takes one away. Only those that it has, or that are new to all."""
    file = workshop.project / f"Pulumi.{stack}.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    for key, value in changes.items():
        document["config"].pop(f"slipway:{key}", None)
        if value is not None:
            document["config"][f"slipway:{key}"] = value
    file.write_text(yaml.safe_dump(document), encoding="utf-8")


def given(workshop: Workshop, stack: str) -> dict[str, t.Any]:
    document = yaml.safe_load((workshop.project / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    return {key.removeprefix("slipway:"): value for key, value in document["config"].items()}


def live(workshop: Workshop, stack: str) -> None:
    """Make a stack, and again: the second time nothing is called that changes anything."""
    started = time.monotonic()
    made = workshop.operations(stack).up()
    first = time.monotonic() - started
    assert made[Step.CREATE] > 60
    started = time.monotonic()
    again = workshop.operations(stack).up()
    second = time.monotonic() - started
    print(f"{stack}: {made[Step.CREATE]} resources up in {first:.1f} s; again, no change, in {second:.1f} s")
    assert again.writing_calls == {}
    assert again[Step.SAME] == made[Step.CREATE]


def go(workshop: Workshop, stack: str) -> None:
    started = time.monotonic()
    gone = workshop.operations(stack).destroy()
    print(f"{stack}: {gone[Step.DELETE]} resources destroyed in {time.monotonic() - started:.1f} s")


@pytest.mark.parametrize("stack", [stack for stack in STACKS if stack not in PROD])
def test_a_whole_life(workshop: Workshop, stack: str) -> None:
    workshop.copy_program()
    assert contents(workshop.cloud) == {}
    live(workshop, stack)
    go(workshop, stack)
    assert contents(workshop.cloud) == {}


@pytest.fixture
def scaling(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Cloud]:
    """Another emulator, for the one service that this one lacks."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING", f"http://{host}:{port}")
    yield Cloud(f"http://{host}:{port}", REGION)
    server.stop()


@pytest.mark.parametrize("stack", PROD)
def test_prod_as_far_as_emulators_go(workshop: Workshop, scaling: Cloud, stack: str) -> None:
    workshop.copy_program()
    settings = given(workshop, stack)
    configure(workshop, stack, **BEYOND_EMULATORS.get(stack, {}))
    zone = workshop.cloud.client("route53").create_hosted_zone(Name="example.com", CallerReference="tests")
    services_to_scale(scaling, stack, settings["services"])
    live(workshop, stack)
    targets = scaling.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    assert len(targets["ScalableTargets"]) == sum("maximum" in size for size in settings["services"].values())
    if stack not in DELETED_ALTHOUGH_PROTECTED:
        # Protected as it is, it does not go; and whoever means it says so first.
        with pytest.raises(LocalEngineError, match=r"protect|[Dd]eletion"):
            go(workshop, stack)
        workshop.operations(stack).up()
    configure(workshop, stack, deletionProtection=False)
    workshop.operations(stack).up()
    go(workshop, stack)
    targets = scaling.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    assert targets["ScalableTargets"] == []
    workshop.cloud.client("route53").delete_hosted_zone(Id=zone["HostedZone"]["Id"])
    assert contents(workshop.cloud) == {}


def services_to_scale(cloud: Cloud, stack: str, services: t.Iterable[str]) -> None:
    """Make the services where they are scaled: that emulator refuses those it does not know."""
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName=stack)
    ecs.register_task_definition(family="f", containerDefinitions=[{"name": "app", "image": "i", "memory": 128}])
    for service in services:
        ecs.create_service(cluster=stack, serviceName=f"{stack}-{service}", taskDefinition="f", desiredCount=1)


class Release:
    """What a release does to the services and functions of a stack, as far as the infrastructure can see it."""

    def __init__(self, workshop: Workshop, collection: t.Callable[[str], t.Any], delivery: dict[str, t.Any]) -> None:
        self._ecs, self._lambda = workshop.cloud.client("ecs"), workshop.cloud.client("lambda")
        self._api, self._model, self._plan = collection("_ecs.api"), collection("_ecs.model"), collection("_ecs.plan")
        self.delivery = delivery

    def plans(self) -> dict[str, t.Any]:
        targets = [
            self._model.Target.from_options(
                name, {**service, "image": RELEASED, "task_definition": service["task_definition"]}
            )
            for name, service in self.delivery["services"].items()
        ]
        return dict(self._plan.Planner(self._ecs, self._model.Release(id="r-1")).plan_all(targets))

    def ship(self) -> None:
        for plan in self.plans().values():
            revision = self._api.register_task_definition(self._ecs, plan.definition, {})
            self._api.update_service(self._ecs, plan.target.cluster, plan.target.service, revision)
        for function in self.delivery["functions"].values():
            name = function["name"]
            self._lambda.update_function_code(FunctionName=name, ImageUri=RELEASED)
            version = self._lambda.publish_version(FunctionName=name)["Version"]
            self._lambda.update_alias(FunctionName=name, Name=function["alias"], FunctionVersion=version)

    def live(self) -> dict[str, str]:
        """Say what runs: the revision of each service, and the version of each function."""
        running: dict[str, str] = {}
        for name, service in self.delivery["services"].items():
            answer = self._ecs.describe_services(cluster=service["cluster"], services=[service["service"]])
            running[name] = answer["services"][0]["taskDefinition"]
        for name, function in self.delivery["functions"].items():
            alias = self._lambda.get_alias(FunctionName=function["name"], Name=function["alias"])
            running[name] = f"{function['name']}:{alias['FunctionVersion']}"
        return running


def delivery_of(workshop: Workshop, stack: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", workshop.operations(stack).outputs()["delivery"])


@pytest.mark.parametrize("stack", LOCAL)
def test_an_up_after_a_release_keeps_it_and_a_change_reaches_the_next(
    workshop: Workshop, collection: t.Callable[[str], t.Any], stack: str
) -> None:
    workshop.copy_program()
    workshop.operations(stack).up()
    before = Release(workshop, collection, delivery_of(workshop, stack))
    placeholder = before.live()
    before.ship()
    released = before.live()
    assert {name for name in released if released[name] == placeholder[name]} == set()

    assert workshop.operations(stack).up().writing_calls == {}
    assert before.live() == released

    services = before.delivery["services"]
    sizes = {name: {"cpu": 1024, "memory": 2048, "count": 1} for name in services}
    configure(workshop, stack, services=sizes, containerEnvironment={"ADDED": "later"})
    workshop.operations(stack).up()
    assert before.live() == released, "what runs is the release's"

    after = Release(workshop, collection, delivery_of(workshop, stack))
    for name, plan in after.plans().items():
        assert services[name]["task_definition"] != after.delivery["services"][name]["task_definition"]
        assert plan.action == "register", name
        assert (plan.definition["cpu"], plan.definition["memory"]) == ("1024", "2048"), name
        container = next(item for item in plan.definition["containerDefinitions"] if item["name"] == "app")
        assert container["image"] == RELEASED
        assert {"name": "ADDED", "value": "later"} in container["environment"]


def test_a_function_keeps_its_release_and_gets_its_environment_with_the_next(
    workshop: Workshop, collection: t.Callable[[str], t.Any]
) -> None:
    stack = "course-chatbot-local"
    workshop.copy_program()
    workshop.operations(stack).up()
    release = Release(workshop, collection, delivery_of(workshop, stack))
    release.ship()
    released = release.live()
    configure(workshop, stack, parameterPath="/chatbot/elsewhere")
    workshop.operations(stack).up()
    assert release.live() == released
    functions = workshop.cloud.client("lambda")
    name, alias = (release.delivery["functions"]["chat"][key] for key in ("name", "alias"))

    def path(qualifier: str) -> str:
        answer = functions.get_function_configuration(FunctionName=name, Qualifier=qualifier)
        return str(answer["Environment"]["Variables"]["LLM_KEY_PARAMETER"])

    # It waits in the version that is not published yet.
    assert (path(alias), path("$LATEST")) == ("/chatbot/local/llm-key", "/chatbot/elsewhere/llm-key")
