"""Commands of `ops` in processes that are forked from one that has loaded everything: each is spared its imports."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_LOADED = ("strongroom.ops.app", "strongroom.ops.verify", "kubernetes.client", "hvac", "pulumi.automation")


def run_ops(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `strongroom` with these arguments, in the project's directory.

    :param environment: All that it has in its environment; if omitted, what this process has.
    """
    environment = dict(os.environ if environment is None else environment)
    with tempfile.TemporaryDirectory() as directory:
        streams = [Path(directory) / name for name in ("stdout", "stderr")]
        process = _context().Process(target=_run, args=(arguments, environment, streams))
        process.start()
        process.join()
        output, errors = (file.read_text() for file in streams)
    return subprocess.CompletedProcess(arguments, process.exitcode or 0, output, errors)


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_LOADED))
    return context


def _run(arguments: tuple[str, ...], environment: dict[str, str], streams: list[Path]) -> None:
    for number, file in enumerate(streams, 1):
        os.dup2(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv = ["ops", *arguments]
    from strongroom.ops.app import main  # noqa: PLC0415 - this process has it already

    main()
