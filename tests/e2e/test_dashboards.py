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
    board = json.loads(json.dumps(board))
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


def mistakes(folder: Path, boards: list[dict[str, Any]]) -> list[str]:
    """What the compiler says."""
    if not (SCHEMA.exists() and COMPILER.exists()):
        unavailable("npm's packages are not installed in tests/e2e")
    require_or_skip("node")
    (folder / "boards.ts").write_text("\n".join([TYPES, *(part for each in boards for part in typed(each))]))
    options = "--noEmit --strict --skipLibCheck --moduleResolution bundler --module esnext --target es2022"
    command = ["node", str(COMPILER), *options.split(), str(folder / "boards.ts")]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def test_dashboards_have_the_form_that_grafana_reads(tmp_path: Path) -> None:
    assert mistakes(tmp_path, BOARDS) == []


@pytest.mark.parametrize("good", ['"showPoints": "never"', '"gridPos"', '"refresh": 2', '"reduceOptions"'])
def test_a_dashboard_of_another_form_would_be_found(tmp_path: Path, good: str) -> None:
    name = good.partition(": ")[0]
    bad = f'{name}: "sometimes"' if ": " in good else '"elsewhere"'
    changed = [json.loads(json.dumps(each).replace(good, bad)) for each in BOARDS]
    assert mistakes(tmp_path, changed)
