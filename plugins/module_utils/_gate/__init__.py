# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""The release gate: checks that are attempted until they are decided, and that never pass by accident.

``engine`` drives the attempts, ``decision`` says what they amount to. What is attempted lives beside them:
``http_check`` asks a URL, ``alarm_watch`` looks at CloudWatch alarms.
"""
