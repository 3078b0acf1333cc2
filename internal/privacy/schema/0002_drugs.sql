-- +goose Up
-- What cabinets and the record say of controlled drugs, as long as people are compared by it. Accounts and patients are numbers of the
-- house, no names.
CREATE TABLE privacy_drugs (
	day  INTEGER NOT NULL, -- since 1970-01-01, UTC
	id   INTEGER NOT NULL, -- keyed hash of what was said, so that it counts once
	body BLOB NOT NULL,    -- see writeDrugs
	PRIMARY KEY (day, id)
) STRICT, WITHOUT ROWID;
