-- +goose Up
-- What is known of each feed: its model, those of its parts, and what it said lately as fingerprints.
CREATE TABLE continuity_feeds (
	id   INTEGER PRIMARY KEY, -- keyed hash of the names that the sender gives itself: senders have been seen to give patients'
	body BLOB NOT NULL        -- feedState as JSON, sealed
) STRICT;

-- What is known of how messages are answered.
CREATE TABLE continuity_ways (
	id   INTEGER PRIMARY KEY, -- keyed hash of the names of the sender and the receiver
	body BLOB NOT NULL        -- wayState as JSON, sealed
) STRICT;

-- What else is known: one row each.
CREATE TABLE continuity_rest (
	id   INTEGER PRIMARY KEY, -- keyed hash of what it is
	body BLOB NOT NULL        -- as JSON, sealed
) STRICT;

-- What disrupted care, or threatened to.
CREATE TABLE continuity_signs (
	id   TEXT PRIMARY KEY,
	at   INTEGER NOT NULL, -- when it was found, Unix seconds
	body BLOB NOT NULL     -- Sign as JSON, sealed: it names senders as these name themselves
) STRICT;
CREATE INDEX continuity_signs_at ON continuity_signs (at);

-- +goose Down
DROP TABLE continuity_signs;
DROP TABLE continuity_rest;
DROP TABLE continuity_ways;
DROP TABLE continuity_feeds;
