# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""What a repository holds, and giving an image in it further tags: by the API alone, no engine needed."""

from __future__ import annotations

import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._aws import AwsError
from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.aws.plugins.module_utils._image import api
from ansible_collections.slipway.aws.plugins.module_utils._image.plan import Mutability, Plan, plan_image

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.slipway.aws.plugins.module_utils._image.repository import Repository

R = t.TypeVar("R")

DENIED = ("AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException")


class Registry:
    """One repository, through the API of ECR."""

    def __init__(self, client: t.Any, repository: Repository) -> None:
        self._client = client
        self.repository = repository

    def token(self) -> str:
        """Return a fresh login token."""
        return self._ask(lambda: api.get_authorization_token(self._client))

    def plan(self, source_tag: str, tags: tuple[str, ...]) -> Plan:
        """Compare what is there with what is wanted; one call if nothing is missing."""
        source = self._describe(source_tag)
        digest = source["imageDigest"] if source else None
        siblings = set(source.get("imageTags", ())) if source else set()
        present: dict[str, str | None] = {source_tag: digest}
        for tag in tags:
            # The answer about the source tag lists every tag of that image, so those need no question.
            found = source if tag in siblings else self._describe(tag)
            present[tag] = found["imageDigest"] if found else None
        moves = any(now is not None and now != digest for now in present.values())
        return plan_image(source_tag, tags, present, self._mutability() if moves else Mutability())

    def refuse_fixed(self, plan: Plan) -> None:
        """Raise the conflict if a tag of the plan names another image for ever."""
        for tag, now in plan.fixed.items():
            raise self._fixed_elsewhere(tag, now, plan.digest)

    def put_tags(self, plan: Plan) -> None:
        """Set the tags a plan misses on the image the plan found."""
        self.refuse_fixed(plan)
        if not plan.put or plan.digest is None:
            return
        digest = plan.digest
        image = self._ask(lambda: api.batch_get_image(self._client, self.repository, digest))
        if image is None:
            raise SlipwayError(
                f"The image {self.repository.uri}@{digest} vanished while it was being tagged.",
                hint="Look for a lifecycle policy that expires it, then run again.",
            )
        for tag in plan.put:
            self._put_tag(image, digest, tag)

    def _put_tag(self, image: t.Mapping[str, t.Any], digest: str, tag: str) -> None:
        try:
            self._ask(lambda: api.put_image(self._client, self.repository, image, digest, tag))
        except SlipwayError as error:
            code = error.details.get("aws_error_code")
            if code not in ("ImageAlreadyExistsException", "ImageTagAlreadyExistsException"):
                raise
            # Somebody set this tag since the plan was made: to the same image is as good as done.
            found = self._describe(tag)
            if found is None or found["imageDigest"] != digest:
                raise self._fixed_elsewhere(tag, found["imageDigest"] if found else "another image", digest) from error

    def _fixed_elsewhere(self, tag: str, now: str, wanted: str | None) -> SlipwayError:
        return SlipwayError(
            f"The tag {tag} of {self.repository.uri} is immutable and names {now}, "
            f"but the image of these sources is {wanted}.",
            hint="Release under another tag, or let the infrastructure exempt this one from immutability.",
        )

    def _describe(self, tag: str) -> dict[str, t.Any] | None:
        return self._ask(lambda: api.describe_image(self._client, self.repository, tag))

    def _mutability(self) -> Mutability:
        return Mutability.parse(self._ask(lambda: api.describe_repository(self._client, self.repository)))

    def _ask(self, call: Callable[[], R]) -> R:
        try:
            return call()
        except AwsError as error:
            if error.code == "RepositoryNotFoundException":
                raise SlipwayError(
                    f"The repository {self.repository.uri} does not exist.",
                    hint="The infrastructure makes it: bring the stack up, or correct repository.",
                    details=error.details,
                ) from error
            if error.code in DENIED:
                error.hint = f"Check the credentials, and their rights on the repository {self.repository.name}."
            raise


__all__ = ("Registry",)
