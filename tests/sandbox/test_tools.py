"""Where tools come from."""

import errno
import fcntl
import hashlib
import http.server
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from rich.console import Console

from sandbox.progress import Reporter
from sandbox.running import ROOT
from sandbox.tools import ToolError, Tools
from sandbox.tools.__main__ import main as tools_command
from sandbox.tools.catalogue import (
    CHECKS,
    CRDS,
    CSI_DRIVER,
    HELM,
    INJECTOR,
    MODULES,
    NODE,
    OFFICIAL,
    TOOLS,
    TRIMMED,
    Adaptation,
    Build,
    Release,
    Source,
    Tool,
)
from sandbox.tools.checksums import read_checksums
from sandbox.tools.download import published_checksum
from sandbox.tools.environment import EMULATOR, clean_environment, default_cache
from sandbox.tools.progress import Lines
from tests.support.polling import poll_until
from tests.support.serving import serving

WITHOUT = """
from sandbox.tools.__main__ import main
from sandbox.tools import catalogue, download
download._PATIENCE = 0.1
raise SystemExit(main())
"""
"""A run of the tools' own command."""

VERSION = "1.2.3"
PROGRAM = f"#!/bin/sh\necho tool v{VERSION}\n"


@dataclass
class Site:
    """A download site on loopback."""

    url: str
    files: dict[str, bytes]
    cut: set[str]
    """Paths whose connection ends a byte before the file does."""


@pytest.fixture
def site() -> Iterator[Site]:
    files: dict[str, bytes] = {}
    cut: set[str] = set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path.lstrip("/"))
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"") + (self.path in cut)))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server):
        yield Site(f"http://127.0.0.1:{server.server_port}", files, cut)


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


def sum_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def tools(
    tmp_path: Path, wanted: Tool, environment: Mapping[str, str] | None = None, checksum: str | None = None
) -> Tools:
    """The tools of a catalogue with `wanted` alone, for whose download a checksum is pinned, `PROGRAM`'s if omitted."""
    return of_cache(tmp_path, wanted, tmp_path / "cache", environment, checksum)


def of_cache(
    tmp_path: Path,
    wanted: Tool,
    cache: Path,
    environment: Mapping[str, str] | None = None,
    checksum: str | None = None,
) -> Tools:
    """As `tools`, in any cache."""
    reporter = Reporter(Console(file=(tmp_path / "reported").open("a", buffering=1)))
    pinned = {wanted.release.url: checksum or sum_of(PROGRAM.encode())} if wanted.release else {}
    return Tools(reporter, catalogue=[wanted], cache=cache, environment=environment, checksums=pinned)


def executable(file: Path, text: str) -> Path:
    file.write_text(text)
    file.chmod(0o755)
    return file


def test_a_program_of_the_pinned_version_on_path_is_taken(tmp_path: Path, path: Path) -> None:
    program = executable(path / "sr-tool", PROGRAM)

    assert tools(tmp_path, tool()).path("sr-tool") == program


def test_a_program_is_found_where_it_is_and_never_made_for_that(tmp_path: Path, path: Path, site: Site) -> None:
    serve(site)
    assert tools(tmp_path, tool(site.url)).find("sr-tool") is None

    program = executable(path / "sr-tool", PROGRAM)
    assert tools(tmp_path, tool(site.url)).find("sr-tool") == program


def test_a_trimmed_program_of_the_pinned_version_on_path_is_taken(tmp_path: Path, path: Path) -> None:
    program = executable(path / "sr-tool", f"#!/bin/sh\necho v{VERSION}+{TRIMMED}\n")

    assert tools(tmp_path, tool()).path("sr-tool") == program


@pytest.mark.parametrize("version", ["1.2.4", "11.2.3", "1.2.30", "1.2.3-rc1", "1.2.3+ent", "1.2.3+sandbox2"])
def test_another_version_on_path_is_passed_over(tmp_path: Path, path: Path, site: Site, version: str) -> None:
    executable(path / "sr-tool", f"#!/bin/sh\necho v{version}\n")
    serve(site)

    assert tools(tmp_path, tool(site.url)).path("sr-tool").read_text() == PROGRAM
    assert f"{path / 'sr-tool'} is not {VERSION}" in (tmp_path / "reported").read_text()


def test_a_name_that_no_tool_has_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no tool 'other': it has sr-tool"):
        tools(tmp_path, tool()).path("other")


def serve(site: Site, program: str = PROGRAM) -> None:
    """Serve a program, with its checksum beside it, as makers publish them."""
    site.files["tool"] = program.encode()
    site.files["SHA256SUMS"] = f"{'0' * 64}  other\n{sum_of(program.encode())}  tool\n".encode()


def test_a_download_with_its_pinned_checksum_is_kept_in_the_cache(tmp_path: Path, site: Site) -> None:
    serve(site)
    first = tools(tmp_path, tool(site.url)).path("sr-tool")
    site.files.clear()

    assert tools(tmp_path, tool(site.url)).path("sr-tool") == first
    assert first.is_relative_to(tmp_path / "cache")
    assert first.stat().st_mode & 0o111


def test_a_download_that_its_own_host_has_changed_is_refused_and_not_built_instead(
    tmp_path: Path, path: Path, site: Site
) -> None:
    serve(site, PROGRAM + "exfiltrate\n")
    executable(path / "go", GO.format(version="go1.26.1", build=BUILT))

    with pytest.raises(ToolError, match=f"{sum_of(PROGRAM.encode())} is pinned in sandbox/tools/checksums.txt"):
        tools(tmp_path, tool(site.url)).path("sr-tool")
    assert not list((tmp_path / "cache").rglob("bin/*"))


def test_a_download_without_a_pinned_checksum_is_not_used(tmp_path: Path, path: Path, site: Site) -> None:
    serve(site)
    executable(path / "go", GO.format(version="go1.26.1", build=BUILT))
    reporter = Reporter(Console(file=(tmp_path / "reported").open("a", buffering=1), width=200))
    wanted = Tools(reporter, catalogue=[tool(site.url)], cache=tmp_path / "cache", checksums={})

    assert wanted.path("sr-tool").read_text() == "built\n"
    assert "No checksum is pinned for the downloads of sr-tool" in (tmp_path / "reported").read_text()


def test_the_checksum_to_pin_is_the_published_one_if_the_download_has_it(site: Site) -> None:
    serve(site)
    release = tool(site.url).release
    assert release
    assert published_checksum("sr-tool", release, {}) == sum_of(PROGRAM.encode())

    site.files["tool"] += b"more"
    with pytest.raises(ToolError, match="has not the checksum published at"):
        published_checksum("sr-tool", release, {})
    site.files["SHA256SUMS"] = b""
    with pytest.raises(ToolError, match="publishes no checksum for tool"):
        published_checksum("sr-tool", release, {})


@pytest.mark.parametrize("line", ["0" * 63 + "  https://example.net/a", "0" * 64 + " https://example.net/a", "a"])
def test_a_line_that_pins_nothing_is_an_error(tmp_path: Path, line: str) -> None:
    file = tmp_path / "checksums.txt"
    file.write_text(f"# a comment\n\n{'1' * 64}  https://example.net/b\n")
    assert read_checksums(file) == {"https://example.net/b": "1" * 64}

    file.write_text(f"{file.read_text()}{line}\n")
    with pytest.raises(ValueError, match=r"checksums\.txt, line 4"):
        read_checksums(file)


def test_a_download_that_is_pinned_twice_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "checksums.txt"
    file.write_text(f"{'1' * 64}  https://example.net/b\n{'2' * 64}  https://example.net/b\n")

    with pytest.raises(ValueError, match="line 2"):
        read_checksums(file)


def test_every_pinned_download_is_of_a_tools_version() -> None:
    pinned = read_checksums()
    releases = [(each.version, each.release.url.rpartition("/")[0]) for each in (*TOOLS, HELM, *CHECKS) if each.release]

    assert pinned
    for url in pinned:
        assert any(url.startswith(f"{folder}/") and version in url for version, folder in releases), url


def test_an_archive_without_the_program_is_an_error(tmp_path: Path, site: Site) -> None:
    content = io.BytesIO()
    tarfile.open(fileobj=content, mode="w:gz").close()
    site.files["tool.tar.gz"] = content.getvalue()
    release = Release(f"{site.url}/tool.tar.gz", f"{site.url}/SHA256SUMS", "folder/tool")

    with pytest.raises(ToolError, match="holds no program at folder/tool"):
        tools(tmp_path, replace(tool(), release=release), checksum=sum_of(content.getvalue())).path("sr-tool")


GO = """#!/bin/sh
case "$1" in
  env) echo {version} ;;
  build) {build} ;;
esac
"""


BUILT = 'while [ "$1" != "-o" ]; do shift; done; echo built > "$2"; chmod +x "$2"'


def test_what_cannot_be_downloaded_is_built(tmp_path: Path, path: Path) -> None:
    executable(path / "go", GO.format(version="go1.26.1", build=BUILT))

    assert tools(tmp_path, tool()).path("sr-tool").read_text() == "built\n"


def test_what_is_cut_off_while_it_is_downloaded_is_built(tmp_path: Path, path: Path, site: Site) -> None:
    serve(site)
    site.cut.add("/tool")
    executable(path / "go", GO.format(version="go1.26.1", build=BUILT))

    assert tools(tmp_path, tool(site.url)).path("sr-tool").read_text() == "built\n"


def test_a_second_run_waits_for_the_first_ones_build_and_says_so(tmp_path: Path, site: Site) -> None:
    serve(site)
    lock = tmp_path / "cache" / "tools" / "sr-tool" / "lock"
    lock.parent.mkdir(parents=True)
    with ThreadPoolExecutor() as pool:
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            second = pool.submit(tools(tmp_path, tool(site.url)).path, "sr-tool")
            poll_until(lambda: "waiting for another run that makes sr-tool" in (tmp_path / "reported").read_text(), 10)
        assert second.result(timeout=10).read_text() == PROGRAM


def test_a_build_that_fails_shows_the_end_of_its_log(tmp_path: Path, path: Path) -> None:
    fail = "for i in $(seq 50); do echo line $i; done; exit 1"
    executable(path / "go", GO.format(version="go1.26.1", build=fail))

    with pytest.raises(ToolError) as caught:
        tools(tmp_path, tool()).path("sr-tool")
    assert "sr-tool 1.2.3 could not be built" in str(caught.value)
    assert "line 50" in str(caught.value)
    assert "line 20\n" not in str(caught.value)


def test_a_module_that_is_refused_for_a_moment_is_asked_for_again(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("sandbox.tools.build"), "_PAUSES", (0, 0))
    refused = """echo 'example.net/a@v1.2.0: Get "https://modules.example.net/a/@v/v1.2.0.zip": Forbidden'; exit 1"""
    again = f'echo tried >> {tmp_path}/tries; if [ "$(wc -l < {tmp_path}/tries)" -lt 3 ]; then {refused}; fi; '
    executable(path / "go", GO.format(version="go1.26.1", build=again + BUILT))

    assert tools(tmp_path, tool()).path("sr-tool").read_text() == "built\n"
    assert (tmp_path / "tries").read_text() == "tried\n" * 3


def test_without_a_network_nothing_is_asked_for_again(tmp_path: Path, path: Path) -> None:
    lost = """echo 'example.net/a@v1.2.0: Get "https://modules.example.net/a.zip": dial tcp: no such host'; exit 1"""
    executable(path / "go", GO.format(version="go1.26.1", build=f"echo tried >> {tmp_path}/tries; {lost}"))

    with pytest.raises(ToolError, match="no such host"):
        tools(tmp_path, tool()).path("sr-tool")
    assert (tmp_path / "tries").read_text() == "tried\n"


def no_space(*_: object, **__: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_named_with_its_directory(tmp_path: Path, path: Path) -> None:
    fail = "echo 'write /x: no space left on device'; exit 1"
    executable(path / "go", GO.format(version="go1.26.1", build=fail))

    with pytest.raises(ToolError, match=rf"no room left.* MiB free in {tmp_path / 'cache'}.*STRONGROOM_CACHE"):
        tools(tmp_path, tool()).path("sr-tool")


def test_a_full_disk_under_go_is_named_with_gos_own_directories(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOTMPDIR", str(tmp_path / "go-temporary"))
    go = GO.format(version="go1.26.1", build="echo 'write $WORK/b1: no space left on device'; exit 1")
    executable(path / "go", go.replace("env)", f'"env GOCACHE"*) echo {tmp_path}/go-cache ;;\n  env*)', 1))
    (path / "go").write_text((path / "go").read_text().replace('case "$1"', 'case "$*"').replace("build)", "build*)"))

    with pytest.raises(ToolError) as caught:
        tools(tmp_path, tool()).path("sr-tool")
    assert f"MiB free in {tmp_path / 'go-temporary'}" in str(caught.value)
    assert f"MiB free in {tmp_path / 'go-cache'}" in str(caught.value)
    assert "GOTMPDIR" in str(caught.value)


def test_a_full_disk_under_a_download_is_named_too(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(site)
    monkeypatch.setattr(Path, "write_bytes", no_space)

    with pytest.raises(ToolError, match="no room left"):
        tools(tmp_path, tool(site.url)).path("sr-tool")


def test_a_full_disk_under_a_cache_that_is_not_there_yet_is_named_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "mkdir", no_space)

    with pytest.raises(ToolError, match="no room left"):
        tools(tmp_path, tool()).path("sr-tool")


@pytest.mark.parametrize(
    ("version", "reported"), [("go1.21.0", "Go on PATH is go1.21.0"), (None, "there is no Go on PATH")]
)
def test_go_that_is_missing_or_old_is_named(tmp_path: Path, path: Path, version: str | None, reported: str) -> None:
    if version:
        executable(path / "go", GO.format(version=version, build="exit 1"))

    with pytest.raises(ToolError, match=reported):
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


def test_a_full_disk_under_a_source_is_named_and_the_next_run_goes_on(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = module(tmp_path, path, "old")
    (tmp_path / "module" / "folder").mkdir()
    (tmp_path / "module" / "folder" / "other.go").touch()
    (tmp_path / "module" / "folder").chmod(0o555)  # as Go's module cache is
    (tmp_path / "module").chmod(0o555)
    copy = shutil.copyfile

    def nearly_full(source: Path, target: Path, **_: object) -> Path:
        if Path(source).name == "other.go":
            no_space()
        return Path(copy(source, target))

    with monkeypatch.context() as disk:
        disk.setattr(shutil, "copyfile", nearly_full)
        with pytest.raises(ToolError, match="no room left"):
            tools(tmp_path, wanted).path("sr-tool")
    left = tmp_path / "cache" / "build"
    assert [directory for directory in left.rglob("*/") if not directory.stat().st_mode & 0o200] == []

    assert tools(tmp_path, wanted).path("sr-tool").read_text() == "new"


def test_a_full_disk_under_a_modules_download_is_named(tmp_path: Path, path: Path) -> None:
    wanted = module(tmp_path, path, "old")
    full = """echo '{"Error": "write /x: no space left on device"}'; exit 1"""
    executable(path / "go", GO.format(version="go1.26.1", build="exit 1").replace("esac", f"  mod) {full} ;;\nesac"))

    with pytest.raises(ToolError, match="no room left"):
        tools(tmp_path, wanted).path("sr-tool")


@pytest.fixture
def published(tmp_path: Path, path: Path) -> Path:
    """The CSI driver's module as Go tells of it, and the one CRD in it."""
    file = tmp_path / "driver" / CRDS / "one.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("kind: CustomResourceDefinition\n")
    described = f"""echo '{{"Dir": "{tmp_path / "driver"}", "Sum": "{CSI_DRIVER.sum}"}}'"""
    go = GO.format(version="go1.26.1", build="exit 1").replace("esac", f"  mod) sleep 0.2; {described} ;;\nesac")
    executable(path / "go", go)
    return file


def test_two_runs_that_want_the_crds_at_once_both_get_them(tmp_path: Path, published: Path) -> None:
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(tools(tmp_path, tool()).crds) for _ in range(4)]

    for run in runs:
        assert [file.read_text() for file in run.result()] == [published.read_text()]


def test_a_full_disk_under_the_crds_is_named(tmp_path: Path, published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "copyfile", no_space)

    with pytest.raises(ToolError, match="no room left"):
        tools(tmp_path, tool()).crds()


def test_crds_with_an_old_go_are_an_error_that_names_it(tmp_path: Path, path: Path) -> None:
    executable(path / "go", GO.format(version="go1.21.0", build="exit 1"))

    with pytest.raises(ToolError, match=r"Go on PATH is go1\.21\.0"):
        tools(tmp_path, tool()).crds()


def test_the_emulators_proxy_is_kept_from_builds_and_other_proxies_are_not(tmp_path: Path, path: Path) -> None:
    show = 'while [ "$1" != "-o" ]; do shift; done; echo "$HTTPS_PROXY,$https_proxy,$CGO_ENABLED" > "$2"'
    executable(path / "go", GO.format(version="go1.26.1", build=show))
    emulator, real = "http://127.0.0.1:9", "http://127.0.0.2:9"
    given = {
        "PATH": f"{path}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "HTTPS_PROXY": emulator,
        "https_proxy": real,
        EMULATOR: emulator,
    }

    assert tools(tmp_path, tool(), environment=given).path("sr-tool").read_text() == f",{real},0\n"


@pytest.mark.parametrize(
    ("given", "seen"),
    [({}, ("off", "1GiB")), ({"GOMEMLIMIT": "2GiB"}, ("off", "2GiB")), ({"GOGC": "50"}, ("50", None))],
)
def test_compilers_collect_garbage_only_when_memory_is_short_unless_the_caller_says_otherwise(
    tmp_path: Path, given: dict[str, str], seen: tuple[str, str | None]
) -> None:
    environment = clean_environment({"HOME": str(tmp_path), **given}, tmp_path)

    assert (environment["GOGC"], environment.get("GOMEMLIMIT")) == seen


@pytest.mark.parametrize("refusal", ["Forbidden", "proxyconnect tcp: dial tcp 127.0.0.1:9: connection refused"])
def test_a_refused_module_is_reported_with_the_proxy_and_without_its_credentials(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    monkeypatch.setattr(import_module("sandbox.tools.build"), "_PAUSES", ())
    monkeypatch.setenv("HTTPS_PROXY", "http://somebody:hidden@127.0.0.1:9")
    monkeypatch.setenv("GOPROXY", "https://other:hidden@modules.example.net,direct")
    refused = f"""echo 'example.net/a@v1.2.0: Get "https://modules.example.net/a.zip": {refusal}'; exit 1"""
    executable(path / "go", GO.format(version="go1.26.1", build=refused))

    with pytest.raises(ToolError) as caught:
        tools(tmp_path, tool()).path("sr-tool")
    assert "HTTPS_PROXY=http://127.0.0.1:9" in str(caught.value)
    assert "GOPROXY=https://modules.example.net,direct" in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_without_a_home_go_gets_directories_in_the_cache(tmp_path: Path, path: Path) -> None:
    show = 'while [ "$1" != "-o" ]; do shift; done; echo "$GOPATH,$GOCACHE" > "$2"'
    executable(path / "go", GO.format(version="go1.26.1", build=show))

    reported = tools(tmp_path, tool(), environment={"PATH": f"{path}:/usr/bin:/bin"}).path("sr-tool").read_text()
    assert reported == f"{tmp_path / 'cache' / 'go'},{tmp_path / 'cache' / 'go-build'}\n"


def test_without_a_home_the_cache_is_the_users_own_temporary_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    directory = default_cache({})
    assert directory.parent == tmp_path
    assert directory.stat().st_mode & 0o777 == 0o700
    directory.chmod(0o755)
    with pytest.raises(ToolError, match=r"not a directory of this user's alone\. Delete it, or set STRONGROOM_CACHE"):
        default_cache({})


def test_a_temporary_directory_that_cannot_be_had_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"strongroom-{os.getuid()}").write_text("a file in the way")

    with pytest.raises(ToolError, match=r"File exists.*set STRONGROOM_CACHE to a directory"):
        default_cache({})


@pytest.mark.parametrize("variable", ["STRONGROOM_CACHE", "XDG_CACHE_HOME"])
def test_a_home_that_is_not_known_is_an_error_that_names_the_variable(variable: str) -> None:
    with pytest.raises(ToolError, match=f"{variable}: '~nobody-here/x' begins with a home that is not known"):
        default_cache({variable: "~nobody-here/x"})


@pytest.fixture
def kept_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Path, int]]]:
    """Directories that this user may not access in a way; root may, whatever the mode says."""
    closed: list[tuple[Path, int]] = []
    access = os.access

    def refuse(path: Path, mode: int) -> bool:
        for place, denied in closed:
            beneath = place in Path(path).parents
            if (beneath and denied & os.X_OK) or ((beneath or place == Path(path)) and mode & denied):
                return False
        return access(path, mode)

    monkeypatch.setattr(os, "access", refuse)
    yield closed


@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_a_users_cache_that_somebody_else_filled_is_read_and_what_it_lacks_goes_to_the_temporary_directory(
    tmp_path: Path,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kept_closed: list[tuple[Path, int]],
    variable: str,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    executable(path / "go", GO.format(version="go1.26.1", build=BUILT))
    given = {variable: str(tmp_path / "home"), "PATH": f"{path}:/usr/bin:/bin"}
    own = default_cache(given)
    filled = of_cache(tmp_path, tool(), own, given).path("sr-tool")
    kept_closed.append((own, os.W_OK))

    assert default_cache(given) == own
    assert of_cache(tmp_path, tool(), own, given).path("sr-tool") == filled
    other = of_cache(tmp_path, replace(tool(), version="1.2.4"), own, given).path("sr-tool")
    assert other.is_relative_to(tmp_path / f"strongroom-{os.getuid()}")
    lines = " ".join((tmp_path / "reported").read_text().split())
    assert f"{own} is no directory that this user can write to: sr-tool, which it lacks" in lines


def test_a_cache_that_cannot_be_entered_is_passed_over(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch, kept_closed: list[tuple[Path, int]]
) -> None:
    executable(path / "go", GO.format(version="go1.26.1", build=BUILT))
    tools(tmp_path, tool()).path("sr-tool")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    kept_closed.append((tmp_path / "cache", os.X_OK))

    assert tools(tmp_path, tool()).path("sr-tool").is_relative_to(tmp_path / "own" / "strongroom")


def test_a_cache_that_is_a_file_is_passed_over(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(path / "go", GO.format(version="go1.26.1", build=BUILT))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    (tmp_path / "cache").write_text("a file in the way")

    assert tools(tmp_path, tool()).path("sr-tool").is_relative_to(tmp_path / "own" / "strongroom")


def test_a_part_of_the_cache_that_cannot_be_written_to_is_an_error_that_says_what_to_do(
    tmp_path: Path, path: Path
) -> None:
    executable(path / "go", GO.format(version="go1.26.1", build=BUILT))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "tools").write_text("a file in the way")

    with pytest.raises(ToolError, match=r"Make it and what is in it this user's, or set STRONGROOM_CACHE"):
        tools(tmp_path, tool()).path("sr-tool")


def test_without_a_home_that_can_be_written_to_go_gets_directories_in_the_cache(
    tmp_path: Path, kept_closed: list[tuple[Path, int]]
) -> None:
    home, cache = tmp_path / "home", tmp_path / "cache"
    home.mkdir()
    assert "GOPATH" not in clean_environment({"HOME": str(home)}, cache)

    kept_closed.append((home, os.W_OK))
    environment = clean_environment({"HOME": str(home)}, cache)
    assert (environment["GOPATH"], environment["GOCACHE"]) == (str(cache / "go"), str(cache / "go-build"))


def test_a_cache_that_cannot_be_written_to_is_read_and_what_it_lacks_goes_to_a_private_one(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(path / "go", GO.format(version="go1.26.1", build=BUILT))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    shared = tools(tmp_path, tool()).path("sr-tool")
    # Root may write where the mode forbids it.
    monkeypatch.setattr(import_module("sandbox.tools"), "is_writable", lambda place: place != tmp_path / "cache")

    assert tools(tmp_path, tool()).path("sr-tool") == shared
    other = tools(tmp_path, replace(tool(), version="1.2.4")).path("sr-tool")
    assert other.is_relative_to(tmp_path / "own" / "strongroom")
    assert other.read_text() == "built\n"


def several(*names: str) -> list[Tool]:
    return [replace(tool(package=f"example.net/{name}"), name=name) for name in names]


def test_the_next_tool_is_built_while_one_is_linked(tmp_path: Path, path: Path) -> None:
    """The first waits, as it is linked, for what the second writes: one after another they would never end."""
    build = f"""for package; do :; done; echo $package
      case $package in *second) touch {tmp_path}/second ;; esac
      for i in $(seq 100); do [ -e {tmp_path}/second ] && break; sleep 0.1; done
      [ -e {tmp_path}/second ] || exit 1
      {BUILT}"""
    executable(path / "go", GO.format(version="go1.26.1", build=build))
    reporter = Reporter(Console(file=(tmp_path / "reported").open("a", buffering=1)))
    wanted = Tools(reporter, catalogue=several("first", "second"), cache=tmp_path / "cache")

    wanted.prepare()
    assert [wanted.path(name).read_text() for name in ("first", "second")] == ["built\n"] * 2


def test_a_program_can_be_had_before_the_next_one_is_built(tmp_path: Path, path: Path) -> None:
    build = f"""case "$*" in *second*) while [ ! -e {tmp_path}/go-on ]; do sleep 0.05; done ;; esac; {BUILT}"""
    executable(path / "go", GO.format(version="go1.26.1", build=build))
    reporter = Reporter(Console(file=(tmp_path / "reported").open("a", buffering=1)))
    wanted = Tools(reporter, catalogue=several("first", "second"), cache=tmp_path / "cache")

    with wanted.preparing():
        assert wanted.path("first").read_text() == "built\n"
        (tmp_path / "go-on").touch()
        assert wanted.path("second").read_text() == "built\n"


def test_tools_are_made_by_the_standard_library_alone(tmp_path: Path) -> None:
    """They are made while Python packages are still being installed."""
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{WITHOUT}"]
    done = subprocess.run(
        command,
        env={"PATH": str(tmp_path), "STRONGROOM_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "there is no Go on PATH" in done.stderr


def test_plain_progress_tells_of_a_step_that_takes_long(capsys: pytest.CaptureFixture[str]) -> None:
    with Lines(every=0.05).step("building it"):
        time.sleep(0.2)

    reported = capsys.readouterr().err.splitlines()
    assert reported[0] == "building it ..."
    assert reported[1] == "building it: 0 s so far"
    assert re.fullmatch(r"building it: 0\.\d s", reported[-1])


def test_an_expression_to_adapt_reaches_up_to_the_next_one_that_stays(tmp_path: Path, path: Path) -> None:
    wanted = module(tmp_path, path, "one old and more two")
    source = wanted.build.source
    assert source
    for until, text in (("two", "one new two"), ("", "one new ")):
        adapted = replace(source, adaptations=(Adaptation("file.go", "old", "new ", until),))
        built = replace(wanted, build=replace(wanted.build, source=adapted))
        assert tools(tmp_path, built).path("sr-tool").read_text() == text

    lost = replace(source, adaptations=(Adaptation("file.go", "old", "new ", "three"),))
    with pytest.raises(ToolError, match="lacks 'three' after 'old'"):
        tools(tmp_path, replace(wanted, build=replace(wanted.build, source=lost))).path("sr-tool")


def test_a_file_of_a_source_that_is_dropped_is_not_copied(tmp_path: Path, path: Path) -> None:
    wanted = module(tmp_path, path, "old")
    assert wanted.build.source
    dropped = replace(wanted.build.source, dropped=("*.go",))

    with pytest.raises(ToolError, match="has the expression to adapt 0 times"):
        tools(tmp_path, replace(wanted, build=replace(wanted.build, source=dropped))).path("sr-tool")


APT = """#!/bin/sh
echo "$@" >> {log}
case "$*" in *download*) touch containerd.deb ;; esac
"""
UNPACK = """#!/bin/sh
for program in usr/bin/containerd usr/bin/containerd-shim-runc-v2 usr/bin/ctr usr/sbin/runc; do
  mkdir -p "$3/$(dirname $program)"
  printf '#!/bin/sh\n{runs}' > "$3/$program"
  chmod 755 "$3/$program"
done
"""


def test_a_container_runtime_is_unpacked_once_and_not_installed(tmp_path: Path, path: Path) -> None:
    log = tmp_path / "log"
    executable(path / "apt-get", APT.format(log=log))
    executable(path / "dpkg-deb", UNPACK.format(runs="exit 0"))

    root = tools(tmp_path, tool()).container_runtime()

    assert os.access(root / "usr/bin/containerd", os.X_OK)
    assert tools(tmp_path, tool()).container_runtime() == root
    assert [line.split()[-5:] for line in log.read_text().splitlines()] == [
        ["-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=", "update"],
        ["download", "containerd", "runc", "containernetworking-plugins", "busybox-static"],
    ]


def test_a_container_runtime_without_debians_tools_or_packages_is_an_error_that_says_so(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(path))
    with pytest.raises(ToolError, match="there is no apt-get and dpkg-deb on PATH"):
        tools(tmp_path, tool()).container_runtime()

    executable(path / "apt-get", "#!/bin/sh\necho Unable to locate package containerd >&2; exit 100\n")
    executable(path / "dpkg-deb", UNPACK.format(runs="exit 0"))
    with pytest.raises(
        ToolError, match=r"the container runtime: .*apt-get .* failed: Unable to locate package containerd"
    ):
        tools(tmp_path, tool()).container_runtime()


def test_a_container_runtime_that_does_not_run_here_is_an_error_and_not_kept(tmp_path: Path, path: Path) -> None:
    executable(path / "apt-get", APT.format(log=tmp_path / "log"))
    executable(path / "dpkg-deb", UNPACK.format(runs="echo no libseccomp >&2; exit 1"))

    with pytest.raises(ToolError, match="containerd -v failed: no libseccomp"):
        tools(tmp_path, tool()).container_runtime()
    executable(path / "dpkg-deb", UNPACK.format(runs="exit 0"))
    assert tools(tmp_path, tool()).container_runtime().is_dir()


def test_every_tool_is_pinned_with_its_modules_checksums() -> None:
    for wanted in (*TOOLS, HELM, *CHECKS, *OFFICIAL):
        assert (MODULES / wanted.build.directory / "go.mod").is_file()
        assert (MODULES / wanted.build.directory / "go.sum").stat().st_size > 0
        assert wanted.version in (wanted.release.url if wanted.release else wanted.build.source.module)


def test_what_a_node_runs_is_pinned_in_its_modules() -> None:
    for wanted in (*NODE, INJECTOR):
        modules = (MODULES / wanted.build.directory / "go.mod").read_text()
        assert f" v{wanted.version}\n" in modules or wanted.version == "0", wanted.name
        assert (MODULES / wanted.build.directory / "go.sum").stat().st_size > 0


@pytest.mark.parametrize(
    ("argument", "missing", "built"),
    [
        (None, [], set()),
        ("--tests", [], {"kubelet", "vault-k8s"}),
        ("--tests", ["a node needs root"], set()),
        ("--node", ["a node needs root"], {"kubelet"}),
        ("--official", [], {"pulumi-resource-kubernetes"}),
    ],
)
def test_a_nodes_programs_are_built_for_tests_that_can_have_one_and_official_plugins_if_asked_for(
    monkeypatch: pytest.MonkeyPatch, argument: str | None, missing: list[str], built: set[str]
) -> None:
    made = MagicMock()
    monkeypatch.setattr("sandbox.tools.__main__.list_missing", lambda _: missing)
    monkeypatch.setattr("sandbox.tools.__main__.Tools", made)
    monkeypatch.setattr("signal.signal", lambda *_: None)

    assert tools_command([argument] if argument else []) == 0
    names = {each.name for each in made.call_args.kwargs["catalogue"]}
    assert names & {"kubelet", "vault-k8s", "pulumi-resource-kubernetes"} == built
