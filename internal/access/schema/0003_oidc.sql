-- +goose Up
ALTER TABLE people ADD COLUMN issuer TEXT NOT NULL DEFAULT '';  -- of an identity provider; empty for who has a passphrase
ALTER TABLE people ADD COLUMN subject TEXT NOT NULL DEFAULT ''; -- who the person is to it
CREATE UNIQUE INDEX people_subject ON people (issuer, subject) WHERE issuer <> '';
