"""Every refusal and failure, in the one shape of RFC 9457 (application/problem+json)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from chatbot import json_logs

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One field of the request that is wrong."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"field": "message", "detail": "String should have at least 1 character"}]}
    )

    field: str
    detail: str


class Problem(BaseModel):
    """What went wrong, for programs (`code`) and for people (`title`, `detail`)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:chatbot:problem:ai-busy",
                    "title": "Service Unavailable",
                    "status": 503,
                    "detail": "The assistant is answering many questions right now. Please try again shortly.",
                    "code": "ai-busy",
                    "request_id": "8c1f0a4e5b6d47e2a9c3d1f2b4a69780",
                    "retry_after": 5,
                }
            ]
        }
    )

    type: str = Field(description="A stable name for this kind of problem, as a URI.")
    title: str = Field(description="The meaning of the status code.")
    status: int = Field(description="The HTTP status code.")
    detail: str = Field(description="What happened and what to do, for people.")
    code: str = Field(description="A stable name for this kind of problem, for programs.")
    request_id: str | None = Field(default=None, description="The id to give when asking for help.")
    retry_after: int | None = Field(default=None, description="Seconds to wait before another try.")
    errors: list[FieldError] | None = Field(default=None, description="The fields that are wrong.")


class ProblemError(Exception):
    """A failure that the client may know about. The reason stays in the log."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after

    def as_problem(self) -> Problem:
        return make_problem(self.status, self.code, self.detail, retry_after=self.retry_after)


def make_problem(status: HTTPStatus, code: str, detail: str, **members: Any) -> Problem:
    return Problem(
        type=f"urn:chatbot:problem:{code}",
        title=status.phrase,
        status=status,
        detail=detail,
        code=code,
        request_id=json_logs.request_id.get(),
        **members,
    )


def as_response(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    headers = dict(headers or {})
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    content = problem.model_dump(exclude_none=True)
    return JSONResponse(content, status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)


async def on_problem(_request: Request, error: ProblemError) -> JSONResponse:
    return as_response(error.as_problem())


async def on_http_exception(_request: Request, error: HTTPException) -> JSONResponse:
    """What the framework itself refuses: unknown paths, wrong methods."""
    status = HTTPStatus(error.status_code)
    code = status.name.lower().replace("_", "-")
    return as_response(make_problem(status, code, str(error.detail)), dict(error.headers or {}))


async def on_invalid_request(_request: Request, error: RequestValidationError) -> JSONResponse:
    """What the models refuse. The refused value is not sent back."""
    problems = error.errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        return as_response(make_problem(HTTPStatus.BAD_REQUEST, "invalid-json", "The body is not valid JSON."))
    errors = [
        FieldError(
            field=".".join(str(part) for part in problem["loc"][1:]) or "body",
            detail=problem["msg"].removeprefix("Value error, "),
        )
        for problem in problems
    ]
    detail = "The request has fields that are wrong: " + ", ".join(dict.fromkeys(item.field for item in errors)) + "."
    return as_response(make_problem(HTTPStatus(422), "invalid-request", detail, errors=errors))


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The entries for ``responses=`` of a route, each with an example."""
    return {int(status): _DOCUMENTED[int(status)] for status in statuses}


def _entry(status: int, code: str, detail: str, **members: Any) -> dict[str, Any]:
    http_status = HTTPStatus(status)
    problem = make_problem(http_status, code, detail, **members).model_dump(exclude_none=True)
    problem["request_id"] = "8c1f0a4e5b6d47e2a9c3d1f2b4a69780"
    return {
        "description": http_status.phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": problem}},
    }


_DOCUMENTED: dict[int, dict[str, Any]] = {
    400: _entry(400, "invalid-json", "The body is not valid JSON."),
    413: _entry(413, "body-too-large", "The body is larger than 65536 bytes."),
    415: _entry(415, "not-json", "Send the question as application/json."),
    422: _entry(
        422,
        "invalid-request",
        "The request has fields that are wrong: message.",
        errors=[FieldError(field="message", detail="String should have at least 1 character")],
    ),
    502: _entry(502, "ai-failed", "The assistant could not get an answer from its language model."),
    503: _entry(
        503, "ai-busy", "The assistant is answering many questions right now. Please try again shortly.", retry_after=5
    ),
}
