"""The Pulumi program: the stack's configuration picks a system, the system's outputs are exported."""

from __future__ import annotations

import pulumi
from settings import Settings
from systems import SYSTEMS
from tagging import tag_everything

settings = Settings.load()
if settings.system not in SYSTEMS:
    raise pulumi.RunError(f"slipway:system is {settings.system!r}; this program knows {', '.join(sorted(SYSTEMS))}.")

tag_everything(settings.tags)
for name, value in SYSTEMS[settings.system](settings).items():
    pulumi.export(name, value)
