"""The rules and levels that judge a change: those of the checkout that it is compared with, never its own."""

import hashlib
import importlib.util
import json
import sys
import tempfile
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import yaml

from strongroom import policy
from strongroom.policy.rules import RULES, UNKNOWN, Declared

from ..errors import OpsError
from ..pulumi.project import find_project
from .events import Violation

_PROGRAM = "PulumiPolicy.yaml"
_PACKAGED = Path(policy.__file__).parent
_STRICTNESS = ("disabled", "advisory", "remediate", "mandatory")


def find_pack(root: Path | None) -> Path:
    """Find the policy pack that judges.

    :param root: A checkout of the project; if omitted, or if it has no pack, the project's own, else Strongroom's.
    """
    candidates = (*([root / "policy"] if root else ()), find_project() / "policy")
    return next((each for each in candidates if (each / _PROGRAM).is_file()), _PACKAGED)


@contextmanager
def prepare_pack(root: Path | None) -> Generator[Path]:
    """Find the policy pack that judges, as the engine can start it, for the block alone.

    :param root: As for `find_pack`.
    """
    found = find_pack(root)
    runtime: object = yaml.safe_load((found / _PROGRAM).read_text()).get("runtime")
    options: dict[str, Any] = cast("dict[str, Any]", runtime).get("options") or {} if isinstance(runtime, dict) else {}
    if (found / options.get("virtualenv", "")).is_dir():
        yield found
        return
    with tempfile.TemporaryDirectory(prefix="strongroom-policy-") as directory:
        write_pack(Path(directory), found)
        yield Path(directory)


def write_pack(directory: Path, found: Path | None = None) -> None:
    """Write a program into `directory` by which the engine starts a policy pack with this Python.

    (Pulumi docs: "Policy packs", "Python": the option `virtualenv`)

    :param found: The pack; if omitted, Strongroom's.
    """
    home = found or _PACKAGED
    document = yaml.safe_load((home / _PROGRAM).read_text())
    document["runtime"] = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
    (directory / _PROGRAM).write_text(yaml.safe_dump(document, sort_keys=False))
    (directory / "__main__.py").write_text(
        f"import runpy\nimport sys\n\nsys.path.insert(0, {str(home)!r})\n"
        f"runpy.run_path({str(home / '__main__.py')!r}, run_name='__main__')\n"
    )


def find_levels(stack: str, root: Path | None = None) -> Path | None:
    """Find the levels that a stack sets for a checkout's policy pack; `None` if it sets none.

    Strongroom's own pack has levels for Strongroom's own stacks: in another project the same names mean other stacks.
    """
    pack = find_pack(root)
    home = (root or find_project()) / "policy" if pack == _PACKAGED else pack
    file = home / "levels" / f"{stack}.json"
    return file if file.is_file() else None


def find_violations(stack: str, resources: Collection[Declared], against: Path | None = None) -> list[Violation]:
    """Find the guardrails that `resources` violate, by the rules and at the levels of `against`.

    Rules that only this checkout has count too.

    :raises OpsError: The rules of that checkout can't be loaded.
    """
    chosen = _read_levels(stack, against)
    if find_pack(against) == find_pack(None):
        return list(_apply_rules(RULES, resources, chosen))
    base = _load(find_pack(against))
    known = {rule.name for rule in base.RULES}
    return [
        *_apply_rules(base.RULES, [_translate(resource, base) for resource in resources], chosen),
        *_apply_rules([rule for rule in RULES if rule.name not in known], resources, chosen),
    ]


def list_weakened(stack: str, against: Path | None) -> list[str]:
    """List how a change weakens the guardrails: lower levels, other options, edited rules; each in a sentence."""
    if against is None:
        return []
    before, after = _read_levels(stack, against), _read_levels(stack, None)
    found: list[str] = []
    for name in sorted({*before, *after, *(rule.name for rule in RULES)}):
        (was, options), (now, others) = _get_level(name, before), _get_level(name, after)
        if _get_rank(now) < _get_rank(was):
            found.append(f"{name}: its level is lowered from {was} to {now}.")
        if options != others:
            found.append(f"{name}: its options change from {json.dumps(options)} to {json.dumps(others)}.")
    old, new = _compute_digests(find_pack(against)), _compute_digests(find_pack(None))
    changed = (file for file in sorted(old.keys() | new.keys()) if old.get(file) != new.get(file))
    return [*found, *(f"{file}: this change {_get_verb(old, new, file)} it." for file in changed)]


def _get_verb(old: Mapping[str, str], new: Mapping[str, str], file: str) -> str:
    return "adds" if file not in old else "removes" if file not in new else "edits"


def _compute_digests(folder: Path) -> dict[str, str]:
    """Compute the digests of a pack's program and rules; its levels are not among them."""
    return {
        f"policy/{file.relative_to(folder)}": hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (*folder.glob("*.*"), *folder.glob("rules/**/*.py"))
        if file.is_file()
    }


def _read_levels(stack: str, root: Path | None) -> dict[str, Any]:
    file = find_levels(stack, root)
    return cast("dict[str, Any]", json.loads(file.read_text())) if file else {}


def _get_level(name: str, chosen: Mapping[str, Any], otherwise: str = "mandatory") -> tuple[str, dict[str, Any]]:
    level = chosen.get(name, chosen.get("all", otherwise))
    options = dict(cast("dict[str, Any]", level)) if isinstance(level, dict) else {"enforcementLevel": level}
    return str(options.pop("enforcementLevel", "mandatory")), options


def _get_rank(level: str) -> int:
    return _STRICTNESS.index(level) if level in _STRICTNESS else -1


def _apply_rules(rules: Sequence[Any], resources: Collection[Any], chosen: Mapping[str, Any]) -> Iterator[Violation]:
    for rule in rules:
        # Rules of another checkout may know no level of their own.
        level, options = _get_level(rule.name, chosen, getattr(rule, "level", "mandatory"))
        if level == "disabled":
            continue
        for finding in rule.list_findings(resources, options):
            name = finding.urn.rpartition("::")[2]
            # Rules of an earlier checkout call it so.
            summary: str = getattr(rule, "summary", "") or rule.says
            yield Violation(rule.name, level, finding.urn, f"{summary}\n{name} {finding.problem}.")


def _load(folder: Path) -> ModuleType:
    """Load a pack's rules beside the ones of this checkout."""
    name = f"rules_of_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    home = folder / "rules"
    spec = importlib.util.spec_from_file_location(name, home / "__init__.py", submodule_search_locations=[str(home)])
    try:
        if spec is None or spec.loader is None:
            raise ImportError(f"{home} is no package")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        _ = module.RULES
    except Exception as error:
        sys.modules.pop(name, None)
        raise OpsError(f"The rules in {home} can't be loaded: {error}. Give another checkout.") from error
    return module


def _translate(resource: Declared, module: ModuleType) -> Any:
    """Translate a resource for another pack's rules: each pack has its own mark for unknown values."""

    def translate(value: Any) -> Any:
        if value is UNKNOWN:
            return module.UNKNOWN
        if isinstance(value, Mapping):
            return {key: translate(entry) for key, entry in cast("Mapping[str, Any]", value).items()}
        return [translate(entry) for entry in cast("list[Any]", value)] if isinstance(value, list) else value

    return module.Declared(resource.type, resource.urn, translate(resource.properties), resource.dependencies)
