"""The pieces of the wiring that open nothing."""

from itertools import islice

from mailgate.app.parts import references
from mailgate.console.devices.facts import retention_times_of


def test_references_are_words_that_can_be_read_out_and_do_not_repeat():
    drawn = set(islice(references(), 1000))
    assert len(drawn) == 1000
    assert all(set(reference) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for reference in drawn)
    assert {len(reference) for reference in drawn} == {10}


def test_retention_times_are_those_of_the_settings(bundle):
    settings = bundle().settings
    kept, told = retention_times_of(settings), settings.retention
    assert (kept.sightings, kept.devices) == (told.sightings, told.devices)
    assert kept.lost_devices == told.lost_devices
