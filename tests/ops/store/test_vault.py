"""Vault as a workload meets it: what it is asked, and what is made of its answers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hvac.exceptions import (
    Forbidden,
    InternalServerError,
    InvalidPath,
    InvalidRequest,
    RateLimitExceeded,
    VaultDown,
    VaultError,
)

from strongroom.ops.cluster.client import ProviderClass
from strongroom.ops.errors import OpsError, UnreachableError
from strongroom.ops.pulumi.stack import DeployedDynamic, DeployedStack, VaultStore
from strongroom.ops.store.base import CurrentVersion, DeniedError, MissingError
from strongroom.ops.store.sampler import Sampler
from strongroom.ops.store.vault import Vault, VaultSession
from strongroom.ops.store.vault_responses import NotVaultError
from tests.ops.test_verify import LEDGER, ORDERS, STACK

TOKEN = "canary-of-an-account"
SESSION = "canary-of-a-session"


class Client:
    """A client of a Vault that answers as it is set to, and keeps what it was asked."""

    token = SESSION

    def __init__(self, answer: Any = None, login: Exception | None = None) -> None:
        self.adapter = self
        given = {"auth": {"client_token": SESSION, "policies": ["orders"]}}
        self.auth = SimpleNamespace(kubernetes=SimpleNamespace(login=lambda **_: self._said(login or given)))
        self.asked: list[tuple[Any, ...]] = []
        self._answer = answer

    def get(self, *asked: Any, **options: Any) -> Any:
        return self._asked("get", *asked, options)

    def list(self, *asked: Any) -> Any:
        return self._asked("list", *asked)

    def post(self, *asked: Any, json: Any) -> Any:
        return self._asked("post", *asked, json)

    def request(self, method: str, *asked: Any, headers: Any, json: Any) -> Any:
        return self._asked(method, *asked, json)

    def _asked(self, *asked: Any) -> Any:
        self.asked.append(asked)
        return self._said(self._answer)

    def _said(self, answer: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer


def session(client: Client, stack: DeployedStack = STACK) -> VaultSession:
    assert isinstance(stack.backend, VaultStore)
    parameters: Mapping[str, str] = {"roleName": "shop.orders", "vaultAuthMountPath": "kubernetes"}
    objects = Sampler(item.object for workload in stack.workloads for item in workload.objects)
    return VaultSession(objects, stack.backend, parameters, TOKEN, lambda **_: client)


def test_a_refusal_is_reported_without_the_token_that_it_repeats() -> None:
    with pytest.raises(DeniedError) as login:
        session(Client(login=Forbidden(errors=[f"can't take {TOKEN}"])))
    with pytest.raises(DeniedError) as read:
        session(Client(Forbidden(errors=[f"{TOKEN} {SESSION} permission denied"]))).read_keys("m/data/o")

    assert str(login.value).startswith("can't take [secret]")
    assert str(read.value).startswith("[secret] [secret] permission denied")
    assert "canary" not in f"{login.value}{read.value}"


def test_an_error_is_reported_without_the_token_that_it_repeats() -> None:
    with pytest.raises(UnreachableError, match=r": slow down, \[secret\]"):
        session(Client(RateLimitExceeded(f"slow down, {SESSION}"))).read_keys("m/data/o")


def test_a_workload_must_be_refused_others_objects_lists_and_writes() -> None:
    vault = Client({"data": {"data": {}}})
    ledger = LEDGER.model_copy(
        update={"objects": tuple(each.model_copy(update={"object": "team/l"}) for each in LEDGER.objects)}
    )
    limits = session(vault, STACK.model_copy(update={"workloads": (ORDERS, ledger)})).list_denied_checks(ORDERS)

    tried = {limit.what: set(limit.attempts) for limit in limits}
    assert "team/l" in tried["is refused other workloads' objects"]
    assert tried["is refused listing"] == {"/", "team/"}
    assert tried["is refused writing"] == {"o", "patch o"}
    assert {"metadata o", "delete o", "undelete o", "destroy o"} <= tried["is refused metadata and deleting"]
    assert {"post auth/token/create", "list identity/entity/id"} <= tried["is refused administration"]
    for limit in limits:
        for attempt in limit.attempts.values():
            attempt()
    asked = {each[:2] for each in vault.asked}
    assert {("get", "/v1/m/data/team/l"), ("list", "/v1/m/metadata/"), ("list", "/v1/m/metadata/team")} <= asked


def test_in_each_folder_a_name_that_nobody_knows_must_be_refused() -> None:
    vault = Client({"data": {"data": {}}})
    ledger = LEDGER.model_copy(
        update={"objects": tuple(each.model_copy(update={"object": "team/l"}) for each in LEDGER.objects)}
    )
    stack = STACK.model_copy(update={"workloads": (ORDERS, ledger)})
    names = [
        {name for name in limits[0].attempts if name != "team/l"}
        for limits in (session(vault, stack).list_denied_checks(ORDERS) for _ in range(2))
    ]

    assert [sorted(name.count("/") for name in each) for each in names] == [[0, 1, 1, 2]] * 2
    assert names[0].isdisjoint(names[1])


def test_nothing_that_a_workload_tries_changes_its_objects_even_if_it_is_allowed() -> None:
    vault = Client({"data": {"data": {}}})
    for limit in session(vault).list_denied_checks(ORDERS):
        for attempt in limit.attempts.values():
            attempt()
    changing = {(asked[0], asked[1], str(asked[2:])) for asked in vault.asked if asked[0] not in {"get", "list"}}

    cas, none = "{'options': {'cas': 2147483647}, 'data': {}}", "{'versions': []}"
    own = {(method, path.rpartition("/v1/")[2], body) for method, path, body in changing if path.endswith("/o")}
    assert own == {
        ("post", "m/data/o", f"({cas},)"),
        ("patch", "m/data/o", f"({cas},)"),
        *(("post", f"m/{verb}/o", f"({none},)") for verb in ("delete", "undelete", "destroy")),
    }


@pytest.mark.parametrize(
    "error",
    [
        Forbidden(errors=["wrong client certificate"]),
        Forbidden(errors=[]),
        InvalidRequest(errors=["missing path"]),
        NotVaultError(403),
        NotVaultError(200),
    ],
)
def test_what_is_not_vaults_own_refusal_is_none(error: VaultError) -> None:
    with pytest.raises(OpsError):
        session(Client(error)).read_keys("m/data/o")


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (Forbidden(errors=["service account name not authorized"]), True),
        (InvalidRequest(errors=["error validating token: expired"]), True),
        (InvalidRequest(errors=["missing jwt"]), True),
        (InvalidRequest(errors=["unsupported operation"]), False),
        (NotVaultError(403), False),
    ],
)
def test_a_login_is_refused_by_the_auth_methods_own_words(error: VaultError, refused: bool) -> None:
    with pytest.raises(DeniedError if refused else OpsError):
        session(Client(login=error))


def test_a_login_without_a_token_lets_nobody_in() -> None:
    client = Client()
    client.auth.kubernetes.login = lambda **_: {"auth": None}
    with pytest.raises(OpsError, match="returned no token"):
        session(client)


def test_a_write_that_is_allowed_changes_nothing() -> None:
    vault = Client(InvalidRequest("check-and-set parameter did not match the current version"))
    session(vault).write("m/data/o")

    # No object has that version. (Vault docs: "KV secrets engine - version 2 (API)")
    assert vault.asked == [("post", "/v1/m/data/o", {"options": {"cas": 2**31 - 1}, "data": {}})]


def test_values_are_dropped_and_keys_are_reported() -> None:
    vault = Client({"data": {"data": {"password": "canary-of-a-value"}}})

    assert session(vault).read_keys("m/data/o?version=3") == {"password"}
    assert vault.asked == [("get", "/v1/m/data/o", {"params": {"version": "3"}})]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (VaultDown("sealed"), UnreachableError),
        (RateLimitExceeded("busy"), UnreachableError),
        (InvalidPath(), MissingError),
    ],
)
def test_a_vault_that_can_not_answer_has_refused_nothing(answer: Exception, error: type[OpsError]) -> None:
    with pytest.raises(error):
        session(Client(answer)).read_keys("m/data/o")


@pytest.mark.parametrize(
    ("value", "encoding", "content"),
    [
        ("a", "utf-8", b"a"),
        ("YQ==", "base64", b"a"),
        ("61", "hex", b"a"),
        ("no base64", "base64", None),
        ({"a": 1}, "utf-8", None),
    ],
)
def test_a_file_has_the_key_as_its_encoding_says(value: object, encoding: str, content: bytes | None) -> None:
    vault = Vault.__new__(Vault)
    entry = {"objectName": "db", "secretPath": "m/data/o", "secretKey": "key", "encoding": encoding}
    objects = yaml.safe_dump([{**entry, "filePermission": 0o440}])
    (file,) = vault.list_expected_files(ProviderClass("vault", {"objects": objects}))

    opened = session(Client({"data": {"data": {"key": value}}}))

    assert (file.read_contents(opened), file.mode) == ({"db": content}, 0o440)


@pytest.mark.parametrize(
    ("held", "content"),
    [
        ({"b": "é<&>", "a": 'q"\\/\n\t\x01\x7f\u2028'}, '{"a":"q\\"\\\\/\\n\\t\\u0001\x7f\\u2028","b":"é<&>"}'),
        ({"a": "text", "b": 1.50}, None),
    ],
)
def test_a_file_of_all_keys_is_a_json_object(held: dict[str, object], content: str | None) -> None:
    entry = {"objectName": "all", "secretPath": "m/data/o", "secretKey": "", "format": "json"}
    objects = yaml.safe_dump([entry])
    (file,) = Vault.__new__(Vault).list_expected_files(ProviderClass("vault", {"objects": objects}))
    opened = session(Client({"data": {"data": held}}))

    file.read(opened)
    assert file.read_contents(opened) == {"all": content and content.encode()}


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ('{"db": {"password": "é"}}', "é"),
        ({"db": {"password": "é"}}, "é"),
        ('{"db": {"password": 10000000}}', "10000000"),
        ('{"db": {"password": null}}', "null"),
        ('{"db": {"password": 1.50}}', None),
        ('{"db": {"password": [1]}}', None),
    ],
)
def test_a_file_of_a_field_has_that_part_of_a_json_value(value: object, content: str | None) -> None:
    entry = {"objectName": "part", "secretPath": "m/data/o", "secretKey": "key", "field": "db.password"}
    (file,) = Vault.__new__(Vault).list_expected_files(ProviderClass("vault", {"objects": yaml.safe_dump([entry])}))

    found = file.read_contents(session(Client({"data": {"data": {"key": value}}})))
    assert found == {"part": content if content is None else content.encode()}
    for other in ("text", "[]", '{"db": "password"}', '{"db": {}}', 1):
        with pytest.raises(MissingError, match=r"no JSON object with the field db\.password"):
            file.read_contents(session(Client({"data": {"data": {"key": other}}})))


def test_a_file_of_an_optional_key_that_is_missing_is_empty() -> None:
    entry = {"objectName": "db", "secretPath": "m/data/o", "secretKey": "key"}
    objects = yaml.safe_dump([{**entry, "optional": True}, entry])
    optional, needed = Vault.__new__(Vault).list_expected_files(ProviderClass("vault", {"objects": objects}))
    opened = session(Client({"data": {"data": {}}}))

    assert optional.read_contents(opened) == {"db": b""}
    with pytest.raises(MissingError):
        needed.read_contents(opened)


@pytest.mark.parametrize("metadata", [None, {}, {"version": 7}, {"version": 7, "created_time": "2026-03-01T00:00:00Z"}])
def test_the_version_that_is_read_has_its_time_if_the_response_has(metadata: dict[str, Any] | None) -> None:
    found = session(Client({"data": {"data": {}, "metadata": metadata}})).find_version("m/data/o")

    assert found == (CurrentVersion("7", datetime(2026, 3, 1, tzinfo=UTC)) if len(metadata or {}) == 2 else None)


def test_a_key_that_is_not_there_has_no_content() -> None:
    with pytest.raises(MissingError):
        session(Client({"data": {"data": {}}})).read_content("m/data/o", "key", "utf-8")


CREDENTIALS = DeployedDynamic(
    path="database/creds/k.shop.orders.shop", files={"username": "user", "password": "password"}
)


def test_credentials_are_taken_once_for_both_files_and_dropped() -> None:
    vault = Client({"lease_id": "l", "data": {"username": "v-1", "password": "canary"}})
    logged_in = session(vault)
    for key in ("username", "password"):
        logged_in.take(CREDENTIALS.path, key)

    assert [each[1] for each in vault.asked] == [f"/v1/{CREDENTIALS.path}"]
    assert "canary" not in str(vars(logged_in).get("_taken"))
    with pytest.raises(MissingError, match="there is no other"):
        logged_in.take(CREDENTIALS.path, "other")


def test_a_database_that_is_down_is_no_unreachable_vault() -> None:
    vault = Client(InternalServerError(errors=["failed to connect"]))

    with pytest.raises(OpsError, match=r"nothing was made: .*failed to connect") as raised:
        session(vault).take(CREDENTIALS.path, "username")
    assert not isinstance(raised.value, UnreachableError)


def test_what_others_keep_is_read_once_with_all_keys_and_has_no_role_to_refuse() -> None:
    path = "team/legacy/creds/db"
    vault = Client({"data": {"password": "canary", "username": "canary"}})
    assert isinstance(STACK.backend, VaultStore)
    parameters = {"objects": yaml.safe_dump([{"objectName": "db", "secretPath": path, "secretKey": "password"}])}
    (file,) = Vault(STACK, STACK.backend).list_expected_files(ProviderClass("vault", parameters))
    file.read(session(vault))
    assert [each[1] for each in vault.asked] == [f"/v1/{path}"]

    foreign = DeployedDynamic(path=path, files={"password": "db"}, foreign=True)
    orders = ORDERS.model_copy(update={"dynamic": (foreign,)})
    assert (foreign.kind, foreign.access_paths) == ("path", (path,))
    refused = {each.what for each in session(vault).list_denied_checks(orders)}
    assert "is refused what Vault makes for others" not in refused


def test_a_workload_must_be_refused_its_neighbours_credentials_and_its_own_roles_statements() -> None:
    vault = Client({"data": {}})
    orders = ORDERS.model_copy(update={"dynamic": (CREDENTIALS,)})
    assert isinstance(STACK.backend, VaultStore)
    store = STACK.backend.model_copy(update={"database_mount": "database"})
    other = "database/static-creds/k.bank.ledger.bank"
    parameters = {"roleName": "shop.orders", "vaultAuthMountPath": "kubernetes"}
    credentials = Sampler([CREDENTIALS.path, other])
    logged_in = VaultSession(Sampler(["o"]), store, parameters, TOKEN, lambda **_: vault, dynamic=credentials)
    tried = {each.what: set(each.attempts) for each in logged_in.list_denied_checks(orders)}

    assert tried["is refused what Vault makes for others"] == {
        other,
        "list database/config",
        "list database/roles",
        "list database/static-roles",
        "read database/roles/k.shop.orders.shop",
    }
    without = {each.what for each in session(vault).list_denied_checks(ORDERS)}
    assert "is refused what Vault makes for others" not in without
