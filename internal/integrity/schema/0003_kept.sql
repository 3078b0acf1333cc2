-- +goose Up
-- Results as they were sent, and as a system of records keeps them.
CREATE TABLE integrity_kept (
	name INTEGER PRIMARY KEY, -- keyed hash of system and key of the statement
	at   INTEGER NOT NULL,    -- when one of the two spoke last, Unix seconds
	body BLOB NOT NULL        -- kept.Seal as JSON, sealed
) STRICT;
CREATE INDEX integrity_kept_at ON integrity_kept (at);

-- What was heard of objects that systems keep.
CREATE TABLE integrity_lives (
	name INTEGER PRIMARY KEY, -- keyed hash of the object's name
	at   INTEGER NOT NULL,    -- when something was heard last, Unix seconds
	body BLOB NOT NULL        -- Life as JSON, sealed
) STRICT;
CREATE INDEX integrity_lives_at ON integrity_lives (at);

-- What is to be read back of other systems now, and not in the night.
CREATE TABLE integrity_asks (
	id       INTEGER PRIMARY KEY, -- keyed hash of all that follows up to body
	system   TEXT NOT NULL,
	name     TEXT NOT NULL,       -- of the table, or another part of the system
	doubt    TEXT NOT NULL,       -- because of which it is asked; empty when it is because of none
	body     BLOB NOT NULL,       -- what is asked for, as JSON, sealed
	at       INTEGER NOT NULL,    -- when it was asked, Unix seconds
	due      INTEGER NOT NULL,    -- when it may be answered, Unix seconds
	answered INTEGER NOT NULL,    -- Unix seconds; 0 while it waits
	outcome  TEXT NOT NULL        -- a word: match, explained, pending, mismatch, absent; empty while it waits
) STRICT;
CREATE INDEX integrity_asks_due ON integrity_asks (system, answered, due);
CREATE INDEX integrity_asks_doubt ON integrity_asks (doubt);
