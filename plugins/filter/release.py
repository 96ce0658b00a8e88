# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that turn the delivery document into what each station of a release is asked to do."""

from __future__ import annotations

import functools
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.plugin_utils import _release

if t.TYPE_CHECKING:
    from collections.abc import Callable


def _filter(function: Callable[..., t.Any]) -> Callable[..., t.Any]:
    @functools.wraps(function)
    def apply(*args: t.Any, **kwargs: t.Any) -> t.Any:
        try:
            return function(*args, **kwargs)
        except SlipwayError as error:
            raise AnsibleFilterError(str(error)) from error

    return apply


class FilterModule:
    """What a release does at each station, as data."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {
            "release_dead_ends": _filter(_release.dead_ends),
            "release_images": _filter(_release.images),
            "release_migrated": _filter(_release.migrated),
            "release_migrations": _filter(_release.migrations),
            "release_services": _filter(_release.services),
            "release_sites": _filter(_release.sites),
            "release_distributions": _filter(_release.distributions),
            "release_running": _filter(_release.running),
            "release_untouched": _filter(_release.untouched),
            "release_voyages": _filter(_release.voyages),
            "release_ways_back": _filter(_release.ways_back),
        }
