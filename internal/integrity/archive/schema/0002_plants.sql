-- +goose Up
-- Images of which it is pretended that they were something else, so that it shows how long it takes to find that: one of an archive.
CREATE TABLE integrity_archive_plants (
	source TEXT PRIMARY KEY,
	at     INTEGER NOT NULL, -- store.Time
	body   BLOB NOT NULL     -- SOP Instance UID, sealed
) STRICT;
