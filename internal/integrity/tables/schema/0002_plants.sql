-- +goose Up
-- Rows of which it is pretended that they were something else, so that it shows how long it takes to find that: one of a table.
CREATE TABLE integrity_plants (
	source TEXT NOT NULL,
	name   TEXT NOT NULL,    -- schema.table
	at     INTEGER NOT NULL, -- by our own clock: store.Time
	body   BLOB NOT NULL,    -- hash of the row's key, sealed
	PRIMARY KEY (source, name)
) STRICT;
