from mailgate.policy.logins import user_text


def test_two_people_never_become_one() -> None:
    assert user_text("Ada@Example.COM") == "ada@example.com"
    assert len({user_text(name) for name in ("STRASSE", "straße", "STRAẞE")}) == 3
