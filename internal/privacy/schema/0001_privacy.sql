-- +goose Up
-- What an account did with a patient's record on a day. Accounts and patients are numbers of the house, no names.
CREATE TABLE privacy_touches (
	day       INTEGER NOT NULL, -- since 1970-01-01
	account   INTEGER NOT NULL,
	patient   INTEGER NOT NULL, -- 0 for what was done with nobody's record in particular
	state     INTEGER NOT NULL, -- 0 waits for its reasons, 1 nothing explains it yet, 2 judged for good
	explained INTEGER NOT NULL,
	opened    INTEGER NOT NULL, -- and not only listed
	body      BLOB NOT NULL,    -- encodeSheet; sealed where it holds what somebody wrote or searched for
	PRIMARY KEY (day, account, patient)
) STRICT, WITHOUT ROWID;
CREATE INDEX privacy_touches_waiting ON privacy_touches (state) WHERE state < 2;
CREATE INDEX privacy_touches_patient ON privacy_touches (patient, day);

-- What is known of an account and a patient from all days.
CREATE TABLE privacy_pairs (
	account  INTEGER NOT NULL,
	patient  INTEGER NOT NULL,
	first    INTEGER NOT NULL,
	last     INTEGER NOT NULL,
	days     INTEGER NOT NULL,
	settled  INTEGER NOT NULL,
	weight   REAL NOT NULL,
	template TEXT NOT NULL,
	PRIMARY KEY (account, patient)
) STRICT, WITHOUT ROWID;

CREATE TABLE privacy_accounts (
	account INTEGER PRIMARY KEY,
	body    BLOB NOT NULL -- profile as JSON
) STRICT;

-- How much was done and explained in three hours of a department; 0 is the house.
CREATE TABLE privacy_health (
	department INTEGER NOT NULL,
	part       INTEGER NOT NULL, -- hours since 1970 by 3
	touches    INTEGER NOT NULL,
	explained  INTEGER NOT NULL,
	firsts     INTEGER NOT NULL,
	firsts_explained INTEGER NOT NULL,
	held       INTEGER NOT NULL,
	PRIMARY KEY (department, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE privacy_cases (
	id     TEXT PRIMARY KEY,
	number INTEGER NOT NULL, -- 0 while it waits
	state  TEXT NOT NULL,
	body   BLOB NOT NULL     -- the case as JSON, sealed
) STRICT;
CREATE INDEX privacy_cases_state ON privacy_cases (state, number);

CREATE TABLE privacy_sights (
	case_id TEXT NOT NULL,
	at      INTEGER NOT NULL,
	name    TEXT NOT NULL,
	staff   INTEGER NOT NULL,
	PRIMARY KEY (case_id, at, name)
) STRICT;

-- What people concluded, as they did: it is applied to what is made anew after a restart.
CREATE TABLE privacy_decisions (
	id      TEXT PRIMARY KEY,
	case_id TEXT NOT NULL,
	at      INTEGER NOT NULL,
	body    BLOB NOT NULL -- as JSON, sealed
) STRICT;

-- What there is one of.
CREATE TABLE privacy_state (
	name TEXT PRIMARY KEY,
	body BLOB NOT NULL
) STRICT;

-- Records that lead to another one after a merge, of whom touches may still be kept under their own number.
CREATE TABLE privacy_merged (
	patient  INTEGER PRIMARY KEY,
	leads_to INTEGER NOT NULL
) STRICT;
