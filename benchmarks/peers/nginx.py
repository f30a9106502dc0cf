"""nginx as a plain reverse proxy: one worker, persistent connections to the upstream, everything else by default."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.peers.peer import Peer, Running
from benchmarks.processes import free_port, program, serving, version_of
from benchmarks.site import UPGRADE, Site, nginx_config

SERVERS = """\
  upstream site {{ server {upstream}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://site;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }}
    location /socket {{ proxy_pass http://site; {upgrade} }}
  }}
"""


@contextmanager
def start(site: Site) -> Iterator[Running]:
    nginx, port, run = program("nginx"), free_port(), site.run / "nginx"
    run.mkdir()
    config = run / "nginx.conf"
    config.write_text(nginx_config(run, SERVERS.format(port=port, upstream=site.address, upgrade=UPGRADE)))
    with serving([nginx, "-e", "stderr", "-c", str(config)], port, run / "log") as pid:
        yield Running(port, pid)


PEER = Peer("nginx", "nginx, plain reverse proxy", start, partial(version_of, "nginx", "-v"))
