-- +goose Up
-- Which decoys the house has, what touched them, and what was looked at: one row.
CREATE TABLE continuity_decoys (
	id   INTEGER PRIMARY KEY, -- keyed hash of what it is
	body BLOB NOT NULL        -- decoyState as JSON, sealed: who reads it can avoid them
) STRICT;

-- +goose Down
DROP TABLE continuity_decoys;
