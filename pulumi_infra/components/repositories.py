"""ECR repositories, one for each image, that keep what a release could roll back to."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.names import Names


@dataclass(frozen=True, kw_only=True)
class RepositoriesArgs:
    names: Names
    images: t.Sequence[str]
    immutable_tags: bool = True
    force_delete: bool = False
    untagged_days: int = 14
    untagged_images: int = 100


class Repositories(pulumi.ComponentResource):
    def __init__(self, name: str, args: RepositoriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecr:Repositories", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.urls: dict[str, pulumi.Output[str]] = {}
        self.arns: dict[str, pulumi.Output[str]] = {}
        for image in args.images:
            repository = aws.ecr.Repository(
                args.names(image),
                name=f"{args.names.prefix}/{image}",
                image_tag_mutability="IMMUTABLE" if args.immutable_tags else "MUTABLE",
                image_scanning_configuration={"scan_on_push": True},
                encryption_configurations=[{"encryption_type": "AES256"}],
                force_delete=args.force_delete,
                opts=child,
            )
            aws.ecr.LifecyclePolicy(
                args.names(image), repository=repository.name, policy=json.dumps(lifecycle(args)), opts=child
            )
            self.urls[image] = repository.repository_url
            self.arns[image] = repository.arn
        self.register_outputs({"urls": self.urls})


def lifecycle(args: RepositoriesArgs) -> dict[str, t.Any]:
    """Return a policy that never expires an image a release could roll back to.

    Where tags cannot move, every released image keeps its tag: what has none is left over from a build.
    Where they can, the image a tag has left is the one to roll back to: only a long tail of those may go.
    """
    selection: dict[str, t.Any] = {"tagStatus": "untagged"}
    if args.immutable_tags:
        selection |= {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": args.untagged_days}
        description = f"Build leftovers: untagged for {args.untagged_days} days"
    else:
        selection |= {"countType": "imageCountMoreThan", "countNumber": args.untagged_images}
        description = f"Keep the {args.untagged_images} newest images whose tag has moved on"
    rule = {"rulePriority": 1, "description": description, "selection": selection, "action": {"type": "expire"}}
    return {"rules": [rule]}


__all__ = ("Repositories", "RepositoriesArgs", "lifecycle")
