-- +goose Up
-- The studies that archives are known to hold.
CREATE TABLE integrity_archive_studies (
	source TEXT NOT NULL,    -- what the house calls the archive
	name   INTEGER NOT NULL, -- keyed hash of the Study Instance UID
	day    INTEGER NOT NULL, -- when it was made, or else listed first: store.Time
	listed INTEGER NOT NULL, -- the sweep that listed it last: store.Time of its beginning
	images INTEGER NOT NULL, -- that it was listed with; -1 when the archive does not say
	parts  INTEGER NOT NULL, -- series, likewise
	gone   INTEGER NOT NULL, -- when it was told as gone or missing: store.Time; 0 while it is there
	body   BLOB NOT NULL,    -- identifiers as JSON, sealed
	PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;

-- Their series.
CREATE TABLE integrity_archive_series (
	source TEXT NOT NULL,
	name   INTEGER NOT NULL, -- keyed hash of the Series Instance UID
	study  INTEGER NOT NULL, -- name of its study
	day    INTEGER NOT NULL, -- the study's
	images INTEGER NOT NULL, -- instances that are known
	read   INTEGER NOT NULL, -- when the one was read that was read longest ago: store.Time; 0 when one never was
	lost   INTEGER NOT NULL, -- instances that were not listed any more, and are not judged yet
	note   INTEGER NOT NULL, -- 1 when it may hold rejection notes
	body   BLOB NOT NULL,    -- identifiers, and of each instance its hash and when it was read, as JSON, packed and sealed
	PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX integrity_archive_series_study ON integrity_archive_series (source, study);
CREATE INDEX integrity_archive_series_read ON integrity_archive_series (source, read);

-- Instances that rejection notes name.
CREATE TABLE integrity_archive_rejected (
	source TEXT NOT NULL,
	name   INTEGER NOT NULL, -- keyed hash of the SOP Instance UID
	PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;
