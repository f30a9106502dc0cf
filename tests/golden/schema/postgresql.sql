CREATE TABLE app_counts (
    day DATE NOT NULL,
    app TEXT NOT NULL,
    people INTEGER NOT NULL,
    devices INTEGER NOT NULL,
    kept_out_people INTEGER NOT NULL,
    kept_out_devices INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_app_counts PRIMARY KEY (day, app)
);

CREATE TABLE audit (
    number INTEGER NOT NULL,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL,
    why TEXT NOT NULL,
    origin TEXT NOT NULL,
    details TEXT NOT NULL,
    previous TEXT NOT NULL,
    digest TEXT NOT NULL,
    CONSTRAINT pk_audit PRIMARY KEY (number)
);

CREATE TABLE audit_head (
    one INTEGER NOT NULL,
    number INTEGER NOT NULL,
    digest TEXT NOT NULL,
    CONSTRAINT pk_audit_head PRIMARY KEY (one)
);

CREATE TABLE clients (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    handheld BOOLEAN NOT NULL,
    assurance TEXT NOT NULL,
    form TEXT NOT NULL,
    os TEXT NOT NULL,
    browser TEXT NOT NULL,
    protocol TEXT NOT NULL,
    eas_id TEXT NOT NULL,
    method TEXT NOT NULL,
    target TEXT NOT NULL,
    headers TEXT NOT NULL,
    proofs TEXT,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_clients PRIMARY KEY (id)
);

CREATE TABLE connectors (
    name TEXT NOT NULL,
    last_attempt TIMESTAMP WITH TIME ZONE,
    last_success TIMESTAMP WITH TIME ZONE,
    last_full TIMESTAMP WITH TIME ZONE,
    failing_since TIMESTAMP WITH TIME ZONE,
    trouble TEXT NOT NULL,
    trouble_since TIMESTAMP WITH TIME ZONE,
    running_since TIMESTAMP WITH TIME ZONE,
    retrying TEXT NOT NULL,
    retry_at TIMESTAMP WITH TIME ZONE,
    cursor TIMESTAMP WITH TIME ZONE,
    listed TEXT NOT NULL,
    status BIGINT NOT NULL,
    devices BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    gone BIGINT NOT NULL,
    held BIGINT NOT NULL,
    narrowed BIGINT NOT NULL,
    narrows_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_connectors PRIMARY KEY (name)
);

CREATE TABLE device_changes (
    one INTEGER NOT NULL,
    number BIGINT NOT NULL,
    CONSTRAINT pk_device_changes PRIMARY KEY (one)
);

CREATE TABLE device_row_changes (
    one INTEGER NOT NULL,
    number BIGINT NOT NULL,
    CONSTRAINT pk_device_row_changes PRIMARY KEY (one)
);

CREATE TABLE devices (
    key BIGINT NOT NULL,
    id TEXT NOT NULL,
    lost_at TIMESTAMP WITH TIME ZONE,
    first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen TIMESTAMP WITH TIME ZONE NOT NULL,
    changed BIGINT NOT NULL,
    CONSTRAINT pk_devices PRIMARY KEY (key),
    CONSTRAINT uq_devices_id UNIQUE (id)
);

CREATE TABLE enrolled_keys (
    thumbprint TEXT NOT NULL,
    device TEXT NOT NULL,
    owner TEXT NOT NULL,
    token TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reported_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    app TEXT NOT NULL,
    counter BIGINT NOT NULL,
    machine TEXT NOT NULL,
    proven BOOLEAN NOT NULL,
    said TEXT NOT NULL,
    CONSTRAINT pk_enrolled_keys PRIMARY KEY (thumbprint)
);

CREATE TABLE enrolment_tokens (
    digest BYTEA NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    note TEXT NOT NULL,
    uses_left INTEGER NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_enrolment_tokens PRIMARY KEY (digest)
);

CREATE TABLE first_refusals (
    policy TEXT NOT NULL,
    subject TEXT NOT NULL,
    person TEXT NOT NULL,
    device TEXT NOT NULL,
    rule TEXT NOT NULL,
    hour TIMESTAMP WITH TIME ZONE NOT NULL,
    sort TEXT NOT NULL,
    CONSTRAINT pk_first_refusals PRIMARY KEY (policy, subject)
);

CREATE TABLE forgotten_devices (
    id TEXT NOT NULL,
    changed BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_forgotten_devices PRIMARY KEY (id)
);

CREATE TABLE gates (
    host TEXT NOT NULL,
    address TEXT NOT NULL,
    worker INTEGER NOT NULL,
    workers INTEGER NOT NULL,
    instance TEXT NOT NULL,
    version TEXT NOT NULL,
    policy TEXT NOT NULL,
    number INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    heard_at FLOAT(53) NOT NULL,
    CONSTRAINT pk_gates PRIMARY KEY (host, address, worker)
);

CREATE TABLE help_references (
    reference TEXT NOT NULL,
    sighting TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_help_references PRIMARY KEY (reference)
);

CREATE TABLE help_requests (
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    person TEXT NOT NULL,
    device TEXT NOT NULL,
    reason TEXT NOT NULL,
    reference TEXT NOT NULL,
    policy TEXT NOT NULL,
    known BOOLEAN NOT NULL,
    times INTEGER NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    replied_at TIMESTAMP WITH TIME ZONE,
    done_at TIMESTAMP WITH TIME ZONE,
    done_by TEXT NOT NULL,
    words TEXT NOT NULL,
    answer TEXT NOT NULL,
    CONSTRAINT pk_help_requests PRIMARY KEY (rule, subject)
);

CREATE TABLE keys (
    purpose TEXT NOT NULL,
    number INTEGER NOT NULL,
    secret BYTEA NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_keys PRIMARY KEY (purpose, number)
);

CREATE TABLE languages (
    person TEXT NOT NULL,
    tag TEXT NOT NULL,
    day DATE NOT NULL,
    CONSTRAINT pk_languages PRIMARY KEY (person)
);

CREATE TABLE laptop_readers (
    person TEXT NOT NULL,
    os TEXT NOT NULL,
    browser TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    named_at TIMESTAMP WITH TIME ZONE,
    bare_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_laptop_readers PRIMARY KEY (person, os, browser)
);

CREATE TABLE leases (
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    until FLOAT(53) NOT NULL,
    CONSTRAINT pk_leases PRIMARY KEY (name)
);

CREATE TABLE looks (
    id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    who TEXT NOT NULL,
    roles TEXT NOT NULL,
    origin TEXT NOT NULL,
    what TEXT NOT NULL,
    person TEXT NOT NULL,
    device TEXT NOT NULL,
    sought TEXT NOT NULL,
    number INTEGER,
    CONSTRAINT pk_looks PRIMARY KEY (id)
);

CREATE TABLE mails (
    id TEXT NOT NULL,
    address TEXT NOT NULL,
    login TEXT NOT NULL,
    rule TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    round INTEGER NOT NULL,
    notice TEXT,
    about TEXT NOT NULL,
    state TEXT NOT NULL,
    holder TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    why TEXT NOT NULL,
    queued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    until TIMESTAMP WITH TIME ZONE,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_mails PRIMARY KEY (id)
);

CREATE TABLE phone_changes (
    one INTEGER NOT NULL,
    number BIGINT NOT NULL,
    CONSTRAINT pk_phone_changes PRIMARY KEY (one)
);

CREATE TABLE plans (
    digest TEXT NOT NULL,
    serial INTEGER NOT NULL,
    candidate TEXT NOT NULL,
    policy TEXT NOT NULL,
    texts TEXT NOT NULL,
    body TEXT NOT NULL,
    author TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    movers INTEGER NOT NULL,
    CONSTRAINT pk_plans PRIMARY KEY (digest)
);

CREATE TABLE policies (
    number INTEGER NOT NULL,
    digest TEXT NOT NULL,
    policy TEXT NOT NULL,
    texts TEXT NOT NULL,
    author TEXT NOT NULL,
    note TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_policies PRIMARY KEY (number),
    CONSTRAINT uq_policies_digest UNIQUE (digest)
);

CREATE TABLE policy_versions (
    source TEXT NOT NULL,
    policy TEXT NOT NULL,
    version BIGINT NOT NULL,
    content TEXT NOT NULL,
    CONSTRAINT pk_policy_versions PRIMARY KEY (source, policy, version)
);

CREATE TABLE quarantine_mails (
    person TEXT NOT NULL,
    device TEXT NOT NULL,
    reason TEXT NOT NULL,
    written_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_quarantine_mails PRIMARY KEY (person, device, reason)
);

CREATE TABLE refused_days (
    day DATE NOT NULL,
    people INTEGER NOT NULL,
    strangers INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_refused_days PRIMARY KEY (day)
);

CREATE TABLE relief_changes (
    one INTEGER NOT NULL,
    number BIGINT NOT NULL,
    CONSTRAINT pk_relief_changes PRIMARY KEY (one)
);

CREATE TABLE reliefs (
    number INTEGER NOT NULL,
    cause TEXT NOT NULL,
    rule TEXT NOT NULL,
    author TEXT NOT NULL,
    why TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    until TIMESTAMP WITH TIME ZONE,
    person TEXT NOT NULL,
    device TEXT NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by TEXT NOT NULL,
    ended_why TEXT NOT NULL,
    CONSTRAINT pk_reliefs PRIMARY KEY (number)
);

CREATE TABLE shut_enrolments (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    by TEXT NOT NULL,
    CONSTRAINT pk_shut_enrolments PRIMARY KEY (kind, name)
);

CREATE TABLE spent_proofs (
    ticket BYTEA NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_spent_proofs PRIMARY KEY (ticket)
);

CREATE TABLE verdict_counts (
    span TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    effect TEXT NOT NULL,
    kind TEXT NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    times BIGINT NOT NULL,
    CONSTRAINT pk_verdict_counts PRIMARY KEY (span, at, effect, kind, rule, reason)
);

CREATE TABLE activations (
    serial INTEGER NOT NULL,
    number INTEGER NOT NULL,
    author TEXT NOT NULL,
    note TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_activations PRIMARY KEY (serial),
    CONSTRAINT fk_activations_number FOREIGN KEY(number) REFERENCES policies (number)
);

CREATE TABLE device_findings (
    device BIGINT NOT NULL,
    reason TEXT NOT NULL,
    about TEXT NOT NULL,
    detail TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_device_findings PRIMARY KEY (device, reason, about),
    CONSTRAINT fk_device_findings_device FOREIGN KEY(device) REFERENCES devices (key) ON DELETE CASCADE
);

CREATE TABLE device_names (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    device BIGINT NOT NULL,
    CONSTRAINT pk_device_names PRIMARY KEY (kind, name),
    CONSTRAINT fk_device_names_device FOREIGN KEY(device) REFERENCES devices (key) ON DELETE CASCADE
);

CREATE TABLE device_rows (
    device BIGINT NOT NULL,
    person TEXT NOT NULL,
    kind TEXT NOT NULL,
    os TEXT NOT NULL,
    os_version TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    mail TEXT NOT NULL,
    apps TEXT NOT NULL,
    blocked_by TEXT NOT NULL,
    findings TEXT NOT NULL,
    groups TEXT NOT NULL,
    reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_device_rows PRIMARY KEY (device),
    CONSTRAINT fk_device_rows_device FOREIGN KEY(device) REFERENCES devices (key) ON DELETE CASCADE
);

CREATE TABLE drafts (
    digest TEXT NOT NULL,
    base INTEGER NOT NULL,
    edit TEXT NOT NULL,
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_drafts PRIMARY KEY (digest),
    CONSTRAINT fk_drafts_base FOREIGN KEY(base) REFERENCES policies (number)
);

CREATE TABLE plan_movers (
    plan TEXT NOT NULL,
    number INTEGER NOT NULL,
    person TEXT NOT NULL,
    device TEXT NOT NULL,
    kind TEXT NOT NULL,
    system TEXT NOT NULL,
    groups TEXT NOT NULL,
    state TEXT NOT NULL,
    apps TEXT NOT NULL,
    label TEXT NOT NULL,
    before TEXT NOT NULL,
    before_rule TEXT NOT NULL,
    effect TEXT NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    CONSTRAINT pk_plan_movers PRIMARY KEY (plan, number),
    CONSTRAINT fk_plan_movers_plan FOREIGN KEY(plan) REFERENCES plans (digest) ON DELETE CASCADE
);

CREATE TABLE reports (
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    device BIGINT NOT NULL,
    owner TEXT NOT NULL,
    person TEXT NOT NULL,
    kind TEXT,
    os TEXT NOT NULL,
    os_version TEXT NOT NULL,
    managed BOOLEAN,
    status TEXT NOT NULL,
    apps TEXT NOT NULL,
    apps_complete BOOLEAN,
    asked TEXT,
    profile TEXT NOT NULL,
    reported_at TIMESTAMP WITH TIME ZONE,
    looked_from TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    enrolment TEXT NOT NULL,
    compliance TEXT NOT NULL,
    threat TEXT NOT NULL,
    denied_by TEXT NOT NULL,
    not_denied TEXT NOT NULL,
    compliance_apps TEXT NOT NULL,
    denied TEXT NOT NULL,
    compliance_at TIMESTAMP WITH TIME ZONE,
    compliance_last TIMESTAMP WITH TIME ZONE,
    denied_at TIMESTAMP WITH TIME ZONE,
    denied_last TIMESTAMP WITH TIME ZONE,
    denied_until TIMESTAMP WITH TIME ZONE,
    gone BOOLEAN NOT NULL,
    handed BOOLEAN NOT NULL,
    names TEXT NOT NULL,
    first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_reports PRIMARY KEY (id, source),
    CONSTRAINT fk_reports_device FOREIGN KEY(device) REFERENCES devices (key) ON DELETE CASCADE
);

CREATE TABLE sightings (
    id TEXT NOT NULL,
    client TEXT NOT NULL,
    day DATE NOT NULL,
    device TEXT NOT NULL,
    posture TEXT NOT NULL,
    "user" TEXT NOT NULL,
    rule TEXT NOT NULL,
    effect TEXT NOT NULL,
    reason TEXT NOT NULL,
    would TEXT NOT NULL,
    policy TEXT NOT NULL,
    count BIGINT NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reference TEXT NOT NULL,
    shown BIGINT NOT NULL,
    CONSTRAINT pk_sightings PRIMARY KEY (id),
    CONSTRAINT fk_sightings_client FOREIGN KEY(client) REFERENCES clients (id)
);

CREATE TABLE retractions (
    serial INTEGER NOT NULL,
    versions TEXT NOT NULL,
    serials TEXT NOT NULL,
    policies TEXT NOT NULL,
    looked_at TIMESTAMP WITH TIME ZONE,
    done BOOLEAN NOT NULL,
    CONSTRAINT pk_retractions PRIMARY KEY (serial),
    CONSTRAINT fk_retractions_serial FOREIGN KEY(serial) REFERENCES activations (serial)
);

CREATE TABLE started_notices (
    serial INTEGER NOT NULL,
    rule TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    why TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    mails INTEGER NOT NULL,
    CONSTRAINT pk_started_notices PRIMARY KEY (serial, rule, kind),
    CONSTRAINT fk_started_notices_serial FOREIGN KEY(serial) REFERENCES activations (serial)
);

CREATE INDEX ix_audit_about_number ON audit (about, number);

CREATE INDEX ix_audit_at_number ON audit (at, number);

CREATE INDEX ix_audit_who_number ON audit (who, number);

CREATE INDEX ix_clients_eas_id ON clients (eas_id);

CREATE INDEX ix_clients_last_at ON clients (last_at);

CREATE INDEX ix_device_findings_about ON device_findings (about);

CREATE INDEX ix_device_names_device ON device_names (device);

CREATE INDEX ix_device_rows_apps ON device_rows (apps, device);

CREATE INDEX ix_device_rows_blocked_by ON device_rows (blocked_by, device);

CREATE INDEX ix_device_rows_findings ON device_rows (findings, device);

CREATE INDEX ix_device_rows_kind ON device_rows (kind, device);

CREATE INDEX ix_device_rows_mail ON device_rows (mail, device);

CREATE INDEX ix_device_rows_os ON device_rows (os, device);

CREATE INDEX ix_device_rows_person ON device_rows (person, device);

CREATE INDEX ix_device_rows_reported_at ON device_rows (reported_at, device);

CREATE INDEX ix_device_rows_source ON device_rows (source, device);

CREATE INDEX ix_device_rows_state ON device_rows (state, device);

CREATE INDEX ix_devices_changed ON devices (changed);

CREATE INDEX ix_devices_last_seen ON devices (last_seen);

CREATE INDEX ix_drafts_made_at ON drafts (made_at);

CREATE INDEX ix_enrolled_keys_device ON enrolled_keys (device);

CREATE INDEX ix_enrolled_keys_login ON enrolled_keys (lower(owner COLLATE "C"));

CREATE INDEX ix_enrolled_keys_machine_name ON enrolled_keys (lower(machine COLLATE "C"));

CREATE INDEX ix_enrolled_keys_revoked_at ON enrolled_keys (revoked_at);

CREATE INDEX ix_enrolled_keys_token ON enrolled_keys (token);

CREATE INDEX ix_enrolment_tokens_expires_at ON enrolment_tokens (expires_at);

CREATE INDEX ix_enrolment_tokens_login ON enrolment_tokens (lower(owner COLLATE "C"));

CREATE INDEX ix_enrolment_tokens_made_at ON enrolment_tokens (made_at);

CREATE INDEX ix_enrolment_tokens_name ON enrolment_tokens (name);

CREATE INDEX ix_first_refusals_device ON first_refusals (device);

CREATE INDEX ix_first_refusals_hour ON first_refusals (hour);

CREATE INDEX ix_first_refusals_person ON first_refusals (person);

CREATE INDEX ix_first_refusals_policy_sort_hour ON first_refusals (policy, sort, hour);

CREATE INDEX ix_forgotten_devices_changed ON forgotten_devices (changed);

CREATE INDEX ix_help_references_at ON help_references (at);

CREATE INDEX ix_help_references_sighting ON help_references (sighting);

CREATE INDEX ix_help_requests_device ON help_requests (device);

CREATE INDEX ix_help_requests_last_at ON help_requests (last_at);

CREATE INDEX ix_help_requests_open ON help_requests (rule, last_at) WHERE done_at IS NULL;

CREATE INDEX ix_help_requests_person ON help_requests (person);

CREATE INDEX ix_help_requests_reference ON help_requests (reference);

CREATE INDEX ix_languages_day ON languages (day);

CREATE INDEX ix_laptop_readers_seen_at ON laptop_readers (seen_at);

CREATE INDEX ix_looks_at ON looks (at);

CREATE INDEX ix_looks_device_at ON looks (device, at);

CREATE INDEX ix_looks_person_at ON looks (person, at);

CREATE INDEX ix_looks_who_at ON looks (who, at);

CREATE INDEX ix_mails_about ON mails (version, kind, rule, state, address, id);

CREATE INDEX ix_mails_changed_at ON mails (changed_at);

CREATE INDEX ix_mails_login ON mails (login);

CREATE INDEX ix_mails_state_due_at ON mails (state, due_at);

CREATE INDEX ix_plan_movers_device ON plan_movers (device);

CREATE INDEX ix_plan_movers_kind_in_plan ON plan_movers (plan, kind, number);

CREATE INDEX ix_plan_movers_label_in_plan ON plan_movers (plan, label, number);

CREATE INDEX ix_plan_movers_person_in_plan ON plan_movers (plan, person, number);

CREATE INDEX ix_plan_movers_rule_in_plan ON plan_movers (plan, rule, number);

CREATE INDEX ix_plans_made_at ON plans (made_at);

CREATE INDEX ix_policies_policy ON policies (policy);

CREATE INDEX ix_quarantine_mails_device ON quarantine_mails (device);

CREATE INDEX ix_quarantine_mails_written_at ON quarantine_mails (written_at);

CREATE INDEX ix_reports_device ON reports (device);

CREATE INDEX ix_reports_person ON reports (person) WHERE person <> '';

CREATE INDEX ix_sightings_client ON sightings (client);

CREATE INDEX ix_sightings_device ON sightings (device);

CREATE INDEX ix_sightings_last_at ON sightings (last_at);

CREATE INDEX ix_sightings_login ON sightings (lower("user" COLLATE "C"));

CREATE INDEX ix_sightings_reference ON sightings (reference);

CREATE INDEX ix_sightings_rule_last_at ON sightings (rule, last_at);

CREATE INDEX ix_sightings_user ON sightings ("user");

CREATE INDEX ix_spent_proofs_until ON spent_proofs (until);

CREATE UNIQUE INDEX ix_mails_address_rule_version_kind_round ON mails (address, rule, version, kind, round);

INSERT INTO device_changes (one, number) VALUES (1, 1);

INSERT INTO device_row_changes (one, number) VALUES (1, 0);

INSERT INTO phone_changes (one, number) VALUES (1, 0);

INSERT INTO relief_changes (one, number) VALUES (1, 0);

INSERT INTO audit_head (one, number, digest) VALUES (1, 0, '');

CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$;

CREATE OR REPLACE FUNCTION audit_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.number IS DISTINCT FROM (SELECT number + 1 FROM audit_head) THEN RAISE EXCEPTION 'the audit log is only added to'; END IF; RETURN NEW; END $$;

CREATE OR REPLACE FUNCTION audit_head_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.number IS DISTINCT FROM OLD.number + 1 THEN RAISE EXCEPTION 'the audit log is only added to'; END IF; RETURN NEW; END $$;

CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE TRIGGER audit_follows BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_follow();

CREATE TRIGGER audit_head_follows BEFORE UPDATE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_head_follow();

CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_no_change;

ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_stays;

