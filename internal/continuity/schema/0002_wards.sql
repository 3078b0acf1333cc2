-- +goose Up
-- What is known at the bedside, for each number a patient goes by.
CREATE TABLE continuity_beds (
	name INTEGER PRIMARY KEY, -- keyed hash of the number
	body BLOB NOT NULL       -- bedside.Record, sealed
) STRICT;

-- +goose Down
DROP TABLE continuity_beds;
