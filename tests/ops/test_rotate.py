"""Rotation: when a value is written, when its readers have it, and when the earlier one ends."""

import string
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from strongroom.ops.age import vault as age_of_vault
from strongroom.ops.age.stored import Version
from strongroom.ops.cluster.driver_records import Mount
from strongroom.ops.errors import NotAllowedError, OpsError
from strongroom.ops.findings import Finding
from strongroom.ops.pulumi.stack import DeclaredObject, DeployedStack, KeyVaultStore, VaultStore
from strongroom.ops.rotate import key_vault, readers, run, vault
from strongroom.ops.rotate.readers import Progress, Reader
from strongroom.ops.rotate.run import Rotation
from strongroom.ops.rotate.target import Target
from strongroom.ops.rotate.values import generate
from strongroom.policy.rules import Declared
from tests.ops.test_age import KEY_VAULT, URN, VAULT, Metadata, stack_of, versions

OBJECT, RANDOM = "vault:kv/secretV2:SecretV2", "random:index/randomPassword:RandomPassword"
MADE = {key: f"{URN}{RANDOM}::db-pass/{key}" for key in ("username", "password")}
GIVEN = f"{URN}{OBJECT}::given"
NOW = datetime.now(UTC)


class Values:
    """A store that counts what is written and ended."""

    def __init__(self, metadata: Metadata) -> None:
        self.metadata = metadata
        self.written: list[Mapping[str | None, str]] = []
        self.retired = 0

    def write(self, target: Target, values: Mapping[str | None, str]) -> None:
        self.written.append(values)
        self.metadata.found = {**self.metadata.found, f"m/metadata/{target.object}": versions(-99, -0.001)}

    def retire(self, target: Target, *, dry_run: bool) -> Finding:
        self.retired += not dry_run
        return Finding.ok("disabled", name="earlier versions")


class FakeReader:
    """A reader whose progress is what a test says, look by look."""

    progress: Sequence[Progress]
    restarts = True
    needs_earlier = False
    restarted = 0

    def __init__(self, stack: object, workload: Any, declared: object) -> None:
        self.workload = workload
        self.left = list(self.progress)

    def look(self, version: Version) -> Progress:
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]

    def restart(self) -> str:
        type(self).restarted += 1
        return "Deployment restarted"


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Metadata:
    made = Metadata()
    monkeypatch.setattr(age_of_vault, "VaultOperator", lambda _: made)
    return made


def build(
    monkeypatch: pytest.MonkeyPatch, values: Values, *progress: Progress, initial: bool = True, age: float = -99
) -> tuple[Rotation, type[FakeReader]]:
    """A rotation of db-pass, which only the store holds, or of what the stack generates."""
    values.metadata.found = {"m/metadata/db-pass": versions(age), "m/metadata/given": versions(-99)}
    written = Declared(
        OBJECT, f"{URN}{OBJECT}::x", {"mount": "m", "name": "db-pass", "disableRead": initial}, MADE.values()
    )
    given = Declared(OBJECT, GIVEN, {"mount": "m", "name": "given"})
    made = [Declared(RANDOM, urn, {"length": 20.0, "special": False}) for urn in MADE.values()]
    objects = [{"object": "db-pass", "key": key} for key in MADE]
    stack = stack_of(VAULT, *objects, {"object": "given", "key": "token"})
    reader = type("Faked", (FakeReader,), {"progress": progress or (Progress(True, "1 pod have it"),)})
    monkeypatch.setattr(run, "Reader", reader)
    monkeypatch.setattr(run, "_PAUSE", 0)
    monkeypatch.setattr(run, "_RESUMED", timedelta(hours=2))
    monkeypatch.setattr(Rotation, "_open_values", lambda _: values)
    monkeypatch.setattr(Rotation, "_delay", timedelta(seconds=0.05))
    return Rotation("dev", stack, [written, given, *made]), reader


def states(findings: Sequence[Finding]) -> list[str]:
    return [each.state for each in findings]


def test_a_value_is_written_awaited_and_only_then_the_earlier_one_ends(
    monkeypatch: pytest.MonkeyPatch, metadata: Metadata
) -> None:
    values = Values(metadata)
    behind, there = Progress(False, "not mounted yet: a"), Progress(True, "1 pod have it")
    rotation, _ = build(monkeypatch, values, there, behind, behind, there)
    found = rotation.run(rotation.find("db-pass/password"))

    assert ([*values.written[0]], len(values.written), values.retired) == (["password"], 1, 1)
    assert states(found) == ["ok"] * 4


def test_a_reader_that_stays_behind_keeps_the_earlier_one(monkeypatch: pytest.MonkeyPatch, metadata: Metadata) -> None:
    values = Values(metadata)
    rotation, reader = build(monkeypatch, values, Progress(False, "not mounted yet: a", frozenset({"a"})))
    found = rotation.run(rotation.find("db-pass/password"))

    assert states(found) == ["ok", "failed", "failed", "skipped"]
    assert (values.retired, reader.restarted) == (0, 0), "a pod that restarts too early starts with the old value"
    assert found[1].fix == "strongroom doctor --workload shop/orders finds the reason; then run again"


def test_a_reader_that_nobody_can_look_at_keeps_the_earlier_value(
    monkeypatch: pytest.MonkeyPatch, metadata: Metadata
) -> None:
    values = Values(metadata)
    rotation, _ = build(monkeypatch, values, Progress(None, "not seen: no shell"))

    assert states(rotation.run(rotation.find("db-pass/password"))) == ["ok", "warning", "warning", "skipped"]
    assert values.retired == 0


def test_pods_that_read_at_their_start_are_restarted_once(monkeypatch: pytest.MonkeyPatch, metadata: Metadata) -> None:
    values, there = Values(metadata), Progress(True, "1 pod have it")
    old = Progress(True, "1 pod have it", frozenset({"a"}))
    rotation, reader = build(monkeypatch, values, there, old, old, old, there)
    found = rotation.run(rotation.find("db-pass/password"))

    assert reader.restarted == 2, "one each"
    assert [each.seen for each in found[1:3]] == ["Deployment restarted; 1 pod have it"] * 2


def test_an_interrupted_rotation_goes_on_with_the_value_that_it_wrote(
    monkeypatch: pytest.MonkeyPatch, metadata: Metadata
) -> None:
    values, there = Values(metadata), Progress(True, "1 pod have it")
    behind = Progress(False, "not mounted yet: a")
    rotation, _ = build(monkeypatch, values, behind, there, age=-0.02)
    found = rotation.run(rotation.find("db-pass/password"))

    assert (values.written, values.retired) == ([], 1)
    assert found[0].seen.startswith("goes on with version 1 of ")


def test_a_dry_run_writes_and_ends_nothing(monkeypatch: pytest.MonkeyPatch, metadata: Metadata) -> None:
    values = Values(metadata)
    rotation, _ = build(monkeypatch, values)
    found = rotation.run(rotation.find("db-pass/password"), dry_run=True)

    assert (values.written, values.retired) == ([], 0)
    assert [each.seen for each in found[:2]] == [
        "would be written; now: version 1",
        "would be waited for, and restarted; now: 1 pod have it",
    ]


def test_what_the_stack_generates_is_replaced_by_its_engine(
    monkeypatch: pytest.MonkeyPatch, metadata: Metadata
) -> None:
    values = Values(metadata)
    rotation, _ = build(monkeypatch, values, initial=False)
    target = rotation.find("db-pass/password")
    replaced: list[object] = []

    def replace(stack: str, urns: object) -> None:
        replaced.append((stack, urns))
        metadata.found = {"m/metadata/db-pass": versions(-99, -0.001)}

    monkeypatch.setattr(run.engine, "replace", replace)
    rotation.run(target)

    assert (replaced, values.written) == ([("dev", [MADE["password"]])], [])
    with pytest.raises(OpsError, match="the stack generates this value"):
        rotation.run(target, "canary")


def test_the_keys_of_an_object_that_is_too_old_are_rotated_together(
    monkeypatch: pytest.MonkeyPatch, metadata: Metadata
) -> None:
    values = Values(metadata)
    rotation, _ = build(monkeypatch, values)
    (target,), others = rotation.find_older(timedelta(days=90))
    rotation.run(target)

    assert [sorted(map(str, each)) for each in values.written] == [["password", "username"]]
    assert [(each.name, each.seen) for each in others] == [
        (
            "given/token",
            "given/token is no generated value of the stack: set another value in the stack's file, then pulumi up",
        )
    ]
    assert rotation.find_older(timedelta(days=120)) == ([], [])


def test_a_secret_that_no_workload_reads_is_refused(monkeypatch: pytest.MonkeyPatch, metadata: Metadata) -> None:
    rotation, _ = build(monkeypatch, Values(metadata))

    with pytest.raises(OpsError, match=r"'db-pass'; there are: db-pass/password, db-pass/username, given/token$"):
        rotation.find("db-pass")


def test_a_generated_value_has_each_class_of_characters_and_its_length() -> None:
    plain = generate(Declared(RANDOM, "u", {"length": 16.0, "special": False}))
    special = generate(Declared(RANDOM, "u", {"length": 16.0}))

    assert (len(plain), len(special)) == (16, 16)
    assert plain.isalnum()
    for each in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
        assert set(each) & set(plain)
    assert not special.isalnum()


def target_of(stack: DeployedStack) -> Target:
    declared = [DeclaredObject(name="f", object="db-pass", key="password")]
    return Target(declared, cast("Any", None), {}, {})


def test_a_vault_is_written_with_the_version_that_was_read_and_the_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    operator = SimpleNamespace(
        read=lambda _: {"data": {"username": "u", "password": "old"}, "metadata": {"version": 3}},
        write=lambda path, **body: seen.append((path, body)),
    )
    monkeypatch.setattr(vault, "VaultOperator", lambda _: operator)
    vault.VaultValues(cast("VaultStore", VAULT)).write(target_of(stack_of(VAULT)), {"password": "new"})

    assert seen == [("m/data/db-pass", {"options": {"cas": 3}, "data": {"username": "u", "password": "new"}})]


def test_a_key_vaults_earlier_versions_are_disabled_save_those_that_a_workload_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disabled: list[str] = []
    found = [
        SimpleNamespace(version=name, created_on=NOW - timedelta(days=age), enabled=name != "off")
        for name, age in (("new", 0), ("off", 3), ("pinned", 2), ("old", 1))
    ]
    client = SimpleNamespace(update_secret_properties=lambda _, version, enabled: disabled.append(version))
    monkeypatch.setattr(key_vault, "KeyVaultVersions", lambda *_: SimpleNamespace(list=lambda _: found))
    monkeypatch.setattr(key_vault, "find_credential", lambda *_: None)
    monkeypatch.setattr(key_vault, "SecretClient", lambda *_, **__: client)
    stack = stack_of(KEY_VAULT, {"object": "db-pass", "key": "password", "version": "pinned"})
    values = key_vault.KeyVaultValues(stack, cast("KeyVaultStore", KEY_VAULT))

    assert values.retire(target_of(stack), dry_run=True).seen == "would be disabled: old"
    assert disabled == []
    assert values.retire(target_of(stack), dry_run=False).seen == "disabled: old"
    assert disabled == ["old"]


def pod(name: str, started: datetime) -> Any:
    metadata = SimpleNamespace(name=name, creation_timestamp=started, deletion_timestamp=None)
    return SimpleNamespace(
        metadata=metadata, status=SimpleNamespace(phase="Running"), spec=SimpleNamespace(node_name="n")
    )


@pytest.mark.parametrize(
    ("rotated", "recorded", "env", "has_value", "old"),
    [
        (True, "digest", None, True, set[str]()),
        (False, "digest", None, False, set[str]()),
        (True, "digest", "DB", True, {"a"}),
        (False, "new", None, True, set[str]()),
        (True, "earlier", None, False, set[str]()),
    ],
)
def test_a_mounted_value_is_there_once_the_driver_recorded_it_for_each_pod(
    monkeypatch: pytest.MonkeyPatch, rotated: bool, recorded: str, env: str | None, has_value: bool, old: set[str]
) -> None:
    stack = stack_of(VAULT, {"object": "db-pass", "key": "password", "env": env})
    workload = stack.workloads[0]
    object_id = "secret/db-pass" if recorded != "digest" else None
    mounted = NOW if rotated else NOW - timedelta(hours=2)
    mounts = [Mount("a", workload.secret_provider_class, mounted, {"secret/db-pass": recorded})]
    monkeypatch.setattr(Reader, "_list_files", lambda _: [SimpleNamespace(object_id=object_id)])
    monkeypatch.setattr(readers, "DriverRecords", lambda *_: SimpleNamespace(read_mounts=lambda: mounts))
    monkeypatch.setattr(readers, "list_pods", lambda *_: [pod("a", NOW - timedelta(hours=3))])
    monkeypatch.setattr(Reader, "_api", None)
    monkeypatch.setattr(Reader, "_call", lambda *_: SimpleNamespace(metadata=SimpleNamespace(annotations=None)))
    monkeypatch.setattr(Reader, "_list_missing_copies", lambda _: [])
    progress = Reader(stack, workload, workload.objects).look(Version("new", NOW - timedelta(hours=1), None))

    assert (progress.has_value, progress.old_pods) == (has_value, old)


def test_a_workload_without_pods_has_nothing_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = stack_of(VAULT, {"object": "db-pass", "key": "password"})
    monkeypatch.setattr(readers, "list_pods", lambda *_: [])
    monkeypatch.setattr(Reader, "_api", None)
    version = Version("new", NOW, None)

    assert Reader(stack, stack.workloads[0], stack.workloads[0].objects).look(version) == Progress(True, "no pod runs")


def test_what_the_caller_may_not_look_at_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = stack_of(VAULT, {"object": "db-pass", "key": "password"})

    def refuse(*_: object) -> Any:
        raise NotAllowedError("no list on pods")

    monkeypatch.setattr(readers, "list_pods", refuse)
    monkeypatch.setattr(Reader, "_api", None)
    progress = Reader(stack, stack.workloads[0], stack.workloads[0].objects).look(Version("new", NOW, None))

    assert (progress.has_value, progress.seen) == (None, "not seen: no list on pods")
