-- +goose Up
-- Up to when what was written lately was read, by the clock of the database: store.Time; 0 when sweeps alone read the table.
ALTER TABLE integrity_tables ADD COLUMN heard INTEGER NOT NULL DEFAULT 0;
