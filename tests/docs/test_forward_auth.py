"""The configurations for other proxies hand on everything that the gate reads, and nothing that a client forges."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.unit.policy.examples import NOW

from mailgate.classify import READ, VERSION_HEADER
from mailgate.gateway.authz.authorizer import results
from mailgate.gateway.authz.verdict_key import ALWAYS, FIELDS
from mailgate.http.forgeable import FAMILIES, KNOWN, NAMES, forgeable
from mailgate.model import Access, Client, Decision, Effect, Kind, Posture, Reason, RequestFacts

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = (DEPLOY / "nginx/forward-auth.conf").read_text()
DECIDES = {
    *(name for name in READ if not forgeable(name.encode())),
    "cookie", "authorization", "device-attestation", VERSION_HEADER, "sec-fetch-dest", "x-requested-with",
}  # fmt: skip
"""The fields on which a decision, or the form of an answer, can rest. A DPoP proof is never kept a verdict of."""
RESULTS = {
    name
    for name, _ in results(
        Access(RequestFacts(), Client(Kind.LAPTOP, handheld=False), Posture(), NOW),
        Decision(Effect.ALLOW, Reason.RULE_MATCHED, "x", "v"),
        "REF",
    )
}
PROOFS = {"device-attestation", "dpop"}
"""The gate has to see them; they are taken out behind it."""


def yaml(name: str) -> Any:
    return YAML(typ="safe").load((DEPLOY / name).read_text())


def envoy_filters() -> dict[str, Any]:
    manager = yaml("envoy/envoy.yaml")["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
    return {each["name"]: each["typed_config"] for each in manager["typed_config"]["http_filters"]}


def test_nginx_keeps_verdicts_by_everything_that_decides() -> None:
    """And by no more than it tells Mailgate. What a question never has needs no place in the key."""
    (key,) = re.findall(r'proxy_cache_key "(.*)";', NGINX)
    parts = set(key.split(r"\n"))
    assert {f"$http_{name.replace('-', '_')}" for name in DECIDES - {"cookie"}} <= parts
    of_the_question = {"$held_address", "$held_target", "$scheme", "$http_host", "$request_method"}
    assert {*of_the_question, "$upgrading", "$own_cookies", "$checked_user"} <= parts
    assert all(re.fullmatch(r"\$\w+", part) for part in parts)
    (words,) = re.findall(r'^  mailgate "(.*)";', NGINX, re.MULTILINE)
    assert set(words.split()) == {*ALWAYS, "$held_besides"}
    unsaid = {name for name in FIELDS if f"$http_{name.replace('-', '_')}" not in parts}
    never = {"content-length", "transfer-encoding", "http2-settings"}  # nginx never passes the second on
    assert unsaid == {*never, "x-forwarded-user", "upgrade"}
    (question,) = re.findall(r"location = /\.mailgate/authz {(.*?)\n  }", NGINX, re.DOTALL)
    for line in ('Content-Length ""', "X-Forwarded-User $checked_user", "Upgrade $upgrading"):
        assert f"proxy_set_header {line};" in question
    assert 'proxy_set_header HTTP2-Settings "";' in (DEPLOY / "nginx/mailgate-unforged.conf").read_text()
    assert "proxy_cache $kept_verdicts;" in NGINX
    assert "proxy_no_cache $http_dpop;" in NGINX
    assert "proxy_cache_bypass $http_dpop;" in NGINX


def test_envoy_asks_with_everything_that_decides() -> None:
    asking = envoy_filters()["envoy.filters.http.ext_authz"]
    sent = {pattern["exact"] for pattern in asking["allowed_headers"]["patterns"]}
    assert DECIDES - {"authorization"} <= sent  # which Envoy always sends
    assert {"dpop", "x-forwarded-proto", "upgrade"} <= sent
    told = asking["http_service"]["authorization_request"]["headers_to_add"]
    assert told == [{"key": "x-original-for", "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"}]
    assert asking["failure_mode_allow"] is False
    assert asking["http_service"]["path_prefix"] == "/.mailgate/authz"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_unforged", DEPLOY / "make_unforged.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", script().BLOCKS)
def test_each_configuration_has_the_current_table_of_forgeable_fields(name: str) -> None:
    making, text = script(), (DEPLOY / name).read_text()
    assert making.with_blocks(text, making.BLOCKS[name]) == text, (
        "run: PYTHONPATH=proxy python deploy/make_unforged.py"
    )


@pytest.mark.parametrize("proxy", ["nginx", "traefik"])
def test_proxies_without_beginnings_take_out_every_name(proxy: str) -> None:
    taken_out = "\n".join(getattr(script(), proxy)())
    assert all(re.search(rf"\b{re.escape(name)}\b", taken_out) for name in KNOWN - PROOFS if "$" not in name)


@pytest.mark.parametrize("proxy", ["caddy", "haproxy", "envoy"])
def test_the_others_know_every_beginning(proxy: str) -> None:
    taken_out = "\n".join(getattr(script(), proxy)())
    assert all(each in taken_out for each in (*FAMILIES, *(NAMES - PROOFS)))


def test_every_way_to_the_gate_or_the_webmail_is_rid_of_it_first() -> None:
    locations = re.findall(r"location [^{]*{(.*?)\n  }", NGINX, re.DOTALL)
    passing = [each for each in locations if "proxy_pass" in each]
    assert len(passing) == 5
    assert all("include mailgate-unforged.conf;" in each for each in passing)
    routers = yaml("traefik/dynamic.yaml")["http"]["routers"].values()
    assert all(each["middlewares"][0] == "unforged" for each in routers if each["service"] != "nobody")
    assert next(iter(envoy_filters())) == "envoy.filters.http.header_mutation"
    caddy = (DEPLOY / "caddy/Caddyfile").read_text().partition("\troute {\n")[2]
    assert 0 < caddy.index("import unforged") < caddy.index("reverse_proxy")
    haproxy = (DEPLOY / "haproxy/haproxy.cfg").read_text()
    assert haproxy.index("# end of forgeable") < haproxy.index("http-request set-header")


def test_the_results_reach_the_webmail() -> None:
    asking = yaml("traefik/dynamic.yaml")["http"]["middlewares"]["mailgate"]["forwardAuth"]
    assert set(asking["authResponseHeaders"]) == RESULTS
    assert asking["trustForwardHeader"] is False
    caddy, lua = (DEPLOY / "caddy/Caddyfile").read_text(), (DEPLOY / "haproxy/mailgate.lua").read_text()
    for name in RESULTS:
        assert f"request_header {name} {{http.reverse_proxy.header.{name}}}" in caddy
        assert f'"{name.lower()}"' in lua
