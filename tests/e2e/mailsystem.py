"""A real mail system on the loopback interface: Dovecot (IMAP) and Roundcube (webmail), with messages in it."""

import imaplib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from uuid import uuid4

from tests.servers import free_port, listens, require_or_skip, running, unavailable

PASSWORD = "secret"
USERS = ("alice", "bob")
ROUNDCUBE = Path("/var/lib/roundcube")
ROUNDCUBE_CONFIG = Path("/etc/roundcube")
ROUNDCUBE_SCHEMA = Path("/usr/share/roundcube/SQL/sqlite.initial.sql")
COMPILED_ONCE = ("-d", "opcache.enable_cli=1")
"""As behind a web server: PHP's own server else compiles the webmail again for each request."""

DOVECOT_CONFIG = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {run}/dovecot
state_dir = {run}/dovecot/state
log_path = {run}/dovecot.log
protocols {{
 imap = yes
}}
ssl = no
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = {run}/home/%{{user}}/Maildir
mail_uid = www-data
mail_gid = www-data
first_valid_uid = 1
default_internal_user = dovecot
default_login_user = dovenull
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    uid = www-data
    gid = www-data
    home = {run}/home/%{{user}}
  }}
}}
service imap-login {{
  inet_listener imap {{
    listen = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""

ROUNDCUBE_SETTINGS = """\
<?php
$config['db_dsnw'] = 'sqlite:///{run}/roundcube.db?mode=0646';
$config['imap_host'] = '127.0.0.1:{imap}';
$config['smtp_host'] = '';
$config['des_key'] = 'a-24-character-test-key!';
$config['skin'] = 'elastic';
$config['log_driver'] = 'stdout';
$config['temp_dir'] = '{run}/temp';
$config['drafts_mbox'] = 'Drafts';
$config['create_default_folders'] = true;
$config['plugins'] = [];
"""


@dataclass(frozen=True)
class MailSystem:
    """The address of the webmail. Every user of ``USERS`` has the same password and the same three messages."""

    url: str
    imap_port: int
    maildirs: Path

    def attachments(self, user: str, folder: str) -> dict[str, bytes]:
        """Every file attached to a message of a folder, read from the Maildir itself: name to content."""
        messages = (
            message_from_bytes(file.read_bytes(), policy=default)
            for part in ("new", "cur")
            for file in (self.maildirs / user / "Maildir" / f".{folder}" / part).glob("*")
        )
        return {
            part.get_filename() or "": part.get_payload(decode=True)
            for message in messages
            for part in message.iter_attachments()
        }

    def deliver(self, user: str, subject: str) -> None:
        """Put a new message into a user's inbox, while everything runs."""
        spool = self.maildirs / user / "Maildir" / "tmp" / f"{uuid4().hex}.new"
        spool.write_bytes(SampleMail(subject, "Just arrived.\n").to(user, 9))
        shutil.chown(spool, "www-data", "www-data")
        spool.rename(spool.parents[1] / "new" / spool.name)


@dataclass(frozen=True)
class SampleMail:
    """One message in every mailbox."""

    subject: str
    text: str
    attachment: tuple[str, bytes] | None = None
    html: str = ""

    def to(self, user: str, number: int) -> bytes:
        message = EmailMessage()
        message["From"] = "Mail Desk <desk@example.com>"
        message["To"] = f"{user}@example.com"
        message["Subject"] = self.subject
        message["Date"] = f"Tue, 01 Dec 2026 09:0{number}:00 +0000"
        message["Message-ID"] = f"<letter-{number}.{user}@example.com>"
        message.set_content(self.text)
        if self.html:
            message.add_alternative(self.html, subtype="html")
        if self.attachment:
            name, content = self.attachment
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        return message.as_bytes()


PLAIN = SampleMail("Canteen opens later on Monday", "The canteen opens at eleven on Monday.\n")
UNICODE = SampleMail(
    "Grüße aus Köln: 今週の予定 ✓",
    "Sitzung am Donnerstag, 今週木曜日。\n",
    html="<p>Sitzung am <b>Donnerstag</b>, 今週木曜日。</p>",
)
ATTACHED = SampleMail(
    "The minutes, attached", "See the file.\n", attachment=("minutes.bin", bytes(range(256)) * 1024)
)
SAMPLE_MAILS = (PLAIN, UNICODE, ATTACHED)


@contextmanager
def mail_system() -> Iterator[MailSystem]:
    """Start everything, yield it, stop and delete everything."""
    require_or_skip("dovecot", "php", str(ROUNDCUBE / "index.php"), str(ROUNDCUBE_SCHEMA))
    if os.geteuid() != 0:
        unavailable("the mail system needs root: Dovecot gives its processes users of their own")
    with tempfile.TemporaryDirectory(prefix="mailgate-mail-") as directory:
        run = Path(directory)
        run.chmod(0o755)  # Dovecot's processes run as www-data; pytest's own directories are closed to it
        with dovecot(run) as imap_port, roundcube(run, imap_port) as url:
            yield MailSystem(url, imap_port, run / "home")


@contextmanager
def dovecot(run: Path, further: str = "", *, indexed: bool = True) -> Iterator[int]:
    """An IMAP server over freshly filled Maildirs, with ``further`` settings. Yields its port."""
    port = free_port()
    config = run / "dovecot.conf"
    config.write_text(DOVECOT_CONFIG.format(run=run, port=port, password=PASSWORD) + further)
    fill_maildirs(run / "home")
    with running(["/usr/sbin/dovecot", "-F", "-c", config], ready=listens(port), log=run / "dovecot.out"):
        if indexed:
            take_in(port)
        yield port


def fill_maildirs(home: Path) -> None:
    """Put the letters into every user's inbox and give the files to the mail user."""
    for user in USERS:
        for part in ("new", "cur", "tmp"):
            (home / user / "Maildir" / part).mkdir(parents=True)
        for number, letter in enumerate(SAMPLE_MAILS):
            (home / user / "Maildir" / "new" / f"{number}.seed").write_bytes(letter.to(user, number))
    for path in (home, *home.rglob("*")):
        shutil.chown(path, "www-data", "www-data")


def take_in(port: int) -> None:
    """Have the letters indexed: two first sessions at the same time may disagree on the content."""
    for user in USERS:
        with imaplib.IMAP4("127.0.0.1", port) as session:
            session.login(user, PASSWORD)
            status, counts = session.select()
            assert (status, counts) == ("OK", [str(len(SAMPLE_MAILS)).encode()])


@contextmanager
def roundcube(run: Path, imap_port: int) -> Iterator[str]:
    """Roundcube on PHP's own server. Yields its address."""
    port = free_port()
    config = run / "roundcube"
    for directory in (config, run / "temp"):
        directory.mkdir()
    for name in ("defaults.inc.php", "mimetypes.php"):
        shutil.copy(ROUNDCUBE_CONFIG / name, config)
    (config / "config.inc.php").write_text(ROUNDCUBE_SETTINGS.format(run=run, imap=imap_port))
    database = sqlite3.connect(run / "roundcube.db")
    database.executescript(ROUNDCUBE_SCHEMA.read_text())
    database.close()
    with running(
        ["php", *COMPILED_ONCE, "-S", f"127.0.0.1:{port}", "-t", ROUNDCUBE],
        ready=listens(port),
        log=run / "roundcube.out",
        environment={"ROUNDCUBE_CONFIG_DIR": str(config), "PHP_CLI_SERVER_WORKERS": "4"},
    ):
        yield f"http://127.0.0.1:{port}"
