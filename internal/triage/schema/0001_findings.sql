-- +goose Up
CREATE TABLE findings (
	id         TEXT PRIMARY KEY,
	kind       TEXT NOT NULL,
	rule       TEXT NOT NULL,    -- id of the rule or indicator, else its title
	title      TEXT NOT NULL,
	level      INTEGER NOT NULL, -- finding.Rank
	body       BLOB NOT NULL,    -- the finding as JSON
	events     INTEGER NOT NULL, -- matched
	state      TEXT NOT NULL,
	verdict    TEXT NOT NULL,
	why        TEXT NOT NULL,
	owner      TEXT NOT NULL,
	opened     INTEGER NOT NULL, -- when the first match was filed
	changed    INTEGER NOT NULL,
	closed     INTEGER NOT NULL,
	later      INTEGER NOT NULL, -- until when it is put off
	matched    INTEGER NOT NULL, -- when the latest match was filed, by the journal's clock
	seen_wall  INTEGER NOT NULL, -- the same by the wall clock, when the desk took it in
	suppressed TEXT NOT NULL,    -- id of the suppression that hides it
	notify     INTEGER NOT NULL  -- how often people were to be told
) STRICT;
CREATE INDEX findings_queue ON findings (state, level, changed, id);
CREATE INDEX findings_rule ON findings (rule);

-- What a finding has to do with, to be searched.
CREATE TABLE finding_entities (
	finding TEXT NOT NULL REFERENCES findings (id),
	kind    TEXT NOT NULL,
	value   TEXT NOT NULL, -- in lower case
	PRIMARY KEY (finding, kind, value)
) STRICT;
CREATE INDEX finding_entities_value ON finding_entities (value);

-- The latest that each watcher filed of each finding: what is filed again after a restart is not counted again.
CREATE TABLE finding_counted (
	finding TEXT NOT NULL REFERENCES findings (id),
	watcher TEXT NOT NULL,
	entry   INTEGER NOT NULL,
	line    INTEGER NOT NULL,
	PRIMARY KEY (finding, watcher)
) STRICT;

-- What people, and the desk itself, did with findings.
CREATE TABLE finding_acts (
	id      TEXT PRIMARY KEY,
	finding TEXT NOT NULL REFERENCES findings (id),
	rule    TEXT NOT NULL,
	at      INTEGER NOT NULL,
	who     TEXT NOT NULL, -- empty: the desk itself
	act     TEXT NOT NULL,
	verdict TEXT NOT NULL,
	detail  TEXT NOT NULL,
	undone  INTEGER NOT NULL
) STRICT;
CREATE INDEX finding_acts_finding ON finding_acts (finding, at);
CREATE INDEX finding_acts_rule ON finding_acts (rule);

CREATE TABLE suppressions (
	id        TEXT PRIMARY KEY,
	rule      TEXT NOT NULL,
	entity    TEXT NOT NULL, -- JSON object of kinds and values
	owner     TEXT NOT NULL,
	reason    TEXT NOT NULL,
	made      INTEGER NOT NULL,
	expires   INTEGER NOT NULL,
	lifted    INTEGER NOT NULL,
	lifted_by TEXT NOT NULL,
	events    INTEGER NOT NULL -- matches that it hid
) STRICT;

-- How far the journal's clock has come.
CREATE TABLE finding_clock (
	follower TEXT PRIMARY KEY,
	at       INTEGER NOT NULL
) STRICT;
