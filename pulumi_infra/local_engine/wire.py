"""Property values as they travel between the SDK and an engine: protobuf structs, unknowns and secrets.

Inside this package values are plain JSON. A value nobody knows yet is the string L(UNKNOWN); a secret is a small
dictionary with a signature, exactly as in the protocol.
"""

from __future__ import annotations

import typing as t

from google.protobuf import struct_pb2  # type: ignore[import-untyped]

from local_engine.errors import LocalEngineError

# Fixed by the protocol.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the signature of a secret, not a secret

Properties = dict[str, t.Any]


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Return a struct as plain JSON, refusing what this package cannot carry (assets and the like)."""
    # In order, so that the same properties are always the same file.
    return {key: _from_value(value) for key, value in sorted(struct.fields.items())}


def _from_value(value: struct_pb2.Value) -> t.Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        plain = from_struct(value.struct_value)
        if plain.get(SIGNATURE) not in (None, SECRET):
            raise LocalEngineError(
                "The program passes an asset, an archive or a resource reference to a resource; "
                "the local engine carries plain values and secrets only."
            )
        return plain
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if kind == "number_value":
        # Protobuf knows no integers; AWS knows little else.
        return int(value.number_value) if value.number_value.is_integer() else value.number_value
    if kind == "null_value" or kind is None:
        return None
    return getattr(value, kind)


def to_struct(properties: t.Mapping[str, t.Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct


def is_secret(value: t.Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def secret(value: t.Any) -> Properties:
    return {SIGNATURE: SECRET, "value": value}


def unwrap(value: t.Any) -> t.Any:
    """Return a value with the secrets in it laid open, for the call that needs them."""
    if is_secret(value):
        return unwrap(value["value"])
    if isinstance(value, dict):
        return {key: unwrap(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unwrap(item) for item in value]
    return value


def has_secret(value: t.Any) -> bool:
    if is_secret(value):
        return True
    if isinstance(value, dict):
        return any(has_secret(item) for item in value.values())
    return isinstance(value, list) and any(has_secret(item) for item in value)


def has_unknown(value: t.Any) -> bool:
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def keep_secrets(inputs: t.Mapping[str, t.Any], outputs: t.Mapping[str, t.Any], also: t.Collection[str]) -> Properties:
    """Return the outputs with those wrapped again that were secret as inputs, or that the program calls secret."""
    return {
        key: secret(value) if not has_secret(value) and (key in also or has_secret(inputs.get(key))) else value
        for key, value in outputs.items()
    }


__all__ = (
    "SECRET",
    "SIGNATURE",
    "UNKNOWN",
    "Properties",
    "from_struct",
    "has_secret",
    "has_unknown",
    "is_secret",
    "keep_secrets",
    "secret",
    "to_struct",
    "unwrap",
)
