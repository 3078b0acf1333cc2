-- +goose Up
-- Questions that somebody kept for the next time. They are common to all who may search.
CREATE TABLE kept_question (
	id    TEXT NOT NULL PRIMARY KEY,
	name  TEXT NOT NULL,
	asker TEXT NOT NULL, -- id of the person,
	named TEXT NOT NULL, -- as others see him
	made  INTEGER NOT NULL,
	query TEXT NOT NULL -- JSON
) STRICT;
