-- +goose Up
-- What was done to the data of an earlier version, and is not to be done again.
CREATE TABLE done_once (
	what TEXT PRIMARY KEY
) STRICT;
