"""Questions and answers, whole or in pieces."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from chatbot.conversation import Conversation
from chatbot.event_stream import EventStreamResponse
from chatbot.problems import ProblemError, documented
from chatbot.schemas import ChatAnswer, ChatRequest, StreamDelta, StreamDone, StreamStart, new_session_id

_EVENT_NAMES: dict[type[BaseModel], str] = {StreamStart: "start", StreamDelta: "delta", StreamDone: "done"}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `start`, `delta` ..., `done`; or `error` with a problem when the answer breaks off.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": (
                    "event: start\n"
                    'data: {"source": "ai", "session_id": "Jt0xXxT1n0w2bq8gJv3kQm5u", "release_id": "r-42"}\n\n'
                    'event: delta\ndata: {"text": "The Nile."}\n\n'
                    'event: done\ndata: {"characters": 9}\n\n'
                ),
            }
        },
    }
}


def _json_only(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not-json", "Send the question as application/json.")


def _conversation(request: Request) -> Conversation:
    conversation: Conversation = request.app.state.conversation
    return conversation


def _question(request: Request, chat: ChatRequest) -> ChatRequest:
    """The request, if it is no longer than the settings allow."""
    longest = request.app.state.settings.max_message_characters
    if len(chat.message) > longest:
        problem = {
            "type": "string_too_long",
            "loc": ("body", "message"),
            "msg": f"must have at most {longest} characters",
        }
        raise RequestValidationError([problem])
    return chat


router = APIRouter(
    prefix="/api/chat",
    tags=["chat"],
    dependencies=[Depends(_json_only)],
    responses=documented(
        HTTPStatus.BAD_REQUEST,
        HTTPStatus(413),
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus(422),
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
)


@router.post("", summary="Ask a question")
async def chat(
    question: Annotated[ChatRequest, Depends(_question)],
    conversation: Annotated[Conversation, Depends(_conversation)],
) -> ChatAnswer:
    return await conversation.answer(question.message, question.session_id or new_session_id())


@router.post(
    "/stream",
    summary="Ask a question and read the answer as it is written",
    response_class=EventStreamResponse,
    status_code=200,
    responses=_STREAM,
)
async def chat_stream(
    request: Request,
    question: Annotated[ChatRequest, Depends(_question)],
    conversation: Annotated[Conversation, Depends(_conversation)],
) -> EventStreamResponse:
    items = conversation.stream(question.message, question.session_id or new_session_id())
    return EventStreamResponse(items, _EVENT_NAMES, request.app.state.drain)
