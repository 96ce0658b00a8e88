"""The description of the API is complete, and its examples are true."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chatbot import problems, schemas
from chatbot.application import create_app
from chatbot.settings import Settings
from pydantic import BaseModel

DOCUMENT = create_app(Settings(release_id="r-42")).openapi()
OPERATIONS = {
    f"{method} {path}": item for path, methods in DOCUMENT["paths"].items() for method, item in methods.items()
}
MODELS: dict[str, type[BaseModel]] = {
    name: model
    for module in (schemas, problems)
    for name, model in vars(module).items()
    if isinstance(model, type) and issubclass(model, BaseModel) and model is not BaseModel
}


def test_it_describes_every_path() -> None:
    assert set(OPERATIONS) == {"get /health", "get /api/health", "post /api/chat", "post /api/chat/stream"}
    assert DOCUMENT["info"]["version"] == "r-42"


def test_it_names_only_our_own_models() -> None:
    assert set(DOCUMENT["components"]["schemas"]) == set(MODELS)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_has_an_example_that_is_valid(name: str) -> None:
    examples = DOCUMENT["components"]["schemas"][name]["examples"]
    assert examples
    for example in examples:
        MODELS[name].model_validate_json(json.dumps(example))


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_response_is_described_with_an_example(operation: str) -> None:
    for status, response in OPERATIONS[operation]["responses"].items():
        for media_type, content in response["content"].items():
            schema = content["schema"].get("$ref", "").rpartition("/")[2]
            example = content.get("example")
            if media_type == problems.MEDIA_TYPE:
                assert schema == "Problem"
                assert problems.Problem.model_validate(example).status == int(status)
            else:
                assert example or DOCUMENT["components"]["schemas"][schema]["examples"]


def test_chat_tells_how_it_refuses() -> None:
    for operation in ("post /api/chat", "post /api/chat/stream"):
        assert {"200", "400", "413", "415", "422", "502", "503"} == set(OPERATIONS[operation]["responses"])


def test_every_reference_leads_somewhere() -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            return (
                [node["$ref"]] if "$ref" in node else [found for value in node.values() for found in references(value)]
            )
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    for reference in references(DOCUMENT):
        assert reference.rpartition("/")[2] in DOCUMENT["components"]["schemas"], reference
