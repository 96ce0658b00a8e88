"""ECR repositories, one for each image, that keep what a release could roll back to."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.arns import Arns
from components.names import Names
from components.policies import Statement, document

NAMESPACE = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*")
IMAGE = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
# Below this, a week of builds can push out the image that runs.
LEAST_UNTAGGED = 50


@dataclass(frozen=True, kw_only=True)
class RepositoriesArgs:
    """Repositories are called ``<namespace>/<image>``; the namespace is the stack's name if none is given.

    ``moving_tags`` are the exceptions where tags are immutable, such as ``latest``. ``functions`` are the images
    that Lambda may pull, for functions of this stack only.
    """

    names: Names
    images: t.Sequence[str]
    namespace: str | None = None
    immutable_tags: bool = True
    moving_tags: t.Sequence[str] = ()
    functions: t.Sequence[str] = ()
    arns: Arns | None = None
    force_delete: bool = False
    untagged_days: int = 14
    untagged_images: int = 100

    def __post_init__(self) -> None:
        if self.moving_tags and not self.immutable_tags:
            raise ValueError("moving_tags are exceptions where tags are immutable; here every tag may move.")
        if self.functions and self.arns is None:
            raise ValueError("Images of functions need arns, to say whose functions may pull them.")
        strangers = sorted(set(self.functions) - set(self.images))
        if strangers:
            raise ValueError(f"functions names {', '.join(strangers)}, which is none of the images.")
        if self.namespace is not None and not NAMESPACE.fullmatch(self.namespace):
            raise ValueError(f"{self.namespace!r} is not a namespace of ECR, such as <organisation>/<application>.")
        for image in self.images:
            if not IMAGE.fullmatch(image):
                raise ValueError(f"{image!r} is not the name of an image.")
        if self.untagged_days < 1 or self.untagged_images < LEAST_UNTAGGED:
            raise ValueError(
                "Images without a tag are kept for at least a day, or where tags move, at least "
                f"{LEAST_UNTAGGED} of them: one may be what a release rolls back to."
            )

    @property
    def tags_move(self) -> bool:
        return not self.immutable_tags or bool(self.moving_tags)

    def repository_name(self, image: str) -> str:
        return f"{self.namespace or self.names.prefix}/{image}"


class Repositories(pulumi.ComponentResource):
    def __init__(self, name: str, args: RepositoriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecr:Repositories", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.urls: dict[str, pulumi.Output[str]] = {}
        self.arns: dict[str, pulumi.Output[str]] = {}
        for image in args.images:
            repository = aws.ecr.Repository(
                args.names(image),
                name=args.repository_name(image),
                image_tag_mutability=_mutability(args),
                image_tag_mutability_exclusion_filters=t.cast("t.Any", _exceptions(args)),
                image_scanning_configuration={"scan_on_push": True},
                encryption_configurations=[{"encryption_type": "AES256"}],
                force_delete=args.force_delete,
                opts=child,
            )
            aws.ecr.LifecyclePolicy(
                args.names(image), repository=repository.name, policy=json.dumps(lifecycle(args)), opts=child
            )
            if image in args.functions and args.arns:
                aws.ecr.RepositoryPolicy(
                    args.names(image),
                    repository=repository.name,
                    policy=document([_pulled_by_functions(args.arns, args.names)]),
                    opts=child,
                )
            self.urls[image] = repository.repository_url
            self.arns[image] = repository.arn
        self.register_outputs({"urls": self.urls})


def _mutability(args: RepositoriesArgs) -> str:
    if not args.immutable_tags:
        return "MUTABLE"
    return "IMMUTABLE_WITH_EXCLUSION" if args.moving_tags else "IMMUTABLE"


def _exceptions(args: RepositoriesArgs) -> list[dict[str, str]] | None:
    if not args.moving_tags:
        return None
    return [{"filter": tag, "filter_type": "WILDCARD"} for tag in args.moving_tags]


def _pulled_by_functions(arns: Arns, names: Names) -> Statement:
    """Let Lambda read the image, when a function of this stack is made or changed and at times afterwards."""
    return Statement(
        sid="PulledByFunctionsOfTheStack",
        actions=["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        principals={"Service": "lambda.amazonaws.com"},
        conditions={"ArnLike": {"aws:SourceArn": arns.of("lambda", f"function:{names.prefix}-*")}},
    )


def lifecycle(args: RepositoriesArgs) -> dict[str, t.Any]:
    """Return a policy that never expires an image a release could roll back to.

    Where tags cannot move, every released image keeps its tag: what has none is left over from a build.
    Where they can, the image a tag has left is the one to roll back to: only a long tail of those may go.
    """
    selection: dict[str, t.Any] = {"tagStatus": "untagged"}
    if not args.tags_move:
        selection |= {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": args.untagged_days}
        description = f"Build leftovers: untagged for {args.untagged_days} days"
    else:
        selection |= {"countType": "imageCountMoreThan", "countNumber": args.untagged_images}
        description = f"Keep the {args.untagged_images} newest images whose tag has moved on"
    rule = {"rulePriority": 1, "description": description, "selection": selection, "action": {"type": "expire"}}
    return {"rules": [rule]}


__all__ = ("Repositories", "RepositoriesArgs", "lifecycle")
