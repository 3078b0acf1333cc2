-- +goose Up
-- What is known of each feed: its model, those of its parts, and what it said lately as fingerprints.
CREATE TABLE continuity_feeds (
	id   TEXT PRIMARY KEY, -- names of the sender, as it calls itself
	body BLOB NOT NULL     -- feedState as JSON
) STRICT;

-- What is known of how messages are answered.
CREATE TABLE continuity_ways (
	id   TEXT PRIMARY KEY, -- names of the sender and the receiver
	body BLOB NOT NULL     -- answer.Flow.Encode
) STRICT;

-- What else is known: one row each.
CREATE TABLE continuity_rest (
	id   TEXT PRIMARY KEY,
	body BLOB NOT NULL
) STRICT;

-- What disrupted care, or threatened to.
CREATE TABLE continuity_signs (
	id   TEXT PRIMARY KEY,
	at   INTEGER NOT NULL, -- when it was found, Unix seconds
	body BLOB NOT NULL     -- Sign as JSON; holds no patient data
) STRICT;
CREATE INDEX continuity_signs_at ON continuity_signs (at);

-- +goose Down
DROP TABLE continuity_signs;
DROP TABLE continuity_rest;
DROP TABLE continuity_ways;
DROP TABLE continuity_feeds;
