"""Tokens that are past their end."""

import time
from pathlib import Path

import jwt
import pytest

from sandbox.certificates import Authority
from strongroom.ops.cluster.client import forge_expired_token
from strongroom.ops.errors import OpsError


def test_an_expired_token_differs_from_the_real_one_in_its_times_alone(tmp_path: Path) -> None:
    private, public = Authority(tmp_path).signing_key("service-account")
    now = int(time.time())
    claims = {"aud": ["vault"], "sub": "system:serviceaccount:shop:orders", "iat": now, "nbf": now, "exp": now + 600}
    token = jwt.encode(claims, private.read_text(), algorithm="RS256", headers={"kid": "key-1"})
    old = forge_expired_token(token, private)

    with pytest.raises(jwt.ExpiredSignatureError):
        jwt.decode(old, public.read_text(), algorithms=["RS256"], audience="vault")
    reported = jwt.decode(
        old, public.read_text(), algorithms=["RS256"], audience="vault", options={"verify_exp": False}
    )
    assert {key: reported[key] for key in ("aud", "sub")} == {key: claims[key] for key in ("aud", "sub")}
    assert jwt.get_unverified_header(old)["kid"] == "key-1"


def test_a_file_without_such_a_key_is_named(tmp_path: Path) -> None:
    token = jwt.encode({"aud": ["vault"]}, "secret" * 8, algorithm="HS256", headers={"kid": "key-1"})
    file = tmp_path / "sa.key"
    file.write_text("no key")

    with pytest.raises(OpsError, match=r"^--signing-key: .*/sa.key has no private key for HS256 \(ValueError\): name"):
        forge_expired_token(token, file)
