import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from tests.unit.connectors.around import NOW, Scripted, Waits, answer, client_of, ends_in, tools

from mailgate.connectors.http import (
    ATTEMPTS,
    MAX_BACKOFF_SECONDS,
    ApiClient,
    backoff,
    bounded_gather,
    pages_by_link,
    pages_by_number,
    pages_by_token,
    retry_after,
)
from mailgate.connectors.logins import Login
from mailgate.errors import SourceError, Trouble
from mailgate.wire import ApiResponse

BASE = "https://api.example.com"
OK = answer({"a": 1})


class Renewing:
    """A login that counts how often it was forgotten."""

    def __init__(self):
        self.forgotten = 0

    async def headers(self, _ask):
        return {"Authorization": f"Bearer {self.forgotten}"}

    def forget(self):
        self.forgotten += 1


@pytest.fixture
def waits():
    return Waits()


@pytest.fixture
def client(waits):
    def make(*answers, login=None, run_bytes=1000):
        wire = Scripted(*answers)
        login = login or Login({"X-Key": "k"})
        return ApiClient(BASE, login, wire, tools(waits), run_bytes), wire

    return make


async def test_a_question_carries_login_query_and_comes_back_as_json(client):
    asking, wire = client(OK)
    assert await asking.get("/things", [("section", "A"), ("section", "B C"), ("page", 0)]) == {"a": 1}
    [question] = wire.questions
    assert (question.method, question.url) == ("GET", f"{BASE}/things?section=A&section=B+C&page=0")
    assert question.headers == {"X-Key": "k"}
    assert asking.tally.pages == 1


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.com/next",
        "http://api.example.com/next",
        "https://api.example.com:8443/next",
        "https://api.example.com@evil.example.com/",
        "//evil.example.com/next",
        "https://user@api.example.com/",
        "https://api.example.com:x/",
        "http://[::1",
    ],
)
async def test_an_address_of_another_origin_is_not_asked(client, target):
    asking, wire = client(OK)
    with ends_in(Trouble.ELSEWHERE):
        await asking.get(target)
    assert wire.questions == []


async def test_a_redirect_within_the_origin_is_followed(client):
    asking, wire = client(ApiResponse(302, {"location": "/there?x=1"}), OK)
    assert await asking.get("/here") == {"a": 1}
    assert wire.questions[1].url == f"{BASE}/there?x=1"


@pytest.mark.parametrize("location", ["https://evil.example.com/", "http://[::1", "//[/"])
async def test_a_redirect_to_another_host_is_not(client, location):
    asking, wire = client(ApiResponse(302, {"location": location}), OK)
    with ends_in(Trouble.ELSEWHERE):
        await asking.get("/here")
    assert len(wire.questions) == 1


async def test_redirects_in_circles_end(client):
    asking, _ = client(*[ApiResponse(302, {"location": "/here"})] * 20)
    with pytest.raises(SourceError, match="circles"):
        await asking.get("/here")


async def test_a_refused_token_is_renewed_once(client):
    login = Renewing()
    asking, wire = client(ApiResponse(401), OK, login=login)
    assert await asking.get("/x") == {"a": 1}
    assert [question.headers["Authorization"] for question in wire.questions] == ["Bearer 0", "Bearer 1"]
    asking, wire = client(ApiResponse(401), ApiResponse(401), login=login)
    with ends_in(Trouble.LOGIN):
        await asking.get("/x")
    assert len(wire.questions) == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_source_is_asked_again_when_it_says(client, waits, status):
    asking, _ = client(ApiResponse(status, {"retry-after": "11"}), OK)
    assert await asking.get("/x") == {"a": 1}
    assert waits.seconds == [11.0]
    assert asking.tally.throttled == 1


async def test_retry_after_zero_is_no_leave_to_hammer(client, waits):
    asking, _ = client(ApiResponse(429, {"retry-after": "0"}), OK)
    await asking.get("/x")
    assert waits.seconds == [0.5]


@pytest.mark.parametrize(
    ("failure", "trouble"),
    [
        (ApiResponse(429), Trouble.THROTTLED),
        (ApiResponse(502), Trouble.STATUS),
        (SourceError(Trouble.UNREACHABLE), Trouble.UNREACHABLE),
        (SourceError(Trouble.TIMEOUT), Trouble.TIMEOUT),
    ],
)
async def test_after_some_attempts_it_gives_up(client, waits, failure, trouble):
    asking, wire = client(*[failure] * 20)
    with ends_in(trouble):
        await asking.get("/x")
    assert len(wire.questions) == ATTEMPTS
    assert waits.seconds == [1.0, 2.0, 4.0, 8.0, 16.0]


async def test_a_certificate_that_is_not_trusted_is_not_tried_again(client):
    asking, wire = client(SourceError(Trouble.CERTIFICATE))
    with ends_in(Trouble.CERTIFICATE):
        await asking.get("/x")
    assert len(wire.questions) == 1


async def test_find_knows_what_is_not_there_from_what_fails(client):
    asking, _ = client(ApiResponse(404), ApiResponse(403))
    assert await asking.find("/x") is None
    with ends_in(Trouble.RIGHT):
        await asking.find("/x")


async def test_all_answers_of_a_run_are_bounded_together(client):
    asking, _ = client(OK, OK, run_bytes=len(OK.body))
    await asking.get("/x")
    with ends_in(Trouble.TOO_BIG):
        await asking.get("/x")


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"\xff", b"[" * 100_000], ids=["HTML", "nothing", "no UTF-8", "too deep"]
)
async def test_an_answer_without_json_has_an_unexpected_shape(client, body):
    asking, _ = client(ApiResponse(200, {}, body), run_bytes=10**6)
    with ends_in(Trouble.SHAPE):
        await asking.get("/x")


async def test_an_error_shows_no_url_query_body_or_secret(client):
    asking, _ = client(ApiResponse(400, {}, b"hunter2 in the body"))
    with pytest.raises(SourceError) as caught:
        await asking.get("/path", [("q", "hunter2")])
    assert str(caught.value) == "unexpected-status: HTTP 400"
    assert caught.value.__cause__ is None


async def test_closing_closes_the_wire(client):
    asking, wire = client()
    await asking.close()
    assert wire.closed


async def test_no_content_is_none(client):
    asking, _ = client(ApiResponse(204))
    assert await asking.get("/x") is None


async def test_a_put_is_not_repeated_after_a_server_error(client, waits):
    asking, wire = client(ApiResponse(503), ApiResponse(500))
    with pytest.raises(SourceError) as caught:
        await asking.put("/x", b"")
    assert (caught.value.status, len(wire.questions), len(waits.seconds)) == (500, 2, 1)


async def test_a_put_sends_its_body_and_reads_the_answer(client):
    asking, wire = client(ApiResponse(207, {}, b'{"a": 1}'))
    assert await asking.put("/x", b"<plist/>", {"Content-Type": "application/xml"}) == {"a": 1}
    [question] = wire.questions
    assert (question.method, question.body) == ("PUT", b"<plist/>")
    assert question.headers == {"Content-Type": "application/xml", "X-Key": "k"}


async def test_work_is_done_in_order_within_its_limit():
    running, most = 0, 0

    async def work(item):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return item * 2

    assert await bounded_gather(work, range(10), 3) == [item * 2 for item in range(10)]
    assert most == 3


async def test_if_one_task_fails_the_others_end():
    ended = []

    async def work(item):
        if item == 1:
            raise LookupError
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(item)
            raise

    with pytest.raises(LookupError):
        await bounded_gather(work, [0, 1, 2], 3)
    assert ended == [0, 2]


async def test_no_items_give_no_results():
    assert await bounded_gather(asyncio.sleep, [], 4) == []


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("999999999999999999999", MAX_BACKOFF_SECONDS),
        ("Tue, 24 Nov 2026 12:00:30 GMT", 30.0),
        ("Tue, 24 Nov 2026 12:00:30 -0000", 30.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2037 11:00:00 GMT", MAX_BACKOFF_SECONDS),
        ("-1", None),
        ("soon", None),
        ("Tue, 24 Nov 2026 12:00:30 +99999999999999", None),
        ("٣", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(said, seconds):
    assert retry_after({"retry-after": said}, NOW) == seconds


@pytest.mark.parametrize(
    ("attempt", "chance", "seconds"),
    [
        (0, 1.0, 1.0),
        (1, 1.0, 2.0),
        (2, 1.0, 4.0),
        (3, 1.0, 8.0),
        (2, 0.0, 2.0),
        (60, 1.0, MAX_BACKOFF_SECONDS),
    ],
)
def test_backoff_doubles_and_leaves_half_to_chance(attempt, chance, seconds):
    assert backoff(attempt, chance) == seconds


async def test_a_waiting_request_says_why_and_until_when(client, waits):
    asking, _ = client(ApiResponse(429, {"retry-after": "120"}), OK)
    seen = []

    async def sleep(_seconds):
        seen.append((asking.tally.retrying, asking.tally.retry_at))

    asking._tools = replace(asking._tools, sleep=sleep)
    await asking.get("/things")
    assert seen == [("throttled", NOW + timedelta(seconds=120))]
    assert (asking.tally.retrying, asking.tally.retry_at) == ("", None)


async def test_a_source_that_does_not_answer_is_said_to_be_asked_again(client):
    asking, _ = client(*[SourceError(Trouble.TIMEOUT)] * ATTEMPTS)
    with ends_in(Trouble.TIMEOUT):
        await asking.get("/things")
    assert asking.tally.retrying == "timeout"


NOTHING = ApiResponse(204)


def asking(*bodies):
    wire = Scripted(*(body if body is NOTHING else answer(body) for body in bodies))
    return client_of(wire, BASE), wire


async def ids(pages):
    return [each["id"] async for page in pages for each in page]


def page(*numbers, **more):
    return {"value": [{"id": number} for number in numbers], **more}


async def test_linked_pages_are_followed_as_they_are_named():
    client, wire = asking(page(1, 2, **{"@odata.nextLink": f"{BASE}/x?$skiptoken=%20a"}), page(3))
    assert await ids(pages_by_link(client, "/x", [("$top", 2)])) == [1, 2, 3]
    assert [question.url for question in wire.questions] == [
        f"{BASE}/x?%24top=2",
        f"{BASE}/x?$skiptoken=%20a",
    ]


async def test_a_next_link_to_another_host_ends_the_list():
    client, wire = asking(page(1, **{"@odata.nextLink": "https://evil.example.com/x"}))
    with ends_in(Trouble.ELSEWHERE):
        await ids(pages_by_link(client, "/x"))
    assert len(wire.questions) == 1


@pytest.mark.parametrize(
    ("by", "body"),
    [
        (pages_by_link, page(1, **{"@odata.nextLink": f"{BASE}/x?a"})),
        (partial(pages_by_token, items="items"), {"items": [], "nextPageToken": "a"}),
    ],
    ids=["by link", "by token"],
)
async def test_pages_in_circles_end(by, body):
    client, _ = asking(*[body] * 3)
    with ends_in(Trouble.SHAPE):
        await ids(by(client, "/x"))


@pytest.mark.parametrize("body", [[], {}, {"value": 1}, {"value": [1]}, {"value": None}])
async def test_a_page_without_a_list_is_no_empty_list(body):
    client, _ = asking(body)
    with ends_in(Trouble.SHAPE):
        await ids(pages_by_link(client, "/x"))


def results(total, *numbers):
    return {"totalCount": total, "results": [{"id": number} for number in numbers]}


async def test_numbered_pages_are_read_until_everything_came():
    client, wire = asking(results(3, 1, 2), results(3, 3))
    assert await ids(pages_by_number(client, "/x", [], 2)) == [1, 2, 3]
    assert wire.questions[1].url == f"{BASE}/x?page=1&page-size=2"
    assert client.tally.total == 3


async def test_a_list_that_grows_meanwhile_is_read_to_its_end():
    client, _ = asking(results(3, 1, 2), results(5, 3, 4), results(5, 5))
    assert await ids(pages_by_number(client, "/x", [], 2)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "pages",
    [
        [results(4, 1, 2), results(3, 4)],  # 1 went, and 3 moved to the page that was read already
        [results(4, 1, 2), results(4)],
        [results(4, 1, 2), NOTHING],
    ],
    ids=["a device less", "an empty page", "no content"],
)
async def test_a_list_that_shrinks_meanwhile_may_be_cut_short(pages):
    client, _ = asking(*pages)
    with ends_in(Trouble.CUT):
        await ids(pages_by_number(client, "/x", [], 2))


@pytest.mark.parametrize("body", [results(0), NOTHING], ids=["nothing listed", "no content"])
async def test_an_empty_list_is_one(body):
    client, _ = asking(body)
    assert await ids(pages_by_number(client, "/x", [], 2)) == []


async def test_a_page_without_a_total_is_an_unexpected_shape():
    client, _ = asking({"results": []})
    with ends_in(Trouble.SHAPE):
        await ids(pages_by_number(client, "/x", [], 2))


async def test_tokened_pages_keep_the_query():
    client, wire = asking({"items": [{"id": 1}], "nextPageToken": "t&1"}, {"items": [{"id": 2}]})
    assert await ids(pages_by_token(client, "/x", [("projection", "FULL")], items="items")) == [1, 2]
    assert wire.questions[1].url == f"{BASE}/x?projection=FULL&pageToken=t%261"


@pytest.mark.parametrize("none", [None, "", [], {}, 0], ids=repr)
async def test_a_list_ends_where_nothing_names_a_next_page(none):
    client, _ = asking({"items": [{"id": 1}], "nextPageToken": none})
    assert await ids(pages_by_token(client, "/x", items="items")) == [1]


async def test_google_leaves_an_empty_list_out():
    client, _ = asking({"kind": "admin#directory#mobiledevices"})
    assert await ids(pages_by_token(client, "/x", items="mobiledevices")) == []


async def test_numbered_pages_are_read_in_the_words_of_another_api():
    bodies = ({"Total": 2, "Devices": [{"id": 1}]}, {"Total": 2, "Devices": [{"id": 2}]})
    client, wire = asking(*bodies)
    found = pages_by_number(
        client,
        "/x",
        [],
        1,
        items="Devices",
        total="Total",
        sized="pagesize",
        headers={"A": "b"},
        counted=False,
    )
    assert await ids(found) == [1, 2]
    assert [(question.url, question.headers) for question in wire.questions] == [
        (f"{BASE}/x?page={page}&pagesize=1", {"A": "b"}) for page in (0, 1)
    ]
    assert client.tally.total is None
