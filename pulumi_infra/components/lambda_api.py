"""A function that answers HTTP: an image on Lambda, with API Gateway in front of its alias."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pulumi

from components.lambda_function import LambdaFunction, LambdaFunctionArgs
from components.rest_api import Interface, RestApi, RestApiArgs, Target

ORIGINS_VARIABLE = "ALLOWED_ORIGINS"


@dataclass(frozen=True, kw_only=True)
class LambdaApiArgs:
    function: LambdaFunctionArgs
    interface: Interface

    def __post_init__(self) -> None:
        if ORIGINS_VARIABLE in self.function.environment:
            raise ValueError(f"{ORIGINS_VARIABLE} comes from the interface's allowed_origins; leave it out.")


class LambdaApi(pulumi.ComponentResource):
    def __init__(self, name: str, args: LambdaApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:lambda:LambdaApi", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        names = args.function.names
        # The function puts the CORS headers on its own answers, and must allow the same origins as the preflight.
        environment = {**args.function.environment, ORIGINS_VARIABLE: ",".join(args.interface.allowed_origins)}
        self.function = LambdaFunction(
            names(args.function.function), dataclasses.replace(args.function, environment=environment), opts=child
        )
        self.api = RestApi(
            names(f"{args.function.function}-api"),
            RestApiArgs(
                names=names,
                api=f"{args.function.function}-api",
                interface=args.interface,
                target=Target(
                    function_name=self.function.name,
                    alias=self.function.alias,
                    invoke_arn=self.function.invoke_arn,
                ),
            ),
            opts=child,
        )
        self.register_outputs({"url": self.api.url, "function": self.function.name})


__all__ = ("LambdaApi", "LambdaApiArgs")
