"""REST APIs: the API, its paths and methods, and what they are connected to."""

from __future__ import annotations

import typing as t

from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties


class ApiGateway(Handler):
    @property
    def apis(self) -> t.Any:
        return self.cloud.client("apigateway")

    def arn(self, path: str) -> str:
        """Return the ARN of something of API Gateway; it names no account."""
        return f"arn:aws:apigateway:{self.cloud.region}::{path}"

    def retag(self, arn: str, old: Properties, new: Properties) -> None:
        put, gone = tags.difference(old, new)
        if put:
            self.apis.tag_resource(resourceArn=arn, tags=put)
        if gone:
            self.apis.untag_resource(resourceArn=arn, tagKeys=gone)


def patches(old: Properties, new: Properties, paths: t.Mapping[str, str]) -> list[dict[str, str]]:
    """Return the operations that set each changed input at its path; what is not given any more is set empty."""
    return [
        {"op": "replace", "path": path, "value": patch_value(new.get(field, ""))}
        for field, path in paths.items()
        if old.get(field) != new.get(field)
    ]


def patch_value(value: t.Any) -> str:
    """Return a value as a patch takes it: as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _endpoint(inputs: Properties) -> dict[str, t.Any] | None:
    found = inputs.get("endpointConfiguration")
    # The provider's plural holds one word; the API takes a list of one.
    return {"types": [found["types"]]} if found else None


@handles("aws:apigateway/restApi:RestApi")
class RestApi(ApiGateway):
    PATHS: t.ClassVar[dict[str, str]] = {
        "name": "/name",
        "description": "/description",
        "disableExecuteApiEndpoint": "/disableExecuteApiEndpoint",
    }
    inputs = frozenset({"endpointConfiguration", "tags", *PATHS})
    replace_on = frozenset({"endpointConfiguration"})
    named_by = "name"
    # APIs may share a name; it is their id that tells them apart.
    unique_by = ()

    def must_go_first(self, old: Properties, new: Properties) -> bool:  # noqa: ARG002
        return False

    def create(self, inputs: Properties) -> str:
        made = self.apis.create_rest_api(
            **given(
                name=inputs["name"],
                description=inputs.get("description"),
                endpointConfiguration=_endpoint(inputs),
                disableExecuteApiEndpoint=inputs.get("disableExecuteApiEndpoint"),
                tags=inputs.get("tags"),
            )
        )
        id_: str = made["id"]
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = unless_missing(lambda: self.apis.get_rest_api(restApiId=id_))
        if not found:
            return None
        account = self.cloud.client("sts").get_caller_identity()["Account"]
        return {
            **tags.outputs(inputs),
            "arn": self.arn(f"/restapis/{id_}"),
            "name": found["name"],
            "executionArn": f"arn:aws:execute-api:{self.cloud.region}:{account}:{id_}",
            "rootResourceId": found["rootResourceId"],
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        if operations := patches(old, new, self.PATHS):
            self.apis.update_rest_api(restApiId=id_, patchOperations=operations)
        self.retag(self.arn(f"/restapis/{id_}"), old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.apis.delete_rest_api(restApiId=id_))


@handles("aws:apigateway/resource:Resource")
class Resource(ApiGateway):
    inputs = frozenset({"restApi", "parentId", "pathPart"})
    replace_on = inputs
    unique_by = ("restApi", "parentId", "pathPart")

    def create(self, inputs: Properties) -> str:
        made = self.apis.create_resource(
            restApiId=inputs["restApi"], parentId=inputs["parentId"], pathPart=inputs["pathPart"]
        )
        id_: str = made["id"]
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = unless_missing(lambda: self.apis.get_resource(restApiId=inputs["restApi"], resourceId=id_))
        return {"path": found["path"]} if found else None

    def delete(self, id_: str, inputs: Properties) -> None:
        unless_missing(lambda: self.apis.delete_resource(restApiId=inputs["restApi"], resourceId=id_))


class _OfMethod(ApiGateway):
    """Something that is found by its API, path and method."""

    def where(self, inputs: Properties) -> dict[str, str]:
        return {
            "restApiId": inputs["restApi"],
            "resourceId": inputs["resourceId"],
            "httpMethod": inputs["httpMethod"],
        }

    def id_of(self, kind: str, inputs: Properties) -> str:
        parts = [kind, *self.where(inputs).values(), inputs.get("statusCode")]
        return "-".join(part for part in parts if part)


PLACE = frozenset({"restApi", "resourceId", "httpMethod"})


@handles("aws:apigateway/method:Method")
class Method(_OfMethod):
    inputs = PLACE | {"authorization", "apiKeyRequired"}
    replace_on = inputs
    unique_by = tuple(sorted(PLACE))

    def create(self, inputs: Properties) -> str:
        self.apis.put_method(
            **self.where(inputs),
            authorizationType=inputs["authorization"],
            apiKeyRequired=bool(inputs.get("apiKeyRequired")),
        )
        return self.id_of("agm", inputs)

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.apis.get_method(**self.where(inputs)))
        return {"httpMethod": found["httpMethod"]} if found else None

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.apis.delete_method(**self.where(inputs)))


@handles("aws:apigateway/integration:Integration")
class Integration(_OfMethod):
    # The provider's name, and the API's.
    FIELDS: t.ClassVar[dict[str, str]] = {
        "type": "type",
        "integrationHttpMethod": "integrationHttpMethod",
        "uri": "uri",
        "passthroughBehavior": "passthroughBehavior",
        "requestTemplates": "requestTemplates",
        "timeoutMilliseconds": "timeoutInMillis",
    }
    inputs = PLACE | FIELDS.keys()
    # Putting one again would take its answers away; a successor and its answers come together.
    replace_on = inputs
    unique_by = tuple(sorted(PLACE))

    def create(self, inputs: Properties) -> str:
        fields = {key: inputs.get(field) for field, key in self.FIELDS.items()}
        self.apis.put_integration(**self.where(inputs), **given(**fields))
        return self.id_of("agi", inputs)

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.apis.get_integration(**self.where(inputs)))
        return {"type": found["type"]} if found else None

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.apis.delete_integration(**self.where(inputs)))


@handles("aws:apigateway/methodResponse:MethodResponse")
class MethodResponse(_OfMethod):
    inputs = PLACE | {"statusCode", "responseParameters"}
    replace_on = inputs
    unique_by = (*sorted(PLACE), "statusCode")

    def _answer(self, inputs: Properties) -> dict[str, str]:
        return {**self.where(inputs), "statusCode": inputs["statusCode"]}

    def create(self, inputs: Properties) -> str:
        self.apis.put_method_response(
            **self._answer(inputs), **given(responseParameters=inputs.get("responseParameters"))
        )
        return self.id_of("agmr", inputs)

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.apis.get_method_response(**self._answer(inputs)))
        return {"statusCode": found["statusCode"]} if found else None

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.apis.delete_method_response(**self._answer(inputs)))


@handles("aws:apigateway/integrationResponse:IntegrationResponse")
class IntegrationResponse(_OfMethod):
    inputs = PLACE | {"statusCode", "responseParameters", "responseTemplates"}
    replace_on = PLACE | {"statusCode"}
    unique_by = (*sorted(PLACE), "statusCode")

    def _answer(self, inputs: Properties) -> dict[str, str]:
        return {**self.where(inputs), "statusCode": inputs["statusCode"]}

    def create(self, inputs: Properties) -> str:
        self._put(inputs)
        return self.id_of("agir", inputs)

    def _put(self, inputs: Properties) -> None:
        self.apis.put_integration_response(
            **self._answer(inputs),
            **given(
                responseParameters=inputs.get("responseParameters"),
                responseTemplates=inputs.get("responseTemplates"),
            ),
        )

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.apis.get_integration_response(**self._answer(inputs)))
        return {"statusCode": found["statusCode"]} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self._put(new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.apis.delete_integration_response(**self._answer(inputs)))


@handles("aws:apigateway/response:Response")
class Response(ApiGateway):
    """What API Gateway answers itself, when it lets nobody through or cannot."""

    inputs = frozenset({"restApiId", "responseType", "statusCode", "responseParameters", "responseTemplates"})
    replace_on = frozenset({"restApiId", "responseType"})
    unique_by = ("restApiId", "responseType")

    def _where(self, inputs: Properties) -> dict[str, str]:
        return {"restApiId": inputs["restApiId"], "responseType": inputs["responseType"]}

    def create(self, inputs: Properties) -> str:
        self._put(inputs)
        return f"aggr-{inputs['restApiId']}-{inputs['responseType']}"

    def _put(self, inputs: Properties) -> None:
        self.apis.put_gateway_response(
            **self._where(inputs),
            **given(
                statusCode=inputs.get("statusCode"),
                responseParameters=inputs.get("responseParameters"),
                responseTemplates=inputs.get("responseTemplates"),
            ),
        )

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.apis.get_gateway_response(**self._where(inputs)))
        # Every type has an answer; one that is not API Gateway's own was put there.
        return {"responseType": found["responseType"]} if found and not found.get("defaultResponse") else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self._put(new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.apis.delete_gateway_response(**self._where(inputs)))


__all__ = ("ApiGateway", "patch_value", "patches")
