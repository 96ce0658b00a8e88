"""The names that servers and the Lambda runtime look for: ``main:app`` and ``main.lambda_handler``."""

from __future__ import annotations

from chatbot.main import app, lambda_handler

__all__ = ["app", "lambda_handler"]
