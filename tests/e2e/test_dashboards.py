"""The dashboards against the types of Grafana's own schema, which name every field and every word that a field may have."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.servers import require_or_skip, unavailable

HERE = Path(__file__).parent
SCHEMA = HERE / "node_modules" / "@grafana" / "schema"
COMPILER = HERE / "node_modules" / "typescript" / "bin" / "tsc"
BOARDS = [json.loads(each.read_text("utf-8")) for each in sorted((HERE.parents[1] / "deploy/grafana").glob("*.json"))]  # fmt: skip
TYPES = f"""
import type {{ Dashboard, Panel, RowPanel }} from '{SCHEMA}';
import type * as stat from '{SCHEMA}/dist/types/raw/composable/stat/panelcfg/x/types.gen';
import type * as timeseries from '{SCHEMA}/dist/types/raw/composable/timeseries/panelcfg/x/types.gen';
// a word of JSON in place of the member of an enumeration
type Plain<T> = T extends string ? `${{T}}` : T extends (infer U)[] ? Plain<U>[] : T extends object ? {{ [K in keyof T]: Plain<T[K]> }} : T;
type Query = {{ refId: string; expr: string; legendFormat: string; datasource: {{ type: string; uid: string }} }};
"""


def typed(board: dict[str, Any]) -> Iterator[str]:
    """A dashboard in parts, each with its type. What the schema leaves to the source of data is its query."""
    for line in board["annotations"]["list"]:
        del line["expr"], line["titleFormat"]
    for panel in board.pop("panels"):
        if (kind := panel["type"]) == "row":
            yield constant("Plain<RowPanel>", panel)
            continue
        yield constant("Query[]", panel.pop("targets"))
        yield constant(f"Plain<Partial<{kind}.Options>>", panel.pop("options"))
        if custom := panel["fieldConfig"]["defaults"].pop("custom", None):
            yield constant(f"Plain<{kind}.FieldConfig>", custom)
        yield constant("Plain<Panel>", panel)
    yield constant("Plain<Dashboard>", board)


def constant(kind: str, value: object) -> str:
    return f"(<T extends object>(_: T) => undefined)<{kind}>({json.dumps(value)});"


WRONG = {
    '"showPoints": "never"': '"showPoints": "sometimes"',
    '"gridPos"': '"elsewhere"',
    '"refresh": 2': '"refresh": "sometimes"',
    '"reduceOptions"': '"elsewhere"',
}
"""What stands in a dashboard, and what may not stand there."""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the compiler says of the dashboards and, each in a file of its own, of wrong ones: it reads the schema once for all of them."""
    if not (SCHEMA.exists() and COMPILER.exists()):
        unavailable("npm's packages are not installed in tests/e2e")
    require_or_skip("node")
    folder, texts = tmp_path_factory.mktemp("dashboards"), [json.dumps(each) for each in BOARDS]
    files = {"right.ts": texts}
    for number, (right, wrong) in enumerate(WRONG.items()):
        files[f"wrong{number}.ts"] = [each.replace(right, wrong) for each in texts]
    for name, boards in files.items():
        parts = (part for each in boards for part in typed(json.loads(each)))
        (folder / name).write_text("\n".join([TYPES, *parts]))
    options = "--noEmit --strict --skipLibCheck --moduleResolution bundler --module esnext --target es2022"
    command = ["node", str(COMPILER), *options.split(), *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def test_dashboards_have_the_form_that_grafana_reads(said: list[str]) -> None:
    assert [line for line in said if not line.startswith(("wrong", " "))] == []


@pytest.mark.parametrize("number", range(len(WRONG)), ids=WRONG)
def test_a_dashboard_of_another_form_would_be_found(said: list[str], number: int) -> None:
    assert [line for line in said if line.startswith(f"wrong{number}.ts(")]
