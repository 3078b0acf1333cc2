-- +goose Up
CREATE TABLE passkeys (
	id         TEXT PRIMARY KEY, -- credential id in base64url
	person     TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
	name       TEXT NOT NULL,
	credential TEXT NOT NULL,    -- JSON: public key, counter, flags
	created    INTEGER NOT NULL,
	used       INTEGER NOT NULL
) STRICT;
CREATE INDEX passkeys_person ON passkeys (person);

-- What was begun in a browser and is to be finished there.
CREATE TABLE ceremonies (
	hash    TEXT PRIMARY KEY, -- SHA-256 of the secret that the browser holds
	kind    TEXT NOT NULL,
	data    TEXT NOT NULL,    -- JSON
	expires INTEGER NOT NULL
) STRICT;
