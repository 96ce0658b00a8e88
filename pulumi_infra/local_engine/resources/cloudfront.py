"""Distributions, and what they need: access to a bucket, headers, functions."""

from __future__ import annotations

import time
import typing as t
import uuid

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties

SECONDS_TO_DEPLOY = 1800.0


class _CloudFront(Handler):
    @property
    def cloudfront(self) -> t.Any:
        return self.cloud.client("cloudfront")

    def retag(self, id_: str, old: Properties, new: Properties) -> None:
        put, gone = tags.difference(old, new)
        if put or gone:
            arn = (self.read(id_, new) or {})["arn"]
            if put:
                self.cloudfront.tag_resource(Resource=arn, Tags={"Items": tags.pairs({"tags": put})})
            if gone:
                self.cloudfront.untag_resource(Resource=arn, TagKeys={"Items": gone})


@handles("aws:cloudfront/originAccessControl:OriginAccessControl")
class OriginAccessControl(_CloudFront):
    inputs = frozenset({"name", "description", "originAccessControlOriginType", "signingBehavior", "signingProtocol"})
    named_by = "name"

    def _config(self, inputs: Properties) -> dict[str, t.Any]:
        return given(
            Name=inputs["name"],
            Description=inputs.get("description"),
            OriginAccessControlOriginType=inputs["originAccessControlOriginType"],
            SigningBehavior=inputs["signingBehavior"],
            SigningProtocol=inputs["signingProtocol"],
        )

    def create(self, inputs: Properties) -> str:
        made = self.cloudfront.create_origin_access_control(OriginAccessControlConfig=self._config(inputs))
        id_: str = made["OriginAccessControl"]["Id"]
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.cloudfront.get_origin_access_control(Id=id_))
        return {"etag": found["ETag"]} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        etag = self.cloudfront.get_origin_access_control(Id=id_)["ETag"]
        self.cloudfront.update_origin_access_control(Id=id_, IfMatch=etag, OriginAccessControlConfig=self._config(new))

    def delete(self, id_: str, inputs: Properties) -> None:
        if found := self.read(id_, inputs):
            self.cloudfront.delete_origin_access_control(Id=id_, IfMatch=found["etag"])


@handles("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy")
class ResponseHeadersPolicy(_CloudFront):
    inputs = frozenset({"name", "comment", "securityHeadersConfig"})
    named_by = "name"

    def _config(self, inputs: Properties) -> dict[str, t.Any]:
        return given(
            Name=inputs["name"],
            Comment=inputs.get("comment"),
            SecurityHeadersConfig=_security_headers(inputs.get("securityHeadersConfig") or {}) or None,
        )

    def create(self, inputs: Properties) -> str:
        made = self.cloudfront.create_response_headers_policy(ResponseHeadersPolicyConfig=self._config(inputs))
        id_: str = made["ResponseHeadersPolicy"]["Id"]
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.cloudfront.get_response_headers_policy(Id=id_))
        return {"etag": found["ETag"]} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        etag = self.cloudfront.get_response_headers_policy(Id=id_)["ETag"]
        self.cloudfront.update_response_headers_policy(
            Id=id_, IfMatch=etag, ResponseHeadersPolicyConfig=self._config(new)
        )

    def delete(self, id_: str, inputs: Properties) -> None:
        if found := self.read(id_, inputs):
            self.cloudfront.delete_response_headers_policy(Id=id_, IfMatch=found["etag"])


def _security_headers(config: Properties) -> dict[str, t.Any]:
    converted: dict[str, t.Any] = {}
    if csp := config.get("contentSecurityPolicy"):
        converted["ContentSecurityPolicy"] = {
            "ContentSecurityPolicy": csp["contentSecurityPolicy"],
            "Override": csp["override"],
        }
    if types := config.get("contentTypeOptions"):
        converted["ContentTypeOptions"] = {"Override": types["override"]}
    if frame := config.get("frameOptions"):
        converted["FrameOptions"] = {"FrameOption": frame["frameOption"], "Override": frame["override"]}
    if referrer := config.get("referrerPolicy"):
        converted["ReferrerPolicy"] = {
            "ReferrerPolicy": referrer["referrerPolicy"],
            "Override": referrer["override"],
        }
    if transport := config.get("strictTransportSecurity"):
        converted["StrictTransportSecurity"] = given(
            AccessControlMaxAgeSec=transport["accessControlMaxAgeSec"],
            IncludeSubdomains=transport.get("includeSubdomains"),
            Preload=transport.get("preload"),
            Override=transport["override"],
        )
    return converted


@handles("aws:cloudfront/function:Function")
class Function(_CloudFront):
    inputs = frozenset({"name", "comment", "runtime", "code", "publish", "tags"})
    replace_on = frozenset({"name"})
    named_by = "name"

    def _config(self, inputs: Properties) -> dict[str, t.Any]:
        return {"Comment": inputs.get("comment", ""), "Runtime": inputs["runtime"]}

    def create(self, inputs: Properties) -> str:
        name: str = inputs["name"]
        made = self.cloudfront.create_function(
            Name=name,
            FunctionConfig=self._config(inputs),
            FunctionCode=inputs["code"].encode(),
            Tags={"Items": tags.pairs(inputs)},
        )
        if inputs.get("publish", True):
            self.cloudfront.publish_function(Name=name, IfMatch=made["ETag"])
        return name

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = unless_missing(lambda: self.cloudfront.describe_function(Name=id_, Stage="DEVELOPMENT"))
        if not found:
            return None
        summary = found["FunctionSummary"]
        return {
            **tags.outputs(inputs),
            "arn": summary["FunctionMetadata"]["FunctionARN"],
            "etag": found["ETag"],
            "status": summary.get("Status", ""),
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if {**old, "tags": None} != {**new, "tags": None}:
            etag = self.cloudfront.describe_function(Name=id_, Stage="DEVELOPMENT")["ETag"]
            done = self.cloudfront.update_function(
                Name=id_, IfMatch=etag, FunctionConfig=self._config(new), FunctionCode=new["code"].encode()
            )
            if new.get("publish", True):
                self.cloudfront.publish_function(Name=id_, IfMatch=done["ETag"])
        self.retag(id_, old, new)

    def delete(self, id_: str, inputs: Properties) -> None:
        if found := self.read(id_, inputs):
            self.cloudfront.delete_function(Name=id_, IfMatch=found["etag"])


@handles("aws:cloudfront/distribution:Distribution")
class Distribution(_CloudFront):
    inputs = frozenset(
        {
            "comment",
            "enabled",
            "isIpv6Enabled",
            "httpVersion",
            "priceClass",
            "defaultRootObject",
            "origins",
            "defaultCacheBehavior",
            "orderedCacheBehaviors",
            "customErrorResponses",
            "restrictions",
            "viewerCertificate",
            "aliases",
            "webAclId",
            "waitForDeployment",
            "tags",
        }
    )

    def create(self, inputs: Properties) -> str:
        made = self.cloudfront.create_distribution_with_tags(
            DistributionConfigWithTags={
                "DistributionConfig": distribution_config(inputs, caller_reference=str(uuid.uuid4())),
                "Tags": {"Items": tags.pairs(inputs)},
            }
        )
        id_: str = made["Distribution"]["Id"]
        self._wait(id_, inputs)
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = unless_missing(lambda: self.cloudfront.get_distribution(Id=id_))
        if not found:
            return None
        distribution = found["Distribution"]
        return {
            **tags.outputs(inputs),
            "arn": distribution["ARN"],
            "domainName": distribution["DomainName"],
            "status": distribution["Status"],
            "etag": found["ETag"],
            "hostedZoneId": "Z2FDTNDATAQYW2",
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if {**old, "tags": None} != {**new, "tags": None}:
            self._update(id_, new)
            self._wait(id_, new)
        self.retag(id_, old, new)

    def _update(self, id_: str, inputs: Properties) -> None:
        now = self.cloudfront.get_distribution_config(Id=id_)
        reference = now["DistributionConfig"]["CallerReference"]
        config = distribution_config(inputs, caller_reference=reference)
        self.cloudfront.update_distribution(Id=id_, IfMatch=now["ETag"], DistributionConfig=config)

    def _wait(self, id_: str, inputs: Properties) -> None:
        if inputs.get("waitForDeployment") is False:
            return
        deadline = time.monotonic() + SECONDS_TO_DEPLOY
        pause = 0.1
        while self.cloudfront.get_distribution(Id=id_)["Distribution"]["Status"] != "Deployed":
            if time.monotonic() > deadline:
                raise LocalEngineError(
                    f"The distribution {id_} was not deployed in {SECONDS_TO_DEPLOY / 60:.0f} minutes."
                )
            time.sleep(pause)
            pause = min(pause * 2, 15)

    def delete(self, id_: str, inputs: Properties) -> None:
        if self.read(id_, inputs) is None:
            return
        # Only a disabled distribution can be deleted, and only once the edges know that it is.
        self._update(id_, {**inputs, "enabled": False})
        self._wait(id_, {})
        etag = self.cloudfront.get_distribution(Id=id_)["ETag"]
        self.cloudfront.delete_distribution(Id=id_, IfMatch=etag)


def distribution_config(inputs: Properties, *, caller_reference: str) -> dict[str, t.Any]:
    """Return the configuration as the API takes it, every list with its length beside it."""
    return {
        "CallerReference": caller_reference,
        "Comment": inputs.get("comment", ""),
        "Enabled": inputs["enabled"],
        "IsIPV6Enabled": inputs.get("isIpv6Enabled", False),
        "HttpVersion": inputs.get("httpVersion", "http2"),
        "PriceClass": inputs.get("priceClass", "PriceClass_All"),
        "DefaultRootObject": inputs.get("defaultRootObject", ""),
        "Origins": _items([_origin(origin) for origin in inputs["origins"]]),
        "DefaultCacheBehavior": _behaviour(inputs["defaultCacheBehavior"]),
        "CacheBehaviors": _items([_behaviour(item) for item in inputs.get("orderedCacheBehaviors") or []]),
        "CustomErrorResponses": _items([_error(item) for item in inputs.get("customErrorResponses") or []]),
        "Restrictions": {"GeoRestriction": _geo(inputs["restrictions"]["geoRestriction"])},
        "ViewerCertificate": _certificate(inputs["viewerCertificate"]),
        "Aliases": _items(sorted(inputs.get("aliases") or [])),
        "WebACLId": inputs.get("webAclId", ""),
    }


def _items(items: list[t.Any]) -> dict[str, t.Any]:
    return {"Quantity": len(items), "Items": items} if items else {"Quantity": 0}


def _origin(origin: Properties) -> dict[str, t.Any]:
    _refuse(
        origin, "originId", "domainName", "originPath", "originAccessControlId", "customOriginConfig", "customHeaders"
    )
    converted = {
        "Id": origin["originId"],
        "DomainName": origin["domainName"],
        "OriginPath": origin.get("originPath", ""),
        "CustomHeaders": _items(
            [{"HeaderName": item["name"], "HeaderValue": item["value"]} for item in origin.get("customHeaders") or []]
        ),
        "OriginAccessControlId": origin.get("originAccessControlId", ""),
    }
    if custom := origin.get("customOriginConfig"):
        converted["CustomOriginConfig"] = given(
            HTTPPort=custom["httpPort"],
            HTTPSPort=custom["httpsPort"],
            OriginProtocolPolicy=custom["originProtocolPolicy"],
            OriginSslProtocols=_items(custom["originSslProtocols"]),
            OriginReadTimeout=custom.get("originReadTimeout"),
            OriginKeepaliveTimeout=custom.get("originKeepaliveTimeout"),
        )
    else:
        # With an access control this is left empty, and still has to be there.
        converted["S3OriginConfig"] = {"OriginAccessIdentity": ""}
    return converted


def _behaviour(behaviour: Properties) -> dict[str, t.Any]:
    _refuse(
        behaviour,
        "pathPattern",
        "targetOriginId",
        "viewerProtocolPolicy",
        "allowedMethods",
        "cachedMethods",
        "compress",
        "cachePolicyId",
        "originRequestPolicyId",
        "responseHeadersPolicyId",
        "functionAssociations",
    )
    functions = [
        {"EventType": item["eventType"], "FunctionARN": item["functionArn"]}
        for item in behaviour.get("functionAssociations") or []
    ]
    return given(
        PathPattern=behaviour.get("pathPattern"),
        TargetOriginId=behaviour["targetOriginId"],
        ViewerProtocolPolicy=behaviour["viewerProtocolPolicy"],
        AllowedMethods={
            **_items(behaviour["allowedMethods"]),
            "CachedMethods": _items(behaviour["cachedMethods"]),
        },
        Compress=behaviour.get("compress", False),
        CachePolicyId=behaviour.get("cachePolicyId"),
        OriginRequestPolicyId=behaviour.get("originRequestPolicyId"),
        ResponseHeadersPolicyId=behaviour.get("responseHeadersPolicyId"),
        FunctionAssociations=_items(functions),
        SmoothStreaming=False,
        FieldLevelEncryptionId="",
        LambdaFunctionAssociations={"Quantity": 0},
    )


def _error(error: Properties) -> dict[str, t.Any]:
    code = error.get("responseCode")
    return given(
        ErrorCode=error["errorCode"],
        ResponseCode=None if code is None else str(code),
        ResponsePagePath=error.get("responsePagePath"),
        ErrorCachingMinTTL=error.get("errorCachingMinTtl"),
    )


def _geo(restriction: Properties) -> dict[str, t.Any]:
    return {"RestrictionType": restriction["restrictionType"], **_items(restriction.get("locations") or [])}


def _certificate(certificate: Properties) -> dict[str, t.Any]:
    return given(
        CloudFrontDefaultCertificate=certificate.get("cloudfrontDefaultCertificate"),
        ACMCertificateArn=certificate.get("acmCertificateArn"),
        SSLSupportMethod=certificate.get("sslSupportMethod"),
        MinimumProtocolVersion=certificate.get("minimumProtocolVersion"),
    )


def _refuse(shape: Properties, *known: str) -> None:
    strangers = sorted(key for key, value in shape.items() if key not in known and value not in (None, []))
    if strangers:
        raise LocalEngineError(f"A distribution sets {', '.join(strangers)}, which the local engine does not know.")


__all__ = ("distribution_config",)
