from mailgate.gateway.pages.stored import LABELS


def test_no_two_fields_are_called_the_same() -> None:
    said = [label.singular for label in LABELS.values()]
    assert len(said) == len(set(said))
