"""The product does not know its test equipment."""

import re

from tests.support.sandboxed import ROOT

_LEFT = {
    "ops/check/edited.py",
    "ops/check/run.py",
    "ops/pulumi/engine.py",
    "ops/pulumi/stack.py",
}
"""Files that still find a stack of the sandbox by `.sandbox/environment.json`: none may be added."""

_KUBELET = "ops/doctor/known/elsewhere.py"
"""Messages of the kubelet, which has sandboxes of its own."""


def test_no_other_file_of_the_product_names_the_sandbox() -> None:
    files = [ROOT / "__main__.py", *(ROOT / "strongroom").glob("*.py")]
    for package in ("components", "stacks", "ops", "policy"):
        files += (ROOT / package).rglob("*.py")
    naming = {str(file.relative_to(ROOT)) for file in files if re.search(r"\bsandbox\b", file.read_text())}

    assert naming == {*_LEFT, _KUBELET}
