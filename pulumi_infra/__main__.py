"""The Pulumi program: the stack's configuration picks a system, the system's outputs are exported."""

from __future__ import annotations

import pulumi
from configuration import Configuration
from settings import Settings
from systems import SYSTEMS
from tagging import tag_everything

configuration = Configuration.of_the_stack()
settings = Settings.load(configuration)
if settings.system not in SYSTEMS:
    raise pulumi.RunError(f"slipway:system is {settings.system!r}; this program knows {', '.join(sorted(SYSTEMS))}.")
system = SYSTEMS[settings.system]
wanted = system.load(configuration)
configuration.refuse_unknown()
settings.refuse_other_services(system.services)

tag_everything(settings.tags)
for name, value in system.build(settings, wanted).items():
    pulumi.export(name, value)
