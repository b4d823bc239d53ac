import base64
import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cem_opensearch.signing_in import trust
from cem_toolkit.api import CemError

PASSWORD = {"username_env": "ENGINE_USER", "password_env": "ENGINE_PASSWORD"}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ENGINE_USER": "ada", "ENGINE_PASSWORD": "sésame", "ENGINE_KEY": "c2VjcmV0OmtleQ==\n"}.items():
        monkeypatch.setenv(name, value)


def test_by_name_and_password(desk: Any, front: Any) -> None:
    front.authorization = "Basic " + base64.b64encode("ada:sésame".encode()).decode()
    desk.source(**PASSWORD).check(desk.ctx)
    assert desk.titles(["Norway"], **PASSWORD) == ["Oslo"]


def test_by_api_key(desk: Any, front: Any) -> None:
    front.authorization = "ApiKey c2VjcmV0OmtleQ=="
    assert desk.titles(["Norway"], api_key_env="ENGINE_KEY") == ["Oslo"]


@pytest.mark.parametrize("elasticsearch", [False, True], ids=["opensearch", "elasticsearch"])
def test_who_is_not_let_in_is_told_what_to_set(desk: Any, front: Any, elasticsearch: bool) -> None:
    front.elasticsearch, front.authorization = elasticsearch, "Basic x"
    with pytest.raises(
        CemError, match=r"^opensearch: http://[^ ]+ does not let you in \(HTTP 401.*\): set api_key_env"
    ):
        desk.source().check(desk.ctx)
    with pytest.raises(CemError, match=r": check api_key_env") as caught:
        desk.source(**PASSWORD).check(desk.ctx)
    assert "sésame" not in str(caught.value)
    with pytest.raises(CemError, match=r"nothing could be had from http://[^ ]+: HTTP 401"):
        desk.retrieve(["Norway"])


def test_who_may_not_read_the_index(desk: Any, front: Any) -> None:
    front.forbidden = ("_search",)
    with pytest.raises(
        CemError, match=r"this account may not read atlas \(HTTP 403: security_exception: no permissions"
    ):
        desk.source().check(desk.ctx)


def test_an_account_that_may_search_and_nothing_else(desk: Any, front: Any) -> None:
    whole = desk.source().fingerprint(desk.ctx)
    front.forbidden = ("/", "index.uuid")
    desk.source().check(desk.ctx)
    assert "an engine that does not tell its version" in desk.log[-1]
    assert desk.source().fingerprint(desk.ctx) not in ("", whole)
    assert desk.titles(["Norway"]) == ["Oslo"]


def test_a_secret_that_is_not_set(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENGINE_PASSWORD")
    with pytest.raises(
        CemError, match=r"^opensearch: password_env: the environment variable ENGINE_PASSWORD is not set"
    ):
        desk.source(**PASSWORD).check(desk.ctx)


@pytest.mark.parametrize("key", ["secret\x07key", "sécret", "a\nb"])
def test_a_key_that_no_header_can_hold_is_not_shown(desk: Any, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("ENGINE_KEY", key)
    with pytest.raises(CemError, match="ENGINE_KEY holds characters that no API key has") as caught:
        desk.source(api_key_env="ENGINE_KEY").check(desk.ctx)
    assert key not in str(caught.value)


def test_secrets_do_not_belong_in_a_url(desk: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        desk.source(url="https://ada:sesame@engine.example")
    assert "set username_env and password_env" in caught.value.errors()[0]["msg"]
    assert "sesame" not in caught.value.errors()[0]["msg"]


def test_secrets_do_not_follow_a_redirect(desk: Any, front: Any, faults: Any) -> None:
    front.faults = [faults.reply(302, Location="http://elsewhere.example/")]
    with pytest.raises(CemError, match=r"HTTP 302: moved to 'http://elsewhere.example/' \(set url to follow\)"):
        desk.source(**PASSWORD).check(desk.ctx)
    assert len(front.asked) == 1


def test_secrets_in_the_clear_are_told_of(desk: Any, front: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from cem_opensearch.signing_in import sent_in_the_clear

    options = desk.source(url=["https://a.example", "http://b.example", front.url], **PASSWORD).options
    assert sent_in_the_clear(options) == "http://b.example"
    assert sent_in_the_clear(desk.source(**PASSWORD).options) == ""
    assert sent_in_the_clear(desk.source(url="http://b.example").options) == ""


def test_certificates(desk: Any, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(CemError, match=rf"^opensearch: ca_certs: .*{name} holds no PEM certificates"):
            desk.source(ca_certs=name).check(desk.ctx)
    (tmp_path / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(next(iter(_certificates()))))
    assert isinstance(trust(desk.source(ca_certs="ca.pem").options, tmp_path), ssl.SSLContext)
    assert trust(desk.source(verify=False).options, tmp_path) is False


def _certificates() -> list[bytes]:
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    return context.get_ca_certs(binary_form=True)
