# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which station of the road needs which permission, and how its lack shows."""

from __future__ import annotations

import dataclasses
import itertools
import json
import typing as t
from pathlib import Path

from world import Credentials, Run, Stack

PLAYBOOK = str(Path(__file__).with_name("stations.yml"))
STAMPS = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Station:
    """One role of the collection with an order that makes it call what it can call. ``ends`` is how it ends well."""

    name: str
    options: tuple[str, ...] = ()
    broken: bool = False
    ends: str = ""


@dataclasses.dataclass(frozen=True)
class Need:
    """An action of a statement, the station that fails without it, and how: by its name, if nothing else is said.

    ``shows`` is what is printed instead where AWS itself cannot say more: a HEAD has no body to say it in. Of what is
    only ``looked`` at, the lack stops nothing: the station ends as it does anyway, and says what it could not see.
    """

    sid: str
    action: str
    station: Station
    shows: str = ""
    looked: bool = False

    @property
    def id(self) -> str:
        return f"{self.sid}-{self.action.replace(':', '-')}"


IMAGES = Station("images")
# A tag that is there and may not move: that this is so is what the repository is asked for.
MOVED_TAG = Station("moved-tag", ends="is immutable and names")
SERVICES = Station("services")
# Without the look before the first write, which finds some lacks by itself: here it is AWS that shall refuse.
BLIND_SERVICES = Station("blind-services", options=("-e", json.dumps({"ecs_deploy_preflight": {"all": "off"}})))
# A task that runs once, and one that has to be stopped.
TASK = Station("task")
LATE_TASK = Station("late-task", ends="within 5 s and was stopped")
BROKEN_SERVICE = Station("broken-service", broken=True, ends="[application_exit, ")
SITE = Station("site")
EDGE = Station("edge")
EDGE_CHECK = Station("edge-check", options=("--check",))
ALARMS = Station("alarms")
RECEIPT = Station("receipt")
STATIONS = (*(IMAGES, MOVED_TAG, SERVICES, TASK, LATE_TASK, BROKEN_SERVICE, SITE, EDGE, EDGE_CHECK, ALARMS, RECEIPT),)

# Stations that differ from another in what they are given only.
PLAYED_AS = {"moved-tag": "images", "broken-service": "services", "blind-services": "services", "late-task": "task"}

# What only the look before the first write asks, which stops no release that may not ask it: statement and action.
LOOKS = (
    ("LookAtWhatHasNoArn", "ec2:DescribeSubnets"),
    ("LookAtWhatHasNoArn", "elasticloadbalancing:DescribeTargetGroupAttributes"),
    ("LookAtWhatHasNoArn", "logs:DescribeLogGroups"),
    ("ReadWhatPlatformImagesAreFor", "ecr:GetDownloadUrlForLayer"),
    ("LookAtTheTasksRoles", "iam:GetRole"),
    ("SimulateItsRolesPolicies", "iam:SimulatePrincipalPolicy"),
)

NEEDS = (
    *(Need(sid, action, SERVICES, looked=True) for sid, action in LOOKS),
    Need("LookAtWhatHasNoArn", "cloudwatch:DescribeAlarms", ALARMS),
    Need("LookAtWhatHasNoArn", "ecr:GetAuthorizationToken", IMAGES),
    Need("LookAtWhatHasNoArn", "ecs:DescribeTaskDefinition", SERVICES),
    # Nobody is told: who may not look for autoscaling that a killed run left suspended has suspended none.
    Need(
        *("LookAtWhatHasNoArn", "application-autoscaling:DescribeScalableTargets", SERVICES),
        shows="succeeded after",
        looked=True,
    ),
    Need("RunTasksOnce", "ecs:RunTask", TASK),
    Need("StopTasksThatTakeTooLong", "ecs:StopTask", LATE_TASK),
    Need("PushImages", "ecr:BatchCheckLayerAvailability", IMAGES, shows="the registry refused the login"),
    Need("PushImages", "ecr:BatchGetImage", IMAGES),
    Need("PushImages", "ecr:CompleteLayerUpload", IMAGES),
    Need("PushImages", "ecr:DescribeImages", IMAGES),
    Need("PushImages", "ecr:DescribeRepositories", MOVED_TAG),
    Need("PushImages", "ecr:InitiateLayerUpload", IMAGES),
    Need("PushImages", "ecr:PutImage", IMAGES),
    Need("PushImages", "ecr:UploadLayerPart", IMAGES),
    Need("RegisterRevisions", "ecs:RegisterTaskDefinition", SERVICES),
    Need("TagRevisionsWhenRegistered", "ecs:TagResource", SERVICES),
    Need("LookAtWhatHasNoArn", "elasticloadbalancing:DescribeTargetGroups", BROKEN_SERVICE, looked=True),
    Need("LookAtWhatHasNoArn", "elasticloadbalancing:DescribeTargetHealth", BROKEN_SERVICE, looked=True),
    Need("FollowDeployments", "ecs:DescribeServiceDeployments", SERVICES, looked=True),
    Need("RollServices", "ecs:DescribeServices", SERVICES),
    Need("RollServices", "ecs:UpdateService", SERVICES),
    Need("LookAtTasks", "ecs:DescribeTasks", BROKEN_SERVICE),
    Need("ListTasksOfTheCluster", "ecs:ListTasks", BROKEN_SERVICE),
    Need("PassTheTaskRolesToEcs", "iam:PassRole", BLIND_SERVICES),
    Need("ReadTheTasksLogs", "logs:GetLogEvents", BROKEN_SERVICE, looked=True),
    Need("ListSiteAndLedger", "s3:ListBucket", SITE),
    Need("PublishSitesAndRestoreThem", "s3:DeleteObject", SITE),
    Need("PublishSitesAndRestoreThem", "s3:GetObject", SITE, shows="403: Forbidden"),
    Need("PublishSitesAndRestoreThem", "s3:GetObjectVersion", SITE, shows="403: Forbidden"),
    Need("PublishSitesAndRestoreThem", "s3:PutObject", SITE),
    Need("WriteReceipts", "s3:GetObject", RECEIPT),
    Need("WriteReceipts", "s3:PutObject", RECEIPT),
    Need("InvalidateTheCdn", "cloudfront:CreateInvalidation", EDGE),
    Need("InvalidateTheCdn", "cloudfront:GetInvalidation", EDGE_CHECK),
    Need("InvalidateTheCdn", "cloudfront:ListInvalidations", EDGE_CHECK),
)

# Actions that no station can be seen to fail without: (statement, action) and why. They need another proof.
PROVEN_OTHERWISE: dict[tuple[str, str], str] = {}


def run(stack: Stack, station: Station, who: Credentials, folder: Path) -> Run:
    """Send one station of the road on its way, with something new to do."""
    stamp = f"station-{next(STAMPS)}"
    place = folder / stamp
    _write(place, stamp)
    if station is MOVED_TAG:
        _set_tag(stack, "stays")
    name = station.name.partition("-")[0] if station is EDGE_CHECK else station.name
    variables: dict[str, t.Any] = {
        "station": PLAYED_AS.get(name, name),
        "station_stamp": stamp,
        "station_folder": str(place),
        "station_prefix": "least-privilege",
        "station_tags": ["stays"] if station is MOVED_TAG else [stamp],
    }
    if "service" in station.name:
        # The application refuses to start without its table.
        environment = {"SESSION_TABLE": ""} if station.broken else {"STATION": stamp}
        variables["station_services"] = _services(stack, environment)
    if station in (TASK, LATE_TASK):
        variables["station_task"] = _task(stack, 60 if station is LATE_TASK else 0)
    if station is RECEIPT:
        variables["station_receipt"] = _receipt(stack, stamp)
    return stack.playbook(PLAYBOOK, who, variables, *station.options)


def _write(place: Path, stamp: str) -> None:
    for version in ("before", "after"):
        (place / version).mkdir(parents=True)
        (place / version / "index.html").write_text(f"<p>{stamp} {version}</p>", encoding="utf-8")
    (place / "after" / "new.html").write_text(f"<p>{stamp}</p>", encoding="utf-8")
    (place / "stamp").write_text(stamp, encoding="utf-8")
    (place / "Dockerfile").write_text("FROM python:3.11-slim\nCOPY stamp /stamp\n", encoding="utf-8")


def _set_tag(stack: Stack, tag: str) -> None:
    """Give some image of each repository a tag, unless one has it."""
    ecr = stack.world.client("ecr", stack.world.root)
    for address in stack.delivery["repositories"].values():
        repository = address.partition("/")[2]
        images = ecr.describe_images(repositoryName=repository)["imageDetails"]
        if any(tag in image.get("imageTags", ()) for image in images):
            continue
        wanted = [{"imageDigest": images[0]["imageDigest"]}]
        (image,) = ecr.batch_get_image(repositoryName=repository, imageIds=wanted)["images"]
        ecr.put_image(repositoryName=repository, imageManifest=image["imageManifest"], imageTag=tag)


def _services(stack: Stack, environment: dict[str, str]) -> dict[str, t.Any]:
    ecs = stack.world.client("ecs", stack.world.root)
    wanted = {}
    for name, service in stack.delivery["services"].items():
        running = ecs.describe_services(cluster=service["cluster"], services=[service["service"]])["services"][0]
        definition = ecs.describe_task_definition(taskDefinition=running["taskDefinition"])["taskDefinition"]
        images = {each["name"]: each["image"] for each in definition["containerDefinitions"]}
        kept = {key: service[key] for key in ("cluster", "service", "container", "task_definition")}
        wanted[name] = {**kept, "image": images[service["container"]], "environment": environment}
    return wanted


def _task(stack: Stack, seconds: int) -> dict[str, t.Any]:
    """Return a task with the image that a service runs now, laid over the revision that the infrastructure owns."""
    service = next(iter(_services(stack, {}).values()))
    kept = {key: service[key] for key in ("cluster", "service", "container", "image", "task_definition")}
    return {**kept, "command": ["python", "-c", f"import time; time.sleep({seconds})"]}


def _receipt(stack: Stack, stamp: str) -> dict[str, t.Any]:
    moment = "2026-01-01T00:00:00Z"
    identity = {"release_id": stamp, "stack": stack.system.stack, "outcome": "succeeded"}
    return {"schema": 1, **identity, "started_at": moment, "finished_at": moment, "units": json.loads("{}")}


__all__ = ("LOOKS", "NEEDS", "SERVICES", "PROVEN_OTHERWISE", "STATIONS", "Need", "Station", "run")
