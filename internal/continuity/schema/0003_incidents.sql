-- +goose Up
-- What people were told of disruptions, one for each cause.
CREATE TABLE continuity_incidents (
	id     TEXT PRIMARY KEY,
	opened INTEGER NOT NULL, -- Unix seconds
	ended  INTEGER NOT NULL, -- 0 while it goes on
	body   BLOB NOT NULL     -- incident.Incident as JSON, sealed
) STRICT;
CREATE INDEX continuity_incidents_opened ON continuity_incidents (opened);

-- +goose Down
DROP TABLE continuity_incidents;
