# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let the tests import the collection by its full name, from a checkout as well as from an installed artefact."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve()


def collections_root() -> Path | None:
    """Return the folder that holds C(ansible_collections), whichever way this tree was laid out."""
    for parent in HERE.parents:
        if parent.name == "ansible_collections":
            return parent.parent
        if (parent / "collections" / "ansible_collections" / "slipway" / "aws").is_dir():
            return parent / "collections"
    return None


root = collections_root()
if root is not None and str(root) not in sys.path:
    sys.path.insert(0, str(root))
