"""Build the collection the way a release does."""

from __future__ import annotations

import shutil

from step import BUILD, ROOT, artefact, must

shutil.rmtree(BUILD, ignore_errors=True)
must(["ansible-galaxy", "collection", "build", "--force", "--output-path", BUILD], cwd=ROOT)
print(artefact().name)
