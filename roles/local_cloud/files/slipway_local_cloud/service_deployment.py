# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service deployment: one way of a service from one revision to the next, and what became of it."""

from __future__ import annotations

import dataclasses
import hashlib
import time
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping

Record = dict[str, t.Any]
BREAKER = "Service deployment rolled back because the circuit breaker threshold was exceeded."
NOWHERE_TO_GO = "No rollback candidate was found to run the rollback."
ENDS = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")


@dataclasses.dataclass
class Rollback:
    """The way back: to which of the emulator's deployments, since when, and why."""

    target: Record
    reason: str
    started: float = dataclasses.field(default_factory=time.time)


@dataclasses.dataclass
class ServiceDeployment:
    """One service deployment; ``deployment`` is the emulator's own record of it, which lives on and changes."""

    service_arn: str
    deployment: Record
    came_from: list[Record]
    snapshot: Record
    """The service's settings of that moment, for the revision."""
    rollback: Rollback | None = None
    no_way_back: bool = False
    superseded: bool = False
    created: float = dataclasses.field(default_factory=time.time)
    ended: float | None = None
    end: tuple[str, str] = ("", "")

    @property
    def arn(self) -> str:
        return f"{_kin(self.service_arn, 'service-deployment')}/{_digest('deployment', self.deployment)[:21]}"

    def standing(self) -> tuple[str, str]:
        """Return status and reason as they are now; once ended, as they were then."""
        if self.end[0]:
            return self.end
        state, reason = self.deployment["rolloutState"], self.deployment.get("rolloutStateReason", "")
        if self.rollback:
            became = {"COMPLETED": "ROLLBACK_SUCCESSFUL", "FAILED": "ROLLBACK_FAILED"}
            status = became.get(self.rollback.target["rolloutState"], "ROLLBACK_IN_PROGRESS")
            return ("STOPPED" if self.superseded and status not in ENDS else status), self.rollback.reason
        if state == "FAILED":
            return ("ROLLBACK_FAILED", NOWHERE_TO_GO) if self.no_way_back else ("STOPPED", reason)
        if state == "COMPLETED":
            return "SUCCESSFUL", ""
        return ("STOPPED", "A newer deployment of the service took its place.") if self.superseded else (state, "")

    def settle(self) -> None:
        """Keep how it ended, and when: the emulator's record may change again, by a rollback for instance."""
        status, reason = self.standing()
        if status in ENDS and self.ended is None:
            self.end, self.ended = (status, reason), time.time()

    def brief(self) -> Record:
        self.settle()  # so that whoever hears of an end also hears when it was
        status, reason = self.standing()
        told = {
            "serviceDeploymentArn": self.arn,
            "serviceArn": self.service_arn,
            "clusterArn": self.snapshot["clusterArn"],
            "createdAt": self.created,
            "startedAt": self.created,
            "targetServiceRevisionArn": revision_arn(self.service_arn, self.deployment),
            "status": status,
        }
        return told | ({"statusReason": reason} if reason else {}) | ({"finishedAt": self.ended} if self.ended else {})

    def full(self, threshold: int) -> Record:
        told = self.brief()
        del told["targetServiceRevisionArn"]
        told |= {
            "updatedAt": self.ended or time.time(),
            "sourceServiceRevisions": [counts(self.service_arn, one) for one in self.came_from],
            "targetServiceRevision": counts(self.service_arn, self.deployment),
            "deploymentConfiguration": {"strategy": "ROLLING", **self.snapshot["deploymentConfiguration"]},
            "deploymentCircuitBreaker": self._breaker(told["status"], threshold),
        }
        if told["status"] == "STOPPED":
            told["stoppedAt"] = self.ended
        if self.rollback:
            told["rollback"] = {
                "reason": self.rollback.reason,
                "startedAt": self.rollback.started,
                "serviceRevisionArn": revision_arn(self.service_arn, self.rollback.target),
            }
        return told

    def _breaker(self, status: str, threshold: int) -> Record:
        enabled = (self.snapshot["deploymentConfiguration"].get("deploymentCircuitBreaker") or {}).get("enable")
        if not enabled:
            standing = "DISABLED"
        elif self.deployment["rolloutState"] == "FAILED":
            standing = "TRIGGERED"
        else:
            standing = "MONITORING" if status == "IN_PROGRESS" else "MONITORING_COMPLETE"
        return {
            "status": standing,
            "failureCount": int(self.deployment.get("failedTasks", 0)),
            "threshold": threshold if enabled else 0,
        }

    def revision(self, definition: Mapping[str, t.Any]) -> Record:
        """Return the service revision that it brings: what runs once it is done, images by their digests."""
        pinned = self.deployment.get("_image_digests", {})
        images = []
        for container in definition["containerDefinitions"]:
            digest = container["image"].partition("@")[2] or pinned.get(container["name"])
            images.append(
                {"containerName": container["name"], "image": container["image"]}
                | ({"imageDigest": digest} if digest else {})
            )
        return {
            "serviceRevisionArn": revision_arn(self.service_arn, self.deployment),
            "serviceArn": self.service_arn,
            "taskDefinition": self.deployment["taskDefinition"],
            "containerImages": images,
            "createdAt": self.created,
            **{key: value for key, value in self.snapshot.items() if value and key != "deploymentConfiguration"},
        }


def revision_arn(service_arn: str, deployment: Mapping[str, t.Any]) -> str:
    number = int(_digest("revision", deployment), 16) % 10**19
    return f"{_kin(service_arn, 'service-revision')}/{number:019}"


def counts(service_arn: str, deployment: Mapping[str, t.Any]) -> Record:
    return {
        "arn": revision_arn(service_arn, deployment),
        "requestedTaskCount": deployment.get("desiredCount", 0),
        "runningTaskCount": deployment.get("runningCount", 0),
        "pendingTaskCount": deployment.get("pendingCount", 0),
    }


def _kin(service_arn: str, kind: str) -> str:
    return service_arn.replace(":service/", f":{kind}/", 1)


def _digest(kind: str, deployment: Mapping[str, t.Any]) -> str:
    return hashlib.sha256(f"{kind} {deployment['id']}".encode()).hexdigest()
