"""Import the artefact as Galaxy would. Galaxy only logs what it dislikes; here a warning is a failure."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile

from step import artefact, report

COMPLAINT = re.compile(r"^(?:WARNING|ERROR).*", re.MULTILINE)


def main() -> None:
    tarball = artefact()
    with tempfile.TemporaryDirectory(prefix="slipway-import-") as folder:
        done = subprocess.run(
            [sys.executable, "-m", "galaxy_importer.main", str(tarball)],
            cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    print(done.stdout)
    found = COMPLAINT.findall(done.stdout)
    if done.returncode:
        found.append(f"galaxy-importer ended with code {done.returncode}")
    report(found, "Galaxy would take it")


if __name__ == "__main__":
    main()
