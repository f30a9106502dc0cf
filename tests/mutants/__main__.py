"""What the tests of a room see: small faults are made in its modules, one at a time, and its own tests are run for each.

Each fault is made by an operator of cosmic-ray, or of ``operators.py``, at a place that a seed has drawn, in a copy of the package. Each that
was not caught is shown at once, and at the end how many were. A fault that changes nothing that a caller could see is named in ``equivalent.yaml``.
"""

import argparse
import difflib
import importlib
import os
import random
import re
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names
from hypothesis import Phase
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML
from tests.mutants.operators import DropRow, DropStatement

ROOT = Path(__file__).parents[2]
ENOUGH = 0.95
SLOWEST = 20
"""A run that takes this many times as long as one without a fault has caught it: it goes on forever."""
NEEDS_ARGUMENTS = ("core/VariableReplacer", "core/VariableInserter")
NO_FAULTS = re.compile("ReplaceComparisonOperator_(Eq_Is|NotEq_IsNot|Is(Not)?_(Eq|NotEq|Lt|LtE|Gt|GtE))$")
"""Of members of an enumeration and of None, the same is equal, and nobody puts them in order."""
KEPT = ("@dataclass", "@lru_cache", "@cache")
"""Lines that are left as they are: what is remembered, and what cannot be assigned, changes no answer."""


@dataclass(frozen=True)
class Mutant:
    """One fault: a module without it and with it, and in which line it is."""

    module: str
    line: int
    operator: str
    whole: str
    faulty: str

    @property
    def change(self) -> tuple[str, str]:
        """The lines that are in one of the two alone, each as one text."""
        lines = list(difflib.ndiff(self.whole.splitlines(), self.faulty.splitlines()))
        gone, come = ([each[2:].strip() for each in lines if each.startswith(sign)] for sign in "-+")
        return " ".join(gone), " ".join(come)


def operators() -> list[Operator]:
    names = (each for each in operator_names() if each not in NEEDS_ARGUMENTS and not NO_FAULTS.search(each))
    return [*(get_operator(name)() for name in names), DropRow(), DropStatement()]


def drawn(room: str, seed: int) -> Iterator[Mutant]:
    """Faults at different places, each with one of the operators that can make one there."""
    places: dict[tuple[str, Any, Any], list[tuple[Operator, int]]] = {}
    sources = {
        str(path.relative_to(ROOT)): path.read_text("utf-8")
        for path in sorted((ROOT / "proxy" / "mailgate").joinpath(room).rglob("*.py"))
    }
    if (single := ROOT / "proxy" / "mailgate" / f"{room}.py").is_file():
        sources = {str(single.relative_to(ROOT)): single.read_text("utf-8")}
    for module, source in sources.items():
        nodes = list(ast_nodes(get_ast(source)))
        noted = {id(node) for node in nodes if _is_annotation(node)}
        for operator in operators():
            number = 0
            for node in nodes:
                for start, end in operator.mutation_positions(node):
                    if id(node) not in noted:
                        places.setdefault((module, start, end), []).append((operator, number))
                    number += 1
    dice = random.Random(seed)
    for module, start, end in dice.sample(sorted(places), len(places)):
        operator, number = dice.choice(places[module, start, end])
        faulty = mutate_code(sources[module], operator, number)
        made = Mutant(module, start[0], type(operator).__name__, sources[module], faulty or sources[module])
        if made.faulty != made.whole and not made.change[0].strip().startswith(KEPT):
            yield made


def _is_annotation(node: Any) -> bool:
    """Whether this is a part of a type or of the names that a room exports, by which nothing is computed."""
    while (parent := node.parent) is not None:
        match parent.type:
            case "tfpdef" if node is parent.children[2]:
                return True
            case "annassign" if node is parent.children[1]:
                return True
            case "funcdef" if node is parent.annotation:
                return True
            case "trailer" if parent.get_previous_leaf().value == "Callable":
                return True
            case "expr_stmt" if parent.get_first_leaf().value == "__all__":
                return True
        node = parent
    return False


class Tests:
    """The tests of a room, on a copy of the package in which one module at a time is faulty.

    Every run is a fork that has all libraries already, but nothing of the package.
    """

    def __init__(self, folder: Path, paths: Sequence[str], seed: int) -> None:
        self._folder = folder
        self._arguments = [*paths, "-x", "-q", "-p", "no:cacheprovider", f"--hypothesis-seed={seed}"]
        self._arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
        self._writes = 0
        for each in sorted(ROOT.iterdir()):
            if each.name in ("proxy", "tests"):
                shutil.copytree(
                    each, folder / each.name, ignore=shutil.ignore_patterns("node_modules", "__pycache__")
                )
            elif not each.name.startswith(".venv"):
                (folder / each.name).symlink_to(each)
        started = time.monotonic()
        code, modules = self._run(None)
        if code:
            raise SystemExit("mutants: these tests fail without a fault: " + " ".join(paths))
        self.seconds = time.monotonic() - started
        for name in modules:
            with suppress(Exception):
                importlib.import_module(name)

    def catch(self, mutant: Mutant) -> bool:
        self._write(mutant.module, mutant.faulty)
        try:
            return self._run(max(60.0, SLOWEST * self.seconds))[0] != 0
        finally:
            self._write(mutant.module, mutant.whole)

    def _write(self, module: str, text: str) -> None:
        path = self._folder / module
        path.write_text(text, "utf-8")
        self._writes += 1
        os.utime(path, (self._writes, self._writes))  # a compiled file is told from another by whole seconds

    def _run(self, limit: float | None) -> tuple[int, list[str]]:
        read, write = os.pipe()
        if not (pid := os.fork()):
            try:
                os.setpgid(0, 0)
                os._exit(self._tested(write))
            finally:
                os._exit(1)  # whatever a fault raises, only the parent may go on from here
        os.close(write)
        signal.signal(signal.SIGALRM, lambda *_: os.killpg(pid, signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, limit or 0)
        with os.fdopen(read) as told:
            names = told.read().split()
        code = os.waitpid(pid, 0)[1]
        signal.setitimer(signal.ITIMER_REAL, 0)
        return code, names

    def _tested(self, told: int) -> int:
        os.chdir(self._folder)
        sys.dont_write_bytecode = self._writes > 0
        sys.path[:] = [each for each in sys.path if Path(each or ".").resolve() != ROOT]
        for name in [name for name in sys.modules if name.partition(".")[0] in ("mailgate", "tests")]:
            del sys.modules[name]
        nowhere = os.open(os.devnull if self._writes else self._folder / "said", os.O_WRONLY | os.O_CREAT)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        # the smallest example of what fails is nothing that is asked for here
        hypothesis.settings.register_profile(
            "mutants", deadline=None, phases=(Phase.explicit, Phase.generate)
        )
        os.environ["HYPOTHESIS_PROFILE"] = "mutants"
        code = int(pytest.main(self._arguments))
        own = ("mailgate", "tests", "deploy", "benchmarks", "conftest", "__main__")
        names = [name for name in sys.modules if name.partition(".")[0] not in own]
        os.write(told, " ".join(names).encode()[:60000])
        return code


def equivalent() -> dict[tuple[str, str, str], str]:
    """What is named in ``equivalent.yaml``, by module and change."""
    rows = YAML(typ="safe").load((Path(__file__).parent / "equivalent.yaml").read_text("utf-8")) or []
    return {(row["module"], row["line"], row["fault"]): row["why"] for row in rows}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("room", help="a folder or a module of the package, as engine or http/tls")
    parser.add_argument("--sample", type=int, default=60, help="how many faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", nargs="*", help="by default tests/unit/ROOM")
    asked = parser.parse_args()
    room = Path(asked.room)
    paths = asked.tests or [
        f"tests/unit/{room}"
        if (ROOT / "tests/unit" / room).is_dir()
        else f"tests/unit/{room.parent}/test_{room.name}.py"
    ]
    known, caught, missed, same = equivalent(), Counter[str](), Counter[str](), 0
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    with TemporaryDirectory(prefix="mutants-") as folder:
        tests = Tests(Path(folder), paths, asked.seed)
        made = list(islice(drawn(asked.room, asked.seed), asked.sample))
        for number, mutant in enumerate(made, 1):
            if (mutant.module, *mutant.change) in known:
                same += 1
                continue
            if tests.catch(mutant):
                caught[mutant.module] += 1
            else:
                missed[mutant.module] += 1
                gone, come = mutant.change
                sys.stderr.write("\r")
                console.print(
                    f"{mutant.module}:{mutant.line} ({mutant.operator})\n  - {gone}\n  + {come}",
                    markup=False,
                    soft_wrap=True,
                )
            sys.stderr.write(f"\r{number} of {len(made)}, {missed.total()} not caught")
    sys.stderr.write("\n")
    table = Table("module", "faults", "caught", title=f"{asked.room}: seed {asked.seed}")
    total = caught + missed
    for module in sorted(total):
        table.add_row(module.removeprefix("proxy/mailgate/"), str(total[module]), str(caught[module]))
    table.add_row(
        "all", str(total.total()), f"{caught.total()} ({caught.total() / max(1, total.total()):.0%})"
    )
    console.print(table)
    if same:
        console.print(f"{same} that change nothing were left out: tests/mutants/equivalent.yaml")
    return int(caught.total() < ENOUGH * total.total())


if __name__ == "__main__":
    sys.exit(main())
