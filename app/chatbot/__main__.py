"""``python -m chatbot`` serves the API."""

from __future__ import annotations

import sys

from chatbot.server import main

if __name__ == "__main__":
    sys.exit(main())
