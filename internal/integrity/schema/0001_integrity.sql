-- +goose Up
-- What is known of a way between two points.
CREATE TABLE integrity_routes (
	name    TEXT PRIMARY KEY,
	since   INTEGER NOT NULL, -- entry of the journal from which on its messages are heard again after a start,
	until   INTEGER NOT NULL, -- and that before which
	learned BLOB NOT NULL     -- route.Route.Learned; holds no value of a message
) STRICT;

-- What was found to differ.
CREATE TABLE integrity_differences (
	id        TEXT PRIMARY KEY,
	way       TEXT NOT NULL,    -- the route
	kind      TEXT NOT NULL,    -- route.Kind
	at        INTEGER NOT NULL, -- when it was heard, Unix seconds
	statement TEXT NOT NULL,    -- what it is about: segment and code
	body      BLOB NOT NULL     -- the difference as JSON, sealed
) STRICT;
CREATE INDEX integrity_differences_at ON integrity_differences (at);
