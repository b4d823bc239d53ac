"""Every source and client that goes over the network, by some of the faults of `benchmarks/faults/network.py`: it ends,
with what it got, says in one line what failed, and tells no secret. How long each takes is measured there, not here."""

import os
import socket
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_faulty_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("trustme", "openai", "httpx2", "tenacity"):
        pytest.importorskip(library)
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "faults"))
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)  # put back at the end
    monkeypatch.setenv("SSL_CERT_FILE", os.environ.get("SSL_CERT_FILE", ""))
    import network

    said: list[str] = []
    outcomes = list(network.run(0, True, tmp_path, said.append))
    assert [outcome.note for outcome in outcomes if outcome.lost] == []
    assert sum(outcome.tried for outcome in outcomes) > 80
