-- +goose Up
-- What is known of patients: one sealed record for all that was said under the identifiers of one.
CREATE TABLE hospital_records (
	id   INTEGER PRIMARY KEY,
	body BLOB NOT NULL
) STRICT;

-- What patients are looked up by: keyed hashes of identifiers, numbers of visits, and who they are.
CREATE TABLE hospital_keys (
	key     BLOB NOT NULL,
	patient INTEGER NOT NULL,
	PRIMARY KEY (key, patient)
) STRICT, WITHOUT ROWID;

-- Names of accounts, units, departments, jobs, diagnoses, each sealed.
CREATE TABLE hospital_names (
	ref  INTEGER PRIMARY KEY,
	body BLOB NOT NULL
) STRICT;

-- Those who work here, each sealed.
CREATE TABLE hospital_staff (
	id   INTEGER PRIMARY KEY,
	body BLOB NOT NULL
) STRICT;

-- What units belong to, each sealed.
CREATE TABLE hospital_units (
	unit INTEGER PRIMARY KEY,
	body BLOB NOT NULL
) STRICT;

-- How many records have a family name, by its keyed hash.
CREATE TABLE hospital_surnames (
	family  INTEGER PRIMARY KEY,
	records INTEGER NOT NULL
) STRICT;

-- What else is remembered beside the position, sealed.
CREATE TABLE hospital_state (
	id   INTEGER PRIMARY KEY,
	body BLOB NOT NULL
) STRICT;
