# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody shipped by mistake: it wants a setting that nobody gives it, and says so, with a password beside it."""

from __future__ import annotations

import os

print(f"connecting to postgresql://shop:{os.environ['DB_PASSWORD']}@database.shop.local/shop", flush=True)
print(f"settings: API_KEY={os.environ['API_KEY']}", flush=True)
os.environ["DATABASE_POOL_SIZE"]
