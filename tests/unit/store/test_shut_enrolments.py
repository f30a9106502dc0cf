"""Revoked stays revoked: what is shut out, by what name, and that it does not come back in another profile or with another token."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW
from tests.unit.store.steps import scanned, steps_of
from tests.unit.store.test_enrolments import DAY, DIGEST, TOKEN

from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, EnrolledKey, Named, NotEnrolled, Revoked, Store
from mailgate.store.enrolments import Computer
from mailgate.store.kept_out import Counted, KeptOut
from mailgate.store.shut_enrolments import ShutEnrolment, Sort, digest_of_name

ACT = Act(NOW, "grace", "enrolment-revoked")
MACHINE, PERSON = Named("LT-1", Sort.MACHINE), Named("Ada@example.com", Sort.PERSON)
PROVEN = Computer("LT-1", "ada@example.com", proven=True, most_keys=3)


@pytest.fixture
async def two_tokens(store: Store) -> Store:
    """A token of one person and a common one."""
    await store.enrolments.add(DIGEST, replace(TOKEN, uses_left=99))
    await store.enrolments.add(b"c" * 32, replace(TOKEN, name="common", owner="", uses_left=99))
    return store


async def enrol(
    store: Store, key: str, computer: Computer = PROVEN, digest: bytes = b"m" * 32
) -> EnrolledKey | NotEnrolled:
    return await store.enrolments.enrol(digest, key, f"device-{key}", NOW, computer=computer)


async def common(store: Store, key: str, machine: str = "", owner: str = "") -> EnrolledKey | NotEnrolled:
    return await enrol(store, key, Computer(machine, owner), b"c" * 32)


async def valid(store: Store) -> list[str]:
    return [each.thumbprint for each in await store.enrolments.page() if each.revoked_at is None]


async def test_a_machines_keys_stand_under_its_name(two_tokens: Store) -> None:
    key = await enrol(two_tokens, "a")
    assert isinstance(key, EnrolledKey)
    assert (key.machine, key.proven, key.owner) == ("LT-1", True, "ada@example.com")
    assert await two_tokens.enrolments.key("a") == key == await enrol(two_tokens, "a")
    said = await common(two_tokens, "b", "LT-1", "eve")
    assert isinstance(said, EnrolledKey)
    assert (said.machine, said.proven, said.owner) == ("LT-1", False, "")


async def test_a_machine_has_so_many_keys_whoever_counts(two_tokens: Store, other_gates: list[Store]) -> None:
    """What only says that it is on this machine takes no place of it."""
    for key in "xyz":
        await common(two_tokens, key, "LT-1")
    asked = [enrol(each, f"{n}-{at}") for n in range(3) for at, each in enumerate([two_tokens, *other_gates])]
    found = await asyncio.gather(*asked)
    assert sum(isinstance(each, EnrolledKey) for each in found) == 3
    assert {each for each in found if not isinstance(each, EnrolledKey)} == {NotEnrolled.FULL}


@pytest.mark.parametrize("silent", [False, True])
async def test_a_key_that_sleeps_or_is_revoked_leaves_its_place(two_tokens: Store, silent: bool) -> None:
    one = replace(PROVEN, most_keys=1)
    await enrol(two_tokens, "a", one)
    assert await enrol(two_tokens, "b", one) is NotEnrolled.FULL
    if silent:
        await two_tokens.enrolments.reported("a", NOW - 30 * DAY)
    else:
        await two_tokens.shut.revoke(Named("a"), NOW)
        await two_tokens.shut.allow("machine", "LT-1", ACT)
    assert isinstance(await enrol(two_tokens, "b", one), EnrolledKey)


async def test_a_proved_machine_is_not_taken_back_by_a_keys_own_word(two_tokens: Store) -> None:
    """Or its machine's revocation would not reach it."""
    await enrol(two_tokens, "a")
    await common(two_tokens, "a", "LT-2")
    key = await two_tokens.enrolments.key("a")
    assert key is not None
    assert (key.machine, key.proven, key.owner, key.token) == ("LT-1", True, "ada@example.com", "common")
    await enrol(two_tokens, "a", replace(PROVEN, machine="LT-3"), b"n" * 32)
    assert (await two_tokens.shut.revoke(Named("lt-3", Sort.MACHINE), NOW)).keys == ("a",)


@pytest.mark.parametrize("named", [MACHINE, PERSON, Named("a", Sort.KEY), Named("a")])
async def test_who_was_shut_out_comes_back_with_no_token_and_no_profile(
    two_tokens: Store, named: Named
) -> None:
    await enrol(two_tokens, "a")
    assert (await two_tokens.shut.revoke(named, NOW, None)).keys == ("a",)
    assert await enrol(two_tokens, "a") is NotEnrolled.REVOKED
    of_person = named.sort is Sort.PERSON
    shut = NotEnrolled.PERSON_SHUT if of_person else NotEnrolled.MACHINE_SHUT
    assert await enrol(two_tokens, "b") is shut
    said = await common(two_tokens, "c", "lt-1", "ADA@example.com")
    assert said is shut
    personal = await enrol(two_tokens, "d", Computer("LT-9"), DIGEST)
    assert (personal is shut) is of_person
    if not of_person:  # another person's code, at the machine that was shut out
        assert await enrol(two_tokens, "e", Computer("LT-1"), DIGEST) is shut
        assert await enrol(two_tokens, "f", replace(PROVEN, owner="bo"), b"o" * 32) is shut


async def test_a_refusal_of_who_is_shut_out_uses_up_nothing(two_tokens: Store) -> None:
    await two_tokens.shut.revoke(MACHINE, NOW)
    await common(two_tokens, "a", "LT-1")
    assert {each.uses_left for each in await two_tokens.enrolments.tokens()} == {99}


async def test_a_machine_is_shut_out_with_every_key_that_says_its_name(two_tokens: Store) -> None:
    for key in "ab":
        await enrol(two_tokens, key)
    await common(two_tokens, "c", "lt-1")
    await common(two_tokens, "d", "LT-2")
    done = await two_tokens.shut.revoke(MACHINE, NOW, ACT, Counted(KeptOut(3, 3)))
    assert (set(done.keys), done.shut, done.others) == ({"a", "b", "c"}, (("machine", "LT-1"),), 0)
    assert await valid(two_tokens) == ["d"]
    assert await two_tokens.shut.all() == [ShutEnrolment("machine", "lt-1", NOW, "grace")]
    assert await two_tokens.shut.revoke(MACHINE, NOW + DAY) == Revoked(before=True)


async def test_of_a_revoked_keys_machine_the_other_keys_stay(two_tokens: Store) -> None:
    for key in "abc":
        await enrol(two_tokens, key)
    done = await two_tokens.shut.revoke(Named("device-a"), NOW)
    assert (done.keys, done.shut, done.others) == (("a",), (("machine", "LT-1"),), 2)
    assert isinstance(await enrol(two_tokens, "b"), EnrolledKey)  # it asks again, as one that got no answer
    assert await enrol(two_tokens, "d") is NotEnrolled.MACHINE_SHUT


@pytest.mark.parametrize(("with_keys", "left"), [(False, ["a", "b", "c"]), (True, ["c"])])
async def test_a_revoked_token_takes_its_keys_along_if_an_admin_says_so(
    two_tokens: Store, with_keys: bool, left: list[str]
) -> None:
    for key in "ab":
        await common(two_tokens, key, "LT-1")
    await enrol(two_tokens, "c")
    named = Named("common", with_keys=with_keys)
    assert await two_tokens.shut.valid_keys(named) == 3 - len(left)
    done = await two_tokens.shut.revoke(named, NOW, None)
    assert (done.tokens, done.shut, await valid(two_tokens)) == (("common",), (), left)
    assert await common(two_tokens, "d") is NotEnrolled.WITHDRAWN
    assert [each.name for each in await two_tokens.enrolments.tokens()] == ["token-1"]


@pytest.mark.parametrize(("with_keys", "left"), [(False, ["a", "b", "c"]), (True, ["c"])])
async def test_a_machines_token_ends_with_its_machine(
    two_tokens: Store, with_keys: bool, left: list[str]
) -> None:
    """Or the next profile would enrol with the token that was revoked."""
    for key in "ab":
        made = await enrol(two_tokens, key)
    await common(two_tokens, "c")
    assert isinstance(made, EnrolledKey)
    done = await two_tokens.shut.revoke(Named(made.token, with_keys=with_keys), NOW)
    assert (done.shut, done.others, await valid(two_tokens)) == ((("machine", "LT-1"),), len(left) - 1, left)
    assert await enrol(two_tokens, "d") is NotEnrolled.MACHINE_SHUT


async def test_a_common_token_shuts_out_no_machine_that_proved_itself_by_another(two_tokens: Store) -> None:
    await enrol(two_tokens, "a")
    await common(two_tokens, "a")
    assert (await two_tokens.shut.revoke(Named("common"), NOW)).shut == ()
    assert isinstance(await enrol(two_tokens, "b"), EnrolledKey)


async def test_a_key_alone_is_no_token(two_tokens: Store) -> None:
    assert not await two_tokens.shut.revoke(Named("common", Sort.KEY), NOW)


@pytest.mark.parametrize("named", [MACHINE, PERSON])
async def test_who_is_allowed_enrols_again_and_the_old_keys_stay_revoked(
    two_tokens: Store, named: Named
) -> None:
    await enrol(two_tokens, "a")
    await two_tokens.shut.revoke(named, NOW)
    assert await two_tokens.shut.allow(named.sort, named.name.upper(), ACT)
    assert not await two_tokens.shut.allow(named.sort, named.name, ACT)
    assert await enrol(two_tokens, "a") is NotEnrolled.REVOKED
    assert isinstance(await enrol(two_tokens, "b"), EnrolledKey)
    assert len(await two_tokens.audit.page()) == 1


async def test_nobody_lets_themselves_in_while_or_after_they_are_shut_out(two_tokens: Store) -> None:
    store, act = two_tokens, replace(ACT, what="let-in", who="self-service")
    relief = Relief(
        0, Cause.SELF_SERVICE, "shut", "a train", "self-service", NOW, NOW + DAY, "ada@example.com"
    )
    await enrol(store, "a")
    await asyncio.gather(
        store.shut.revoke(PERSON, NOW, ACT, Counted(KeptOut(0, 1))), store.reliefs.let_in(relief, DAY, act)
    )
    assert not (await store.reliefs.current(NOW)).every
    assert await store.reliefs.let_in(replace(relief, rule="other"), DAY, act) is None
    assert not (await store.reliefs.current(NOW)).every


async def test_who_is_shut_out_is_no_longer_let_in_by_themselves_and_others_are(two_tokens: Store) -> None:
    until = NOW + timedelta(hours=24)
    for number, name in enumerate(("ada@example.com", "bo")):
        relief = Relief(0, Cause.SELF_SERVICE, "phones", "", "self-service", NOW, until, name)
        await two_tokens.reliefs.let_in(relief, timedelta(days=30), replace(ACT, what="let-in"))
        assert len((await two_tokens.reliefs.current(NOW)).every) == number + 1
    await two_tokens.shut.revoke(PERSON, NOW, ACT)
    assert [each.person for each in (await two_tokens.reliefs.current(NOW)).every] == ["bo"]
    last = (await two_tokens.audit.page())[-1]
    assert (last.who, last.what, last.about) == ("grace", "exemption-ended", "self-service 1")


async def test_who_was_forgotten_stays_shut_out_until_allowed(two_tokens: Store) -> None:
    await two_tokens.shut.revoke(PERSON, NOW)
    assert await two_tokens.people.shut_out("ADA@example.com") == NOW
    assert await two_tokens.people.shut_out("bo") is None
    await two_tokens.personal.forget(PERSON.name, NOW)
    assert [each.name for each in await two_tokens.shut.all()] == [digest_of_name(PERSON.name)]
    assert await enrol(two_tokens, "a") is NotEnrolled.PERSON_SHUT
    assert not await two_tokens.shut.revoke(PERSON, NOW + DAY)
    assert await two_tokens.shut.allow("person", PERSON.name, ACT)
    assert isinstance(await enrol(two_tokens, "a"), EnrolledKey)


async def test_none_enrols_while_it_is_shut_out(two_tokens: Store, other_gates: list[Store]) -> None:
    many = replace(PROVEN, most_keys=99)
    asked = [enrol(each, f"{n}-{at}", many) for n in range(5) for at, each in enumerate(other_gates)]
    await asyncio.gather(*asked[:7], two_tokens.shut.revoke(MACHINE, NOW), *asked[7:])
    assert await valid(two_tokens) == []


async def test_an_owner_is_stored_unless_they_are_shut_out(two_tokens: Store) -> None:
    key = await enrol(two_tokens, "a", replace(PROVEN, owner=""))
    assert isinstance(key, EnrolledKey)
    for person, owner in (("bo", "bo"), ("ada@example.com", "bo")):
        await two_tokens.shut.revoke(PERSON, NOW)
        assert (await two_tokens.enrolments.own(replace(key, owner="bo"), person)).owner == owner
        kept = await two_tokens.enrolments.key("a")
        assert kept is not None
        assert kept.owner == owner
    assert isinstance(await common(two_tokens, "a"), EnrolledKey)  # a token of nobody leaves it its owner
    kept = await two_tokens.enrolments.key("a")
    assert kept is not None
    assert kept.owner == "bo"


@pytest.mark.parametrize("sort", Sort)
def test_nothing_is_revoked_without_a_name(sort: Sort) -> None:
    """Or it would be all that has no machine or no owner."""
    with pytest.raises(ValueError, match="a name is needed"):
        Named("", sort)


def test_the_audit_log_is_told_no_persons_name() -> None:
    digest = digest_of_name("ada@example.com").removeprefix("sha256-")
    assert (PERSON.about, len(digest)) == (f"person {digest}", 64)
    assert (
        MACHINE.about == Named("lt-1", Sort.MACHINE).about == "machine lt-1"
    )  # two approvers may write it so
    assert [Named("t", with_keys=each).about for each in (False, True)] == ["t", "t with its keys"]


async def test_keys_of_machines_and_people_are_found_by_indexes(two_tokens: Store) -> None:
    for named in (MACHINE, PERSON, Named("a")):
        steps = await steps_of(two_tokens, lambda store, named=named: store.shut.valid_keys(named))
        assert scanned(steps) == []
    steps = await steps_of(two_tokens, lambda store: enrol(store, "z"))
    assert scanned(steps) == []
