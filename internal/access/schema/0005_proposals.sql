-- +goose Up
CREATE TABLE proposals (
	id     TEXT PRIMARY KEY,
	at     INTEGER NOT NULL,
	ends   INTEGER NOT NULL,
	person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE, -- who proposes
	verb   TEXT NOT NULL,
	kind   TEXT NOT NULL,
	object TEXT NOT NULL,
	owner  TEXT NOT NULL,
	detail TEXT NOT NULL, -- JSON, as it goes into the trail
	terms  TEXT NOT NULL  -- JSON, all that the act needs
) STRICT;
