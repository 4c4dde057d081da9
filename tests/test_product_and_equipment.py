"""The product does not know its test equipment."""

from tests.support.sandboxed import ROOT

_KUBELET = "FailedCreatePodSandBox|failed to (?:create|set ?up|start)(?: pod)? sandbox"
"""A pattern of the kubelet's messages: it has sandboxes of its own."""


def test_no_file_of_the_product_names_the_sandbox() -> None:
    files = [ROOT / "__main__.py", *(ROOT / "strongroom").glob("*.py")]
    for package in ("components", "stacks", "ops", "policy"):
        files += (ROOT / package).rglob("*.py")

    assert [str(file) for file in files if "sandbox" in file.read_text().replace(_KUBELET, "").lower()] == []
