"""Run the sandbox scenario against a real AWS account: only when asked to, and only in an account on the list."""

from __future__ import annotations

import os

import scenario
from step import skip

if __name__ == "__main__":
    if os.environ.get("SLIPWAY_SANDBOX") != "1":
        skip("molecule scenario sandbox: for a real account, set SLIPWAY_SANDBOX=1 and SLIPWAY_SANDBOX_ACCOUNTS")
    scenario.main("sandbox")
