-- +goose Up

-- Certificates from an authority's to a root, in PEM. Most stamps have the same ones.
CREATE TABLE stamp_chains (
	id  TEXT PRIMARY KEY, -- SHA-256
	pem BLOB NOT NULL
) STRICT;

-- Time stamps of checkpoints of this node's own journal.
CREATE TABLE stamps (
	origin     TEXT NOT NULL,
	size       INTEGER NOT NULL, -- of the checkpoint
	time       INTEGER NOT NULL, -- that the authority says
	checkpoint BLOB NOT NULL,    -- with the journal's signature
	request    BLOB NOT NULL,    -- TimeStampReq, as it was sent
	response   BLOB NOT NULL,    -- TimeStampResp, whole
	chain      TEXT NOT NULL REFERENCES stamp_chains (id),
	PRIMARY KEY (origin, size, time)
) STRICT;
