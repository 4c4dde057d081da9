"""What to try next, as commands that work where they are printed."""

import os
import shlex
import sys
from pathlib import Path

from .stacks import like_of, read_stack_file, stack_file

_WIDTH = 60


def own_command(words: str, root: Path) -> str:
    """Write a command of the sandbox as the user runs its Python, from the directory that the user is in.

    :param words: The command's words.
    :param root: The project's directory.
    """
    python = shlex.quote(sys.orig_argv[0])
    where = "" if Path.cwd() == root else f"PYTHONPATH={shlex.quote(str(root))} "
    return f"{where}{python} -m sandbox {words}"


def next_steps(stack: str, root: Path, *, node: bool = False) -> str:
    """Tell what to try next with `stack`, which is up: each line a command and what it does.

    :param node: Whether its pods run.
    """
    file = stack_file(root, stack)
    document = read_stack_file(file)
    pods = "--from-pods " if node else ""
    steps = [
        (own_command("status", root), "what runs, and where"),
        (own_command(f"exec -- strongroom verify --stack {stack} {pods}--json", root), "the same proof, for programs"),
        (own_command(f"exec -- strongroom access --stack {stack}", root), "who can read what"),
        (own_command("exec -- kubectl get secretproviderclasses -A", root), "the cluster's side"),
        *(_pods(document, root) if node else ()),
        *_store(document, root),
        (own_command(f"preview --stack {stack}", root), f"after an edit of {shlex.quote(os.path.relpath(file))}"),
        (own_command(f"up --stack {stack}", root), "and then: just what changed changes"),
        (own_command("down --purge", root), "remove it all, save the cache of tools"),
    ]
    width = min(max(len(command) for command, _ in steps), _WIDTH)
    return "\n".join(["", "What to try next:", *(f"  {command:{width}}  # {what}" for command, what in steps)])


def _pods(document: dict[str, object], root: Path) -> list[tuple[str, str]]:
    config = document["config"]
    for workload in (config.get("strongroom:workloads") or ()) if isinstance(config, dict) else ():
        if workload.get("kind", "Deployment") == "Deployment" and workload.get("delivery") is None:
            pod = f"-n {shlex.quote(workload['namespace'])} deploy/{shlex.quote(workload['name'])}"
            command = f"exec -- kubectl exec {pod} -- sh -c 'sha256sum /mnt/secrets-store/*'"
            return [(own_command(command, root), "what a pod reads, as digests")]
    return []


def _store(document: dict[str, object], root: Path) -> list[tuple[str, str]]:
    config = document["config"]
    if like_of(document) != "local" or not isinstance(config, dict):
        return []
    backend = config["strongroom:backend"]
    mount = (backend.get("mount") or {}).get("path", "secret")
    if "server" in backend:
        return []
    return [(own_command(f"exec -- vault kv list -mount={shlex.quote(mount)}", root), "Vault's side")]
