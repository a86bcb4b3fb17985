"""What every test shares: tokenizers built once, data kept away from the network, the skip list."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import hypothesis
import pytest

import toksmith as ts
from vocabularies import embedded

hypothesis.settings.register_profile(
    "tests",
    deadline=None,
    max_examples=1000 if os.environ.get("TOKSMITH_FULL") == "1" else 60,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=True,
)
hypothesis.settings.load_profile("tests")


@pytest.fixture(scope="session")
def pretrained() -> Callable[[str], ts.Tokenizer]:
    """Embedded vocabularies by name, each built once."""
    return embedded


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Connecting to a network fails the test; processes of this machine may talk to each other."""
    connect = socket.socket.connect

    def refuse(*args: object) -> NoReturn:
        raise AssertionError(f"a test tried to reach the network: {args}")

    def local(self: socket.socket, address: Any) -> None:
        if self.family != getattr(socket, "AF_UNIX", None):
            refuse(address)
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", local)
        patch.setattr(socket.socket, "connect_ex", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Lists each skipped test with its reason (pytest's own summary folds them)."""
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.write_line(f"skipped {report.nodeid}: {reason}")
