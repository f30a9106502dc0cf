"""How many connections there may be, and who gives up a place."""

import pytest

from mailgate.http.connection_limits import (
    MAX_EXAMINED,
    MIN_MAIL_CONNECTIONS,
    RESERVED_DESCRIPTORS,
    ConnectionLimit,
    connection_shares,
)


class Client:
    """A connection that does as a test says."""

    def __init__(self, *, idle=False, waits=False):
        self.idle, self.waits = idle, waits
        self.ended = False

    def give_up(self):
        self.ended = True


def filled(*clients):
    room = ConnectionLimit(len(clients))
    assert all(room.take(each) for each in clients)
    return room


def test_a_client_that_leaves_makes_room():
    client = Client()
    room = filled(client)
    assert not room.take(Client())
    room.leave(client)
    assert room.take(Client())
    room.leave(client)
    assert len(room) == 1


def test_the_oldest_that_asked_for_nothing_gives_up_its_place_first():
    busy, slow, first, second = Client(), Client(waits=True), Client(idle=True), Client(idle=True)
    room = filled(busy, slow, first, second)
    assert room.take(Client())
    assert [each.ended for each in (busy, slow, first, second)] == [False, False, True, False]
    assert room.take(Client())
    assert (slow.ended, second.ended) == (False, True)
    assert room.take(Client())
    assert (busy.ended, slow.ended) == (False, True)
    assert not room.take(Client())
    assert (busy.ended, len(room)) == (False, 4)


def test_busy_connections_do_not_hide_an_old_idle_one():
    room = filled(*(Client() for _ in range(2 * MAX_EXAMINED)), Client(idle=True))
    assert [room.take(Client()) for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    ("descriptors", "admin", "mail"),
    [
        (64, 16, MIN_MAIL_CONNECTIONS),
        (256, 32, 80),
        (1024, 128, 416),
        (65_536, 256, 32_608),
        (1_048_576, 256, 524_128),
    ],
)
def test_mail_has_descriptors_of_its_own(descriptors, admin, mail):
    shares = connection_shares(descriptors)
    assert shares == (admin, mail)
    assert descriptors < 128 or shares.admin + 2 * shares.mail + RESERVED_DESCRIPTORS <= descriptors
