"""The one table: what is in it, and how it is kept."""

from mailgate.http.forgeable import FAMILIES, KNOWN, NAMES, OWN


def test_everything_is_spelt_as_it_is_compared() -> None:
    for name in (*FAMILIES, *KNOWN):
        assert name == name.lower().replace("_", "-").strip()


def test_no_forgeable_name_is_covered_twice() -> None:
    assert not any(name.startswith(tuple(FAMILIES)) for name in NAMES)
    assert not any(one != other and one.startswith(other) for one in FAMILIES for other in FAMILIES)


def test_the_gates_own_families_are_among_them() -> None:
    assert set(OWN) <= set(FAMILIES)


def test_a_family_that_ends_in_no_hyphen_is_a_name_too() -> None:
    assert {"x-ssl", "client-ip", "forwarded", "x-ssl-client-cert"} <= KNOWN
    assert "x-original-" not in KNOWN
