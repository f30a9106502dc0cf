"""``deploy/kubernetes``: what kustomize makes of it is what Kubernetes takes, and gates can run on what is in it."""

import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from ruamel.yaml import YAML
from tests.docs.reading import ROOT
from tests.servers import require_or_skip

from mailgate.config import load_bundle

KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("one", "many")
FORWARDING = sorted(KUBERNETES.glob("forward-auth/*.yaml"))
CLAIMED = {"X-Forwarded-User", "X-Forwarded-Host"}
"""What a gate believes of a trusted proxy that Envoy does not write anew."""


def documents(text: str) -> list[dict[str, Any]]:
    return [dict(each) for each in YAML(typ="safe").load_all(text)]


def built(overlay: str) -> list[dict[str, Any]]:
    require_or_skip("kustomize")
    command = ["kustomize", "build", KUBERNETES / "overlays" / overlay]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return documents(done.stdout)


def of_kind(found: list[dict[str, Any]], kind: str, name: str = "mailgate") -> dict[str, Any]:
    (one,) = [each for each in found if each["kind"] == kind and each["metadata"]["name"] == name]
    return one


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_kubernetes_takes_it(overlay: str, version: str) -> None:
    for each in built(overlay):
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_gate_can_run_on_the_settings(overlay: str, tmp_path: Path) -> None:
    found = built(overlay)
    maps = {each["metadata"]["name"]: each["data"] for each in found if each["kind"] == "ConfigMap"}
    (tmp_path / "store_url").write_text("postgresql://mailgate:x@postgres:5432/mailgate")
    for volume in of_kind(found, "StatefulSet")["spec"]["template"]["spec"]["volumes"]:
        sources = volume.get("projected", {}).get("sources", [volume])
        for source in [each["configMap"] for each in sources if "configMap" in each]:
            data = maps[source["name"]]
            paths = {each["key"]: each["path"] for each in source.get("items", [])} or {
                key: key for key in data
            }
            assert paths.keys() == data.keys()
            for key, path in paths.items():
                file = tmp_path / volume["name"] / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(data[key].replace("/run/secrets/mailgate", str(tmp_path)))
    settings = load_bundle(tmp_path / "settings" / "mailgate.yaml").settings
    assert [each.dialect for each in settings.authz_listeners] == ["envoy-grpc"]
    assert settings.store.get_secret_value().startswith(
        "postgresql:" if overlay == "many" else "sqlite:////var/lib/mailgate/"
    )


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_has_no_rights_and_holds_no_secret(overlay: str) -> None:
    found = built(overlay)
    pod = of_kind(found, "StatefulSet")["spec"]["template"]["spec"]
    (gate,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 10001)
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert gate["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert (
        of_kind(found, "Namespace", "mail")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        == "restricted"
    )
    assert "Secret" not in {each["kind"] for each in found}
    (secret,) = [each["secret"] for each in pod["volumes"] if "secret" in each]
    assert secret.get("optional", False) is (overlay == "one")
    assert "env" not in gate


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_ask_the_admin_port(overlay: str) -> None:
    (gate,) = of_kind(built(overlay), "StatefulSet")["spec"]["template"]["spec"]["containers"]
    asked = {probe: gate[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {probe: (get["path"], get["port"]) for probe, get in asked.items()} == {
        "startupProbe": ("/healthz", "admin"),
        "livenessProbe": ("/healthz", "admin"),
        "readinessProbe": ("/readyz", "admin"),
    }


def test_many_gates_may_lose_one_at_a_time() -> None:
    found = built("many")
    assert of_kind(found, "StatefulSet")["spec"]["replicas"] > 1
    budget = of_kind(found, "PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == of_kind(found, "StatefulSet")["spec"]["selector"]
    assert not [each for each in built("one") if each["kind"] == "PodDisruptionBudget"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_monitoring_reaches_the_admin_port_and_only_the_gate_the_webmail(overlay: str) -> None:
    found = built(overlay)
    policy = of_kind(found, "NetworkPolicy")["spec"]
    may = [each["from"] for each in policy["ingress"] if {"port": "admin"} in each["ports"]]
    assert may == [[{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]]
    assert policy["podSelector"] == of_kind(found, "StatefulSet")["spec"]["selector"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    (way,) = of_kind(found, "NetworkPolicy", "webmail")["spec"]["ingress"]
    assert way["from"] == [{"podSelector": policy["podSelector"]}]


@pytest.mark.parametrize("path", FORWARDING, ids=lambda path: path.stem)
def test_each_gateway_asks_the_gate_and_refuses_without_an_answer(path: Path) -> None:
    text = path.read_text()
    service = of_kind(built("many"), "Service")["spec"]["ports"]
    assert {each["name"]: each["port"] for each in service} == {"mail": 8080, "questions": 8082}
    assert "8082" in text
    assert (
        path.stem == "gateway-api" or "failOpen: false" in text
    )  # the filter of Gateway API has no other way
    assert {each["apiVersion"].split("/")[0].partition(".")[2] for each in documents(text)}
    assert all(f.lower() in text.lower() for f in CLAIMED)


def test_a_route_through_a_gate_takes_out_what_no_client_may_say() -> None:
    (route,) = documents((KUBERNETES / "inline" / "gateway-api.yaml").read_text())
    (rule,) = route["spec"]["rules"]
    assert set(rule["filters"][0]["requestHeaderModifier"]["remove"]) == CLAIMED
