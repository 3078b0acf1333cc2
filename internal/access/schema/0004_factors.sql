-- +goose Up
-- Who is in the middle of joining, which takes half an hour at most, begins again.
DELETE FROM enrolments;
ALTER TABLE enrolments ADD COLUMN person TEXT NOT NULL DEFAULT ''; -- id that the person has or will have
ALTER TABLE ceremonies ADD COLUMN whose TEXT NOT NULL DEFAULT '';  -- the person or the network that began it
CREATE INDEX ceremonies_whose ON ceremonies (whose);
CREATE INDEX ceremonies_expires ON ceremonies (expires);
