-- +goose Up
-- How far the journal was when its mark was kept: one row, outside of the journal's own folder.
CREATE TABLE journal_mark (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    origin  TEXT    NOT NULL,
    created INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    root    BLOB    NOT NULL
) STRICT;

-- How far each followed file was taken in.
CREATE TABLE file_positions (
    source   TEXT NOT NULL,
    file     TEXT NOT NULL,
    position TEXT NOT NULL,
    PRIMARY KEY (source, file)
) STRICT;

-- The last page of the books of each sender that is known for some time, as JSON, and when it was written down.
CREATE TABLE senders (
    sender TEXT    NOT NULL PRIMARY KEY,
    page   TEXT    NOT NULL,
    kept   INTEGER NOT NULL
) STRICT;

-- How many entries the index holds rows of that the journal has deleted.
CREATE TABLE index_debt (
    id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    gone INTEGER NOT NULL
) STRICT;
