"""The one visible list of sources."""

from pathlib import Path
from typing import get_args

import pytest
from tests.docs.yaml_blocks import ENVIRON

from mailgate.config import load_bundle
from mailgate.config.sources import SourceSettings
from mailgate.connectors import SOURCES


def test_every_source_that_can_be_set_can_be_made_and_the_other_way_round():
    settings = get_args(get_args(SourceSettings)[0])
    assert {source.settings for source in SOURCES.values()} == set(settings)
    for name, source in SOURCES.items():
        assert get_args(source.settings.model_fields["type"].annotation) == (name,)


EXAMPLES = Path(__file__).parents[3] / "config/examples/connectors"


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_has_an_example_that_loads(name):
    bundle = load_bundle(EXAMPLES / name / "mailgate.yaml", ENVIRON)
    [settings] = bundle.settings.connectors.values()
    assert settings.type == name
