"""Every mix is sent to the systems that it is for, if they run."""

from benchmarks.peers import Running
from benchmarks.varied_traffic import loads, sides

RUNNING = {name: Running(1, 2) for name in ("nginx", "mailgate", "mailgate_behind")}


def test_clients_ask_every_system_themselves_but_the_gate_behind_a_proxy() -> None:
    assert {"nginx", "haproxy", "caddy", "caddy_forward_auth", "mitmproxy", "plain_aiohttp"} < set(
        sides("mixed")
    )
    assert {"nginx_authz", "nginx_authz_cached", "mailgate"} < set(sides("fresh"))
    assert "mailgate_behind" not in sides("page")


def test_two_workers_serve_mixed_traffic_alone() -> None:
    assert "mailgate_two" in sides("mixed")
    assert "mailgate_two" not in {*sides("page"), *sides("fresh"), *sides("proxied")}


def test_only_what_runs_is_asked() -> None:
    assert loads(RUNNING, ("mixed", "proxied", "refused_page")) == [
        ("mixed", "nginx"),
        ("mixed", "mailgate"),
        ("proxied", "nginx"),
        ("proxied", "mailgate_behind"),
        ("refused_page", "mailgate"),
    ]


def test_the_time_of_what_is_asked_counts_for_who_asks() -> None:
    assert Running(1, 2, helpers=(3,)).pids == (2, 3)
