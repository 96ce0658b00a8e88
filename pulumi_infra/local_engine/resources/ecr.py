"""Container registries."""

from __future__ import annotations

import json
import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties


class _Ecr(Handler):
    @property
    def ecr(self) -> t.Any:
        return self.cloud.client("ecr")

    def describe(self, name: str) -> dict[str, t.Any] | None:
        answer = unless_missing(lambda: self.ecr.describe_repositories(repositoryNames=[name]))
        return answer["repositories"][0] if answer and answer["repositories"] else None


@handles("aws:ecr/repository:Repository")
class Repository(_Ecr):
    inputs = frozenset(
        {
            "name",
            "imageTagMutability",
            "imageTagMutabilityExclusionFilters",
            "imageScanningConfiguration",
            "encryptionConfigurations",
            "forceDelete",
            "tags",
        }
    )
    replace_on = frozenset({"name", "encryptionConfigurations"})
    named_by = "name"

    def create(self, inputs: Properties) -> str:
        name: str = inputs["name"]
        encryption = inputs.get("encryptionConfigurations") or []
        self.ecr.create_repository(
            repositoryName=name,
            **self._mutability(inputs),
            imageScanningConfiguration=self._scanning(inputs),
            **({"encryptionConfiguration": encryption[0]} if encryption else {}),
            tags=tags.pairs(inputs),
        )
        return name

    def _mutability(self, inputs: Properties) -> dict[str, t.Any]:
        exceptions = inputs.get("imageTagMutabilityExclusionFilters")
        return given(
            imageTagMutability=inputs.get("imageTagMutability", "MUTABLE"),
            imageTagMutabilityExclusionFilters=exceptions or None,
        )

    def _scanning(self, inputs: Properties) -> dict[str, bool]:
        return {"scanOnPush": bool((inputs.get("imageScanningConfiguration") or {}).get("scanOnPush"))}

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        repository = self.describe(id_)
        if repository is None:
            return None
        return {
            **tags.outputs(inputs),
            "arn": repository["repositoryArn"],
            "name": repository["repositoryName"],
            "registryId": repository["registryId"],
            "repositoryUrl": repository["repositoryUri"],
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if self._mutability(old) != self._mutability(new):
            self.ecr.put_image_tag_mutability(repositoryName=id_, **self._mutability(new))
        if self._scanning(old) != self._scanning(new):
            self.ecr.put_image_scanning_configuration(
                repositoryName=id_, imageScanningConfiguration=self._scanning(new)
            )
        put, gone = tags.difference(old, new)
        arn = (self.describe(id_) or {}).get("repositoryArn")
        if put:
            self.ecr.tag_resource(resourceArn=arn, tags=tags.pairs({"tags": put}))
        if gone:
            self.ecr.untag_resource(resourceArn=arn, tagKeys=gone)

    def delete(self, id_: str, inputs: Properties) -> None:
        force = bool(inputs.get("forceDelete"))
        unless_missing(lambda: self.ecr.delete_repository(repositoryName=id_, force=force))


@handles("aws:ecr/lifecyclePolicy:LifecyclePolicy")
class LifecyclePolicy(_Ecr):
    inputs = frozenset({"repository", "policy"})
    replace_on = frozenset({"repository"})

    def create(self, inputs: Properties) -> str:
        repository: str = inputs["repository"]
        self.ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=inputs["policy"])
        return repository

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.ecr.get_lifecycle_policy(repositoryName=id_))
        return {"registryId": found.get("registryId", "")} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self.ecr.put_lifecycle_policy(repositoryName=id_, lifecyclePolicyText=new["policy"])

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ecr.delete_lifecycle_policy(repositoryName=id_))


@handles("aws:ecr/repositoryPolicy:RepositoryPolicy")
class RepositoryPolicy(_Ecr):
    """Who else may pull, such as Lambda."""

    inputs = frozenset({"repository", "policy"})
    replace_on = frozenset({"repository"})
    unique_by = ("repository",)

    def create(self, inputs: Properties) -> str:
        repository: str = inputs["repository"]
        self._put(inputs)
        return repository

    def _put(self, inputs: Properties) -> None:
        self.ecr.set_repository_policy(repositoryName=inputs["repository"], policyText=inputs["policy"])

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.ecr.get_repository_policy(repositoryName=id_))
        return {"registryId": found.get("registryId", "")} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        # Only another order of the same JSON is no change.
        if json.loads(old["policy"]) != json.loads(new["policy"]):
            self._put(new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.ecr.delete_repository_policy(repositoryName=id_))
