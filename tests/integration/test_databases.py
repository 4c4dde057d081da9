"""What Vault gives workloads beside objects: users of a real database, certificates, and what others keep elsewhere."""

import shutil
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hvac
import pytest
from hvac.exceptions import Forbidden, InvalidRequest
from pulumi.automation import ConfigValue

from sandbox.running import Sandbox
from strongroom.ops.cluster.client import ClusterClient
from strongroom.ops.pulumi.stack import Cluster, export_state
from tests.faults.leases import LeasePaths, LeaseScenario, LeaseStage, list_lease_scenarios
from tests.integration.injected import agent
from tests.support.polling import poll_until
from tests.support.sandboxed import Project, copied

from .postgresql import ADMIN, Postgresql, RefusedError

pytestmark = pytest.mark.integration

CANARY, FOREIGN = "canary-of-a-database", "canary-of-others"
FILES = {"username": "shop-user", "password": "shop-password"}
ORDERS = "database/creds/kubernetes.shop.orders.shop"
ISSUE = "pki/issue/kubernetes.bank.ledger.server"
CHECKOUT = "database/static-creds/kubernetes.shop.checkout.shop"
LEGACY, OTHERS = "legacy/team/mail", "payments/data/api"
"""An object of KV version 1, and one of another engine of version 2."""

_ROUNDS = 5
INVENTORY = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'"


@dataclass
class Place:
    """The stack, deployed, beside a database."""

    project: Project
    root: Path
    world: Sandbox
    database: Postgresql
    is_removed: bool = False

    def users(self) -> list[str]:
        """The users that Vault made."""
        return self.database.query("observer", CANARY, INVENTORY)

    def remove(self) -> None:
        """Deploy the stack without databases, once."""
        if self.is_removed:
            return
        with self.project.engine.stack(self.project.stack) as stack:
            stack.remove_config("strongroom:credentials")
        self.project.deploy_as_written()
        self.is_removed = True

    def log_in(self, name: str, namespace: str = "shop") -> Any:
        """A client of Vault, logged in as a workload."""
        cluster = ClusterClient(Cluster(kubeconfig=str(self.world.api_server.kubeconfig)))
        made = hvac.Client(url=self.world.vault.address, verify=str(self.world.authority.certificate), timeout=15)
        made.auth.kubernetes.login(f"{namespace}.{name}", cluster.request_token(namespace, name, "vault"))
        return made


@pytest.fixture(scope="module")
def database() -> Iterator[Postgresql]:
    """A database, with an old user beside Vault's own."""
    home = Path(tempfile.mkdtemp(prefix="strongroom-postgresql-"))
    home.chmod(0o755)
    made = Postgresql(home, CANARY)
    try:
        made.start(CANARY)
        for name, attribute in (("observer", ""), ("old-application", ""), ("keeper", "SUPERUSER")):
            made.query(ADMIN, CANARY, f"CREATE ROLE \"{name}\" WITH {attribute} LOGIN PASSWORD '{CANARY}'")
        yield made
    finally:
        made.stop()
        shutil.rmtree(home)


@pytest.fixture(scope="module")
def foreign(world: Sandbox) -> Iterator[None]:
    """Engines of others, with an object each."""
    vault = world.vault.client()
    for version, path in (("1", LEGACY), ("2", OTHERS)):
        vault.sys.enable_secrets_engine("kv", path.partition("/")[0], options={"version": version})
    vault.write_data(LEGACY, data={"user": "shop", "password": FOREIGN})
    poll_until(lambda: vault.write_data(OTHERS, data={"data": {"key": FOREIGN}}), ignored=(InvalidRequest,))
    yield
    for path in (LEGACY, OTHERS):
        vault.sys.disable_secrets_engine(path.partition("/")[0])


@pytest.fixture(scope="module")
def place(
    world: Sandbox, database: Postgresql, foreign: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """The local stack: `orders` with a user of its own by an agent, `checkout` with the old one by the driver."""
    root = copied(tmp_path_factory.mktemp("databases"))
    project = Project(root, world, "local")
    settings = project.config
    settings["strongroom:backend"]["databases"] = [
        {"name": "shop", "plugin": "postgresql", "url": database.url, "username": ADMIN}
    ]
    settings["strongroom:backend"]["pki"] = {"authority": {"commonName": "Shop"}}
    orders, checkout, ledger = settings["strongroom:workloads"]
    ledger["delivery"] = {"kind": "agent-injector"}
    files = {"certificate": "tls.crt", "privateKey": "tls.key", "ca": "ca.crt"}
    ledger["certificates"] = [{"name": "server", "ttl": "1m", "files": files}]
    orders["delivery"] = {"kind": "agent-injector", "renderInterval": "1s"}
    orders["secrets"][1].pop("env")
    url = {
        "file": "shop-url",
        "value": "postgresql://{{username}}:{{password}}@db.example.net/shop?sslmode=verify-full",
    }
    orders["databases"] = [{"database": "shop", "role": "owner", "ttl": "6s", "files": FILES, "url": url}]
    static = {"username": "old-application", "schedule": "0 3 * * SAT", "window": "1h"}
    checkout["databases"] = [{"database": "shop", "staticRole": static, "files": FILES}]
    orders["paths"] = [
        {"path": LEGACY, "files": {"password": "mail-password"}},
        {"path": OTHERS, "files": {"key": "api-key"}},
    ]
    checkout["paths"] = [{"path": LEGACY, "files": {"user": "mail-user"}}]
    project.write(settings)
    with project.engine.stack(project.stack) as stack:
        password = ConfigValue(CANARY, secret=True)
        stack.set_config('strongroom:credentials["database/shop"]', password, path=True)
    project.changes("up")
    made = Place(project, root, world, database)
    yield made
    made.remove()


def test_the_deployment_is_whole_and_its_checks_leave_no_user_behind(place: Place) -> None:
    found = place.project.checks()

    assert [check for check in found if check["passed"] is not True] == []
    reported = {(check["workload"], check["what"]) for check in found}
    assert {
        ("shop/orders", "reads shop-user"),
        ("shop/orders", "reads shop-url"),
        ("shop/orders", "is refused what Vault makes for others"),
        ("shop/checkout", "reads shop-password"),
        ("bank/ledger", "reads tls.key"),
        ("bank/ledger", "PKI role kubernetes.bank.ledger.server is as deployed"),
        ("shop/orders", "database role kubernetes.shop.orders.shop is as deployed"),
        ("stack", "database shop is as deployed"),
        ("shop/orders", "reads mail-password"),
        ("shop/orders", "reads api-key"),
        ("shop/checkout", "reads mail-user"),
    } <= reported
    poll_until(lambda: place.users() == [])
    assert place.project.changes("preview") == set()
    assert place.project.changes("refresh") == set()


def test_the_password_that_was_given_is_of_no_use_once_vault_has_it(place: Place) -> None:
    with pytest.raises(RefusedError, match="password authentication failed"):
        place.database.query(ADMIN, CANARY, "SELECT 1")
    assert CANARY not in str(export_state(place.project.stack))


def test_an_agent_keeps_a_user_in_its_files_that_can_log_in(place: Place, tmp_path: Path) -> None:
    orders = agent(place.world, tmp_path / "orders", "shop", "orders")

    def read() -> tuple[str, str]:
        return orders.read("shop-user").decode(), orders.read("shop-password").decode()

    def query(statement: str) -> list[str]:
        return place.database.query(*read(), statement)

    with orders.beside():
        poll_until(lambda: all((orders.files / file).exists() for file in (*FILES.values(), "shop-url", "api-key")))
        assert {orders.read(file) for file in ("mail-password", "api-key")} == {FOREIGN.encode()}
        first = read()
        named = f"postgresql://{first[0]}:{first[1]}@db.example.net/shop?sslmode=verify-full"
        assert orders.read("shop-url").decode() == named
        assert query("SELECT current_user") == [first[0]]
        query("CREATE TABLE made (id int); INSERT INTO orders (item) VALUES ('tea')")
        # Past the end of its lease: another user, and the first one is gone.
        poll_until(lambda: read()[0] != first[0])
        poll_until(lambda: first[0] not in place.users())
        with pytest.raises(RefusedError):
            place.database.query(*first, "SELECT 1")
        poll_until(lambda: query("SELECT item FROM orders") == ["tea"], ignored=(RefusedError,))
    assert first[1] not in orders.log()


def test_each_workload_reads_its_own_credentials_and_nobody_elses(place: Place) -> None:
    orders, checkout = place.log_in("orders"), place.log_in("checkout")
    made, old = (each.read(path)["data"] for each, path in ((orders, ORDERS), (checkout, CHECKOUT)))

    assert place.database.query(old["username"], old["password"], "SELECT current_user") == ["old-application"]
    assert place.database.query(made["username"], made["password"], "SELECT count(*) FROM orders")
    for who, path in ((orders, CHECKOUT), (checkout, ORDERS), (orders, "database/config/shop")):
        with pytest.raises(Forbidden):
            who.read(path)
    assert FOREIGN in str(orders.read(LEGACY)) and FOREIGN in str(checkout.read(LEGACY))
    for who, path in ((checkout, OTHERS), (orders, "legacy/team/other"), (orders, OTHERS.replace("data", "metadata"))):
        with pytest.raises(Forbidden):
            who.read(path)
    made = {ORDERS, CHECKOUT, LEGACY, OTHERS}
    reach = {(each["who"], each["what"]) for each in place.project.access() if each["what"] in made}
    assert reach == {
        *(("shop/orders", path) for path in (ORDERS, LEGACY, OTHERS)),
        *(("shop/checkout", path) for path in (CHECKOUT, LEGACY)),
    }


def test_an_agents_certificate_is_good_for_a_handshake_by_its_own_names(place: Place, tmp_path: Path) -> None:
    ledger = agent(place.world, tmp_path / "ledger", "bank", "ledger")
    assert ledger.run() == 0
    contexts = [ssl.create_default_context(purpose, cafile=ledger.files / "ca.crt") for purpose in ssl.Purpose]
    for context in contexts:
        context.load_cert_chain(ledger.files / "tls.crt", ledger.files / "tls.key")
        context.verify_mode = ssl.CERT_REQUIRED
    here, there = socket.socketpair()
    seen: list[Any] = []
    server = threading.Thread(
        target=lambda: seen.append(contexts[1].wrap_socket(there, server_side=True).getpeercert())
    )
    server.start()
    with contexts[0].wrap_socket(here, server_hostname="ledger.bank.svc") as connection:
        seen.append(connection.getpeercert())
        server.join()

    names = {("DNS", name) for name in ("ledger.bank", "ledger.bank.svc", "ledger.bank.svc.cluster.local")}
    assert [set(each["subjectAltName"]) for each in seen] == [names, names]
    assert {each["crlDistributionPoints"] for each in seen} == {(f"{place.world.vault.address}/v1/pki/crl",)}
    assert (ledger.files / "tls.key").stat().st_mode & 0o777 == 0o400
    assert ledger.read("tls.key").decode() not in ledger.log()


@pytest.mark.soak
def test_an_agent_has_a_certificate_issued_anew_before_it_ends(place: Place, tmp_path: Path) -> None:
    ledger = agent(place.world, tmp_path / "ledger", "bank", "ledger")

    def read() -> tuple[bytes, bytes]:
        return ledger.read("tls.crt"), ledger.read("tls.key")

    with ledger.beside():
        poll_until(lambda: (ledger.files / "tls.crt").exists() and (ledger.files / "tls.key").exists())
        certificate, key = read()
        poll_until(lambda: read()[0] != certificate and read()[1] != key, seconds=70)


def test_a_certificate_of_another_name_or_for_another_workload_is_refused(place: Place) -> None:
    ledger = place.log_in("ledger", "bank")
    own = {"common_name": "ledger.bank.svc"}
    for given in ({"common_name": "orders.shop.svc"}, {**own, "ip_sans": "10.0.0.1"}):
        with pytest.raises(InvalidRequest):
            ledger.write_data(ISSUE, data=given)
    assert ledger.write_data(ISSUE, data={**own, "ttl": "1h"})["data"]["expiration"] - time.time() < 90
    with pytest.raises(Forbidden):
        place.log_in("orders").write_data(ISSUE, data=own)


@pytest.mark.soak
def test_a_workloads_next_certificate_is_of_a_new_issuer(place: Place) -> None:
    def issue() -> Any:
        return place.log_in("ledger", "bank").write_data(ISSUE, data={"common_name": "ledger.bank.svc"})["data"]

    before = issue()
    with place.project.engine.stack(place.project.stack) as stack:
        deployed: Any = stack.export_stack().deployment
        request = next(each["urn"] for each in deployed["resources"] if each["type"].endswith("CertRequest"))
        stack.up(replace=[request])
    after = issue()

    assert before["issuing_ca"] != after["issuing_ca"]
    assert before["ca_chain"][-1] == after["ca_chain"][-1]
    assert place.project.changes("preview") == place.project.wrong() == set()


@pytest.mark.soak
@pytest.mark.parametrize("scenario", [*list_lease_scenarios(_ROUNDS)], ids=str)
def test_no_death_leaves_a_user_who_can_log_in_or_takes_one_that_is_used(
    place: Place, scenario: LeaseScenario, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    at = LeasePaths(ORDERS, CHECKOUT, (FILES["username"], FILES["password"]))
    stage = LeaseStage(
        place.world, place.project, place.root, place.database, ("keeper", CANARY), lambda: place.log_in("orders"), at
    )
    record_property(
        "played", stage.play(scenario, lambda: agent(place.world, tmp_path / "orders", "shop", "orders"), "shop/orders")
    )


def test_databases_that_are_removed_keep_no_user_and_what_one_made_is_vaults_own(place: Place) -> None:
    made = place.log_in("orders").read(ORDERS)["data"]
    place.database.query(made["username"], made["password"], "CREATE TABLE kept (id int)")
    place.remove()

    poll_until(lambda: place.users() == [])
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'kept'"
    assert place.database.query("observer", CANARY, owner) == [ADMIN]
