-- +goose Up
-- Differences that were planted in what is known of other systems, to see how long it takes to find one.
CREATE TABLE integrity_selftests (
	system  TEXT NOT NULL,
	name    TEXT NOT NULL,    -- of the table, or another part of the system
	planted INTEGER NOT NULL, -- store.Time
	found   INTEGER NOT NULL, -- store.Time; 0 while it waits
	told    INTEGER NOT NULL, -- 1 when it was told that nobody finds it
	PRIMARY KEY (system, name, planted)
) STRICT;
