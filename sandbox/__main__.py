"""The sandbox's command line: `python -m sandbox`."""

import json
import os
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .command_line import run
from .engine import Engine, Operation, find_plugins
from .errors import SandboxError
from .next_steps import next_steps, own_command
from .progress import Reporter
from .running import ROOT, Sandbox
from .shell import parse_languages
from .stacks import require

app = typer.Typer(
    help="A laptop-size world for Strongroom.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Stack = Annotated[str, typer.Option("--stack", "-s", help="A stack of the project, e.g. local.")]

Like = Annotated[
    str | None,
    typer.Option("--like", help="The stack of the sandbox's own that it is like: local or local-azure."),
]


@app.command()
def up(
    stack: Annotated[str | None, typer.Option("--stack", "-s", help="Deploy and verify this stack too.")] = None,
    like: Like = None,
    node: Annotated[
        bool, typer.Option("--node", help="Have a node too, that runs pods: on Linux, as root. It stays until --purge.")
    ] = False,
) -> None:
    """Start the servers; with --stack, deploy a stack of the project on them and verify it.

    It is given the sandbox's addresses, tenant, CA and kubeconfig, as `local` (Vault) or `local-azure` (Key Vault) is;
    which of them it is like, its own backend says.
    """
    if stack is not None:
        require(ROOT, stack, like)
    elif like is not None:
        raise SandboxError("--like goes with --stack: name the stack that is to be run")
    reporter = Reporter()
    world = Sandbox(reporter)
    if stack is None:
        world.up(node=node)
        return
    with ThreadPoolExecutor() as pool:
        found = pool.submit(find_plugins, world)  # it waits for the network, mostly
        world.up(node=node)
        found.result()
    engine = Engine(world, reporter)
    engine.run("up", stack)
    if code := engine.run_strongroom("verify", stack, *(["--from-pods"] if world.has_node else [])):
        raise typer.Exit(code)
    typer.echo(next_steps(stack, ROOT, node=world.has_node))


@app.command()
def down(purge: Annotated[bool, typer.Option("--purge", help="Delete the sandbox's state too.")] = False) -> None:
    """Stop the servers that this sandbox started, and no others."""
    Sandbox(Reporter()).down(purge=purge)


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False) -> None:
    """Show what runs. Exits with 1 unless everything is healthy."""
    servers = Sandbox(Reporter()).status()
    if as_json:
        typer.echo(json.dumps([asdict(server) for server in servers], indent=2))
    else:
        table = Table("Server", "Healthy", "Pid", "Address")
        for server in servers:
            mark = Text("yes", "green") if server.healthy else Text("no", "bold red")
            table.add_row(server.name, mark, str(server.pid or "-"), server.address)
        # What is piped is as wide as it needs to be.
        console = Console(markup=False, emoji=False, width=None if sys.stdout.isatty() else 10_000)
        console.print(table if servers else f"There is no sandbox: `{own_command('up', ROOT)}` starts one")
    if not servers or not all(server.healthy for server in servers):
        raise typer.Exit(1)


@app.command()
def logs(
    server: Annotated[str, typer.Argument(help="The server, e.g. vault.")],
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines.")] = 50,
) -> None:
    """Show the end of a server's log."""
    path = Sandbox(Reporter()).log(server)
    if path.is_file():
        typer.echo("\n".join(path.read_text(errors="replace").splitlines()[-lines:]))


def _drive(operation: Operation, stack: str) -> None:
    reporter = Reporter()
    world = Sandbox(reporter)
    engine = Engine(world, reporter)
    # One that is deployed can be destroyed without its file.
    if stack not in engine.deployed:
        require(ROOT, stack)
    world.up()
    engine.run(operation, stack)


@app.command()
def preview(stack: Stack) -> None:
    """Show what `up --stack` would change."""
    _drive("preview", stack)


@app.command("exec", context_settings={"allow_interspersed_args": False})
def execute(
    command: Annotated[list[str], typer.Argument(help="The command, e.g. bash.")],
    languages: Annotated[
        str,
        typer.Option("--languages", metavar="nodejs,yaml", help="What Pulumi programs in these need; it may be built."),
    ] = "",
    like: Like = None,
) -> None:
    """Run a command, or a shell, that finds the servers, and Pulumi with all that a program in Python needs.

    On PATH are pulumi, vault, kubectl and helm (the last two are made available when they are first run), python, and
    `strongroom`, of this checkout.
    """
    chosen = parse_languages(languages)
    world, reporter = _require_healthy()
    raise typer.Exit(Engine(world, reporter).execute(command, languages=chosen, like=like))


def _require_healthy() -> tuple[Sandbox, Reporter]:
    reporter = Reporter()
    world = Sandbox(reporter)
    servers = world.status()
    ill = [server.name for server in servers if not server.healthy]
    if not servers or ill:
        what = f"The sandbox is down ({', '.join(ill)})" if ill else f"There is no sandbox in {world.state}"
        raise SandboxError(f"{what}: start it with `{own_command('up', ROOT)}`")
    return world, reporter


@app.command()
def env(like: Like = None) -> None:
    """Print the variables of `exec`, as a shell reads them: `eval "$(python -m sandbox env)"`.

    Pulumi's plugins run for as long as `exec` does, and no longer: what asks the engine (pulumi up, strongroom preview)
    goes by `exec`.
    """
    world, reporter = _require_healthy()
    engine = Engine(world, reporter)
    engine.complete_files()
    for name, value in engine.find_variables(like=like).items():
        typer.echo(f"export {name}={shlex.quote(value)}")


@app.command()
def refresh(stack: Stack) -> None:
    """Compare a stack's state with the servers."""
    _drive("refresh", stack)


@app.command()
def destroy(stack: Stack) -> None:
    """Remove what a stack deployed."""
    _drive("destroy", stack)


def main() -> None:
    """Run the command line."""
    os.umask(0o077)
    run(app, as_json=sys.argv[1:2] == ["status"] and "--json" in sys.argv)


if __name__ == "__main__":
    main()
