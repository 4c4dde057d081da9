"""Plugins that an engine of the sandbox left when it was killed: they have Vault's root token in their environment."""

import os
import re
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psutil

from .ports import HOST, is_free

_PLUGIN = re.compile(r"pulumi-(resource|language|analyzer)-.+|pulumi\.(dynamic|policy)")
_ENGINE = re.compile(rf"(?:{re.escape(HOST)}|localhost):(\d+)")
_GRACE_SECONDS = 5.0


def end_orphans(home: Path) -> None:
    """End the plugins of this user and of the PULUMI_HOME `home` at whose engine's address nobody listens."""
    orphans = [process for process in psutil.process_iter() if _is_orphan(process, home)]
    for process in orphans:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.terminate()
    for process in psutil.wait_procs(orphans, _GRACE_SECONDS)[1]:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.kill()


def _is_orphan(process: psutil.Process, home: Path) -> bool:
    try:
        words = process.cmdline()
        # The program, the script where the program is an interpreter, or the module after `-m`.
        names = [*(Path(word).name for word in words[:2]), *(after for word, after in pairwise(words) if word == "-m")]
        engine = next((found for word in words[1:] if (found := _ENGINE.fullmatch(word))), None)
        return bool(
            engine
            and any(map(_PLUGIN.fullmatch, names))
            and process.uids().real == os.getuid()
            and Path(process.environ().get("PULUMI_HOME", "/")).resolve() == home.resolve()
            and is_free(int(engine[1]))
        )
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False
