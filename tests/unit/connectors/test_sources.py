"""The one visible list of sources."""

from typing import get_args

from mailgate.config.sources import SourceSettings
from mailgate.connectors import SOURCES


def test_every_source_that_can_be_set_can_be_made_and_the_other_way_round():
    settings = get_args(get_args(SourceSettings)[0])
    assert {source.settings for source in SOURCES.values()} == set(settings)
    for name, source in SOURCES.items():
        assert get_args(source.settings.model_fields["type"].annotation) == (name,)
