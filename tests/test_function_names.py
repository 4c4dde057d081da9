"""Names of the product's functions: a verb and its object, or what is asked, as in `is_true`."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

VERBS = frozenset(
    re.findall(
        r"\w+",
        """
add advise allow annotate apply ask attempt await begin bootstrap build cache call carry check choose close collect
compare complete compose compute connect construct copy count create cut declare decode delete derive describe
diagnose diff discover disown distinguish draw drop echo end ensure escape examine execute expand expect explain
export fail federate fetch filter find flatten flush fold follow forge format forward generate get give grant group
hide hold identify ignore increment index initialise inject inspect issue join judge keep lay lift list listen load
locate lock log look make map mark match measure merge name normalize note observe omit open order parse pause place
plan prepare probe provision put qualify query quote raise read recover redact refresh refuse register remove render
repair replace report represent request require resolve restart retire revoke run save select send serve settle share
shorten show skip sleep sort split spread stack start stop strip submit take tokenize trace translate try unescape
update use validate verify wait warn watch write
""",
    )
)
"""First words of names. A new one is welcome here if it is a verb: neither a noun nor a participle."""

CONVERSIONS = {"as", "from", "to"}

EXCEPTIONS = {
    "at": "the property at a path: it reads as a part of the rule",
    "listed": "the same",
    "console": "like the class that it makes",
    "cached": "a wrapped function",
    "cross_check": "a decorator",
    "day_two": "the command's own callback, which is never called",
    "deep_merge": "the field's word",
    "init_poolmanager": "requests' own",
    "main": "the field's word",
    "model_post_init": "pydantic's own",
    "new_resource": "the SDK's own",
    "cert_verify": "requests' own",
    "proxy_manager_for": "requests' own",
    "stack_file": "a path, like an attribute of the project",
    "version": "the SDK's own",
    "Invoke": "the SDK's own",
}

_FUNCTION = re.compile(
    r"(?P<marks>(?:^ *@.*\n)*)^ *(?:async )?def (?P<name>\w+)\((?:.|\n)*?(?: -> (?P<returns>.*))?:$", re.MULTILINE
)


def is_named_well(function: re.Match[str]) -> bool:
    """Return whether its first word is a verb, or its name is not for its author to choose."""
    name = function["name"]
    return (
        name.strip("_").partition("_")[0] in VERBS | CONVERSIONS
        or function["returns"] in {"bool", "bool | None"}
        or name in EXCEPTIONS
        or name.startswith("__")
        or any(mark in function["marks"] for mark in ("property", "classmethod", "contextmanager"))
    )


def test_a_function_is_named_by_a_verb() -> None:
    found = {
        (path, function["name"])
        for folder in ("components", "stacks", "ops", "policy", "strongroom")
        for path in (ROOT / folder).rglob("*.py")
        if path.parent != ROOT / "ops" / "commands"  # commands are named as users call them
        for function in _FUNCTION.finditer(path.read_text())
        if not is_named_well(function)
    }

    assert not found, "begin each name with a verb, and add that to VERBS if it is missing"
