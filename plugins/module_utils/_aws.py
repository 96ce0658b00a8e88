# Copyright (c) 2026 The Slipway authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection.

"""How we talk to AWS: one session, polite retries, and errors that read as sentences.

Nothing here knows Ansible: the connection options arrive as a plain mapping with the
names of the C(amazon.aws) common options, from a module or from an action plugin alike.
"""

from __future__ import annotations

import functools
import threading
import typing as t

from ansible_collections.slipway.aws.plugins.module_utils._errors import SlipwayError

try:
    import boto3
    import botocore.config
    import botocore.exceptions
except ImportError:  # the module or action plugin says so, with the interpreter's name
    pass

if t.TYPE_CHECKING:
    from collections.abc import Callable

P = t.ParamSpec("P")
R = t.TypeVar("R")

ATTEMPTS = 8
USER_AGENT = "slipway.aws"
# Services of which hundreds of things are changed in one go, with limits that an account shares.
MANY_AT_ONCE = frozenset({"ecs"})
# Errors that a later call may not meet. Every one of them was retried several times already.
PASSING = frozenset({
    "ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException", "ServerException",
    "ServiceUnavailable", "ServiceUnavailableException", "InternalFailure", "InternalError", "RequestTimeout",
    "500", "502", "503", "504",
    "EndpointConnectionError", "ConnectionClosedError", "ConnectTimeoutError", "ReadTimeoutError",
})  # fmt: skip


class AwsError(SlipwayError):
    """A call to AWS was refused or never answered."""

    def __init__(self, action: str, code: str, reason: str) -> None:
        super().__init__(f"Could not {action}: {reason}", details={"aws_error_code": code})
        self.code = code

    @property
    def passing(self) -> bool:
        """Tell whether whoever waits for something may simply ask again later."""
        return self.code in PASSING


class Clients:
    """Clients of one account and region, each made once, on first use, and shared by all threads.

    What a client learns of AWS's limits it knows for itself alone, so there must not be two for the same service.
    """

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options
        self._clients: dict[str, t.Any] = {}
        # One session cannot make two clients at a time.
        self._making = threading.Lock()

    @functools.cached_property
    def _session(self) -> t.Any:
        options = self._options
        return boto3.session.Session(
            aws_access_key_id=options.get("access_key"),
            aws_secret_access_key=options.get("secret_key"),
            aws_session_token=options.get("session_token"),
            profile_name=options.get("profile"),
            region_name=options.get("region"),
        )

    @property
    def region(self) -> str:
        region = self._session.region_name
        if not region:
            raise SlipwayError(
                "No AWS region is known.", hint="Set the option region, or AWS_REGION in the environment."
            )
        return str(region)

    def __call__(self, service: str, *, region: str | None = None) -> t.Any:
        """Return the client of a service, for instance C(clients("ecs"))."""
        key = f"{service}/{region or ''}"
        with self._making:
            if key not in self._clients:
                self._clients[key] = self._connect(service, region or self.region)
            return self._clients[key]

    def reconfigured(self, config: t.Mapping[str, t.Any]) -> Clients:
        """Return clients of the same session that botocore configures otherwise, unless the task's options say how."""
        made = Clients({**self._options, "aws_config": {**config, **(self._options.get("aws_config") or {})}})
        made._session = self._session
        return made

    def _connect(self, service: str, region: str) -> t.Any:
        options = self._options
        config = botocore.config.Config(
            # Standard mode retries the throttling codes ECS and ECR use; legacy mode gives up earlier. Adaptive mode
            # also slows all threads of a client down together, as soon as AWS says that it is too much.
            retries={"mode": "adaptive" if service in MANY_AT_ONCE else "standard", "total_max_attempts": ATTEMPTS},
            user_agent_extra=USER_AGENT,
            max_pool_connections=32,
        )
        if options.get("aws_config"):
            config = config.merge(botocore.config.Config(**options["aws_config"]))
        verify = options.get("aws_ca_bundle") or options.get("validate_certs", True)
        try:
            return self._session.client(
                service,
                region_name=region,
                endpoint_url=options.get("endpoint_url"),
                # True leaves the choice of the bundle to botocore, which also reads AWS_CA_BUNDLE.
                verify=None if verify is True else verify,
                config=config,
            )
        except (botocore.exceptions.BotoCoreError, ValueError) as error:
            raise AwsError(f"connect to {service}", type(error).__name__, f"{error}.") from error


def aws_call(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Turn what botocore raises inside one API call into an L(AwsError).

    ``action`` is a verb and a noun in lower case: the message reads "Could not <action>: <reason>".
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except botocore.exceptions.ClientError as error:
                details = error.response.get("Error", {})
                code = details.get("Code", "Unknown")
                raise AwsError(action, code, f"{code}: {details.get('Message', '')}".rstrip(". ") + ".") from error
            except botocore.exceptions.NoCredentialsError as error:
                raise AwsError(action, "NoCredentials", "no AWS credentials were found in the usual places.") from error
            except botocore.exceptions.BotoCoreError as error:
                raise AwsError(action, type(error).__name__, f"{error}".rstrip(". ") + ".") from error

        return call

    return decorate


__all__ = ("AwsError", "Clients", "aws_call")
