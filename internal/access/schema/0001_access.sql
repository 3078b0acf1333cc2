-- +goose Up
CREATE TABLE people (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL UNIQUE, -- that one logs in with, in lower case
	display    TEXT NOT NULL,
	roles      TEXT NOT NULL,        -- separated by spaces
	passphrase TEXT NOT NULL,        -- argon2id; empty while it is to be set anew
	totp       TEXT NOT NULL,        -- secret in base 32; empty while it is to be set anew
	totp_step  INTEGER NOT NULL,     -- last step that was used
	created    INTEGER NOT NULL,
	login      INTEGER NOT NULL,
	disabled   INTEGER NOT NULL
) STRICT;

CREATE TABLE invitations (
	hash    TEXT PRIMARY KEY,     -- SHA-256 of the secret
	name    TEXT NOT NULL UNIQUE, -- empty for the first person
	display TEXT NOT NULL,
	roles   TEXT NOT NULL,
	expires INTEGER NOT NULL
) STRICT;

CREATE TABLE enrolments (
	hash       TEXT PRIMARY KEY, -- SHA-256 of the id, which is a secret
	invitation TEXT NOT NULL REFERENCES invitations (hash) ON DELETE CASCADE,
	name       TEXT NOT NULL,
	display    TEXT NOT NULL,
	passphrase TEXT NOT NULL,
	totp       TEXT NOT NULL,
	tries      INTEGER NOT NULL,
	expires    INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery (
	hash   TEXT PRIMARY KEY, -- SHA-256 of the code
	person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX recovery_person ON recovery (person);

CREATE TABLE sessions (
	id     TEXT PRIMARY KEY,
	hash   TEXT NOT NULL UNIQUE, -- SHA-256 of the cookie
	person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
	opened INTEGER NOT NULL,
	seen   INTEGER NOT NULL,
	proved INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_person ON sessions (person);

CREATE TABLE tries (
	id   TEXT PRIMARY KEY,
	what TEXT NOT NULL, -- account or address
	at   INTEGER NOT NULL
) STRICT;
CREATE INDEX tries_what ON tries (what, at);
CREATE INDEX tries_at ON tries (at);

CREATE TABLE tokens (
	id      TEXT PRIMARY KEY,
	hash    TEXT NOT NULL, -- SHA-256 of the secret
	name    TEXT NOT NULL,
	role    TEXT NOT NULL,
	source  TEXT NOT NULL,
	scope   TEXT NOT NULL, -- verbs separated by spaces
	cidr    TEXT NOT NULL, -- separated by spaces
	maker   TEXT NOT NULL, -- a person, or whoever works on the machine itself
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	used    INTEGER NOT NULL,
	revoked INTEGER NOT NULL
) STRICT;

CREATE TABLE acts (
	id            TEXT PRIMARY KEY,
	at            INTEGER NOT NULL,
	actor         TEXT NOT NULL,
	name          TEXT NOT NULL,
	roles         TEXT NOT NULL,
	session       TEXT NOT NULL,
	token         TEXT NOT NULL,
	verb          TEXT NOT NULL,
	kind          TEXT NOT NULL,
	object        TEXT NOT NULL,
	owner         TEXT NOT NULL,
	detail        TEXT NOT NULL, -- JSON
	outcome       TEXT NOT NULL, -- empty while it goes on
	why           TEXT NOT NULL,
	ended         INTEGER NOT NULL,
	intent_entry  INTEGER NOT NULL, -- -1 while it is not sealed
	intent_line   INTEGER NOT NULL,
	outcome_entry INTEGER NOT NULL,
	outcome_line  INTEGER NOT NULL
) STRICT;
CREATE INDEX acts_at ON acts (at, id);
CREATE INDEX acts_actor ON acts (actor, at);
CREATE INDEX acts_outcome ON acts (outcome, at);
