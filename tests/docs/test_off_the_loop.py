"""Nothing that grows with what somebody sends or stores runs on the loop that serves mail: no ``async def`` calls it, or a
function that calls it, but by ``compute`` (``tasks.py``), which takes the function and its arguments."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "proxy" / "mailgate"
GROWING = (
    "mailgate.config.document.read_document",
    "mailgate.config.rules.compile_rules",
    "mailgate.config.text_edits.edited",
    "mailgate.policy.changes.changes",
    "mailgate.console.policy.rules.rules_in_words",
    "mailgate.console.explain.facts.explanation",
    "mailgate.console.explain.requests.read_headers",
    "mailgate.console.render.text_of",
    "mailgate.console.api.operation.Operation.written",
    "mailgate.gateway.selfservice.own_data.download",
    "mailgate.gateway.selfservice.stored_view.last_seen",
    "mailgate.gateway.selfservice.stored_view.request_record",
    "mailgate.store.sightings._read",
    "mailgate.mail.recipient_list._mails",
    "mailgate.mail.corrections._same_answers",
    "mailgate.mail.recipient_list.answer",
    "mailgate.policy.simulate.clock.moments",
    "difflib.unified_diff",
)
"""The functions whose time grows with the length of rules, of a form, or of an answer, or with the number of rows about a person, who
can make many."""
ALONE = ("mailgate.cli", "mailgate.demo")
"""Rooms whose loop serves no mail."""
AT_START = {"mailgate.app.service.Service.start", "mailgate.app.service.made"}
"""What runs before the first request is accepted."""


@dataclass
class Function:
    """A function with the names of the functions that it calls."""

    is_async: bool
    calls: dict[str, int] = field(default_factory=dict)
    """Each called function with the line of its first call."""


def modules(package: Path = PACKAGE) -> Iterator[tuple[str, ast.Module]]:
    for path in package.rglob("*.py"):
        parts = ["mailgate", *path.relative_to(package).with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text())


def names_in(module: str, tree: ast.Module) -> dict[str, str]:
    """What each name of a module stands for."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    for each in tree.body:
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found[each.name] = f"{module}.{each.name}"
    return found


class Reader(ast.NodeVisitor):
    """Notes the functions of a module. A function inside another one counts as a part of it, unless it is async."""

    def __init__(self, module: str, names: dict[str, str], functions: dict[str, Function]) -> None:
        self.path, self.names, self.functions = [module], names, functions
        self.current: list[Function] = []
        self.classes: list[str] = []
        self.types: dict[str, str] = {}
        """The class of each argument and variable of the function that is read, as far as it is written there."""

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.path.append(node.name)
        self.classes.append(".".join(self.path))
        self.generic_visit(node)
        self.classes.pop()
        self.path.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node, is_async=False)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node, is_async=True)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_async: bool) -> None:
        self.path.append(node.name)
        made = self.functions.setdefault(".".join(self.path), Function(is_async))
        self.current.append(made)
        outside, self.types = self.types, dict(self.types)
        for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            self.types[each.arg] = self._named(each.annotation)
        self.generic_visit(node)
        self.types = outside
        self.current.pop()
        self.path.pop()

    def visit_Assign(self, node: ast.Assign) -> None:
        made = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(made, ast.Call):
            beside = made.args[0] if made.args and ast.unparse(made.func) == "compute" else made.func
            for each in node.targets:
                if isinstance(each, ast.Name):
                    self.types[each.id] = self._named(beside)
        self.generic_visit(node)

    def _named(self, written: ast.expr | None) -> str:
        """The class that an annotation names, or a call makes; empty if it is not a plain name."""
        name = written.value if isinstance(written, ast.Constant) else getattr(written, "id", "")
        return self.names.get(name, "") if isinstance(name, str) else ""

    def visit_Call(self, node: ast.Call) -> None:
        called = self._called(node.func)
        if called and self.current:
            self.current[-1].calls.setdefault(called, node.lineno)
        self.generic_visit(node)

    def _called(self, function: ast.expr) -> str:
        if isinstance(function, ast.Name):
            return self.names.get(function.id, "")
        if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
            return ""
        if function.value.id == "self" and self.classes:
            return f"{self.classes[-1]}.{function.attr}"
        known = self.types.get(function.value.id) or self.names.get(function.value.id, "")
        return f"{known}.{function.attr}"


def functions_of(trees: dict[str, ast.Module]) -> dict[str, Function]:
    """Every function by its full name; a call is named by where the function is written, not by where it is exported."""
    names = {module: names_in(module, tree) for module, tree in trees.items()}
    found: dict[str, Function] = {}
    for module, tree in trees.items():
        Reader(module, names[module], found).visit(tree)
    for each in found.values():
        called = {written_at(name, names): line for name, line in each.calls.items()}
        each.calls = {
            f"{name}.__init__" if f"{name}.__init__" in found else name: called[name] for name in called
        }
    return found


def written_at(name: str, names: dict[str, dict[str, str]]) -> str:
    module, _, last = name.rpartition(".")
    elsewhere = names.get(module, {}).get(last, name)
    return name if elsewhere == name else written_at(elsewhere, names)


def growing(functions: dict[str, Function]) -> set[str]:
    """Every function that takes the longer the more there is, as it calls one that does."""
    found = set(GROWING)
    while more := {
        name
        for name, each in functions.items()
        if name not in found and not each.is_async and not found.isdisjoint(each.calls)
    }:
        found |= more
    return found


def on_the_loop(functions: dict[str, Function]) -> list[str]:
    """The calls on the loop that should be beside it."""
    heavy = growing(functions)
    return sorted(
        f"{name}, line {line}: {called}"
        for name, each in functions.items()
        if each.is_async and not name.startswith(ALONE) and name not in AT_START
        for called, line in each.calls.items()
        if called in heavy
    )


@cache
def the_package() -> dict[str, Function]:
    return functions_of(dict(modules()))


def test_nothing_that_grows_runs_on_the_loop_of_mail() -> None:
    assert on_the_loop(the_package()) == []


def test_every_growing_function_is_there() -> None:
    written = {each for each in GROWING if each.startswith("mailgate.")}
    assert written - set(the_package()) == set()


def test_such_a_call_is_found_through_functions_methods_classes_and_exports() -> None:
    trees = {
        "mailgate.config": "from mailgate.config.rules import compile_rules",
        "mailgate.config.rules": "def compile_rules(): pass",
        "mailgate.x": """
from mailgate.config import compile_rules
def between(): return [compile_rules() for _ in "ab"]
class Made:
    def __init__(self): self.rules = between()
class Page:
    def shown(self): return between()
    async def page(self): return self.shown()
async def right(): return await compute(compile_rules)
async def made(): return Made()
async def wrong(): return compile_rules()
async def told(page: Page): return page.shown()
async def built():
    page = await compute(Page)
    return await compute(page.shown), page.shown()
""",
    }
    found = on_the_loop(functions_of({name: ast.parse(text) for name, text in trees.items()}))
    assert [each.partition(",")[0] for each in found] == [
        "mailgate.x.Page.page",
        "mailgate.x.built",
        "mailgate.x.made",
        "mailgate.x.told",
        "mailgate.x.wrong",
    ]
