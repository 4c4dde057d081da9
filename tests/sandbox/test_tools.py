"""Where tools come from."""

import errno
import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.progress import Reporter
from sandbox.tools import ToolError, Tools
from sandbox.tools.catalogue import MODULES, TOOLS, Adaptation, Build, Release, Source, Tool

VERSION = "1.2.3"
PROGRAM = f"#!/bin/sh\necho tool v{VERSION}\n"


@dataclass
class Site:
    """A download site on loopback."""

    url: str
    files: dict[str, bytes]


@pytest.fixture
def site() -> Iterator[Site]:
    files: dict[str, bytes] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path.lstrip("/"))
            self.send_response(200 if content is not None else 404)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(f"http://127.0.0.1:{server.server_port}", files)
    server.shutdown()


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing of the machine's on it but a shell's."""
    directory = tmp_path / "path"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    return directory


def tool(url: str = "http://127.0.0.1:9", **build_settings: object) -> Tool:
    built = {"directory": "etcd", "package": "example.net/tool", "flags": (), "minutes": 1, **build_settings}
    release = Release(f"{url}/tool", f"{url}/SHA256SUMS")
    return Tool("sr-tool", VERSION, ("--version",), release, Build(**built))  # type: ignore[arg-type]


def tools(tmp_path: Path, wanted: Tool) -> Tools:
    reporter = Reporter(Console(file=(tmp_path / "told").open("w")))
    return Tools(reporter, catalogue=[wanted], cache=tmp_path / "cache")


def executable(file: Path, text: str) -> Path:
    file.write_text(text)
    file.chmod(0o755)
    return file


def test_a_program_of_the_pinned_version_on_path_is_taken(tmp_path: Path, path: Path) -> None:
    program = executable(path / "sr-tool", PROGRAM)

    assert tools(tmp_path, tool()).path("sr-tool") == program


@pytest.mark.parametrize("version", ["1.2.4", "11.2.3", "1.2.30"])
def test_another_version_on_path_is_passed_over(tmp_path: Path, path: Path, site: Site, version: str) -> None:
    executable(path / "sr-tool", f"#!/bin/sh\necho v{version}\n")
    serve(site)

    assert tools(tmp_path, tool(site.url)).path("sr-tool").read_text() == PROGRAM


def serve(site: Site, checksum: str | None = None) -> None:
    site.files["tool"] = PROGRAM.encode()
    checksum = checksum or hashlib.sha256(PROGRAM.encode()).hexdigest()
    site.files["SHA256SUMS"] = f"{'0' * 64}  other\n{checksum}  tool\n".encode()


def test_a_download_with_its_published_checksum_is_kept_in_the_cache(tmp_path: Path, site: Site) -> None:
    serve(site)
    first = tools(tmp_path, tool(site.url)).path("sr-tool")
    site.files.clear()

    assert tools(tmp_path, tool(site.url)).path("sr-tool") == first
    assert first.is_relative_to(tmp_path / "cache")
    assert first.stat().st_mode & 0o111


def test_a_download_with_another_checksum_is_refused_and_not_built_instead(tmp_path: Path, site: Site) -> None:
    serve(site, "f" * 64)

    with pytest.raises(ToolError, match="has not the checksum that is published"):
        tools(tmp_path, tool(site.url)).path("sr-tool")
    assert not list((tmp_path / "cache").rglob("bin/*"))


GO = """#!/bin/sh
case "$1" in
  env) echo {version} ;;
  build) {build} ;;
esac
"""


def test_what_cannot_be_downloaded_is_built(tmp_path: Path, path: Path) -> None:
    write = 'while [ "$1" != "-o" ]; do shift; done; echo built > "$2"'
    executable(path / "go", GO.format(version="go1.26.1", build=write))

    assert tools(tmp_path, tool()).path("sr-tool").read_text() == "built\n"


def test_a_build_that_fails_shows_the_end_of_its_log(tmp_path: Path, path: Path) -> None:
    fail = "for i in $(seq 50); do echo line $i; done; exit 1"
    executable(path / "go", GO.format(version="go1.26.1", build=fail))

    with pytest.raises(ToolError) as caught:
        tools(tmp_path, tool()).path("sr-tool")
    assert "sr-tool 1.2.3 could not be built" in str(caught.value)
    assert "line 50" in str(caught.value)
    assert "line 20\n" not in str(caught.value)


def test_a_full_disk_is_named_with_its_directory(tmp_path: Path, path: Path) -> None:
    fail = "echo 'write /x: no space left on device'; exit 1"
    executable(path / "go", GO.format(version="go1.26.1", build=fail))

    with pytest.raises(ToolError, match=r"no room left in .*STRONGROOM_CACHE"):
        tools(tmp_path, tool()).path("sr-tool")


def test_a_full_disk_under_a_download_is_named_too(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(site)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ToolError, match="no room left"):
        tools(tmp_path, tool(site.url)).path("sr-tool")


@pytest.mark.parametrize(
    ("version", "told"), [("go1.21.0", "Go on PATH is go1.21.0"), (None, "there is no Go on PATH")]
)
def test_go_that_is_missing_or_old_is_named(tmp_path: Path, path: Path, version: str | None, told: str) -> None:
    if version:
        executable(path / "go", GO.format(version=version, build="exit 1"))

    with pytest.raises(ToolError, match=told):
        tools(tmp_path, tool()).path("sr-tool")


def module(tmp_path: Path, path: Path, text: str, checksum: str = "h1:x") -> Tool:
    """A tool that is built from a module with one file, which reads `text`."""
    source = tmp_path / "module"
    source.mkdir()
    (source / "file.go").write_text(text)
    described = f"""echo '{{"Dir": "{source}", "Sum": "{checksum}"}}'"""
    show = 'while [ "$1" != "-o" ]; do shift; done; cat src/file.go > "$2"'
    executable(path / "go", GO.format(version="go1.26.1", build=show).replace("esac", f"  mod) {described} ;;\nesac"))
    return tool(source=Source("example.net/tool@v1", "h1:x", (Adaptation("file.go", "old", "new"),)))


def test_a_source_is_adapted_before_it_is_built(tmp_path: Path, path: Path) -> None:
    assert tools(tmp_path, module(tmp_path, path, "an old one")).path("sr-tool").read_text() == "an new one"
    assert (tmp_path / "module" / "file.go").read_text() == "an old one"


@pytest.mark.parametrize(("text", "count"), [("nothing", 0), ("old old", 2)])
def test_an_expression_to_adapt_must_be_there_once(tmp_path: Path, path: Path, text: str, count: int) -> None:
    with pytest.raises(ToolError, match=f"has the expression to adapt {count} times, not once"):
        tools(tmp_path, module(tmp_path, path, text)).path("sr-tool")


def test_a_module_with_another_checksum_is_refused(tmp_path: Path, path: Path) -> None:
    with pytest.raises(ToolError, match="has the checksum h1:other, not h1:x"):
        tools(tmp_path, module(tmp_path, path, "old", "h1:other")).path("sr-tool")


def test_every_tool_is_pinned_with_its_modules_checksums() -> None:
    for wanted in TOOLS:
        assert (MODULES / wanted.build.directory / "go.mod").is_file()
        assert (MODULES / wanted.build.directory / "go.sum").stat().st_size > 0
        assert wanted.version in wanted.release.url
