"""An S3 bucket nobody outside can reach: versioned, encrypted, owned, and closed to the public."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.policies import Statement, document


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    force_destroy: bool = False
    require_tls: bool = True
    # Old versions are what a rollback restores; without a number they are kept for ever.
    keep_old_versions_days: int | None = None


class PrivateBucket(pulumi.ComponentResource):
    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:s3:PrivateBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(name, force_destroy=args.force_destroy, opts=child)
        self._name, self._require_tls = name, args.require_tls
        self._closed = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            name, bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}, opts=child
        )
        if args.keep_old_versions_days is not None:
            aws.s3.BucketLifecycleConfiguration(
                name,
                bucket=bucket.bucket,
                rules=[
                    {
                        "id": "old-versions",
                        "status": "Enabled",
                        "filter": {"prefix": ""},
                        "noncurrent_version_expiration": {"noncurrent_days": args.keep_old_versions_days},
                        "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                    }
                ],
                # AWS asks for versioning to be on before a rule speaks of old versions.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
            )
        self.bucket_name: pulumi.Output[str] = bucket.bucket
        self.arn: pulumi.Output[str] = bucket.arn
        self.regional_domain_name: pulumi.Output[str] = bucket.bucket_regional_domain_name
        self.register_outputs({"bucket_name": self.bucket_name, "arn": self.arn})

    def protect(self, *statements: Statement) -> None:
        """Write the bucket's policy: what is allowed beyond the account's own roles, and nothing without TLS.

        Called once by the owner, because what may read a bucket often needs the bucket to exist first.
        """
        complete = [*statements, *([_tls_only(self.arn)] if self._require_tls else [])]
        if complete:
            aws.s3.BucketPolicy(
                self._name,
                bucket=self.bucket_name,
                policy=document(complete),
                # Two changes to a bucket's access at once are refused with OperationAborted.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[self._closed]),
            )


def _tls_only(arn: pulumi.Output[str]) -> Statement:
    return Statement(
        sid="OnlyOverTls",
        effect="Deny",
        actions=["s3:*"],
        principals={"*": "*"},
        resources=[arn, pulumi.Output.concat(arn, "/*")],
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


__all__ = ("PrivateBucket", "PrivateBucketArgs")
