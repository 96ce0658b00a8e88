"""The description of the API, with the problem format in place of the framework's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chatbot.problems import Problem
from chatbot.schemas import StreamDelta, StreamDone, StreamStart

# Models that no route names, because FastAPI knows only JSON responses of success.
_ALSO: tuple[type[BaseModel], ...] = (Problem, StreamStart, StreamDelta, StreamDone)


def describe(app: FastAPI) -> Callable[[], dict[str, Any]]:
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        document = original()
        schemas = document["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        _, definitions = models_json_schema(
            [(model, "serialization") for model in _ALSO], ref_template="#/components/schemas/{model}"
        )
        schemas.update(definitions["$defs"])
        return document

    return openapi
