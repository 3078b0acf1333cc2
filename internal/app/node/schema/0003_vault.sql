-- +goose Up
-- Which key of the vault this database was written with.
CREATE TABLE vault_mark (
    id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    mark TEXT    NOT NULL
) STRICT;
