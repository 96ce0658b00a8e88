"""Pulumi.yaml and Pulumi.<stack>.yaml: what the program is, and what this stack tells it."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml

from local_engine.errors import LocalEngineError
from local_engine.passphrase import Passphrase, passphrase_from_environment

STACK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project's folder, and one stack of it."""

    folder: Path
    name: str
    main: Path
    stack: str
    salt: str | None
    passphrase: str | None
    raw_config: t.Mapping[str, t.Any]

    @classmethod
    def load(cls, folder: Path, stack: str) -> Project:
        if not STACK_NAME.fullmatch(stack):
            raise LocalEngineError(f"{stack!r} is no stack's name: use letters, digits, hyphens, dots, underscores.")
        project = _read(folder / "Pulumi.yaml", "Run this in the folder of a Pulumi project.")
        settings = _read(
            folder / f"Pulumi.{stack}.yaml",
            f"Known stacks: {', '.join(sorted(_stacks(folder))) or 'none'}.",
        )
        main = folder / project.get("main", ".")
        return cls(
            folder=folder,
            name=str(project["name"]),
            main=main / "__main__.py" if main.is_dir() else main,
            stack=stack,
            salt=settings.get("encryptionsalt"),
            passphrase=passphrase_from_environment(),
            raw_config=settings.get("config") or {},
        )

    def config(self) -> tuple[dict[str, str], list[str]]:
        """Return the configuration as the SDK takes it, and the keys in it that are secret."""
        crypter = Passphrase(self.salt, self.passphrase)
        values: dict[str, str] = {}
        secret_keys: list[str] = []
        for key, value in self.raw_config.items():
            full = self._full(key)
            if isinstance(value, dict) and set(value) == {"secure"}:
                values[full] = crypter.decrypt(value["secure"])
                secret_keys.append(full)
            elif isinstance(value, str):
                values[full] = value
            else:
                # Numbers, booleans and structures arrive as JSON, which is how the SDK reads them back.
                values[full] = json.dumps(value)
        return values, secret_keys

    def history_config(self) -> dict[str, t.Any]:
        """Return the configuration as a history entry keeps it: as the file has it, secrets encrypted."""
        return {self._full(key): value for key, value in self.raw_config.items()}

    def _full(self, key: str) -> str:
        return key if ":" in key else f"{self.name}:{key}"


def _stacks(folder: Path) -> list[str]:
    return [path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in folder.glob("Pulumi.?*.yaml")]


def _read(path: Path, hint: str) -> dict[str, t.Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LocalEngineError(f"There is no {path}. {hint}") from None
    except OSError as error:
        raise LocalEngineError(f"Could not read {path}: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise LocalEngineError(f"{path} is not YAML: {error}.") from error
    if not isinstance(document, dict):
        raise LocalEngineError(f"{path} is empty or not a mapping.")
    return document


__all__ = ("Project",)
