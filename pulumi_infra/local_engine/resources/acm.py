"""Certificates, and the wait until they are issued."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable

from local_engine.errors import LocalEngineError
from local_engine.handlers import Handler, handles, unless_missing
from local_engine.resources import tags
from local_engine.resources.shapes import given
from local_engine.wire import Properties

SECONDS_TO_ISSUE = 120.0


class _Acm(Handler):
    @property
    def acm(self) -> t.Any:
        return self.cloud.client("acm")

    def describe(self, arn: str) -> dict[str, t.Any] | None:
        answer = unless_missing(lambda: self.acm.describe_certificate(CertificateArn=arn))
        return answer["Certificate"] if answer else None

    def wait(self, arn: str, ready: Callable[[dict[str, t.Any]], bool], what: str) -> dict[str, t.Any]:
        """Wait until a certificate is as it should be. It says nothing of its proofs at first, either."""
        deadline = time.monotonic() + SECONDS_TO_ISSUE
        pause = 0.1
        while True:
            found = self.describe(arn) or {}
            if ready(found):
                return found
            if found.get("Status") == "FAILED" or time.monotonic() > deadline:
                raise LocalEngineError(f"The certificate {arn} is {found.get('Status', 'gone')}, {what}.")
            time.sleep(pause)
            pause = min(pause * 2, 5)


def _proofs(certificate: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    return [
        {
            "domainName": option["DomainName"],
            "resourceRecordName": option["ResourceRecord"]["Name"],
            "resourceRecordType": option["ResourceRecord"]["Type"],
            "resourceRecordValue": option["ResourceRecord"]["Value"],
        }
        for option in certificate.get("DomainValidationOptions", [])
        if "ResourceRecord" in option
    ]


@handles("aws:acm/certificate:Certificate")
class Certificate(_Acm):
    inputs = frozenset({"domainName", "subjectAlternativeNames", "validationMethod", "tags"})
    # What a certificate says cannot be changed: another one is asked for.
    replace_on = inputs - {"tags"}

    def create(self, inputs: Properties) -> str:
        if inputs.get("validationMethod") != "DNS":
            raise LocalEngineError(
                f"validationMethod is {inputs.get('validationMethod')!r}; the local engine proves domains by DNS only."
            )
        made = self.acm.request_certificate(
            **given(
                DomainName=inputs["domainName"],
                SubjectAlternativeNames=inputs.get("subjectAlternativeNames") or None,
                ValidationMethod="DNS",
                Tags=tags.pairs(inputs) or None,
            )
        )
        arn: str = made["CertificateArn"]
        names = {inputs["domainName"], *inputs.get("subjectAlternativeNames", [])}
        self.wait(arn, lambda found: len(_proofs(found)) >= len(names), "and does not say how to prove its domains")
        return arn

    def read(self, id_: str, inputs: Properties) -> Properties | None:
        found = self.describe(id_)
        if found is None:
            return None
        return {
            **tags.outputs(inputs),
            "arn": id_,
            "status": found["Status"],
            "domainValidationOptions": _proofs(found),
        }

    def update(self, id_: str, old: Properties, new: Properties) -> None:
        put, gone = tags.difference(old, new)
        if put:
            self.acm.add_tags_to_certificate(CertificateArn=id_, Tags=tags.pairs({"tags": put}))
        if gone:
            self.acm.remove_tags_from_certificate(CertificateArn=id_, Tags=[{"Key": key} for key in gone])

    def delete(self, id_: str, inputs: Properties) -> None:  # noqa: ARG002
        unless_missing(lambda: self.acm.delete_certificate(CertificateArn=id_))


@handles("aws:acm/certificateValidation:CertificateValidation")
class CertificateValidation(_Acm):
    """Nothing in the cloud: it stands for the moment from which the certificate can be used."""

    inputs = frozenset({"certificateArn", "validationRecordFqdns"})
    replace_on = inputs

    def create(self, inputs: Properties) -> str:
        arn = inputs["certificateArn"]
        wanted = {proof["resourceRecordName"].rstrip(".") for proof in _proofs(self.describe(arn) or {})}
        given_names = {name.rstrip(".") for name in inputs.get("validationRecordFqdns", [])}
        if given_names and (missing := sorted(wanted - given_names)):
            raise LocalEngineError(f"The certificate {arn} also needs the records {', '.join(missing)}.")
        issued = self.wait(arn, lambda found: found.get("Status") == "ISSUED", "and was not issued in time")
        return str(issued.get("IssuedAt", arn))

    def read(self, id_: str, inputs: Properties) -> Properties | None:  # noqa: ARG002
        found = self.describe(inputs["certificateArn"])
        return {} if found and found["Status"] == "ISSUED" else None

    def delete(self, id_: str, inputs: Properties) -> None:
        """Leave the certificate, which is a resource of its own."""
