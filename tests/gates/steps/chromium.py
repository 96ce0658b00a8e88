"""Have a Chromium for the browser tests: the one that is there, or on Debian and Ubuntu, as root, the packaged one."""

from __future__ import annotations

import os
import shutil

from step import must, skip

PACKAGES = ("chromium", "fonts-noto-cjk")
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def browser() -> str | None:
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


if __name__ == "__main__":
    if not browser():
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            skip(f"browser tests: no {' or '.join(PROGRAMS)} here; only root on Debian or Ubuntu can install one")
        must(["apt-get", "update", "--quiet"])
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        must(["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *PACKAGES], env=quiet)
    print(browser() or skip("browser tests: the package chromium brought no program of that name"))
