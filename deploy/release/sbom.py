"""Write the packages of a run of this version as a CycloneDX bill of materials: ``python -m deploy.release.sbom FILE``.

It needs cyclonedx-python-lib (``requirements-release.lock``), and the packages of ``requirements.lock``, whose metadata
it reads. ``SOURCE_DATE_EPOCH`` is its timestamp, so that the same packages make the same bytes.
"""

import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from deploy.release.licences import LOCK, ROOT, licence_of
from deploy.release.locked import Locked, read_lock
from deploy.release.needs import needs
from packageurl import PackageURL


def bill(project: Mapping[str, Any], packages: Sequence[Locked], at: datetime) -> Bom:
    """Mailgate, and every package below it with its hashes, its licence and its own dependencies."""
    whole = _component(project["name"], project["version"], project["license"], ComponentType.APPLICATION)
    parts = {each.name: _part(each) for each in packages}
    bom = Bom(components=parts.values(), serial_number=_serial(project, packages))
    bom.metadata.component, bom.metadata.timestamp = whole, at
    asked = needs(project, parts.keys())
    bom.register_dependency(whole, [parts[name] for name in asked[""]])
    for name, part in parts.items():
        bom.register_dependency(part, [parts[each] for each in asked[name]])
    return bom


def _component(name: str, version: str, licence: str, kind: ComponentType) -> Component:
    return Component(
        name=name,
        version=version,
        type=kind,
        bom_ref=f"{name}@{version}",
        purl=PackageURL("pypi", None, name, version),
        licenses=[LicenseFactory().make_from_string(licence)],
    )


def _part(package: Locked) -> Component:
    made = _component(package.name, package.version, licence_of(package), ComponentType.LIBRARY)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=each) for each in package.hashes]
    # one for each file of this version: the installed one is among them
    made.external_references.update(
        ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(package.purl), hashes=[each])
        for each in hashes
    )
    return made


def _serial(project: Mapping[str, Any], packages: Sequence[Locked]) -> UUID:
    """A serial number that is the same for the same content, since two builds have to be the same."""
    return uuid5(NAMESPACE_URL, " ".join([project["version"], *(each.purl for each in packages)]))


def main(file: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    at = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    packages = [each for each in read_lock(LOCK) if each.applies()]
    text = JsonV1Dot6(bill(project, packages, at)).output_as_string(indent=2) + "\n"
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"the bill of materials is none: {wrong}")
    Path(file).write_text(text, "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
