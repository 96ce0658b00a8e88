"""What callers reach of a REST API: deployments, stages, the account's logging, and names of one's own."""

from __future__ import annotations

import typing as t

from local_engine.errors import LocalEngineError
from local_engine.handlers import handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.apigateway import ApiGateway, patch_value, patches
from local_engine.resources.shapes import given
from local_engine.wire import Properties


@handles("aws:apigateway/deployment:Deployment")
class Deployment(ApiGateway):
    inputs = frozenset({"restApi", "description", "triggers"})
    # Triggers are no part of a deployment: they are there so that a change of them makes a new one.
    replace_on = frozenset({"restApi", "triggers"})

    def create(self, inputs: Properties) -> str:
        made = self.apis.create_deployment(**given(restApiId=inputs["restApi"], description=inputs.get("description")))
        id_: str = made["id"]
        return id_

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = unless_missing(lambda: self.apis.get_deployment(restApiId=inputs["restApi"], deploymentId=id_))
        return {} if found else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        self.apis.update_deployment(
            restApiId=new["restApi"],
            deploymentId=id_,
            patchOperations=patches(old, new, {"description": "/description"}),
        )

    def delete(self, id_: str, inputs: Properties) -> None:
        unless_missing(lambda: self.apis.delete_deployment(restApiId=inputs["restApi"], deploymentId=id_))


@handles("aws:apigateway/stage:Stage")
class Stage(ApiGateway):
    inputs = frozenset({"restApi", "deployment", "stageName", "accessLogSettings", "xrayTracingEnabled", "tags"})
    replace_on = frozenset({"restApi", "stageName"})
    unique_by = ("restApi", "stageName")

    def _where(self, inputs: Properties) -> dict[str, str]:
        return {"restApiId": inputs["restApi"], "stageName": inputs["stageName"]}

    def _arn(self, inputs: Properties) -> str:
        return self.arn(f"/restapis/{inputs['restApi']}/stages/{inputs['stageName']}")

    def create(self, inputs: Properties) -> str:
        self.apis.create_stage(
            **self._where(inputs),
            **given(
                deploymentId=inputs["deployment"],
                tracingEnabled=inputs.get("xrayTracingEnabled"),
                tags=inputs.get("tags"),
            ),
        )
        if operations := _access_log({}, inputs):
            self.apis.update_stage(**self._where(inputs), patchOperations=operations)
        return f"ags-{inputs['restApi']}-{inputs['stageName']}"

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.apis.get_stage(**self._where(inputs)))
        if not found:
            return None
        api, stage = inputs["restApi"], inputs["stageName"]
        account = self.cloud.client("sts").get_caller_identity()["Account"]
        return {
            **tags.outputs(inputs),
            "arn": self._arn(inputs),
            "executionArn": f"arn:aws:execute-api:{self.cloud.region}:{account}:{api}/{stage}",
            # Where the emulator answers for it; the name it has on AWS leads nowhere here.
            "invokeUrl": f"{self.cloud.endpoint.rstrip('/')}/_aws/execute-api/{api}/{stage}",
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        paths = {"deployment": "/deploymentId", "xrayTracingEnabled": "/tracingEnabled"}
        operations = [*patches(old, {"xrayTracingEnabled": False, **new}, paths), *_access_log(old, new)]
        if operations:
            self.apis.update_stage(**self._where(new), patchOperations=operations)
        self.retag(self._arn(new), old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.apis.delete_stage(**self._where(inputs)))


def _access_log(old: Properties, new: Properties) -> list[dict[str, str]]:
    before, after = old.get("accessLogSettings") or {}, new.get("accessLogSettings") or {}
    if before and not after:
        return [{"op": "remove", "path": "/accessLogSettings"}]
    paths = {"destinationArn": "/accessLogSettings/destinationArn", "format": "/accessLogSettings/format"}
    return patches(before, after, paths)


@handles("aws:apigateway/methodSettings:MethodSettings")
class MethodSettings(ApiGateway):
    # The provider's name of a setting, and where the API keeps it.
    SETTINGS: t.ClassVar[dict[str, str]] = {
        "metricsEnabled": "metrics/enabled",
        "loggingLevel": "logging/loglevel",
        "dataTraceEnabled": "logging/dataTrace",
        "throttlingRateLimit": "throttling/rateLimit",
        "throttlingBurstLimit": "throttling/burstLimit",
    }
    inputs = frozenset({"restApi", "stageName", "methodPath", "settings"})
    replace_on = frozenset({"restApi", "stageName", "methodPath"})
    unique_by = ("restApi", "stageName", "methodPath")

    def _where(self, inputs: Properties) -> dict[str, str]:
        return {"restApiId": inputs["restApi"], "stageName": inputs["stageName"]}

    def create(self, inputs: Properties) -> str:
        self._set(inputs, {}, inputs["settings"])
        return f"{inputs['restApi']}-{inputs['stageName']}-{inputs['methodPath']}"

    def _set(self, inputs: Properties, before: Properties, after: Properties) -> None:
        strangers = sorted(set(after) - set(self.SETTINGS))
        if strangers:
            raise LocalEngineError(f"A stage sets {', '.join(strangers)}, which the local engine does not know.")
        place = _escaped(inputs["methodPath"])
        operations = [
            {"op": "replace", "path": f"/{place}/{path}", "value": patch_value(after[setting])}
            for setting, path in self.SETTINGS.items()
            if setting in after and before.get(setting) != after[setting]
        ]
        if operations:
            self.apis.update_stage(**self._where(inputs), patchOperations=operations)

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        stage = unless_missing(lambda: self.apis.get_stage(**self._where(inputs)))
        return {} if stage and inputs["methodPath"] in stage.get("methodSettings", {}) else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        before, after = old["settings"], new["settings"]
        if set(before) - set(after):
            # A setting can only be taken away with all the others.
            self.delete(id_, old)
            before = {}
        self._set(new, before, after)

    def delete(self, id_: str, inputs: Properties) -> None:
        if self.read(id_, inputs) is not None:
            operations = [{"op": "remove", "path": f"/{_escaped(inputs['methodPath'])}"}]
            self.apis.update_stage(**self._where(inputs), patchOperations=operations)


def _escaped(method_path: str) -> str:
    """Return a path and its method as one step of a patch: only the last slash parts the two."""
    path, _slash, method = method_path.rpartition("/")
    return f"{path.replace('/', '~1')}/{method}"


@handles("aws:apigateway/account:Account")
class Account(ApiGateway):
    """The role that API Gateway writes its logs with: one for an account and region."""

    inputs = frozenset({"cloudwatchRoleArn"})

    def create(self, inputs: Properties) -> str:
        self._set(inputs.get("cloudwatchRoleArn") or "")
        return "api-gateway-account"

    def _set(self, role: str) -> None:
        self.apis.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        role = self.apis.get_account().get("cloudwatchRoleArn") or ""
        return {"cloudwatchRoleArn": role} if role else None

    def update(self, id_: str, old: Properties, new: Properties) -> None:  # noqa: ARG002
        self._set(new.get("cloudwatchRoleArn") or "")

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        self._set("")


@handles("aws:apigateway/domainName:DomainName")
class DomainName(ApiGateway):
    inputs = frozenset({"domainName", "regionalCertificateArn", "endpointConfiguration", "securityPolicy", "tags"})
    replace_on = frozenset({"domainName", "endpointConfiguration"})
    unique_by = ("domainName",)

    def create(self, inputs: Properties) -> str:
        endpoint = inputs.get("endpointConfiguration")
        name: str = inputs["domainName"]
        self.apis.create_domain_name(
            **given(
                domainName=name,
                regionalCertificateArn=inputs.get("regionalCertificateArn"),
                endpointConfiguration={"types": [endpoint["types"]]} if endpoint else None,
                securityPolicy=inputs.get("securityPolicy"),
                tags=inputs.get("tags"),
            )
        )
        return name

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = unless_missing(lambda: self.apis.get_domain_name(domainName=id_))
        if not found:
            return None
        return {
            **tags.outputs(inputs),
            "arn": self.arn(f"/domainnames/{id_}"),
            "regionalDomainName": found["regionalDomainName"],
            "regionalZoneId": found["regionalHostedZoneId"],
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        paths = {"regionalCertificateArn": "/regionalCertificateArn", "securityPolicy": "/securityPolicy"}
        if operations := patches(old, new, paths):
            self.apis.update_domain_name(domainName=id_, patchOperations=operations)
        self.retag(self.arn(f"/domainnames/{id_}"), old, new)

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.apis.delete_domain_name(domainName=id_))


@handles("aws:apigateway/basePathMapping:BasePathMapping")
class BasePathMapping(ApiGateway):
    inputs = frozenset({"restApi", "stageName", "domainName", "basePath"})
    replace_on = inputs
    unique_by = ("domainName", "basePath")

    def _where(self, inputs: Properties) -> dict[str, str]:
        # The API's word for no path at all.
        return {"domainName": inputs["domainName"], "basePath": inputs.get("basePath") or "(none)"}

    def create(self, inputs: Properties) -> str:
        self.apis.create_base_path_mapping(
            **given(
                domainName=inputs["domainName"],
                basePath=inputs.get("basePath"),
                restApiId=inputs["restApi"],
                stage=inputs.get("stageName"),
            )
        )
        return f"{inputs['domainName']}/{inputs.get('basePath') or ''}"

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = unless_missing(lambda: self.apis.get_base_path_mapping(**self._where(inputs)))
        return {} if found else None

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.apis.delete_base_path_mapping(**self._where(inputs)))
