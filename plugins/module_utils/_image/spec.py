# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a project says about its images, checked and made whole."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from pathlib import Path

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image.fingerprint import SOURCE_TAG_PREFIX
from ansible_collections.slipway.aws.plugins.module_utils._image.repository import Repository
from ansible_collections.slipway.aws.plugins.module_utils._secret_names import looks_secret

KEYS = ("repository", "context", "dockerfile", "build_args", "platform", "target")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/v[0-9]+)?")
ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DEFAULT_PLATFORM = "linux/amd64"
# Masking anything shorter would make a riddle of every message, and hide nothing.
SHORTEST_MASKED = 4


@dataclasses.dataclass(frozen=True)
class ImageSpec:
    """One image: what it is built from, and where it goes."""

    name: str
    repository: Repository
    context: Path
    dockerfile: Path
    build_args: t.Mapping[str, str]
    platform: str
    target: str | None

    @property
    def secret_arguments(self) -> list[str]:
        """The names of the build arguments that look like secrets."""
        return [name for name, value in sorted(self.build_args.items()) if value and looks_secret(name)]

    @property
    def masked(self) -> set[str]:
        """What must not be seen of them, line by line."""
        return {part for name in self.secret_arguments for part in maskable(self.build_args[name])}


def maskable(secret: str) -> set[str]:
    """Return the texts to mask for a secret: a key of several lines is also shown line by line."""
    return {part for part in (secret, *secret.splitlines()) if len(part) >= SHORTEST_MASKED}


def secrets_in(images: t.Mapping[str, t.Any]) -> set[str]:
    """Return what must not be seen of images as they were given, whatever shape they are in."""
    found: set[str] = set()
    for options in images.values():
        arguments = options.get("build_args") if isinstance(options, dict) else None
        for name, value in (arguments if isinstance(arguments, dict) else {}).items():
            if looks_secret(str(name)):
                found |= maskable(str(value))
    return found


def parse_images(images: t.Mapping[str, t.Any], project_dir: Path) -> list[ImageSpec]:
    """Check the images of a project, in the order of their names."""
    return [_parse_image(name, images[name], project_dir) for name in sorted(images)]


def check_tags(tags: t.Iterable[str]) -> tuple[str, ...]:
    """Return the extra tags once each, in the order given."""
    checked = tuple(dict.fromkeys(tags))
    for tag in checked:
        if not TAG.fullmatch(tag):
            raise SlipwayError(
                f"{tag!r} cannot be a tag.",
                hint="It has up to 128 letters, digits, dots, dashes and underscores; dots and dashes not in front.",
            )
        if tag.startswith(SOURCE_TAG_PREFIX):
            raise SlipwayError(
                f"The tag {tag} is not free: {SOURCE_TAG_PREFIX}… are the fingerprints of sources.",
                hint="Choose a tag that starts otherwise.",
            )
    return checked


def check_sharing(specs: t.Iterable[tuple[ImageSpec, str]], tags: tuple[str, ...]) -> None:
    """Refuse different images in one repository under the same tags: each release would flip them."""
    seen: dict[str, tuple[str, str]] = {}
    for spec, fingerprint in specs:
        other, first = seen.setdefault(spec.repository.uri, (spec.name, fingerprint))
        if tags and fingerprint != first:
            raise SlipwayError(
                f"The images {other} and {spec.name} share the repository {spec.repository.uri}, so the tag {tags[0]} "
                "cannot name both.",
                hint="Give each image a repository of its own.",
            )


def _parse_image(name: str, options: t.Any, project_dir: Path) -> ImageSpec:
    if not isinstance(options, dict):
        raise SlipwayError(f"The image {name} must be a dictionary.", hint=f"Its keys are {', '.join(KEYS)}.")
    unknown = sorted(set(options) - set(KEYS))
    if unknown:
        raise SlipwayError(
            f"The image {name} has the unknown key {unknown[0]}.", hint=f"Its keys are {', '.join(KEYS)}."
        )
    for key in ("repository", "context"):
        if not options.get(key):
            raise SlipwayError(f"The image {name} lacks {key}.", hint="Both repository and context are needed.")
    platform = str(options.get("platform") or DEFAULT_PLATFORM)
    if not PLATFORM.fullmatch(platform):
        raise SlipwayError(
            f"The image {name} has the platform {platform!r}.",
            hint="Give operating system and architecture, such as linux/amd64 or linux/arm64.",
        )
    context = (project_dir / Path(str(options["context"])).expanduser()).resolve()
    return ImageSpec(
        name=name,
        repository=Repository.parse(str(options["repository"])),
        context=context,
        dockerfile=context / str(options.get("dockerfile") or "Dockerfile"),
        build_args=_parse_arguments(name, options.get("build_args") or {}),
        platform=platform,
        target=str(options["target"]) if options.get("target") else None,
    )


def _parse_arguments(image: str, arguments: t.Any) -> dict[str, str]:
    if not isinstance(arguments, dict):
        raise SlipwayError(f"build_args of image {image} must be a dictionary of names and values.")
    parsed = {}
    for name, value in arguments.items():
        if not ARGUMENT.fullmatch(str(name)):
            raise SlipwayError(f"{name!r} in build_args of image {image} cannot be the name of an argument.")
        if not isinstance(value, (str, int, float, bool)):
            raise SlipwayError(
                f"The build argument {name} of image {image} has no plain value.",
                hint="Give a text or a number; leave the argument out to use the Dockerfile's default.",
            )
        parsed[str(name)] = str(value).lower() if isinstance(value, bool) else str(value)
    return parsed


__all__ = ("ImageSpec", "check_sharing", "check_tags", "maskable", "parse_images", "secrets_in")
