"""Provider plugins: the official ones where they can be had, fakes where they can't."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from .certificates import write_private
from .errors import SandboxError
from .progress import Reporter
from .running import ROOT
from .scratch import SCRATCH, remove_abandoned

PROVIDERS = ("kubernetes", "vault", "random")
"""Those whose official plugins work on the sandbox's servers."""

ALWAYS = ("azure-native",)
"""Those whose official plugins would reach the real Azure."""

LANGUAGES = ("python", "nodejs")
"""Those whose hosts the CLI starts for plugins and programs."""

SERVED = "PULUMI_DEBUG_PROVIDERS"
"""The variable that names plugins that run already, with their ports."""

_NO_DOWNLOADS = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"
_PATIENCE = 120


@contextmanager
def attached(
    pulumi: Path, home: Path, environment: Mapping[str, str], clients: Mapping[str, str], reporter: Reporter
) -> Iterator[dict[str, str]]:
    """Give what the engine's environment needs, besides `environment`, to find a plugin for each provider.

    If `environment` names plugins that run already, no others are started.

    :param pulumi: The Pulumi CLI, asked to install the official plugins.
    :param home: PULUMI_HOME.
    :param environment: The engine's environment.
    :param clients: What dynamic resources need besides, to find the project's modules and the emulator.
    :param reporter: Reported when fakes are used.
    :raises SandboxError: The fakes don't start.
    """
    scratch = home.parent / "scratch"
    if scratch.is_dir():
        remove_abandoned(scratch)
    own = {SCRATCH: str(scratch)}
    programs = _programs(home.parent / "bin", environment, {**clients, **own})
    path = f"{programs}{os.pathsep}{environment['PATH']}"
    if SERVED in environment:
        yield {"PATH": path, **{name: environment[name] for name in (SERVED, _NO_DOWNLOADS) if name in environment}}
        return
    missing = find_missing(pulumi, home, environment)
    if missing:
        reporter.note(
            f"The official plugins of {', '.join(missing)} can't be had here: "
            "using the sandbox's fake providers, test equipment"
        )
    with _serve_fakes([*missing, *ALWAYS], {**environment, **own}) as ports:
        served = ",".join(f"{name}:{number}" for name, number in ports.items())
        # The engine would ask again at each run for what can't be had, for three seconds.
        yield {"PATH": path, SERVED: served, **({_NO_DOWNLOADS: "true"} if missing else {})}


def find_missing(pulumi: Path, home: Path, environment: Mapping[str, str]) -> list[str]:
    """List the providers whose official plugins can't be had.

    It is decided once in a sandbox's life: a stack's state stays with the plugins that made it.

    :param pulumi: The Pulumi CLI, asked to install them.
    :param home: PULUMI_HOME.
    :param environment: The CLI's environment.
    """
    decision = home / "fakes.json"
    if not decision.is_file():
        with ThreadPoolExecutor() as pool:
            had = pool.map(lambda name: _official(name, pulumi, home, environment), PROVIDERS)
            missing = [name for name, official in zip(PROVIDERS, had, strict=True) if not official]
        write_private(decision, json.dumps(missing))
    return json.loads(decision.read_text())


def _official(name: str, pulumi: Path, home: Path, environment: Mapping[str, str]) -> bool:
    number = version(f"pulumi-{name}")
    if (home / "plugins" / f"resource-{name}-v{number}").is_dir():
        return True
    try:
        done = subprocess.run(
            [str(pulumi), "plugin", "install", "resource", name, number],
            env=dict(environment),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _programs(directory: Path, environment: Mapping[str, str], clients: Mapping[str, str]) -> Path:
    """Return a directory with the programs that the CLI's releases bring along, and its module doesn't.

    What starts dynamic resources is the SDK's own host; languages have fakes where the official hosts aren't there.
    """
    directory.mkdir(exist_ok=True, mode=0o700)
    paths = os.pathsep.join(filter(None, (clients.get("PYTHONPATH"), str(ROOT))))
    _program(directory / "pulumi-resource-pulumi-python", {**clients, "PYTHONPATH": paths}, "sandbox.dynamic")
    for language in LANGUAGES:
        name = f"pulumi-language-{language}"
        if not shutil.which(name, path=environment["PATH"]):
            # npm must reach its registry, and the emulator's proxy knows no way there.
            given = clients if language == "python" else {SCRATCH: clients[SCRATCH]}
            _program(directory / name, {**given, "PYTHONPATH": paths}, "sandbox.languages", language)
    return directory


def _program(file: Path, variables: Mapping[str, str], *module: str) -> None:
    given = " ".join(shlex.quote(f"{name}={value}") for name, value in variables.items())
    command = shlex.join([sys.executable, "-u", "-m", *module])
    write_private(file, f'#!/bin/sh\nexec env {given} {command} "$@"\n')
    file.chmod(0o700)


@contextmanager
def _serve_fakes(names: Sequence[str], environment: Mapping[str, str]) -> Iterator[dict[str, int]]:
    # Their standard input stays open as long as this process lives: it is how they learn that it died.
    command = [sys.executable, "-m", "sandbox.providers", *names]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # an interrupt is for the engine, which cancels them
    )
    try:
        assert process.stdout is not None  # noqa: S101 - it was asked for above
        line = process.stdout.readline()
        if not line:
            raise SandboxError("The fake providers ended as soon as they were started")
        yield json.loads(line)
    finally:
        process.terminate()
        process.wait(20)
