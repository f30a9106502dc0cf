"""A real SOGo on the loopback interface: web UI, ActiveSync, CalDAV and CardDAV over the mail of `mailsystem`.

PostgreSQL, memcached, sogod and, as in production, nginx before it.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from tests.e2e.mailsystem import PASSWORD, USERS, MailSystem
from tests.integration.postgres import postgres_server
from tests.servers import free_port, listens, require_or_skip, running, unavailable

ACTIVESYNC = "/Microsoft-Server-ActiveSync"
SHORTEST_PING = 5
"""Seconds between two looks of SOGo at a folder on which a Ping waits; it does not look more often."""

_ACCOUNT = "sogo"
_WORKERS = 10  # a hanging Ping occupies one of them until it ends
_LIBRARY = Path("/usr/lib")
_RESOURCES = "GNUstep/SOGo/WebServerResources"

NGINX_CONFIG = """\
daemon off;
worker_processes 1;
pid {run}/nginx.pid;
error_log stderr;
{user}
events {{ worker_connections 256; }}
http {{
  include /etc/nginx/mime.types;
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {run}/body;
  proxy_temp_path {run}/proxy;
  fastcgi_temp_path {run}/fastcgi;
  uwsgi_temp_path {run}/uwsgi;
  scgi_temp_path {run}/scgi;

  proxy_set_header Host $http_host;
  proxy_set_header x-webobjects-server-protocol HTTP/1.0;
  proxy_set_header x-webobjects-remote-host 127.0.0.1;
  proxy_set_header x-webobjects-server-name $server_name;
  proxy_set_header x-webobjects-server-port $server_port;
  proxy_set_header x-webobjects-server-url $scheme://$http_host;

  server {{
    listen 127.0.0.1:{port};
    absolute_redirect off;
    location = / {{ return 302 /SOGo/; }}
    location = /.well-known/caldav {{ return 301 $scheme://$http_host/SOGo/dav; }}
    location = /.well-known/carddav {{ return 301 $scheme://$http_host/SOGo/dav; }}
    location /SOGo.woa/WebServerResources/ {{ alias {resources}/; }}
    location /SOGo/WebServerResources/ {{ alias {resources}/; }}
    location /SOGo {{ proxy_pass http://127.0.0.1:{sogo}; }}
    location = /Microsoft-Server-ActiveSync {{
      proxy_pass http://127.0.0.1:{sogo}/SOGo/Microsoft-Server-ActiveSync;
      proxy_read_timeout 3650;
    }}
  }}
}}
"""


@contextmanager
def sogo_system(mail: MailSystem) -> Iterator[str]:
    """Start everything, yield the address of the web server, stop and delete everything."""
    require_or_skip("sogod", "memcached", "nginx", "doveadm")
    resources = next(_LIBRARY.glob(f"*/{_RESOURCES}"), None)
    if resources is None or not (_LIBRARY / resources.parent / "ActiveSync.SOGo").exists():
        unavailable("not installed: sogo-activesync")
    if os.geteuid() != 0:
        unavailable("SOGo needs root: it runs as a user of its own")
    for user in USERS:
        _count_changes(mail, user)
    with tempfile.TemporaryDirectory(prefix="mailgate-sogo-") as directory:
        run = Path(directory)
        run.chmod(0o755)
        with (
            _database() as database,
            _memcached(run) as cache,
            _sogod(run, _settings(database, cache, mail.imap_port)) as port,
            _nginx(run, port, resources) as url,
        ):
            yield url


def _count_changes(mail: MailSystem, user: str) -> None:
    """Dovecot numbers changes only after somebody has asked for them; without numbers an inbox looks empty to
    ActiveSync."""
    config = mail.maildirs.parent / "dovecot.conf"
    asked = ["doveadm", "-c", config, "fetch", "-u", user, "modseq", "mailbox", "INBOX", "all"]
    subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _database() -> Iterator[str]:
    """PostgreSQL with the table of users. Yields the prefix of SOGo's table addresses."""
    port = free_port()
    with postgres_server(port) as folder:
        administrator = f"host={folder} port={port} user=mailgate"
        with psycopg.connect(f"{administrator} dbname=postgres", autocommit=True) as server:
            server.execute("CREATE ROLE sogo LOGIN PASSWORD 'x'")
            server.execute("CREATE DATABASE sogo OWNER sogo")
        with psycopg.connect(f"host={folder} port={port} user=sogo dbname=sogo") as database:
            database.execute(
                "CREATE TABLE sogo_users (c_uid text, c_name text, c_password text, c_cn text, mail text)"
            )
            for user in USERS:
                row = (user, user, PASSWORD, user.title(), f"{user}@example.com")
                database.execute("INSERT INTO sogo_users VALUES (%s, %s, %s, %s, %s)", row)
        yield f"postgresql://sogo:x@127.0.0.1:{port}/sogo"


@contextmanager
def _memcached(run: Path) -> Iterator[str]:
    port = free_port()
    arguments = ["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "16", "-u", "nobody"]
    with running(arguments, ready=listens(port), log=run / "memcached.out"):
        yield f"127.0.0.1:{port}"


def _settings(database: str, cache: str, imap_port: int) -> dict[str, str]:
    """Settings as arguments, which take precedence over /etc/sogo/sogo.conf. Values that look like property lists
    are read as such."""
    users = (
        f'({{type = sql; id = users; viewURL = "{database}/sogo_users"; canAuthenticate = YES; '
        "isAddressBook = YES; userPasswordAlgorithm = plain; displayName = Everybody;})"
    )
    return {
        "SOGoProfileURL": f"{database}/sogo_user_profile",
        "OCSFolderInfoURL": f"{database}/sogo_folder_info",
        "OCSSessionsFolderURL": f"{database}/sogo_sessions_folder",
        "OCSEMailAlarmsFolderURL": f"{database}/sogo_alarms_folder",
        "OCSAdminURL": f"{database}/sogo_admin",
        "SOGoMemcachedHost": cache,
        "SOGoIMAPServer": f"imap://127.0.0.1:{imap_port}",
        "SOGoUserSources": users,
        "SOGoLanguage": "English",
        "SOGoTimeZone": "UTC",
        "SOGoMaximumPingInterval": "3600",
        "SOGoMaximumSyncInterval": "3600",
        "SOGoInternalSyncInterval": str(SHORTEST_PING),
        "SOGoXSRFValidationEnabled": "YES",
    }


@contextmanager
def _sogod(run: Path, settings: dict[str, str]) -> Iterator[int]:
    """SOGo itself. Yields its port."""
    port = free_port()
    home = run / "sogo"
    spool = home / "spool"
    spool.mkdir(parents=True)
    for folder in (home, spool):
        shutil.chown(folder, _ACCOUNT, _ACCOUNT)
    server = {
        "WOPort": f"127.0.0.1:{port}",
        "WOWorkersCount": str(_WORKERS),
        "WONoDetach": "YES",
        "WOLogFile": "-",
        "WOPidFile": str(home / "sogo.pid"),
        "SOGoMailSpoolPath": str(spool),  # not the machine's, where another run has an alice, too
    }
    options = [part for name, value in (server | settings).items() for part in (f"-{name}", value)]
    with running(
        ["/usr/sbin/sogod", *options],
        ready=listens(port),
        log=run / "sogod.out",
        environment={"HOME": str(home)},
        directory=home,
        account=_ACCOUNT,
        patience=0.2,  # it has no state to save, and a worker with a Ping does not end on SIGTERM
    ):
        yield port


@contextmanager
def _nginx(run: Path, sogo: int, resources: Path) -> Iterator[str]:
    port = free_port()
    config = run / "nginx.conf"
    # a worker of another user could not read the web server's own temporary files
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(NGINX_CONFIG.format(run=run, user=user, port=port, sogo=sogo, resources=resources))
    arguments = ["/usr/sbin/nginx", "-e", "stderr", "-c", config]
    with running(arguments, ready=listens(port), log=run / "nginx.out"):
        yield f"http://127.0.0.1:{port}"
