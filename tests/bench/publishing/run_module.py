# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible would run it, without Ansible around it: C(run_module.py <file with its options>)."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    from ansible.module_utils import basic
    from ansible_collections.slipway.aws.plugins.modules import site_publish

    basic._ANSIBLE_ARGS = Path(sys.argv[1]).read_bytes()
    basic._ANSIBLE_PROFILE = "legacy"
    site_publish.main()
