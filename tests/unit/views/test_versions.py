"""Which version somebody means."""

import pytest
from tests.unit.store.examples import NOW

from mailgate.store import Act, RuleTexts, Store
from mailgate.views.versions import NoVersionError, lines_between, version_of


async def test_a_version_is_known_by_its_number_and_its_digest_and_one_in_force_by_nothing(
    store: Store,
) -> None:
    with pytest.raises(NoVersionError, match="nothing is in force yet"):
        await version_of(store, "")
    drafts = [RuleTexts(f"abcd-{text[:3]}", {"policy.yaml": text}) for text in ("one\nsame", "two\nsame")]
    for draft in drafts:
        await store.policies.activate(draft, Act(NOW, "ada", "x"))
    names = ("", "1", drafts[0].digest[:12], "abcd-two")
    assert [(await version_of(store, name)).number for name in names] == [2, 1, 1, 2]
    with pytest.raises(NoVersionError, match="no version is called `9`") as none:
        await version_of(store, "9")
    with pytest.raises(NoVersionError, match="may be version 2 or 1") as several:
        await version_of(store, "abcd")
    assert (none.value.several, several.value.several) == (False, True)
    one, two = [await version_of(store, name) for name in ("1", "2")]
    assert list(lines_between(one, two)) == [
        "--- 1/policy.yaml",
        "+++ 2/policy.yaml",
        "@@ -1,2 +1,2 @@",
        "-one",
        "+two",
        " same",
    ]
    assert list(lines_between(one, one)) == []
