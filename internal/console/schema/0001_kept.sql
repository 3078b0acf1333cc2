-- +goose Up
-- Questions that somebody kept for the next time. They are common to all who may search.
CREATE TABLE kept_questions (
	id    TEXT PRIMARY KEY,
	name  TEXT NOT NULL,
	asker TEXT NOT NULL,    -- id of the person
	made  INTEGER NOT NULL,
	query TEXT NOT NULL     -- JSON
) STRICT;

-- What others call a person who signed in once: whoever sees an owner's id sees this.
CREATE TABLE callers (
	id   TEXT PRIMARY KEY,
	name TEXT NOT NULL
) STRICT;
