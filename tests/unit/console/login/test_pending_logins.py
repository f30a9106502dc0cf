"""A login that has begun is good for one answer, in its own browser, for a while."""

from datetime import timedelta
from itertools import count

import pytest
from tests.unit.console.browsing import NOW

from mailgate.console.login.pending_logins import LOGIN_TIME, MAX_PENDING, PendingLogins


def pending() -> PendingLogins:
    numbers = count()
    return PendingLogins(lambda: f"value {next(numbers)}")


def test_everything_of_a_login_is_new_and_its_own() -> None:
    known = pending()
    (state, browser, begun), (other, _, second) = known.begin("", "", NOW), known.begin("", "", NOW)
    assert len({state, browser, other, begun.nonce, begun.verifier, second.nonce, second.verifier}) == 7


def test_a_pending_login_is_taken_once() -> None:
    known = pending()
    state, _, begun = known.begin("", "/console/audit", NOW)
    assert known.take("another", NOW) is None
    assert known.take(state, NOW) == begun
    assert known.take(state, NOW) is None


@pytest.mark.parametrize(
    ("later", "there"),
    [(LOGIN_TIME - timedelta(seconds=1), True), (LOGIN_TIME, False), (timedelta(seconds=-1), False)],
)
def test_a_pending_login_ends_in_time(later: timedelta, there: bool) -> None:
    known = pending()
    state, _, _ = known.begin("", "", NOW)
    assert (known.take(state, NOW + later) is not None) is there


def test_a_pending_login_belongs_to_its_browser() -> None:
    known = pending()
    _, browser, begun = known.begin("", "", NOW)
    assert begun.is_of(browser)
    assert not any(begun.is_of(each) for each in ("", "another", begun.browser.hex()))


def test_tabs_of_one_browser_share_its_cookie_and_nobody_else_sets_it() -> None:
    known = pending()
    _, browser, _ = known.begin("set by somebody", "", NOW)
    assert browser != "set by somebody"
    _, again, second = known.begin(browser, "", NOW)
    assert again == browser
    assert second.is_of(browser)
    _, later, _ = known.begin(browser, "", NOW + LOGIN_TIME)
    assert later != browser


def test_secrets_of_a_login_are_not_shown() -> None:
    _, _, begun = pending().begin("", "", NOW)
    assert begun.nonce not in repr(begun)
    assert begun.verifier not in repr(begun)


def test_no_more_are_kept_than_fit() -> None:
    known = pending()
    states = [known.begin("", "", NOW)[0] for _ in range(MAX_PENDING + 1)]
    assert known.take(states[0], NOW) is None
    assert known.take(states[-1], NOW)


def test_the_verifier_is_one_that_providers_take() -> None:
    """RFC 7636, section 4.1: 43 to 128 characters of a few kinds."""
    _, _, begun = PendingLogins().begin("", "", NOW)
    assert len(begun.verifier) == 43
    assert begun.verifier.replace("-", "").replace("_", "").isalnum()
