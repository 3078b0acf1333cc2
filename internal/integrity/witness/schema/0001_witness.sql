-- +goose Up

-- The last checkpoint of each log that this node signed as a witness.
CREATE TABLE witness_logs (
	origin     TEXT PRIMARY KEY,
	size       INTEGER NOT NULL,
	root       BLOB NOT NULL,
	checkpoint BLOB NOT NULL,    -- with the log's signature and this node's
	signed     INTEGER NOT NULL, -- when
	told       INTEGER NOT NULL  -- 1: that the log is silent was told
) STRICT;

-- Where each peer stands with this node's own log.
CREATE TABLE witness_peers (
	origin TEXT NOT NULL,
	peer   TEXT NOT NULL,    -- its public key
	size   INTEGER NOT NULL, -- of the checkpoint that it signed last
	heard  INTEGER NOT NULL, -- when it answered last; before it ever did, when it was first asked
	told   INTEGER NOT NULL, -- 1: that it is silent was told
	PRIMARY KEY (origin, peer)
) STRICT;

-- Checkpoints of this node's own log that peers signed.
CREATE TABLE witness_checkpoints (
	origin     TEXT NOT NULL,
	size       INTEGER NOT NULL,
	checkpoint BLOB NOT NULL,    -- with the log's signature alone
	taken      INTEGER NOT NULL, -- when it was sent first
	signed     INTEGER NOT NULL, -- by how many peers
	PRIMARY KEY (origin, size)
) STRICT;

-- A log that does not grow is signed again and again: the first proves how old it is, the last that it was still so.
CREATE TABLE witness_cosignatures (
	origin TEXT NOT NULL,
	size   INTEGER NOT NULL,
	peer   TEXT NOT NULL,
	first  TEXT NOT NULL, -- lines of a signed note
	last   TEXT NOT NULL,
	PRIMARY KEY (origin, size, peer)
) STRICT;

-- What contradicts what was signed.
CREATE TABLE witness_evidence (
	id      TEXT PRIMARY KEY,  -- SHA-256 over what it is: the same again is counted
	origin  TEXT NOT NULL,     -- of the log
	peer    TEXT NOT NULL,     -- the public key of the witness that refused; empty: this node
	kind    TEXT NOT NULL,
	size    INTEGER NOT NULL,  -- of the checkpoint that was refused
	held    INTEGER NOT NULL,  -- of the one that the witness stood at, as far as that is known
	request BLOB NOT NULL,     -- whole, as it was sent
	answer  BLOB NOT NULL,     -- what it contradicts: the checkpoint that was signed; or what the peer answered
	seen    INTEGER NOT NULL,  -- first
	last    INTEGER NOT NULL,
	times   INTEGER NOT NULL
) STRICT;
CREATE INDEX witness_evidence_origin ON witness_evidence (origin, kind);

-- Hospitals that vouch for this one, and this one for them.
CREATE TABLE witness_neighbours (
	site         TEXT PRIMARY KEY,
	introduction BLOB NOT NULL
) STRICT;
