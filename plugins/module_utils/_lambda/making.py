# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""Make the version to use: settings before code, each accepted by Lambda before the next, and then published."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._lambda import diagnosis
from ansible_collections.slipway.aws.plugins.module_utils._lambda.api import (
    get_function,
    publish_version,
    update_code,
    update_configuration,
)
from ansible_collections.slipway.aws.plugins.module_utils._lambda.definition import as_request, canonical, has
from ansible_collections.slipway.aws.plugins.module_utils._lambda.model import LATEST, Snapshot
from ansible_collections.slipway.aws.plugins.module_utils._lambda.patience import (
    CONTESTED,
    PASSING,
    Ended,
    Patience,
    Wait,
    superseded,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.slipway.aws.plugins.module_utils._lambda.plan import Plan


class Maker:
    """Works on one function's $LATEST. What somebody else changed there is never overwritten."""

    def __init__(self, functions: t.Any, plan: Plan, patience: Patience) -> None:
        self._functions, self._plan, self._patience = functions, plan, patience
        self._function = plan.target.function
        self._masker = plan.masker
        self.wrote = False
        self.version = plan.version

    def make(self) -> str:
        """Return the version to use, once it can be used."""
        if self._plan.version:
            self._patience.say(f"uses version {self._plan.version}, which is there already")
            self._settled(self._plan.version)
            return self._plan.version
        latest = self._as_planned()
        if self._plan.settings:
            self._patience.say(f"configuration: {', '.join(self._plan.settings)}")
            latest = self._changed(latest, self._send_settings, self._has_settings)
        code = self._plan.target.code
        if code and self._plan.sends_code:
            self._patience.say(f"code: {code.told}")
            latest = self._changed(latest, self._send_code, code.is_in)
        return self._published(latest)

    def _as_planned(self) -> Snapshot:
        latest = self._plan.latest
        if not latest.moves:
            return latest
        self._patience.say("an update is under way: waiting for it")
        settled = self._settled(None, ours=False)
        if not _same(settled, latest):
            raise superseded(self._function)
        return settled

    def _send_settings(self, revision: str | None) -> None:
        update_configuration(self._functions, self._function, self._plan.settings, revision)

    def _has_settings(self, seen: Snapshot) -> bool:
        return has(as_request(seen), self._plan.settings)

    def _send_code(self, revision: str | None) -> None:
        if self._plan.target.code:
            update_code(self._functions, self._function, self._plan.target.code.request(), revision)

    def _changed(
        self, latest: Snapshot, write: Callable[[str | None], None], done: Callable[[Snapshot], bool]
    ) -> Snapshot:
        """Make one change of $LATEST and wait until it is in effect."""
        wait = self._patience.wait()
        while True:
            try:
                write(latest.revision)
                break
            except AwsError as error:
                latest = self._uncontested(error, latest, wait, done)
                if done(latest):
                    break  # an answer was lost, and the call made twice
        self.wrote = True
        settled = self._settled(None)
        if not done(settled):
            raise superseded(self._function)
        return settled

    def _published(self, latest: Snapshot) -> str:
        wait = self._patience.wait()
        while True:
            try:
                made = publish_version(self._functions, self._function, self._plan.description, latest.revision)
                break
            except AwsError as error:
                latest = self._uncontested(error, latest, wait)
        self.wrote = True
        if not _made_of(made, latest):
            raise superseded(self._function)
        self.version = made.version
        self._patience.say(f"published version {made.version}")
        self._settled(made.version)
        return made.version

    def _uncontested(
        self, error: AwsError, known: Snapshot, wait: Wait, done: Callable[[Snapshot], bool] | None = None
    ) -> Snapshot:
        """Return what is there after a refused write, if it is still what we know, or what we wanted to write."""
        if error.code not in CONTESTED:
            raise error
        wait.rest(error.message)
        seen = self._settled(None, ours=False)
        if not (done and done(seen)) and not _same(seen, known):
            raise superseded(self._function) from error
        return seen

    def _settled(self, version: str | None, *, ours: bool = True) -> Snapshot:
        """Wait until a function or a version can be used, and end at once where Lambda says that it never will be."""
        wait, what = self._patience.wait(), f"version {version}" if version else LATEST
        while True:
            seen = self._look(version)
            if seen is not None and not seen.moves:
                found = diagnosis.of_state(seen, self._masker) if ours else None
                if found is not None:
                    raise Ended("failed", found.evidence[0].text, found)
                return seen
            line = f"{what}: {seen.stage if seen else 'cannot be seen at the moment'}"
            wait.tell(line)
            wait.rest(line)

    def _look(self, version: str | None) -> Snapshot | None:
        try:
            seen = get_function(self._functions, self._function, version)
        except AwsError as error:
            if error.code not in PASSING:
                raise
            return None
        if seen is None and version is None:
            raise Ended("stopped", f"Function {self._function} no longer exists.")
        return seen


def _same(one: Snapshot, other: Snapshot) -> bool:
    return one.identity == other.identity and canonical(as_request(one)) == canonical(as_request(other))


def _made_of(version: Snapshot, latest: Snapshot) -> bool:
    """Tell whether a version is what was to be published; its answer says nothing of the image but its hash."""
    return version.sha256 == latest.sha256 and (canonical(as_request(version)) == canonical(as_request(latest)))


__all__ = ("Maker",)
