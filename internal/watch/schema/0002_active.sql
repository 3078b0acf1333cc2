-- +goose Up
-- The set that events are judged by from the position on; '' when it was never changed while the node ran.
ALTER TABLE watch_state ADD COLUMN version TEXT NOT NULL DEFAULT '';

-- How far rules have judged the journal that are not at work now, by all that they say: from the first entry on, and before
-- this one. What comes back is asked about the rest.
CREATE TABLE watch_judged (
	rule    TEXT PRIMARY KEY,
	entries INTEGER NOT NULL
) STRICT;

-- Rules that took too much time, by all that they say.
CREATE TABLE watch_suspended (
	rule  TEXT PRIMARY KEY,
	entry INTEGER NOT NULL -- from which on it was not asked
) STRICT;
