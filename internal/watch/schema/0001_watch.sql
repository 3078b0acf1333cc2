-- +goose Up
-- What a follower that watches remembers beside its position.
CREATE TABLE watch_state (
	follower TEXT PRIMARY KEY,
	state    BLOB NOT NULL, -- JSON, packed with zstd
	flush    TEXT NOT NULL  -- what is to be settled next, as JSON; or ''
) STRICT;

-- What searches back in time found. It can be made anew from the journal.
CREATE TABLE watch_answers (
	id    TEXT PRIMARY KEY,
	asked INTEGER NOT NULL,
	entry INTEGER NOT NULL, -- place in the journal
	line  INTEGER NOT NULL,
	body  BLOB NOT NULL -- as JSON
) STRICT;
CREATE INDEX watch_answers_asked ON watch_answers (asked);
