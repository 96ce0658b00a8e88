# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request as it came over the wire, and which operation of which service it is, by botocore's service models."""

from __future__ import annotations

import base64
import dataclasses
import functools
import json
import re
import typing as t
from urllib.parse import parse_qs, unquote

import botocore.session

# What a request is signed for, where botocore calls the service something else.
SERVICES = {"monitoring": "cloudwatch", "bedrock": "bedrock-runtime", "elasticloadbalancing": "elbv2"}
CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
# What is needed to know what was asked. Never the signature, nor the session's token.
HEADERS = ("content-type", "host", "if-none-match", "x-amz-copy-source", "x-amz-target")
REGISTRY = re.compile(r"/v2/(?P<repository>.+?)/(?P<kind>blobs|manifests)/(?P<rest>.*)")
# What the password of a registry login is, in the guarded cloud: the access key that got the token, or this.
ENGINE = "engine-for-a-task"


class UnknownCall(ValueError):
    """Nobody has written down what this request is."""


@dataclasses.dataclass(frozen=True)
class Request:
    """One request to the cloud's API or to its registry. ``key`` is the access key that it was signed with."""

    key: str
    service: str
    region: str
    method: str
    path: str
    query: t.Mapping[str, str]
    headers: t.Mapping[str, str]
    body: bytes = b""

    @classmethod
    def of(cls, method: str, path: str, query: str, headers: t.Mapping[str, str], body: bytes) -> Request | None:
        """Read a request; None for one that nobody signed."""
        kept = {name: headers[name] for name in HEADERS if name in headers}
        asked = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        authorization = headers.get("authorization", "")
        if path.startswith("/v2/"):
            return cls(_login(authorization), "registry", "", method, path, asked, kept)
        signed = CREDENTIAL.search(authorization)
        if signed is None:
            return None
        service = SERVICES.get(signed["service"], signed["service"])
        return cls(signed["key"], service, signed["region"], method, path, asked, kept, body)

    def as_line(self, status: int) -> str:
        content = {**dataclasses.asdict(self), "body": base64.b64encode(self.body).decode(), "status": status}
        return json.dumps(content)


@dataclasses.dataclass(frozen=True)
class Call:
    """A request, understood."""

    request: Request
    operation: str
    parameters: t.Mapping[str, t.Any]
    status: int = 0

    @property
    def service(self) -> str:
        return self.request.service

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"


def read_line(line: bytes) -> tuple[Request, int]:
    """Return a request of a guarded cloud's journal, and the status it was answered with."""
    content = json.loads(line)
    status = content.pop("status")
    return Request(**{**content, "body": base64.b64decode(content["body"])}), status


def understand(request: Request) -> Call:
    """Say which operation a request is, and with which parameters."""
    if request.service == "registry":
        return _of_registry(request)
    if request.service == "s3":
        return _of_s3(request)
    target = request.headers.get("x-amz-target")
    if target:
        return Call(request, target.rpartition(".")[2], _json(request.body))
    spoken = re.search(r"/operation/(?P<operation>[A-Za-z0-9]+)$", request.path)
    if spoken:  # smithy-rpc-v2-cbor; nothing here needs its parameters
        return Call(request, spoken["operation"], {})
    form = {**request.query, **_form(request)}
    if "Action" in form:
        return Call(request, form.pop("Action"), form)
    for operation, method, pattern in routes(request.service):
        found = pattern.fullmatch(request.path.rstrip("/")) if request.method == method else None
        if found:
            return Call(request, operation, {name: unquote(value) for name, value in found.groupdict().items()})
    raise UnknownCall(f"{request.method} {request.path} of {request.service} is no operation botocore knows.")


@functools.cache
def routes(service: str) -> list[tuple[str, str, re.Pattern[str]]]:
    """Return the REST routes of a service, those with the most words in them first."""
    model = botocore.session.get_session().get_service_model(service)
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = http["requestUri"].partition("?")[0].rstrip("/")
        pattern = re.sub(r"\\{(\w+)(?:\\\+)?\\}", r"(?P<\1>.+)", re.escape(path))
        found.append((len(re.sub(r"{[^}]*}", "", path)), name, http["method"], re.compile(pattern)))
    return [(name, method, pattern) for _words, name, method, pattern in sorted(found, key=lambda row: -row[0])]


def _of_s3(request: Request) -> Call:
    """S3 tells operations on one path apart by method, flags in the query and headers."""
    bucket, _slash, key = request.path.lstrip("/").partition("/")
    parameters: dict[str, t.Any] = {"Bucket": bucket, "Key": key, "VersionId": request.query.get("versionId")}
    source = request.headers.get("x-amz-copy-source")
    if key:
        operation = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}.get(
            request.method
        )
        if operation == "PutObject" and source:
            operation, parameters["CopySource"] = "CopyObject", unquote(source).lstrip("/")
        if set(request.query) - {"versionId", "x-id"}:
            operation = None
    elif request.method == "POST" and "delete" in request.query:
        operation, parameters["Keys"] = "DeleteObjects", re.findall(r"<Key>([^<]*)</Key>", request.body.decode())
    else:
        operation = "ListObjectsV2" if request.method == "GET" and "list-type" in request.query else None
        parameters["Prefix"] = request.query.get("prefix", "")
    if operation is None:
        raise UnknownCall(f"{request.method} {request.path} of S3 with {sorted(request.query)} has no entry.")
    return Call(request, operation, parameters)


def _of_registry(request: Request) -> Call:
    """What an engine says to a registry. AWS has names for it that no SDK calls."""
    found = REGISTRY.fullmatch(request.path)
    if found is None:
        return Call(request, "Ping", {})
    blob = found["kind"] == "blobs"
    rest = found["rest"]
    names = {
        ("HEAD", True): "BatchCheckLayerAvailability",
        ("GET", True): "GetDownloadUrlForLayer",
        ("POST", True): "InitiateLayerUpload",
        ("PATCH", True): "UploadLayerPart",
        ("PUT", True): "CompleteLayerUpload",
        ("HEAD", False): "BatchGetImage",
        ("GET", False): "BatchGetImage",
        ("PUT", False): "PutImage",
    }
    operation = names.get((request.method, blob))
    if operation is None:
        raise UnknownCall(f"{request.method} {request.path} of the registry has no entry.")
    return Call(request, operation, {"repositoryName": found["repository"], "reference": rest})


def _json(body: bytes) -> dict[str, t.Any]:
    content = json.loads(body or b"{}")
    return content if isinstance(content, dict) else {}


def _form(request: Request) -> dict[str, str]:
    if "x-www-form-urlencoded" not in request.headers.get("content-type", ""):
        return {}
    return {name: values[0] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}


def _login(authorization: str) -> str:
    scheme, _space, token = authorization.partition(" ")
    if scheme != "Basic":
        return ""
    return base64.b64decode(token).decode().partition(":")[2]


__all__ = ("ENGINE", "Call", "Request", "UnknownCall", "read_line", "routes", "understand")
