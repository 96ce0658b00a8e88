"""What a stack's configuration may say, and what it is told when it says something else."""

from __future__ import annotations

import typing as t

import pulumi
import pytest
from configuration import Configuration
from settings import Domain, Size

from tests.recorded_program import record

Read = t.Callable[[Configuration], t.Any]
USUAL = Size(cpu=256, memory=512, count=2)


@pytest.mark.parametrize(
    ("text", "read", "expected"),
    [
        ("3", lambda c: c.whole("key"), 3),
        ("0", lambda c: c.whole("key"), 0),
        ("0.5", lambda c: c.number("key"), 0.5),
        ("false", lambda c: c.flag("key"), False),
        ("1.10", lambda c: c.text("key"), "1.10"),
        ('["a", 1]', lambda c: c.texts("key"), ("a", "1")),
        ('{"keep": true, "user": "me"}', lambda c: c.mapping("key"), {"keep": "true", "user": "me"}),
    ],
    ids=["whole", "zero", "number", "flag", "text", "texts", "mapping"],
)
def test_a_key_is_read_by_its_kind(text: str, read: Read, expected: t.Any) -> None:
    assert read(Configuration({"key": text})) == expected
    assert read(Configuration({})) is None


@pytest.mark.parametrize(
    ("text", "read", "words"),
    [
        ("many", lambda c: c.whole("key"), "slipway:key is 'many'; it must be a whole number"),
        ("true", lambda c: c.whole("key"), "slipway:key is 'true'; it must be a whole number"),
        ("1.5", lambda c: c.whole("key"), "it must be a whole number"),
        ("yes", lambda c: c.flag("key"), "slipway:key is 'yes'; it must be true or false"),
        ("1", lambda c: c.flag("key"), "it must be true or false"),
        ("a,b", lambda c: c.texts("key"), "it must be a list"),
        ("[]", lambda c: c.mapping("key"), "it must be a map"),
    ],
    ids=["word", "boolean", "half", "yes", "one", "commas", "list"],
)
def test_a_value_of_another_kind_is_refused(text: str, read: Read, words: str) -> None:
    with pytest.raises(pulumi.RunError, match=words):
        read(Configuration({"key": text}))


@pytest.mark.parametrize(
    ("stack", "key", "value", "words"),
    [
        ("qa-chatbot-dev", "nta", "single", "slipway:nta is not known to this system; did you mean nat?"),
        ("rag-chatbot-dev", "allowedCidrs", "[]", "slipway:allowedCidrs is not known to this system; known: "),
        ("qa-chatbot-dev", "services", '{"frontend": {}}', "slipway:services names frontend; qa-chatbot has backend"),
        ("qa-chatbot-dev", "services", '{"backend": {"cpus": 1}}', "slipway:services.backend.cpus is not known"),
        ("qa-chatbot-dev", "services", '{"backend": {"cpu": "big"}}', "slipway:services.backend.cpu is 'big'"),
        ("qa-chatbot-dev", "services", '{"backend": {"count": 0}}', "desired_count must be at least 1"),
        ("rag-chatbot-prod", "domain", '{"name": "rag.example.com"}', "slipway:domain.zone is missing"),
        ("rag-chatbot-prod", "domain", '{"name": "a.org", "zone": "b.org"}', "a.org is not in the zone b.org"),
        ("sales-support-prod", "database", '{"instance": 2}', "slipway:database.instance is not known to this system"),
        ("course-chatbot-dev", "machines", '{"max": 2}', "slipway:machines.max is not known to this system"),
    ],
    ids=["misspelt", "others", "service", "size key", "size kind", "none", "half", "outside", "capacity", "machines"],
)
def test_what_a_stack_cannot_mean_is_refused_before_anything_is_made(
    stack: str, key: str, value: str, words: str
) -> None:
    with pytest.raises((pulumi.RunError, ValueError), match=words):
        record(stack, {f"slipway:{key}": value})


@pytest.mark.parametrize(
    ("stack", "key"),
    [
        ("sales-support-dev", "allowedCidrs"),
        ("sales-support-dev", "llmBaseUrl"),
        ("course-chatbot-dev", "allowedOrigins"),
        ("agent-platform-dev", "inferenceProfile"),
    ],
)
def test_what_a_system_needs_is_asked_for_by_name(stack: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(self: Configuration, wanted: str) -> str | None:
        return None if wanted == key else original(self, wanted)

    original = Configuration._text
    monkeypatch.setattr(Configuration, "_text", without)
    with pytest.raises(pulumi.RunError, match=f"slipway:{key} is missing; this system cannot be made without it"):
        record(stack)


def test_what_is_not_said_of_a_size_stays_as_usual() -> None:
    assert Size.load(Configuration({"cpu": "512"}), USUAL) == Size(cpu=512, memory=512, count=2)
    assert Size.load(Configuration({"count": "0"}), USUAL).count == 0


def test_a_domain_may_be_the_zone_itself() -> None:
    given = {"name": "example.com", "zone": "example.com", "createZone": "true"}
    assert Domain.load(Configuration(given)) == Domain(name="example.com", zone="example.com", create_zone=True)


def test_the_real_cli_passes_the_configuration_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", '{"slipway:system": "try", "aws:region": "x"}')
    assert Configuration.of_the_stack().given == {"system": "try"}
