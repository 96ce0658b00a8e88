"""The application, put together from its parts."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import asdict

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from chatbot import problems
from chatbot.conversation import Conversation
from chatbot.drain import Drain
from chatbot.middleware import BodyLimit, RequestContext
from chatbot.openapi import describe
from chatbot.providers import make_provider
from chatbot.release import Release
from chatbot.routes import router
from chatbot.schemas import Health
from chatbot.sessions import make_session_store
from chatbot.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    provider = make_provider(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await provider.close()

    app = FastAPI(
        title="Q&A chatbot",
        summary="Answers questions, by itself or with a language model.",
        version=settings.release_id or "unreleased",
        # Under /api, which is what a content delivery network passes on to this service.
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.drain = Drain(settings.drain_seconds)
    app.state.health = Health(**asdict(Release.of(settings)))
    app.state.conversation = Conversation(settings, provider, make_session_store(settings))
    app.include_router(router)
    app.exception_handler(problems.ProblemError)(problems.on_problem)
    app.exception_handler(HTTPException)(problems.on_http_exception)
    app.exception_handler(RequestValidationError)(problems.on_invalid_request)
    _add_middleware(app, settings)
    app.openapi = describe(app)  # type: ignore[method-assign]
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Innermost first."""
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type", "X-Request-Id"],
            expose_headers=["Retry-After", "X-Release-Id", "X-Request-Id"],
        )
    app.add_middleware(RequestContext, release_id=settings.release_id)
