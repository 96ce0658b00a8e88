"""The engine with programs made for it: failures, replacements, secrets, and what it refuses."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import typing as t

import pytest
from local_engine.cloud import Cloud
from local_engine.errors import LocalEngineError
from local_engine.planning import Step
from local_engine.wire import SECRET, SIGNATURE

from tests.account import contents
from tests.conftest import Workshop
from tests.recorded_program import PROGRAM

RULES = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 9},
                "action": {"type": "expire"},
            }
        ]
    }
)
HEAD = "import pulumi\nimport pulumi_aws as aws\n"
BUCKET = 'bucket = aws.s3.Bucket("photos")\n'


def latest(workshop: Workshop) -> dict[str, t.Any]:
    document = json.loads(workshop.checkpoint().read_text(encoding="utf-8"))
    assert document["version"] == 3
    return t.cast("dict[str, t.Any]", document["checkpoint"]["latest"])


def test_a_failure_midway_leaves_a_record_to_continue_from(workshop: Workshop) -> None:
    broken = (
        HEAD
        + BUCKET
        + (
            f'aws.ecr.LifecyclePolicy("rules", repository="missing", policy={RULES!r},'
            " opts=pulumi.ResourceOptions(depends_on=[bucket]))\n"
            'pulumi.export("name", bucket.bucket)\n'
        )
    )
    workshop.write_program(broken)
    with pytest.raises(LocalEngineError, match="Could not create aws:ecr/lifecyclePolicy:LifecyclePolicy rules: Put"):
        workshop.operations().up()
    assert [item["type"] for item in latest(workshop)["resources"] if item["custom"]] == [
        "pulumi:providers:aws",
        "aws:s3/bucket:Bucket",
    ]
    assert "pending_operations" not in latest(workshop)
    workshop.write_program(HEAD + BUCKET + 'pulumi.export("name", bucket.bucket)\n')
    outcome = workshop.operations().up()
    assert outcome.writing_calls == {}
    assert workshop.operations().outputs()["name"].startswith("photos-")


def test_a_failure_removes_nothing(workshop: Workshop) -> None:
    workshop.write_program(HEAD + BUCKET)
    workshop.operations().up()
    workshop.write_program(HEAD + f'aws.ecr.LifecyclePolicy("rules", repository="missing", policy={RULES!r})\n')
    with pytest.raises(LocalEngineError, match="Could not create"):
        workshop.operations().up()
    assert len(contents(workshop.cloud)["buckets"]) == 1


def test_a_mistake_in_the_program_is_told_with_its_line(workshop: Workshop) -> None:
    workshop.write_program(HEAD + 'raise KeyError("zone")\n')
    with pytest.raises(LocalEngineError, match=r"The program failed: __main__.py, line 3: KeyError: 'zone'"):
        workshop.operations().up()


def test_a_type_it_does_not_know_is_named(workshop: Workshop) -> None:
    workshop.write_program(HEAD + 'aws.athena.Workgroup("jobs")\n')
    with pytest.raises(LocalEngineError, match="does not know the resource type aws:athena/workgroup:Workgroup"):
        workshop.operations().up()


def test_a_property_it_does_not_know_is_named(workshop: Workshop) -> None:
    workshop.write_program(HEAD + 'aws.s3.Bucket("photos", acl="public-read")\n')
    with pytest.raises(LocalEngineError, match="'photos' sets acl, which the local engine does not know"):
        workshop.operations().up()
    assert contents(workshop.cloud) == {}


def test_a_function_it_does_not_know_is_named(workshop: Workshop) -> None:
    workshop.write_program(HEAD + 'aws.get_ip_ranges(services=["s3"])\n')
    with pytest.raises(LocalEngineError, match="does not know the function aws:index/getIpRanges"):
        workshop.operations().up()


def test_an_option_it_would_forget_is_refused(workshop: Workshop) -> None:
    workshop.write_program(HEAD + 'aws.s3.Bucket("a", opts=pulumi.ResourceOptions(import_="b"))\n')
    with pytest.raises(LocalEngineError, match="aws:s3/bucket:Bucket a is imported, which the local engine does not"):
        workshop.operations().up()


def test_two_resources_of_one_name_are_refused(workshop: Workshop) -> None:
    workshop.write_program(HEAD + BUCKET + BUCKET)
    with pytest.raises(LocalEngineError, match="two resources with the URN"):
        workshop.operations().up()


GROUPS = HEAD + (
    'vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")\n'
    'group = aws.ec2.SecurityGroup("door", vpc_id=vpc.id, description="{description}")\n'
    'aws.vpc.SecurityGroupIngressRule("in", security_group_id=group.id, ip_protocol="tcp",'
    ' from_port=80, to_port=80, cidr_ipv4="10.0.0.0/8")\n'
    'pulumi.export("group", group.id)\n'
)


def test_a_successor_comes_before_what_it_replaces_goes(workshop: Workshop) -> None:
    workshop.write_program(GROUPS.format(description="old"))
    workshop.operations().up()
    old = workshop.operations().outputs()["group"]
    workshop.write_program(GROUPS.format(description="new"))
    outcome = workshop.operations().up()
    # The group has a new name, so that both can be there; its rule moves with it.
    assert outcome[Step.REPLACE] == 2
    lines = [line.split()[:2] for line in workshop.text.splitlines()]
    assert lines.index(["+-", "aws:ec2/securityGroup:SecurityGroup"]) < lines.index(
        ["-", "aws:ec2/securityGroup:SecurityGroup"]
    )
    new = workshop.operations().outputs()["group"]
    assert new != old
    ec2 = workshop.cloud.client("ec2")
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [new]}])["SecurityGroupRules"]
    assert [rule["CidrIpv4"] for rule in rules] == ["10.0.0.0/8"]
    assert workshop.operations().up().writing_calls == {}
    assert not any(item.get("delete") for item in latest(workshop)["resources"])


def test_a_replaced_revision_goes_last(workshop: Workshop) -> None:
    source = HEAD + (
        'td = aws.ecs.TaskDefinition("web", family="web", cpu="{cpu}", memory="512",'
        ' container_definitions=\'[{{"name": "a", "image": "b"}}]\')\n'
        'pulumi.export("arn", td.arn)\n'
    )
    workshop.write_program(source.format(cpu=256))
    workshop.operations().up()
    workshop.write_program(source.format(cpu=512))
    outcome = workshop.operations().up()
    assert outcome.writing_calls == {"RegisterTaskDefinition": 1, "DeregisterTaskDefinition": 1}
    assert contents(workshop.cloud) == {"task definitions": {workshop.operations().outputs()["arn"]}}


def test_what_must_go_first_takes_with_it_what_cannot_outlive_it(workshop: Workshop) -> None:
    source = HEAD + (
        'repository = aws.ecr.Repository("app", name="org/app",'
        ' encryption_configurations=[{{"encryption_type": "{kind}"}}])\n'
        'aws.ecr.LifecyclePolicy("app", repository=repository.name, policy={rules!r})\n'
    )
    workshop.write_program(source.format(kind="AES256", rules=RULES))
    workshop.operations().up()
    workshop.write_program(source.format(kind="KMS", rules=RULES))
    workshop.operations().up()
    ecr = workshop.cloud.client("ecr")
    (repository,) = ecr.describe_repositories()["repositories"]
    assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"
    assert ecr.get_lifecycle_policy(repositoryName="org/app")["lifecyclePolicyText"] == RULES
    assert workshop.operations().up().writing_calls == {}


def test_ignored_changes_are_ignored(workshop: Workshop) -> None:
    source = HEAD + (
        'aws.cloudwatch.LogGroup("log", retention_in_days={days},'
        ' opts=pulumi.ResourceOptions(ignore_changes=["retention_in_days"]))\n'
    )
    workshop.write_program(source.format(days=7))
    workshop.operations().up()
    workshop.write_program(source.format(days=14))
    assert workshop.operations().up().writing_calls == {}
    (group,) = workshop.cloud.client("logs").describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 7


def test_what_the_program_drops_is_deleted_and_the_rest_stays(workshop: Workshop) -> None:
    workshop.write_program(HEAD + BUCKET + 'aws.cloudwatch.LogGroup("log")\n')
    workshop.operations().up()
    workshop.write_program(HEAD + BUCKET)
    outcome = workshop.operations().up()
    assert outcome.writing_calls == {"DeleteLogGroup": 1}
    assert set(contents(workshop.cloud)) == {"buckets"}


def test_a_bucket_with_something_in_it_is_not_emptied_unasked(workshop: Workshop) -> None:
    workshop.write_program(HEAD + BUCKET + 'pulumi.export("name", bucket.bucket)\n')
    workshop.operations().up()
    name = workshop.operations().outputs()["name"]
    workshop.cloud.client("s3").put_object(Bucket=name, Key="a", Body=b"b")
    with pytest.raises(LocalEngineError, match="Could not delete aws:s3/bucket:Bucket photos: DeleteBucket answered"):
        workshop.operations().destroy()
    assert [item["urn"] for item in latest(workshop)["resources"] if item["type"] == "aws:s3/bucket:Bucket"]
    workshop.cloud.client("s3").delete_object(Bucket=name, Key="a")
    workshop.operations().destroy()
    assert contents(workshop.cloud) == {}
    assert "resources" not in latest(workshop) or latest(workshop)["resources"] == []


def test_what_is_protected_survives_a_destroy(workshop: Workshop) -> None:
    workshop.write_program(HEAD + 'aws.s3.Bucket("photos", opts=pulumi.ResourceOptions(protect=True))\n')
    workshop.operations().up()
    with pytest.raises(LocalEngineError, match="protected: aws:s3/bucket:Bucket photos"):
        workshop.operations().destroy()
    assert len(contents(workshop.cloud)["buckets"]) == 1


def test_a_renamed_resource_with_an_alias_is_the_same_one(workshop: Workshop) -> None:
    workshop.write_program(HEAD + BUCKET)
    workshop.operations().up()
    renamed = 'aws.s3.Bucket("images", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="photos")]))\n'
    workshop.write_program(HEAD + renamed)
    assert workshop.operations().up().writing_calls == {}
    (bucket,) = contents(workshop.cloud)["buckets"]
    assert bucket.startswith("photos-")


def test_another_region_is_another_provider(workshop: Workshop) -> None:
    workshop.write_program(
        HEAD
        + 'there = aws.Provider("there", region="us-east-1")\n'
        + 'aws.cloudwatch.LogGroup("log", name="/there", opts=pulumi.ResourceOptions(provider=there))\n'
    )
    workshop.operations().up()
    assert contents(workshop.cloud) == {}
    logs = Cloud(workshop.endpoint, "us-east-1").client("logs")
    assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == ["/there"]
    workshop.operations().destroy()
    assert logs.describe_log_groups()["logGroups"] == []


# -- the file --


def test_the_checkpoint_is_one_pulumi_would_write(workshop: Workshop) -> None:
    workshop.write_program(
        HEAD
        + "class Album(pulumi.ComponentResource):\n"
        + "    def __init__(self):\n"
        + '        super().__init__("my:own:Album", "album")\n'
        + '        self.bucket = aws.s3.Bucket("photos", opts=pulumi.ResourceOptions(parent=self))\n'
        + '        self.register_outputs({"bucket": self.bucket.bucket})\n'
        + "album = Album()\n"
        + 'aws.s3.BucketVersioning("photos", bucket=album.bucket.bucket,'
        + ' versioning_configuration={"status": "Enabled"})\n'
        + 'pulumi.export("name", album.bucket.bucket)\n'
    )
    workshop.operations().up()
    folder = workshop.state / ".pulumi"
    assert (folder / "meta.yaml").read_text(encoding="utf-8") == "version: 1\n"
    document = json.loads(workshop.checkpoint().read_text(encoding="utf-8"))
    assert document["checkpoint"]["stack"] == "organization/workshop/try"
    resources = {item["urn"]: item for item in document["checkpoint"]["latest"]["resources"]}
    stack = "urn:pulumi:try::workshop::pulumi:pulumi:Stack::workshop-try"
    album = "urn:pulumi:try::workshop::my:own:Album::album"
    bucket = "urn:pulumi:try::workshop::my:own:Album$aws:s3/bucket:Bucket::photos"
    versioning = "urn:pulumi:try::workshop::aws:s3/bucketVersioning:BucketVersioning::photos"
    provider = next(urn for urn in resources if "::pulumi:providers:aws::default_" in urn)
    assert set(resources) == {stack, album, bucket, versioning, provider}
    name = resources[bucket]["id"]
    assert resources[stack]["outputs"] == {"name": name}
    assert resources[album]["outputs"] == {"bucket": name}
    assert resources[bucket]["parent"] == album
    assert resources[bucket]["provider"] == f"{provider}::{resources[provider]['id']}"
    assert resources[bucket]["inputs"] == {"__defaults": ["bucket"], "bucket": name}
    assert resources[versioning]["dependencies"] == [bucket]
    assert resources[versioning]["propertyDependencies"]["bucket"] == [bucket]
    order = list(resources)
    assert order.index(bucket) < order.index(versioning)
    history = sorted(path.name.partition("-")[0] for path in (folder / "history" / "workshop" / "try").iterdir())
    assert history == ["try", "try"]
    (entry,) = (folder / "history" / "workshop" / "try").glob("*.history.json")
    told = json.loads(entry.read_text(encoding="utf-8"))
    assert (told["kind"], told["result"], told["resourceChanges"]) == ("update", "succeeded", {"create": 4})
    assert not list((folder / "locks").rglob("*.json"))
    assert not list(folder.rglob("*.partial"))


SECRETIVE = HEAD + (
    'word = pulumi.Config().require_secret("word")\n'
    'aws.iam.Role("role", description=word, assume_role_policy="{}")\n'
    'pulumi.export("word", word)\n'
    'pulumi.export("plain", "seen")\n'
)


@pytest.fixture
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "open sesame")


def secret_config(workshop: Workshop, word: str) -> None:
    """Write the program with its secret as C(pulumi config set --secret) would."""
    from local_engine.passphrase import Passphrase

    crypter = Passphrase(None, "open sesame")
    workshop.write_program(SECRETIVE, config=f"  workshop:word:\n    secure: {crypter.encrypt(word)}\n")
    file = workshop.project / "Pulumi.try.yaml"
    file.write_text(f"encryptionsalt: {crypter.state}\n{file.read_text(encoding='utf-8')}", encoding="utf-8")


@pytest.mark.usefixtures("passphrase")
def test_a_secret_is_never_written_in_clear(workshop: Workshop) -> None:
    secret_config(workshop, "xylophone")
    workshop.operations().up()
    (role,) = workshop.cloud.client("iam").list_roles()["Roles"]
    assert role["Description"] == "xylophone"
    for path in workshop.state.rglob("*.json"):
        assert "xylophone" not in path.read_text(encoding="utf-8")
    assert "xylophone" not in workshop.text
    sealed = next(item for item in latest(workshop)["resources"] if item["type"] == "pulumi:pulumi:Stack")["outputs"]
    assert sealed["word"][SIGNATURE] == SECRET
    assert latest(workshop)["secrets_providers"]["type"] == "passphrase"
    assert workshop.operations().outputs() == {"plain": "seen", "word": "[secret]"}
    assert workshop.operations().outputs(show_secrets=True)["word"] == "xylophone"
    assert workshop.operations().up().writing_calls == {}


@pytest.mark.usefixtures("passphrase")
def test_a_wrong_passphrase_is_a_sentence(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    secret_config(workshop, "xylophone")
    workshop.operations().up()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "open barley")
    with pytest.raises(LocalEngineError, match="passphrase of the stack is wrong, or .* Set PULUMI_CONFIG_PASSPHRASE"):
        workshop.operations().up()
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    with pytest.raises(LocalEngineError, match="holds secrets, and no passphrase is known"):
        workshop.operations().outputs()


def test_one_update_at_a_time(workshop: Workshop) -> None:
    workshop.write_program(HEAD + BUCKET)
    workshop.operations().up()
    folder = workshop.state / ".pulumi" / "locks" / "organization" / "workshop" / "try"
    holder = {"pid": os.getpid(), "username": "u", "hostname": socket.gethostname(), "timestamp": "now"}
    (folder / "held.json").write_text(json.dumps(holder), encoding="utf-8")
    with pytest.raises(LocalEngineError, match=f"is being updated by process {os.getpid()}"):
        workshop.operations().up()
    # The lock of a process that was killed holds nobody up.
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    (folder / "held.json").write_text(json.dumps({**holder, "pid": int(gone.stdout)}), encoding="utf-8")
    workshop.operations().up()
    assert not list(folder.glob("*.json"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not a checkpoint"),
        ('{"version": 2, "checkpoint": {}}', "has version 2; this engine knows 3"),
        (
            '{"version": 3, "checkpoint": {"latest": {"secrets_providers": {"type": "awskms"}}}}',
            "uses the secrets provider awskms",
        ),
    ],
)
def test_a_file_it_cannot_trust_is_refused(workshop: Workshop, content: str, words: str) -> None:
    workshop.write_program(HEAD + BUCKET)
    workshop.checkpoint().parent.mkdir(parents=True)
    workshop.checkpoint().write_text(content, encoding="utf-8")
    with pytest.raises(LocalEngineError, match=words):
        workshop.operations().up()


def test_a_killed_update_is_continued(workshop: Workshop) -> None:
    kill = "bucket.id.apply(lambda id: os.kill(os.getpid(), signal.SIGKILL))\n"
    workshop.write_program("import os, signal\n" + HEAD + BUCKET + kill)
    where = ["--stack", "try", "--backend", workshop.backend, "--endpoint", workshop.endpoint]
    killed = subprocess.run(
        [sys.executable, "-m", "local_engine", "up", *where],
        cwd=workshop.project,
        env={**os.environ, "PYTHONPATH": str(PROGRAM)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert killed.returncode == -9
    buckets = contents(workshop.cloud)["buckets"]
    workshop.write_program(HEAD + BUCKET)
    assert workshop.operations().up().writing_calls == {}
    assert contents(workshop.cloud) == {"buckets": buckets}


def test_an_interrupted_update_is_remembered(workshop: Workshop) -> None:
    workshop.write_program(HEAD + BUCKET)
    workshop.operations().up()
    document = json.loads(workshop.checkpoint().read_text(encoding="utf-8"))
    document["checkpoint"]["latest"]["pending_operations"] = [
        {"type": "creating", "resource": {"urn": "urn:pulumi:try::workshop::t::lost", "custom": True, "type": "t"}}
    ]
    workshop.checkpoint().write_text(json.dumps(document), encoding="utf-8")
    workshop.operations().up()
    assert "the last update stopped while creating t lost" in workshop.text
    assert "pending_operations" not in latest(workshop)


NOWHERE = "a folder that is not there"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["up", "--stack", "try"], "No backend is known"),
        (["up", "--stack", "try", "--backend", "s3://bucket"], "is not a folder of this machine"),
        (["up", "--stack", "try", "--backend", NOWHERE], "No local cloud is known: give --endpoint"),
        (["up", "--stack", "other", "--backend", NOWHERE], "Known stacks: try."),
        (["up", "--stack", "../x", "--backend", NOWHERE], "is no stack's name"),
        (["output", "--stack", "try", "--backend", NOWHERE], "has no outputs: run up first"),
        (
            ["up", "--stack", "try", "--backend", NOWHERE, "--endpoint", "http://127.0.0.1:1"],
            "No local cloud answers at http://127.0.0.1:1; start it first.",
        ),
        (
            ["up", "--stack", "try", "--backend", NOWHERE, "--endpoint", "https://ecs.amazonaws.com"],
            "is not the address of a local cloud. For AWS itself, use the Pulumi CLI",
        ),
    ],
)
def test_the_command_line_says_what_is_missing(
    workshop: Workshop,
    arguments: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from local_engine.__main__ import main

    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    workshop.write_program(HEAD)
    monkeypatch.chdir(workshop.project)
    nowhere = workshop.state / "none"
    assert main([nowhere.as_uri() if argument == NOWHERE else argument for argument in arguments]) == 1
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.err.startswith("error: ")
    assert not nowhere.exists()
