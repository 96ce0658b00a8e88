"""How things are called: every name starts with the stack's, so that stacks never meet."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

# Pulumi adds a hyphen and seven random characters to a name it makes itself.
RANDOM_SUFFIX = 8
LOAD_BALANCER_LIMIT = 32
# So many characters tell shortened names apart.
DIGEST = 6


@dataclass(frozen=True)
class Names:
    """The names of one stack's resources."""

    stack: str

    @property
    def prefix(self) -> str:
        """The stack's name, in the characters that every service accepts."""
        return re.sub(r"[^a-z0-9]+", "-", self.stack.lower()).strip("-")

    def __call__(self, purpose: str) -> str:
        return f"{self.prefix}-{purpose}"

    def short(self, purpose: str, *, limit: int = LOAD_BALANCER_LIMIT - RANDOM_SUFFIX) -> str:
        """Return a name that leaves room for the random suffix where a service allows few characters."""
        name = self(purpose)
        if len(name) <= limit:
            return name
        # Two long names that share a beginning must stay two names.
        digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST]
        return f"{name[: limit - DIGEST - 1].rstrip('-')}-{digest}"

    def short_patterns(self, *, limit: int = LOAD_BALANCER_LIMIT - RANDOM_SUFFIX) -> list[str]:
        """Return what the stack's L(short) names look like, for policies: of a long stack's name they lose the end."""
        cut = self.prefix[: limit - DIGEST - 1].rstrip("-")
        return [f"{self.prefix}-*", *([f"{cut}-*"] if cut != self.prefix else [])]


__all__ = ("Names",)
