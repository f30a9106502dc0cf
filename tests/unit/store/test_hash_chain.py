"""A chain of entries: whatever is done to it afterwards is found, and named."""

from dataclasses import asdict, fields, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mailgate.store import StoreError
from mailgate.store.hash_chain import (
    AuditBreak,
    AuditEntry,
    AuditHead,
    Chain,
    details_of,
    digest_of,
    entry_of,
    read_details,
)

TEXT = st.text(max_size=8)
FIELDS = [field.name for field in fields(AuditEntry) if field.name not in ("number", "digest")]


def chain(*whys: str) -> list[AuditEntry]:
    """A whole chain of as many entries."""
    entries: list[AuditEntry] = []
    for why in whys:
        before = entries[-1].digest if entries else ""
        at = f"2026-12-01T12:00:{len(entries):02}+00:00"
        entry = AuditEntry(len(entries) + 1, at, "ada", "policy-activated", "", why, "desk", "{}", before)
        entries.append(replace(entry, digest=digest_of(entry)))
    return entries


def breaks(entries: list[AuditEntry], head: AuditHead | None, *witnesses: AuditHead) -> list[AuditBreak]:
    """Where a chain does not hold that is looked at in two parts."""
    chain = Chain(witnesses)
    half = len(entries) // 2
    return [*chain.take(entries[:half]), *chain.take(entries[half:]), *chain.end(head)]


def found(entries: list[AuditEntry], head: AuditHead | None, *witnesses: AuditHead) -> set[int]:
    return {each.number for each in breaks(entries, head, *witnesses)}


chains = st.lists(TEXT, min_size=1, max_size=12).map(lambda whys: chain(*whys))


@given(chains)
def test_an_untouched_chain_is_whole(entries: list[AuditEntry]) -> None:
    assert list(breaks(entries, entries[-1].head)) == []
    assert list(breaks([], AuditHead())) == []


@given(chains, st.data())
def test_an_edited_entry_is_named(entries: list[AuditEntry], data: st.DataObject) -> None:
    at, name = data.draw(st.integers(0, len(entries) - 1)), data.draw(st.sampled_from(FIELDS))
    edited, head = replace(entries[at], **{name: data.draw(TEXT)}), entries[-1].head
    assume(edited != entries[at])
    entries[at] = edited
    assert found(entries, head) == {at + 1}


@given(chains, st.data())
def test_an_edit_with_a_new_digest_is_found_at_the_next_entry(
    entries: list[AuditEntry], data: st.DataObject
) -> None:
    at, head = data.draw(st.integers(0, len(entries) - 1)), entries[-1].head
    edited = replace(entries[at], why=entries[at].why + "!")
    entries[at] = replace(edited, digest=digest_of(edited))
    assert found(entries, head) == {min(at + 2, len(entries))}


@given(chains, st.data())
def test_entries_that_were_taken_out_are_named(entries: list[AuditEntry], data: st.DataObject) -> None:
    head, gone = entries[-1].head, data.draw(st.sets(st.sampled_from(entries), min_size=1))
    left = [entry for entry in entries if entry not in gone]
    told = list(breaks(left, head))
    named = {
        number
        for each in told
        for number in range(
            each.number, int(each.message.split()[1] if each.message[:3] == "to " else each.number) + 1
        )
    }
    assert named == {entry.number for entry in gone}


@given(chains, st.data())
def test_two_entries_that_changed_places_are_named(entries: list[AuditEntry], data: st.DataObject) -> None:
    assume(len(entries) > 1)
    one, other = data.draw(st.lists(st.integers(0, len(entries) - 1), min_size=2, max_size=2, unique=True))
    head = entries[-1].head
    entries[one], entries[other] = (
        replace(entries[other], number=one + 1),
        replace(entries[one], number=other + 1),
    )
    assert {one + 1, other + 1} <= found(entries, head)


@pytest.mark.parametrize(
    ("count", "message"), [(1, "3: was cut off the end"), (2, "2: to 3 were cut off the end")]
)
def test_the_last_ones_cut_off_are_named(count: int, message: str) -> None:
    entries = chain("a", "b", "c")
    (told,) = breaks(entries[:-count], entries[-1].head)
    assert f"{told.number}: {told.message}" == message


def test_an_entry_added_at_either_end_is_found() -> None:
    entries = chain("a", "b")
    assert found(chain("a", "b", "c"), entries[-1].head) == {3}
    first = replace(entries[0], number=0)
    assert found([replace(first, digest=digest_of(first)), *entries], entries[-1].head) == {1}


def test_a_rewritten_log_is_found_by_a_noted_head() -> None:
    noted, anew = chain("a", "b")[-1].head, chain("a", "c", "d")
    assert list(breaks(anew, anew[-1].head)) == []
    assert [str(each.number) for each in breaks(anew, anew[-1].head, noted)] == ["2"]
    assert list(breaks(anew, anew[-1].head, anew[1].head)) == []
    assert found([], AuditHead(), noted) == {1}


def test_the_place_where_a_log_was_rewritten_is_told_exactly() -> None:
    before, anew = chain("a", "b", "c", "d", "e"), chain("a", "b", "x", "y", "z")
    noted = [entry.head for entry in before]
    (told,) = breaks(anew, anew[-1].head, noted[0], noted[1], noted[3], noted[4])
    assert told == AuditBreak(4, "is not the one that was noted earlier: the log was rewritten after entry 2")


@pytest.mark.parametrize(("left", "message"), [(4, "was cut"), (2, "to 5 were cut")])
def test_a_cut_end_is_found_by_a_noted_head(left: int, message: str) -> None:
    entries = chain("a", "b", "c", "d", "e")
    cut = entries[:left]
    (told,) = breaks(cut, cut[-1].head, *(entry.head for entry in entries))
    assert told == AuditBreak(left + 1, f"{message} off the end: entry 5 was noted earlier")


def test_a_log_without_its_head_is_not_believed() -> None:
    (told,) = breaks(chain("a"), None)
    assert told == AuditBreak(
        1, "may not be the last: the row that names the last one was deleted or damaged"
    )


@pytest.mark.parametrize("value", [b"a", None, 5, 1.5])
@pytest.mark.parametrize("name", [*FIELDS, "digest"])
def test_a_value_that_is_no_text_is_damage_and_not_a_crash(name: str, value: object) -> None:
    entries = chain("a", "b")
    head, entries[0] = entries[-1].head, entry_of(asdict(entries[0]) | {name: value})
    assert str(breaks(entries, head)[0].message) == f"is damaged: its field `{name}` is no text"


@pytest.mark.parametrize("details", ["[]", "5", "{", "[" * 100_000])
def test_details_that_are_no_object_are_damage(details: str) -> None:
    (entry,) = chain("a")
    entry = replace(entry, details=details)
    entry = replace(entry, digest=digest_of(entry))
    assert str(breaks([entry], entry.head)[0].message) == "is damaged: its field `details` is no JSON object"
    assert details_of(entry) == {}
    with pytest.raises(StoreError, match="is damaged"):
        read_details(details)
