"""Functions made from images, their aliases, and who may invoke them."""

from __future__ import annotations

import json
import time
import typing as t

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, changed, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given, pascal
from local_engine.wire import Properties

SECONDS_TO_WARM = 300.0
WAIT = {"Delay": 1, "MaxAttempts": 300}
# What a change of the function's image sends, and not a change of its configuration.
CODE = frozenset({"imageUri", "architectures"})


class _Lambda(Handler):
    @property
    def functions(self) -> t.Any:
        return self.cloud.client("lambda")

    def invoke_arn(self, arn: str) -> str:
        """Return what API Gateway calls a function by."""
        return f"arn:aws:apigateway:{self.cloud.region}:lambda:path/2015-03-31/functions/{arn}/invocations"


@handles("aws:lambda/function:Function")
class Function(_Lambda):
    # The provider's name, and the API's.
    CONFIGURATION: t.ClassVar[dict[str, str]] = {
        "description": "Description",
        "role": "Role",
        "memorySize": "MemorySize",
        "timeout": "Timeout",
        "environment": "Environment",
        "imageConfig": "ImageConfig",
        "vpcConfig": "VpcConfig",
        "loggingConfig": "LoggingConfig",
        "tracingConfig": "TracingConfig",
    }
    inputs = frozenset(
        {"name", "packageType", "publish", "reservedConcurrentExecutions", "tags", *CODE, *CONFIGURATION}
    )
    replace_on = frozenset({"name", "packageType"})
    named_by = "name"

    def check(self, name: str, inputs: Properties, old: Properties | None) -> Properties:
        checked = super().check(name, inputs, old)
        if checked.get("packageType") != "Image":
            raise LocalEngineError(f"{self.token} {name!r} is not an image; the local engine makes no other functions.")
        return checked

    def create(self, inputs: Properties) -> str:
        name: str = inputs["name"]
        self.functions.create_function(
            **given(
                FunctionName=name,
                PackageType="Image",
                Code={"ImageUri": inputs["imageUri"]},
                Architectures=inputs.get("architectures"),
                Publish=bool(inputs.get("publish")),
                Tags=inputs.get("tags"),
                **{key: _shape(field, inputs.get(field)) for field, key in self.CONFIGURATION.items()},
            )
        )
        self.functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=WAIT)
        self._reserve(name, inputs)
        return name

    def _reserve(self, name: str, inputs: Properties) -> None:
        reserved = inputs.get("reservedConcurrentExecutions")
        # Minus one is the provider's word for none.
        if reserved is None or reserved == -1:
            unless_missing(lambda: self.functions.delete_function_concurrency(FunctionName=name))
        else:
            self.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        answer = unless_missing(lambda: self.functions.get_function(FunctionName=id_))
        if not answer:
            return None
        arn: str = answer["Configuration"]["FunctionArn"]
        version = self._newest_version(id_)
        return {
            **tags.outputs(inputs),
            "arn": arn,
            "invokeArn": self.invoke_arn(arn),
            "qualifiedArn": f"{arn}:{version}",
            "qualifiedInvokeArn": self.invoke_arn(f"{arn}:{version}"),
            "version": version,
        }

    def _newest_version(self, name: str) -> str:
        pages = self.functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        published = [int(item["Version"]) for page in pages for item in page["Versions"] if item["Version"].isdigit()]
        return str(max(published)) if published else "$LATEST"

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        differences = changed(old, new)
        fields = {
            key: _shape(field, new.get(field)) for field, key in self.CONFIGURATION.items() if field in differences
        }
        if fields:
            for field, key in self.CONFIGURATION.items():
                if key in fields and fields[key] is None:
                    fields[key] = _nothing(field)
            self.functions.update_function_configuration(FunctionName=id_, **fields)
            self._wait_for_update(id_)
        if differences & CODE:
            self.functions.update_function_code(
                **given(FunctionName=id_, ImageUri=new["imageUri"], Architectures=new.get("architectures"))
            )
            self._wait_for_update(id_)
        if (fields or differences & CODE) and new.get("publish"):
            self.functions.publish_version(FunctionName=id_)
        if "reservedConcurrentExecutions" in differences:
            self._reserve(id_, new)
        put, gone = tags.difference(old, new)
        if put or gone:
            arn = self.functions.get_function(FunctionName=id_)["Configuration"]["FunctionArn"]
            if put:
                self.functions.tag_resource(Resource=arn, Tags=put)
            if gone:
                self.functions.untag_resource(Resource=arn, TagKeys=gone)

    def _wait_for_update(self, name: str) -> None:
        self.functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=WAIT)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.functions.delete_function(FunctionName=id_))


def _shape(field: str, value: t.Any) -> t.Any:
    """Return a setting as the API spells it."""
    if value is None:
        return None
    if field == "environment":
        # The names of variables are not ours to spell.
        return {"Variables": value.get("variables") or {}}
    if field == "imageConfig":
        # The provider's plural.
        return given(
            Command=value.get("commands"),
            EntryPoint=value.get("entryPoints"),
            WorkingDirectory=value.get("workingDirectory"),
        )
    return pascal(value)


def _nothing(field: str) -> t.Any:
    """Return what takes a setting away: leaving it out would leave it as it is."""
    nothing: dict[str, t.Any] = {
        "description": "",
        "environment": {"Variables": {}},
        "imageConfig": {},
        "vpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
        "tracingConfig": {"Mode": "PassThrough"},
        "memorySize": 128,
        "timeout": 3,
    }
    if field not in nothing:
        raise LocalEngineError(f"A function's {field} cannot be taken away; the local engine knows no default for it.")
    return nothing[field]


@handles("aws:lambda/alias:Alias")
class Alias(_Lambda):
    inputs = frozenset({"name", "description", "functionName", "functionVersion", "routingConfig"})
    replace_on = frozenset({"name", "functionName"})
    named_by = "name"
    unique_by = ("functionName", "name")

    def create(self, inputs: Properties) -> str:
        made = self.functions.create_alias(
            **given(
                FunctionName=inputs["functionName"],
                Name=inputs["name"],
                FunctionVersion=inputs["functionVersion"],
                Description=inputs.get("description"),
                RoutingConfig=_routing(inputs) if inputs.get("routingConfig") else None,
            )
        )
        arn: str = made["AliasArn"]
        return arn

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        where = {"FunctionName": inputs["functionName"], "Name": inputs["name"]}
        found = unless_missing(lambda: self.functions.get_alias(**where))
        if not found:
            return None
        return {
            "arn": id_,
            "invokeArn": self.invoke_arn(id_),
            "name": found["Name"],
            "functionVersion": found["FunctionVersion"],
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        differences = changed(old, new)
        self.functions.update_alias(
            **given(
                FunctionName=new["functionName"],
                Name=new["name"],
                # Only what changed is sent: where the alias points is usually a release's.
                FunctionVersion=new["functionVersion"] if "functionVersion" in differences else None,
                Description=new.get("description", "") if "description" in differences else None,
                RoutingConfig=_routing(new) if "routingConfig" in differences else None,
            )
        )

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        where = {"FunctionName": inputs["functionName"], "Name": inputs["name"]}
        unless_missing(lambda: self.functions.delete_alias(**where))


def _routing(inputs: Properties) -> dict[str, t.Any]:
    return {"AdditionalVersionWeights": (inputs.get("routingConfig") or {}).get("additionalVersionWeights") or {}}


@handles("aws:lambda/permission:Permission")
class Permission(_Lambda):
    inputs = frozenset({"statementId", "action", "function", "qualifier", "principal", "sourceArn", "sourceAccount"})
    replace_on = inputs
    named_by = "statementId"

    def create(self, inputs: Properties) -> str:
        statement: str = inputs["statementId"]
        self.functions.add_permission(
            **given(
                FunctionName=inputs["function"],
                Qualifier=inputs.get("qualifier"),
                StatementId=statement,
                Action=inputs["action"],
                Principal=inputs["principal"],
                SourceArn=inputs.get("sourceArn"),
                SourceAccount=inputs.get("sourceAccount"),
            )
        )
        return statement

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        where = given(FunctionName=inputs["function"], Qualifier=inputs.get("qualifier"))
        answer = unless_missing(lambda: self.functions.get_policy(**where))
        statements = json.loads(answer["Policy"])["Statement"] if answer else []
        return {"statementId": id_} if any(item["Sid"] == id_ for item in statements) else None

    def delete(self, id_: str, inputs: Properties) -> None:
        where = given(FunctionName=inputs["function"], Qualifier=inputs.get("qualifier"), StatementId=id_)
        unless_missing(lambda: self.functions.remove_permission(**where))


@handles("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
class FunctionEventInvokeConfig(_Lambda):
    inputs = frozenset(
        {"functionName", "qualifier", "maximumRetryAttempts", "maximumEventAgeInSeconds", "destinationConfig"}
    )
    replace_on = frozenset({"functionName", "qualifier"})
    unique_by = ("functionName", "qualifier")

    def _where(self, inputs: Properties) -> dict[str, t.Any]:
        return given(FunctionName=inputs["functionName"], Qualifier=inputs.get("qualifier"))

    def create(self, inputs: Properties) -> str:
        self._put(inputs)
        qualifier = inputs.get("qualifier")
        return f"{inputs['functionName']}:{qualifier}" if qualifier else str(inputs["functionName"])

    def _put(self, inputs: Properties) -> None:
        # Putting it replaces all of it.
        self.functions.put_function_event_invoke_config(
            **self._where(inputs),
            **given(
                MaximumRetryAttempts=inputs.get("maximumRetryAttempts"),
                MaximumEventAgeInSeconds=inputs.get("maximumEventAgeInSeconds"),
                DestinationConfig=pascal(inputs.get("destinationConfig")),
            ),
        )

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.functions.get_function_event_invoke_config(**self._where(inputs)))
        return {"functionName": inputs["functionName"]} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self._put(new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.functions.delete_function_event_invoke_config(**self._where(inputs)))


@handles("aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig")
class ProvisionedConcurrencyConfig(_Lambda):
    inputs = frozenset({"functionName", "qualifier", "provisionedConcurrentExecutions"})
    replace_on = frozenset({"functionName", "qualifier"})
    unique_by = ("functionName", "qualifier")

    def _where(self, inputs: Properties) -> dict[str, t.Any]:
        return {"FunctionName": inputs["functionName"], "Qualifier": inputs["qualifier"]}

    def create(self, inputs: Properties) -> str:
        self._put(inputs)
        return f"{inputs['functionName']},{inputs['qualifier']}"

    def _put(self, inputs: Properties) -> None:
        self.functions.put_provisioned_concurrency_config(
            **self._where(inputs), ProvisionedConcurrentExecutions=inputs["provisionedConcurrentExecutions"]
        )
        deadline = time.monotonic() + SECONDS_TO_WARM
        while (found := self._get(inputs)) and found["Status"] != "READY":
            if found["Status"] == "FAILED" or time.monotonic() > deadline:
                reason = found.get("StatusReason", f"it is {found['Status']}")
                raise LocalEngineError(f"The alias {inputs['qualifier']} was not kept warm: {reason}.")
            time.sleep(0.5)

    def _get(self, inputs: Properties) -> dict[str, t.Any] | None:
        return unless_missing(lambda: self.functions.get_provisioned_concurrency_config(**self._where(inputs)))

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        return {"qualifier": inputs["qualifier"]} if self._get(inputs) else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self._put(new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.functions.delete_provisioned_concurrency_config(**self._where(inputs)))
