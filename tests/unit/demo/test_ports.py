"""A port that is taken is said before anything is made, with a way on that works."""

import errno
import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from mailgate.demo import ports
from mailgate.demo.ports import PortTakenError, TakenError, locked_folder, require_ports

USUAL = {"--port": 8080, "--admin-port": 8081, "--start-port": 8082}


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Ports that somebody else listens on."""
    taken: set[int] = set()

    class Socket:
        def __enter__(self) -> "Socket":
            return self

        def __exit__(self, *_: object) -> None: ...

        def setsockopt(self, *_: object) -> None: ...

        def listen(self) -> None: ...

        def bind(self, address: tuple[str, int]) -> None:
            if address[1] < 1024:
                raise PermissionError(errno.EACCES, "Permission denied")
            if address[1] in taken:
                raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

    names = {name: getattr(socket, name) for name in ("SOL_SOCKET", "SO_REUSEADDR")}
    monkeypatch.setattr(ports, "socket", SimpleNamespace(socket=Socket, **names))
    monkeypatch.delenv("MAKELEVEL", raising=False)
    return taken


def test_free_ports_are_taken_without_a_word(busy: set[int]) -> None:
    require_ports(USUAL)


def test_the_port_is_named_with_others_that_are_free(busy: set[int]) -> None:
    busy |= {8081, 8092}
    with pytest.raises(PortTakenError) as refused:
        require_ports(USUAL)
    assert str(refused.value) == (
        "port 8081 (--admin-port) is in use by another program. Take others with --port 8100, which uses 8100 to 8102"
    )


def test_under_make_it_is_said_how_make_takes_it(busy: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKELEVEL", "1")
    busy.add(8080)
    with pytest.raises(PortTakenError, match='Take others with make run ARGS="--port 8090", which uses'):
        require_ports(USUAL)


@pytest.mark.parametrize(
    ("port", "words"),
    [(65535, "port 65536 .* does not exist: the last one is 65535"), (80, "cannot be opened: Permission")],
)
def test_a_port_that_nobody_or_not_everybody_can_open_is_named(busy: set[int], port: int, words: str) -> None:
    with pytest.raises(PortTakenError, match=words):
        require_ports({"--port": port, "--admin-port": port + 1, "--start-port": port + 2})


def test_a_second_demo_in_a_folder_is_refused_and_another_folder_is_free(tmp_path: Path) -> None:
    with locked_folder(tmp_path / "demo"):
        with pytest.raises(TakenError, match="--directory"), locked_folder(tmp_path / "demo"):
            pytest.fail("two demos in one folder")
        with locked_folder(tmp_path / "other"):
            pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with locked_folder(tmp_path):
            pass
