-- +goose Up
-- The tables of other systems that are watched.
CREATE TABLE integrity_tables (
	source   TEXT NOT NULL,    -- what the house calls the system
	name     TEXT NOT NULL,    -- schema.table
	bits     INTEGER NOT NULL, -- of a key's hash that choose the chunk
	live     INTEGER NOT NULL, -- rows that were there
	highest  TEXT NOT NULL,    -- number of a row, where rows have rising ones
	shape    BLOB NOT NULL,    -- JSON: the columns that are compared
	triggers BLOB NOT NULL,    -- JSON: names, and hashes of what they do
	swept    INTEGER NOT NULL, -- by the clock of the database: store.Time
	PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;

-- Their rows, in chunks by the hash of the key.
CREATE TABLE integrity_chunks (
	source  TEXT NOT NULL,
	name    TEXT NOT NULL,
	bits    INTEGER NOT NULL,
	chunk   INTEGER NOT NULL,
	live    INTEGER NOT NULL,
	digest  BLOB NOT NULL, -- of the rows that were there
	body    BLOB NOT NULL, -- hashes, versions and times of each row, sealed
	content BLOB NOT NULL, -- the rows themselves, sealed
	PRIMARY KEY (source, name, bits, chunk)
) STRICT;
