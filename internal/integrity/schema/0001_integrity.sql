-- +goose Up
-- What is known of a way between two points.
CREATE TABLE integrity_routes (
	name    TEXT PRIMARY KEY,
	since   INTEGER NOT NULL, -- entry of the journal from which on its messages are heard again after a start,
	until   INTEGER NOT NULL, -- and that before which
	learned BLOB NOT NULL     -- route.Route.Learned; holds no value of a message
) STRICT;

-- What is known of how charts are written: one row.
CREATE TABLE integrity_charts (
	id      INTEGER PRIMARY KEY,
	since   INTEGER NOT NULL, -- when the first event was heard, Unix seconds
	learned BLOB NOT NULL     -- chart.Chart.Learned, sealed
) STRICT;

-- What images were when they were first heard of.
CREATE TABLE integrity_images (
	name INTEGER PRIMARY KEY, -- keyed hash of the SOP Instance UID
	at   INTEGER NOT NULL,    -- Unix seconds
	body BLOB NOT NULL        -- image.Seal as JSON, sealed
) STRICT;
CREATE INDEX integrity_images_at ON integrity_images (at);

-- What rows of other systems were when they were read last.
CREATE TABLE integrity_rows (
	name INTEGER PRIMARY KEY, -- keyed hash of system, table and key
	at   INTEGER NOT NULL,    -- Unix seconds
	body BLOB NOT NULL        -- row.Seal as JSON, sealed
) STRICT;
CREATE INDEX integrity_rows_at ON integrity_rows (at);

-- What may not be true.
CREATE TABLE integrity_doubts (
	id      TEXT PRIMARY KEY,
	kind    TEXT NOT NULL,
	at      INTEGER NOT NULL, -- when it was heard, Unix seconds
	patient TEXT NOT NULL,    -- token; empty when it is about several or nobody
	body    BLOB NOT NULL     -- the doubt as JSON, sealed
) STRICT;
CREATE INDEX integrity_doubts_at ON integrity_doubts (at);
CREATE INDEX integrity_doubts_patient ON integrity_doubts (patient);

-- What the last sweep of a table of another system came to.
CREATE TABLE integrity_sweeps (
	system TEXT NOT NULL,
	name   TEXT NOT NULL,    -- of the table
	at     INTEGER NOT NULL, -- Unix seconds
	body   BLOB NOT NULL,    -- SweepState as JSON: numbers only
	PRIMARY KEY (system, name)
) STRICT;
