# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs inside the local cloud: makes it ask IAM what AWS asks, and writes down every signed request.

MiniStack judges by the true policies, with an evaluator of its own. What it asks that evaluator is wrong for ECS (the
cluster instead of the service), for Bedrock (a permission that does not exist), for ecr:DescribeRepositories (all of
them instead of one), for iam:SimulatePrincipalPolicy (everything instead of the role whose policies they are) and for
the registry (nothing at all), and it never asks for iam:PassRole. For these, and for nothing else, the question comes
from authorisation.py; the policies and the answer stay MiniStack's.
"""

from __future__ import annotations

import base64
import contextvars
import dataclasses
import importlib
import json
import os
import typing as t
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from authorisation import Place, UnmappedCall, questions
from evaluator import Question
from recorded_call import ENGINE, Request, UnknownCall, understand

Scope = dict[str, t.Any]
Message = dict[str, t.Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

CORRECTED = {
    "bedrock-runtime": ("*",),
    "ecs": ("*",),
    "ecr": ("DescribeRepositories",),
    "iam": ("SimulatePrincipalPolicy",),
}
# Bodies of API calls are read whole; an image's layers and a site's files are not.
BODY_LIMIT = 256 * 1024

current: contextvars.ContextVar[Request | None] = contextvars.ContextVar("slipway_request", default=None)
refused: contextvars.ContextVar[Question | None] = contextvars.ContextVar("slipway_refused", default=None)


@dataclasses.dataclass(frozen=True)
class Guard:
    """An ASGI application around the cloud's."""

    application: Application
    journal: Path
    place: Place
    # Layers whose address was given out: on AWS it is signed, and needs no login.
    given_out: set[tuple[str, str]] = dataclasses.field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope.get("query_string", b"").decode("latin-1")
        request = Request.of(scope["method"], scope["path"], query, headers, b"")
        if request is None:
            await self.application(scope, receive, send)
            return
        if request.service == "registry":
            answer = self._registry(request)
            if answer is not None:
                self._write(request, answer[0])
                await _reply(send, *answer)
                return
        elif int(headers.get("content-length") or 0) <= BODY_LIMIT:
            body, receive = await _read(receive)
            request = dataclasses.replace(request, body=body)

        async def speak(message: Message) -> None:
            if message["type"] == "http.response.start":
                # Before the answer leaves: who has it in hand finds the call written down.
                self._write(request, message["status"])
                self._remember(request, message["status"])
            await send(message)

        current.set(request)
        refused.set(None)
        await self.application(scope, receive, speak)

    def _remember(self, request: Request, status: int) -> None:
        if status == 200 and request.headers.get("x-amz-target", "").endswith(".GetDownloadUrlForLayer"):
            asked = understand(request).parameters
            self.given_out.add((str(asked.get("repositoryName")), str(asked.get("layerDigest"))))

    def _write(self, request: Request, status: int) -> None:
        line = request.as_line(status) + "\n"
        # One write to a file opened for appending: lines of calls at the same time do not mix.
        handle = os.open(self.journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    def _registry(self, request: Request) -> tuple[int, dict[str, str], bytes] | None:
        """Ask for a login as ECR does, and judge who logged in. None where the request may pass."""
        layer = understand(request).parameters
        if request.method == "GET" and (layer.get("repositoryName"), layer.get("reference")) in self.given_out:
            return None
        if not request.key:
            return 401, {"www-authenticate": f'Basic realm="{self.place.region}"'}, b'{"errors": []}'
        # The engine pulls for ECS, with rights of its own; what those need to be is the execution role's business.
        if request.key == ENGINE:
            return None
        for question in questions(understand(request), self.place):
            denied = ask(request.key, question, self.place)
            if denied:
                error = {"code": "DENIED", "message": denied}
                return 403, {"content-type": "application/json"}, json.dumps({"errors": [error]}).encode()
        return None


def ask(key: str, question: Question, place: Place) -> str:
    """Let MiniStack decide a question about the owner of an access key; return why not, or nothing."""
    evaluator = _module("ministack.core.iam_evaluator")
    principal = evaluator.resolve_principal(key, place.account)
    if isinstance(principal, evaluator.AuthError):
        return str(principal.message)
    if principal.policies is None:
        return ""
    context = evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=question.action,
        resource_arn=question.resource,
        region=place.region,
        service_context={name.lower(): value for name, value in question.context.items()},
        principal_keys=principal.keys,
    )
    result = evaluator.evaluate(context, principal.policies, *principal.limits)
    if result.decision == "Allow":
        return ""
    actions = _module("ministack.core.iam_actions")
    explicit = result.decision == "Deny"
    return str(actions.identity_denial_message(question.action, principal.arn, question.resource, explicit))


def correct(place: Place) -> None:
    """Replace what MiniStack asks, once its modules are imported."""
    _ask_what_aws_asks(place)
    _give_tasks_their_roles(place)
    _name_the_holder_of_a_token()
    _let_the_engine_pull()


def _ask_what_aws_asks(place: Place) -> None:
    evaluator = _module("ministack.core.iam_evaluator")
    actions = _module("ministack.core.iam_actions")
    enforce, respond = evaluator.enforce, actions.access_denied_response

    def enforce_truly(key: str, action: str, service: str, region: str, *rest: t.Any, **more: t.Any) -> t.Any:
        request = current.get()
        corrected = CORRECTED.get(request.service, ()) if request is not None else ()
        if request is None or not corrected:
            return enforce(key, action, service, region, *rest, **more)
        try:
            call = understand(request)
            if corrected != ("*",) and call.operation not in corrected:
                return enforce(key, action, service, region, *rest, **more)
            asked = questions(call, place)
        except (UnknownCall, UnmappedCall):
            # Nothing that the pipeline or the application calls; the emulator's own question will do.
            return enforce(key, action, service, region, *rest, **more)
        for question in asked:
            denied = enforce(
                key,
                question.action,
                question.action.partition(":")[0],
                region,
                resource_arn=question.resource,
                service_context=dict(question.context),
            )
            if denied:
                refused.set(question)
                return denied
        return None

    def respond_truly(service: str, action: str, principal: str, *rest: t.Any, **more: t.Any) -> t.Any:
        question = refused.get()
        if question is not None and not more.get("message") and not more.get("error_code"):
            explicit = bool(more.get("explicit_deny"))
            action = question.action
            more["message"] = actions.identity_denial_message(action, principal, question.resource, explicit)
        return respond(service, action, principal, *rest, **more)

    evaluator.enforce = enforce_truly
    actions.access_denied_response = respond_truly


def _give_tasks_their_roles(place: Place) -> None:
    """A task acts as its task role, as on AWS; the local cloud lets it act as the account."""
    ecs = _module("ministack.services.ecs")
    sts = _module("ministack.services.sts")
    register = ecs._register_metadata

    def register_metadata(
        task: str, cluster: str, definition: dict[str, t.Any], container: dict[str, t.Any], launch_type: str,
        environment: dict[str, str], *rest: t.Any,
    ) -> t.Any:  # fmt: skip
        role = definition.get("taskRoleArn", "").rpartition("/")[2]
        if role:
            names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
            key, secret, token = sts._gen_session_access_key(), sts._gen_secret(), sts._gen_session_token()
            session = {
                "Arn": f"arn:aws:sts::{place.account}:assumed-role/{role}/{task.rpartition('/')[2]}",
                "UserId": f"{role}:task",
                "SecretAccessKey": secret,
                "SessionToken": token,
                "AccountId": place.account,
                "PrincipalType": "AssumedRole",
            }
            sts.register_session(key, session)
            environment.update(zip(names, (key, secret, token), strict=True))
        return register(task, cluster, definition, container, launch_type, environment, *rest)

    ecs._register_metadata = register_metadata


def _name_the_holder_of_a_token() -> None:
    """A registry login names the access key it was given to: an id, and no secret."""
    ecr = _module("ministack.services.ecr")
    give = ecr._get_authorization_token

    def authorization_token(data: dict[str, t.Any]) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = give(data)
        content = json.loads(body)
        request = current.get()
        for entry in content["authorizationData"]:
            entry["authorizationToken"] = base64.b64encode(f"AWS:{request.key if request else ''}".encode()).decode()
        return status, headers, json.dumps(content).encode()

    ecr._get_authorization_token = authorization_token


def _let_the_engine_pull() -> None:
    images = _module("docker.models.images").ImageCollection
    pull, inspect = images.pull, images.get_registry_data
    login = {"username": "AWS", "password": ENGINE}

    def pull_with_login(self: t.Any, *words: t.Any, **more: t.Any) -> t.Any:
        return pull(self, *words, **{"auth_config": login, **more})

    def inspect_with_login(self: t.Any, name: str, auth_config: Mapping[str, str] | None = None) -> t.Any:
        return inspect(self, name, auth_config=auth_config or login)

    images.pull, images.get_registry_data = pull_with_login, inspect_with_login


def _module(name: str) -> t.Any:
    """Return a module of the emulator, which is there only inside the cloud's process, and has no types to speak of."""
    return importlib.import_module(name)


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """Read a request's body whole, and return it with somebody who tells it again."""
    messages: list[Message] = []
    while not messages or messages[-1].get("more_body"):
        messages.append(await receive())
        if messages[-1]["type"] != "http.request":
            break
    told = iter(messages)

    async def again() -> Message:
        for message in told:
            return message
        return await receive()

    return b"".join(message.get("body", b"") for message in messages), again


async def _reply(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    listed = [(name.encode(), value.encode()) for name, value in headers.items()]
    listed.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})


__all__ = ("Guard", "correct")
