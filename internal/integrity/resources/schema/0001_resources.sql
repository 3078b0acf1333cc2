-- +goose Up
-- The types of resources of FHIR servers that are watched.
CREATE TABLE integrity_resources (
	source  TEXT NOT NULL,    -- what the house calls the server
	name    TEXT NOT NULL,    -- the type
	bits    INTEGER NOT NULL, -- of an id's hash that choose the chunk
	live    INTEGER NOT NULL, -- resources that were there
	state   BLOB NOT NULL,    -- JSON: what the server could do, and how it numbers versions
	swept   INTEGER NOT NULL, -- by the clock of the server: store.Time
	heard   INTEGER NOT NULL, -- up to when the news since then were read
	PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;

-- The resources, in chunks by the hash of the id.
CREATE TABLE integrity_resource_chunks (
	source  TEXT NOT NULL,
	name    TEXT NOT NULL,
	bits    INTEGER NOT NULL,
	chunk   INTEGER NOT NULL,
	live    INTEGER NOT NULL,
	planted INTEGER NOT NULL, -- since when something else is remembered of one of them than was seen, in microseconds; 0 when it is not
	digest  BLOB NOT NULL,    -- of all that is known
	body    BLOB NOT NULL,    -- ids, versions, times and digests, sealed
	content BLOB NOT NULL,    -- static forms, sealed
	PRIMARY KEY (source, name, bits, chunk)
) STRICT;
