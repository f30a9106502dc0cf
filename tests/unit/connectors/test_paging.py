from functools import partial

import pytest
from tests.unit.connectors.around import Scripted, answer, client_of, ends_in

from mailgate.connectors import Trouble
from mailgate.connectors.paging import pages_by_link, pages_by_number, pages_by_token
from mailgate.wire import ApiResponse

BASE = "https://api.example.com"


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
