"""The one visible list of sources."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.docs.reading import ROOT, spans, table
from tests.docs.yaml_blocks import ENVIRON
from tests.events import event
from tests.exchanges import VECTORS, recorded
from tests.unit.connectors.around import CATALOG, NOW, SOURCES, answer, secrets_of, settings_of, tools

from mailgate.config import load_bundle
from mailgate.config.sources.apis import AppleMdmSettings
from mailgate.config.sources.line import FileSettings, PostSettings
from mailgate.connectors import connector_for, every_connector
from mailgate.connectors.file import PostedLines
from mailgate.connectors.setup import Setup
from mailgate.devices.device import Device, Report
from mailgate.devices.posture import posture_of
from mailgate.model import PostureState
from mailgate.model.device import PostureTerms
from mailgate.wire import ApiRequest, ApiResponse


def test_sources_with_settings_are_exactly_the_sources_that_exist():
    assert set(every_connector()) == set(SOURCES.values())


EXAMPLES = ROOT / "config/examples/connectors"


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_has_an_example_that_loads(name):
    bundle = load_bundle(EXAMPLES / name / "mailgate.yaml", ENVIRON)
    [settings] = bundle.settings.connectors.values()
    assert settings.type == name


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_has_its_rows_and_its_part_on_the_page(name):
    page = (ROOT / "docs/connectors.md").read_text("utf-8")
    rows = [row for row in table(page, "type") if name in spans(row["type"])]
    assert len(rows) == (1 if name in ("file", "post") else 2)
    assert f"(`{name}`)\n" in page


KINDS = YAML(typ="safe").load(VECTORS / "kinds.yaml")
EACH_KIND = [
    pytest.param(case, given, reach == "complete", id=f"{name}: {kind}")
    for name, case in KINDS.items()
    for reach in ("complete", "partial")
    for kind, given in case.get(reach, {}).items()
]


class OneDevice:
    """The API of any source, with one device on which an app is installed. The source's own file shapes its answers, by ``list``."""

    def __init__(self, device: dict[str, Any], listing: Mapping[str, Any]) -> None:
        one = listing.get("one", "")
        told = {one.removesuffix("[]"): [device] if one.endswith("[]") else device, listing.get("total"): 1}
        self._answers = listing.get("apart", {}) | {"": told if one else device}

    async def ask(self, question: ApiRequest) -> ApiResponse:
        if question.method == "POST":
            return answer({"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})
        path = question.url.partition("?")[0]
        return answer(next(told for end, told in self._answers.items() if path.endswith(end)))

    async def close(self) -> None:
        """Do nothing, since nothing is open."""


async def one_record(case: dict[str, Any], device: dict[str, Any]) -> Report:
    given = {key: tuple(one) if isinstance(one, list) else one for key, one in case["settings"].items()}
    settings = settings_of(SOURCES[given["type"]], given, **secrets_of(case))
    here = Setup("mdm", CATALOG, tools())
    if isinstance(settings, AppleMdmSettings):
        [record] = await connector_for(here, settings).receive({}, event("applications", **device))
    elif isinstance(settings, FileSettings | PostSettings):
        [record] = await PostedLines(here, settings).receive({}, json.dumps(device).encode())
    else:
        said = {key: one for key, one in device.items() if one is not None}
        listing = recorded(given["type"]).get("list", {"name": "id"})
        api = Setup("mdm", CATALOG, tools(), lambda _: OneDevice(said, listing))
        record = await connector_for(api, settings).device(str(said[listing["name"]]))
    return record


@pytest.mark.parametrize(("case", "given", "complete"), EACH_KIND)
async def test_a_list_is_whole_only_for_fully_visible_kinds(case, given, complete):
    of_source = case["settings"]["type"] not in ("file", "post")
    said = {key: one for key, one in given.items() if key != "enrolment" or not of_source}
    record = await one_record(case, case["device"] | said)
    assert (record.apps_complete, record.reported_at is not None) == (complete, True)
    assert record.enrolment == given.get("enrolment", "unknown")
    known = posture_of(Device("d", (record,)), CATALOG, PostureTerms(timedelta(days=14)), NOW)
    seen = PostureState.LISTED if record.apps else PostureState.CLEAN
    assert known.state is (seen if complete else PostureState.PARTIAL)
    assert known.enrolment is record.enrolment


def test_every_source_has_its_kinds_of_enrolment():
    assert {case["settings"]["type"] for case in KINDS.values()} == set(SOURCES)
