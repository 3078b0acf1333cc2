-- +goose Up
-- Who was seen to send what to whom: one row each.
CREATE TABLE continuity_links (
	id   INTEGER PRIMARY KEY, -- keyed hash of the names of both and of what it is
	body BLOB NOT NULL        -- linkState as JSON, sealed
) STRICT;

-- What people said of the links that this shows: one row.
CREATE TABLE continuity_said (
	id   INTEGER PRIMARY KEY, -- keyed hash of what it is
	body BLOB NOT NULL        -- depend.Learned as JSON, sealed
) STRICT;

-- +goose Down
DROP TABLE continuity_said;
DROP TABLE continuity_links;
