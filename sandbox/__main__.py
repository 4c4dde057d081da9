"""The sandbox's command line: `python -m sandbox`."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from .engine import Engine, Operation, require
from .errors import SandboxError
from .progress import Reporter
from .tools import ToolError
from .world import ROOT, World

app = typer.Typer(
    help="A laptop-size world for Strongroom.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Stack = Annotated[str, typer.Option("--stack", "-s", help="A stack that the sandbox runs, e.g. local.")]

_NEXT = """
What to try next:
  python -m sandbox status                      what runs, and where
  python -m ops verify --stack {stack} --json      the same proof, for programs
  edit stacks/Pulumi.{stack}.yaml, make up         change a workload's secrets and see just its parts change
  kubectl --kubeconfig {kubeconfig} get secretproviderclasses -A
  make down                                     remove it all
"""


@app.command()
def up(
    stack: Annotated[str | None, typer.Option("--stack", "-s", help="Deploy and verify this stack too.")] = None,
) -> None:
    """Start the servers; with --stack, deploy a stack on them and verify it."""
    if stack is not None:
        require(stack)
    reporter = Reporter()
    world = World(reporter)
    world.up()
    if stack is None:
        return
    Engine(world, reporter).run("up", stack)
    verified = subprocess.run([sys.executable, "-m", "ops", "verify", "--stack", stack], cwd=ROOT, check=False)
    if verified.returncode != 0:
        raise typer.Exit(verified.returncode)
    typer.echo(_NEXT.format(stack=stack, kubeconfig=os.path.relpath(world.api_server.kubeconfig)))


@app.command()
def down(purge: Annotated[bool, typer.Option("--purge", help="Delete the sandbox's state too.")] = False) -> None:
    """Stop the servers that this sandbox started, and no others."""
    World(Reporter()).down(purge=purge)


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False) -> None:
    """Show what runs. Exits with 1 unless everything is healthy."""
    servers = World(Reporter()).status()
    if as_json:
        typer.echo(json.dumps([asdict(server) for server in servers], indent=2))
    else:
        table = Table("Server", "Healthy", "Pid", "Address")
        for server in servers:
            mark = "[green]yes[/]" if server.healthy else "[bold red]no[/]"
            table.add_row(server.name, mark, str(server.pid or "-"), server.address)
        Console().print(table if servers else "There is no sandbox: `python -m sandbox up` starts one")
    if not servers or not all(server.healthy for server in servers):
        raise typer.Exit(1)


@app.command()
def logs(
    server: Annotated[str, typer.Argument(help="The server, e.g. vault.")],
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines.")] = 50,
) -> None:
    """Show the end of a server's log."""
    path = World(Reporter()).log(server)
    if path.is_file():
        typer.echo("\n".join(path.read_text(errors="replace").splitlines()[-lines:]))


def _drive(operation: Operation, stack: str) -> None:
    require(stack)
    reporter = Reporter()
    world = World(reporter)
    world.up()
    Engine(world, reporter).run(operation, stack)


@app.command()
def preview(stack: Stack) -> None:
    """Show what `up --stack` would change."""
    _drive("preview", stack)


@app.command("exec", context_settings={"allow_interspersed_args": False})
def execute(command: Annotated[list[str], typer.Argument(help="The command, e.g. bash.")]) -> None:
    """Run a command, or a shell, that finds the servers, and Pulumi with all that a program needs."""
    reporter = Reporter()
    world = World(reporter)
    world.up()
    raise typer.Exit(Engine(world, reporter).execute(command))


@app.command(hidden=True)
def attach(
    stack: Stack,
    project: Annotated[Path, typer.Option("--project", help="The directory of the project's program.")] = ROOT,
) -> None:
    """Serve plugins to whoever drives a stack of the sandbox: their environment, as JSON, until the input ends."""
    reporter = Reporter()
    with Engine(World(reporter), reporter, project).stack(stack) as driven:
        typer.echo(json.dumps(dict(driven.workspace.env_vars)))
        sys.stdin.read()


@app.command()
def refresh(stack: Stack) -> None:
    """Compare a stack's state with the servers."""
    _drive("refresh", stack)


@app.command()
def destroy(stack: Stack) -> None:
    """Remove what a stack deployed."""
    _drive("destroy", stack)


def main() -> None:
    """Run the command line; an error that a user can mend is one text and exit code 1."""
    os.umask(0o077)
    try:
        app()
    except (SandboxError, ToolError) as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
