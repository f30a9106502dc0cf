"""Write an image's archive again without the names of the container that built it: ``python -m deploy.release.image
ARCHIVE NEW``.

``podman save`` of an image in Docker's format, the only one that keeps its health check, has the name and id of that
container, so that no two builds are the same. Layers and everything that a container gets stay as they are.
"""

import hashlib
import json
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

OF_THE_BUILD = ("container", "container_config")
"""The fields in which Docker once kept the container that a layer was made in."""


def settled(archive: Path, new: Path) -> None:
    """Write the same image with bytes that depend only on its content."""
    with tarfile.open(archive) as source, tarfile.open(new, "w") as target:
        (image,) = json.load(_file(source, "manifest.json"))
        config = _settings(json.load(_file(source, image["Config"])))
        image["Config"] = f"{hashlib.sha256(config).hexdigest()}.json"
        for name, content in (("manifest.json", json.dumps([image]).encode()), (image["Config"], config)):
            target.addfile(_entry(name, len(content)), BytesIO(content))
        for layer in sorted(set(image["Layers"])):
            target.addfile(_entry(layer, source.getmember(layer).size), _file(source, layer))


def _settings(config: dict[str, Any]) -> bytes:
    for name in OF_THE_BUILD:
        config.pop(name, None)
    config["config"].pop("Hostname", None)
    return json.dumps(config, sort_keys=True, separators=(",", ":")).encode()


def _file(archive: tarfile.TarFile, name: str) -> Any:
    found = archive.extractfile(name)
    assert found is not None, f"{name} is no file"
    return found


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o444
    return entry


if __name__ == "__main__":
    settled(*(Path(each) for each in sys.argv[1:]))
