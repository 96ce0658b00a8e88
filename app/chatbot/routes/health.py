"""That the process answers, and who it is. Touches nothing else, so that a dependency's bad day stops no task."""

from __future__ import annotations

from fastapi import APIRouter, Request

from chatbot.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/health", summary="Health, for the load balancer")
@router.get("/api/health", summary="Health, through the front door")
async def health(request: Request) -> Health:
    answer: Health = request.app.state.health
    return answer
