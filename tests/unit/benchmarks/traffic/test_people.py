"""Clients connect from many addresses of the loopback network, and none comes again soon."""

from ipaddress import ip_address, ip_network
from itertools import islice

from benchmarks.traffic.people import addresses

LOOPBACK = ip_network("127.0.0.0/8")


def test_there_are_many_addresses() -> None:
    found = list(islice(addresses(), 20_000))
    assert len(set(found)) == len(found)
    assert all(ip_address(each) in LOOPBACK for each in found)
