-- +goose Up
CREATE TABLE positions (
	follower TEXT PRIMARY KEY,
	next     INTEGER NOT NULL CHECK (next >= 0) -- journal index that the follower handles next
) STRICT;
