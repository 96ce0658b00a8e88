"""The application as servers import it, and the same application as a Lambda function."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from chatbot import json_logs
from chatbot.application import create_app
from chatbot.settings import Settings

if TYPE_CHECKING:
    from mangum import Mangum

_settings = Settings()
json_logs.configure(_settings)
app = create_app(_settings)


@cache
def _adapter() -> Mangum:
    # Imported on the first event: a server never needs it. Lifespan is off because Mangum would open and close it
    # around every single event, and with it the connections a warm function wants to keep.
    from mangum import Mangum

    return Mangum(app, lifespan="off")


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one API Gateway, function URL or load balancer event."""
    return _adapter()(event, context)
