"""The pinned charts against repositories and archives."""

import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from strongroom.components.helm.charts import CHARTS, VAULT
from strongroom.ops.app import app
from strongroom.ops.charts import check_charts, parse_place
from strongroom.ops.errors import OpsError
from tests.components.helm.test_chart_file import chart_at, packed
from tests.support.serving import serving


class Repository:
    """A chart repository on loopback, of which a test says what it serves."""

    def __init__(self, files: dict[str, bytes]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = files.get(self.path)
                self.send_response(200 if content is not None else 404)
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_: Any) -> None:
                pass

        self.files = files
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/charts"


@pytest.fixture
def archive(tmp_path: Path) -> str:
    return packed(
        chart_at(tmp_path / "vault", name="vault", version=VAULT.version), tmp_path / "vault.tgz", folder="vault"
    )


@pytest.fixture
def repository(archive: str) -> Iterator[Repository]:
    content = Path(archive).read_bytes()
    made = Repository({"/charts/vault.tgz": content})
    publish(made, digest=hashlib.sha256(content).hexdigest())
    with serving(made.server):
        yield made


def publish(repository: Repository, *, version: str = VAULT.version, digest: str | None = None) -> None:
    entry = {"version": version, "urls": ["vault.tgz"], **({"digest": digest} if digest else {})}
    repository.files["/charts/index.yaml"] = yaml.safe_dump({"entries": {"vault": [entry]}}).encode()


def pin(monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    digest = hashlib.sha256(content).hexdigest() if content is not None else None
    monkeypatch.setattr("strongroom.ops.charts.CHARTS", {"vault": VAULT.model_copy(update={"digest": digest})})


def seen(where: str) -> tuple[bool | None, str]:
    (chart,) = check_charts({"vault": where})
    return chart.passed, chart.detail


def test_a_repository_and_an_archive_that_have_what_is_pinned(
    archive: str, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, Path(archive).read_bytes())

    assert seen(repository.url) == (True, "its repository has what is pinned")
    assert seen(archive) == (True, "the file has what is pinned")


def test_another_archive_than_the_pinned_one_is_wrong(
    archive: str, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, b"what it was")

    passed, reported = seen(repository.url)
    assert passed is False
    assert "which is not what is pinned" in reported
    passed, reported = seen(archive)
    assert passed is False
    assert "fetch it again" in reported


def test_a_repository_that_serves_another_archive_than_it_publishes_is_wrong(
    repository: Repository, archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, Path(archive).read_bytes())
    repository.files["/charts/vault.tgz"] = b"something else"

    passed, reported = seen(repository.url)
    assert passed is False
    assert reported.startswith("its repository publishes the SHA-256")


def test_a_version_that_is_gone_is_wrong(repository: Repository) -> None:
    publish(repository, version="9.9.9")

    assert check_charts({"vault": repository.url})[2].detail == f"its repository has no version {VAULT.version}"


@pytest.mark.parametrize("index", [b"", b"{", b"[]", b"entries: {vault: [{version: 0.32.0, urls: []}]}", None])
def test_an_index_that_is_none_is_reported_and_is_no_failure(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, index: bytes | None
) -> None:
    pin(monkeypatch, b"")
    if index is None:
        del repository.files["/charts/index.yaml"]
    else:
        repository.files["/charts/index.yaml"] = index

    passed, reported = seen(repository.url)
    assert passed is None
    assert reported.startswith("could not be downloaded")


@pytest.mark.parametrize(
    ("where", "reported"),
    [
        ("http://127.0.0.1:9", "could not be reached: ConnectionError"),
        ("oci://registry.example.net/charts", "is in a registry, which is not read"),
    ],
)
def test_what_cannot_be_reached_is_reported_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, where: str, reported: str
) -> None:
    pin(monkeypatch, b"")

    assert seen(where)[0] is None
    assert reported in seen(where)[1]


def test_without_a_pinned_digest_the_published_one_is_reported(
    repository: Repository, archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, None)

    assert seen(repository.url)[0] is None
    assert (
        f"no digest is pinned; its repository has {hashlib.sha256(Path(archive).read_bytes()).hexdigest()}"
        in seen(repository.url)[1]
    )
    assert seen(str(Path(archive).with_suffix("")))[1] == "is a directory, which has no digest"


def test_the_command_shows_every_chart_and_fails_on_a_wrong_one(archive: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "strongroom.ops.charts.CHARTS",
        {name: chart.model_copy(update={"repository": "http://127.0.0.1:9"}) for name, chart in CHARTS.items()},
    )
    runner = CliRunner()
    fine = runner.invoke(app, ["charts"])
    wrong = runner.invoke(app, ["charts", "--json", "--from", f"vault={archive}"])

    assert fine.exit_code == 0
    assert all(name in fine.output for name in CHARTS)
    assert "could not be reached" in fine.output
    assert wrong.exit_code == 1
    reported = {chart["name"]: chart for chart in json.loads(wrong.output)}
    assert reported["vault"]["passed"] is False
    assert reported["vault"]["place"] == archive
    assert reported["akv2k8s"]["passed"] is None
    assert reported["vault"]["digest"] == VAULT.digest


@pytest.mark.parametrize("written", ["vault", "vault=", "=x", "vault=/does/not/exist"])
def test_a_place_that_is_none_is_reported(written: str) -> None:
    with pytest.raises(OpsError, match=r"is not NAME=PLACE|does not exist"):
        parse_place(written)


def test_a_chart_that_is_none_is_reported() -> None:
    with pytest.raises(OpsError, match="There is no chart valt: there are secrets-store-csi-driver"):
        check_charts({"valt": "https://mirror"})
