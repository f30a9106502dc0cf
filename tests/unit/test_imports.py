"""Every module can be imported: a gate imports some of them only when they are needed, where a mistake would show late."""

from importlib import import_module
from pathlib import Path

import pytest

import mailgate

SOURCE = Path(mailgate.__file__).parent
RUN_BY_ALEMBIC = {"mailgate.store.migrations.env"}


def modules() -> list[str]:
    paths = (path.relative_to(SOURCE.parent).with_suffix("") for path in sorted(SOURCE.rglob("*.py")))
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


@pytest.mark.parametrize("name", [each for each in modules() if each not in RUN_BY_ALEMBIC])
def test_every_module_can_be_imported(name: str) -> None:
    assert import_module(name)
