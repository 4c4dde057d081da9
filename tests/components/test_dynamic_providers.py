"""A state loads the providers of its dynamic resources, whatever version wrote it."""

import base64
import subprocess
import sys
from pathlib import Path

import dill
import pytest
from pulumi.dynamic.dynamic import serialize_provider

from strongroom.components import dynamic_providers
from strongroom.components.dynamic_providers import load_provider

ROOT = Path(__file__).parents[2]

IN_STATES = {
    "azure-access": (
        "gASVUAAAAAAAAACMJ3N0cm9uZ3Jvb20uY29tcG9uZW50cy5keW5hbWljX3Byb3ZpZGVyc5SMDWxvYWRfcHJvdmlkZXKUk5SMDGF6dXJlLWFj"
        "Y2Vzc5SFlFKULg=="
    ),
    "azure-certificate": (
        "gASVVQAAAAAAAACMJ3N0cm9uZ3Jvb20uY29tcG9uZW50cy5keW5hbWljX3Byb3ZpZGVyc5SMDWxvYWRfcHJvdmlkZXKUk5SMEWF6dXJlLWNl"
        "cnRpZmljYXRllIWUUpQu"
    ),
    "rotation-period": (
        "gASVUwAAAAAAAACMJ3N0cm9uZ3Jvb20uY29tcG9uZW50cy5keW5hbWljX3Byb3ZpZGVyc5SMDWxvYWRfcHJvdmlkZXKUk5SMD3JvdGF0aW9u"
        "LXBlcmlvZJSFlFKULg=="
    ),
    "vault-bootstrap": (
        "gASVUwAAAAAAAACMJ3N0cm9uZ3Jvb20uY29tcG9uZW50cy5keW5hbWljX3Byb3ZpZGVyc5SMDWxvYWRfcHJvdmlkZXKUk5SMD3ZhdWx0LWJv"
        "b3RzdHJhcJSFlFKULg=="
    ),
}
"""What states have from version 0.1.0 on. No later version may change it, and each must load it."""

EARLIER = {
    "azure-access": "gASVLwAAAAAAAACMGmNvbXBvbmVudHMuYXp1cmUucmVhZGluZXNzlIwJX1Byb3ZpZGVylJOUKYGULg==",
    "azure-certificate": "gASVMQAAAAAAAACMHGNvbXBvbmVudHMuYXp1cmUuY2VydGlmaWNhdGWUjAlfUHJvdmlkZXKUk5QpgZQu",
    "vault-bootstrap": "gASVLwAAAAAAAACMGmNvbXBvbmVudHMudmF1bHQuYm9vdHN0cmFwlIwJX1Byb3ZpZGVylJOUKYGULg==",
}
"""What states have that a checkout wrote before."""


def test_every_provider_is_among_those_that_are_kept_here() -> None:
    assert set(dynamic_providers._MODULES) == set(IN_STATES) >= set(EARLIER)


@pytest.mark.parametrize("name", IN_STATES)
def test_a_provider_is_written_into_a_state_by_its_name(name: str) -> None:
    assert serialize_provider(load_provider(name)) == IN_STATES[name]


@pytest.mark.parametrize("name", IN_STATES)
def test_a_state_loads_its_provider(name: str) -> None:
    provider = dill.loads(base64.b64decode(IN_STATES[name]))  # noqa: S301 - of this file

    assert type(provider) is type(load_provider(name))


def test_a_state_of_an_earlier_version_loads_its_providers() -> None:
    """In a process like the SDK's host, which imports what the state names."""
    code = "import base64, dill, sys\nfor text in sys.argv[1:]: print(dill.loads(base64.b64decode(text)).stable_name)\n"
    done = subprocess.run(
        [sys.executable, "-c", code, *EARLIER.values()], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:3] == list(EARLIER)


def test_components_alone_are_importable_by_their_one_name(tmp_path: Path) -> None:
    """As where Pulumi has downloaded their directory and nothing else."""
    (tmp_path / "plugin").symlink_to(ROOT / "components")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "plugin"), "--module", "vault.bootstrap.initialise"],
        cwd=tmp_path,
        input="{}",
        capture_output=True,
        text=True,
        check=False,
    )
    # It asks for a key store, which the question doesn't name.
    assert done.stderr.endswith("KeyError: 'key_store'\n")
