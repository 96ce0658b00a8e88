"""Buckets, and the settings of a bucket that the provider keeps apart from it."""

from __future__ import annotations

import json
import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given, pascal
from local_engine.wire import Properties


class _S3(Handler):
    @property
    def s3(self) -> t.Any:
        return self.cloud.client("s3")


@handles("aws:s3/bucket:Bucket")
class Bucket(_S3):
    inputs = frozenset({"bucket", "forceDestroy", "tags"})
    replace_on = frozenset({"bucket"})
    named_by = "bucket"

    def create(self, inputs: Properties) -> str:
        name: str = inputs["bucket"]
        where = {} if self.cloud.region == "us-east-1" else {"LocationConstraint": self.cloud.region}
        self.s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": where} if where else {}))
        if inputs.get("tags"):
            self.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags.pairs(inputs)})
        return name

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        if unless_missing(lambda: self.s3.head_bucket(Bucket=id_)) is None:
            return None
        return {
            **tags.outputs(inputs),
            "bucket": id_,
            "arn": f"arn:aws:s3:::{id_}",
            "bucketDomainName": f"{id_}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{id_}.s3.{self.cloud.region}.amazonaws.com",
            "region": self.cloud.region,
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if old.get("tags") != new.get("tags"):
            self.s3.put_bucket_tagging(Bucket=id_, Tagging={"TagSet": tags.pairs(new)})

    def delete(self, id_: str, inputs: Properties) -> None:
        if inputs.get("forceDestroy"):
            unless_missing(lambda: self._empty(id_))
        unless_missing(lambda: self.s3.delete_bucket(Bucket=id_))

    def _empty(self, name: str) -> None:
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=name):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            objects = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
            if objects:
                self.s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})


class _BucketSetting(_S3):
    """One setting of a bucket, named after the bucket. Writing it and changing it are the same call."""

    replace_on = frozenset({"bucket"})

    def wanted(self, inputs: Properties) -> t.Any:
        """Return the setting in the API's shape."""
        raise NotImplementedError

    def put(self, bucket: str, wanted: t.Any) -> None:
        raise NotImplementedError

    def get(self, bucket: str) -> t.Any:
        """Return the setting as it is, or nothing."""
        raise NotImplementedError

    def remove(self, bucket: str) -> None:
        raise NotImplementedError

    def create(self, inputs: Properties) -> str:
        bucket: str = inputs["bucket"]
        self.put(bucket, self.wanted(inputs))
        return bucket

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = unless_missing(lambda: self.get(id_))
        # A new bucket has settings of its own: only what was asked for is ours.
        return {"bucket": id_} if found is not None and _covers(found, self.wanted(inputs)) else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self.put(id_, self.wanted(new))

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.remove(id_))


def _covers(found: t.Any, wanted: t.Any) -> bool:
    """Say whether everything that is wanted is there, whatever else is."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_covers(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(_covers(one, other) for one, other in zip(found, wanted, strict=True))
        )
    return bool(found == wanted)


@handles("aws:s3/bucketVersioning:BucketVersioning")
class BucketVersioning(_BucketSetting):
    inputs = frozenset({"bucket", "versioningConfiguration"})

    def wanted(self, inputs: Properties) -> t.Any:
        return {"Status": inputs["versioningConfiguration"]["status"]}

    def put(self, bucket: str, wanted: t.Any) -> None:
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=wanted)

    def get(self, bucket: str) -> t.Any:
        return self.s3.get_bucket_versioning(Bucket=bucket)

    def remove(self, bucket: str) -> None:
        # Versioning cannot be taken away, only stopped.
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


@handles("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
class BucketEncryption(_BucketSetting):
    inputs = frozenset({"bucket", "rules"})

    def wanted(self, inputs: Properties) -> t.Any:
        rules = []
        for rule in inputs["rules"]:
            default = rule["applyServerSideEncryptionByDefault"]
            by_default = given(SSEAlgorithm=default["sseAlgorithm"], KMSMasterKeyID=default.get("kmsMasterKeyId"))
            rules.append(
                given(ApplyServerSideEncryptionByDefault=by_default, BucketKeyEnabled=rule.get("bucketKeyEnabled"))
            )
        return {"Rules": rules}

    def put(self, bucket: str, wanted: t.Any) -> None:
        self.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=wanted)

    def get(self, bucket: str) -> t.Any:
        return self.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]

    def remove(self, bucket: str) -> None:
        self.s3.delete_bucket_encryption(Bucket=bucket)


@handles("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
class BucketPublicAccessBlock(_BucketSetting):
    inputs = frozenset({"bucket", "blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"})

    def wanted(self, inputs: Properties) -> t.Any:
        return pascal({key: bool(inputs.get(key)) for key in sorted(self.inputs - {"bucket"})})

    def put(self, bucket: str, wanted: t.Any) -> None:
        self.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=wanted)

    def get(self, bucket: str) -> t.Any:
        return self.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]

    def remove(self, bucket: str) -> None:
        self.s3.delete_public_access_block(Bucket=bucket)


@handles("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
class BucketOwnershipControls(_BucketSetting):
    inputs = frozenset({"bucket", "rule"})

    def wanted(self, inputs: Properties) -> t.Any:
        return {"Rules": [pascal(inputs["rule"])]}

    def put(self, bucket: str, wanted: t.Any) -> None:
        self.s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=wanted)

    def get(self, bucket: str) -> t.Any:
        return self.s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]

    def remove(self, bucket: str) -> None:
        self.s3.delete_bucket_ownership_controls(Bucket=bucket)


@handles("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
class BucketLifecycle(_BucketSetting):
    inputs = frozenset({"bucket", "rules"})

    def wanted(self, inputs: Properties) -> t.Any:
        rules = []
        for rule in inputs["rules"]:
            converted = pascal(rule)
            converted["ID"] = converted.pop("Id")
            rules.append(converted)
        return {"Rules": rules}

    def put(self, bucket: str, wanted: t.Any) -> None:
        self.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=wanted)

    def get(self, bucket: str) -> t.Any:
        return self.s3.get_bucket_lifecycle_configuration(Bucket=bucket)

    def remove(self, bucket: str) -> None:
        self.s3.delete_bucket_lifecycle(Bucket=bucket)


@handles("aws:s3/bucketPolicy:BucketPolicy")
class BucketPolicy(_BucketSetting):
    inputs = frozenset({"bucket", "policy"})

    def wanted(self, inputs: Properties) -> t.Any:
        return json.loads(inputs["policy"])

    def put(self, bucket: str, wanted: t.Any) -> None:
        self.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(wanted))

    def get(self, bucket: str) -> t.Any:
        return json.loads(self.s3.get_bucket_policy(Bucket=bucket)["Policy"])

    def remove(self, bucket: str) -> None:
        self.s3.delete_bucket_policy(Bucket=bucket)
