-- +goose Up
-- What a unit did to be ready to work on paper: when it was printed, and drills.
CREATE TABLE continuity_units (
	id   INTEGER PRIMARY KEY, -- keyed hash of the unit's name
	body BLOB NOT NULL        -- practice as JSON, sealed
) STRICT;

-- Who lay on a unit when a pack was made, and what was known of what is due.
CREATE TABLE continuity_census (
	unit INTEGER NOT NULL, -- keyed hash of the unit's name
	at   INTEGER NOT NULL, -- when its data is of, Unix seconds
	body BLOB NOT NULL,    -- Census as packed JSON, sealed
	PRIMARY KEY (unit, at)
) STRICT;

-- Downtimes of which a list was made of what must be entered back.
CREATE TABLE continuity_downtimes (
	id   INTEGER PRIMARY KEY, -- keyed hash of unit and beginning
	ends INTEGER NOT NULL,    -- Unix seconds
	body BLOB NOT NULL        -- Downtime as JSON, sealed
) STRICT;

-- +goose Down
DROP TABLE continuity_downtimes;
DROP TABLE continuity_census;
DROP TABLE continuity_units;
