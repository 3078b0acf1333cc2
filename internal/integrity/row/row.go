// Package row compares a row that another system keeps with what it was when it was read before.
//
// A program that changes a result gives it a new version, or at least another time; who changes the table behind the program's back often does not, or
// cannot without being seen elsewhere. Data that all patients share, such as the greatest dose of a drug, is told of whenever it changes, for
// few people may change it and they will know. Numbers that only grow are told of when they fall.
package row

import (
	"slices"
	"strconv"
	"strings"
)

// Sort says how a row is judged.
type Sort string

// The sorts. Every other is a row about one patient.
const (
	Master Sort = "master" // shared by all patients
	Count  Sort = "count"  // a number that only grows
)

// Row is a row as it was read.
type Row struct {
	Sort             Sort
	Version, Updated string
	By               string
	Count            string
	Cells            map[string]string
}

// Seal is what is remembered of a row.
type Seal struct {
	Row
	First string // id of the message in which it stood so first
}

// Kind tells what is wrong with a row.
type Kind string

// The kinds.
const (
	Unversioned Kind = "row-unversioned" // it changed, and neither version nor time says so
	Older       Kind = "row-older"       // its version is lower than it was
	Shared      Kind = "row-master"      // what all patients share was changed
	Fewer       Kind = "row-fewer"       // there are fewer than there were
	History     Kind = "row-history"     // what it was before is told otherwise than it was, or not at all any more
	Uncorrected Kind = "row-uncorrected" // a final result has another value, and does not call itself corrected
	Unread      Kind = "row-unread"      // a difference that was planted in what is known of a table is not found
	Tampered    Kind = "row-table"       // the table itself is not as it was: a trigger is off, numbers are missing
)

// Change is one cell that differs.
type Change struct{ Column, Before, After string }

// Compare says what is wrong with a row, given what was remembered of it, and which cells differ. keep is what is to be remembered.
func Compare(before Seal, now Row, id string) (wrong Kind, changes []Change, keep Seal) {
	changes = Differ(before.Cells, now.Cells)
	switch {
	case len(changes) == 0:
		return "", nil, before
	case now.Sort == Count:
		x, err1 := strconv.ParseFloat(before.Count, 64)
		y, err2 := strconv.ParseFloat(now.Count, 64)
		if err1 == nil && err2 == nil && y < x {
			wrong = Fewer
		}
	case now.Sort == Master:
		wrong = Shared
	case lower(now.Version, before.Version):
		wrong = Older
	case now.Version == before.Version && (now.Version != "" || now.Updated == before.Updated):
		wrong = Unversioned
	}
	return wrong, changes, Seal{Row: now, First: id}
}

// Differ lists the cells that differ, by column.
func Differ(a, b map[string]string) []Change {
	var out []Change
	for column, value := range a {
		if b[column] != value {
			out = append(out, Change{column, value, b[column]})
		}
	}
	for column, value := range b {
		if _, known := a[column]; !known && value != "" {
			out = append(out, Change{column, "", value})
		}
	}
	slices.SortFunc(out, func(x, y Change) int { return strings.Compare(x.Column, y.Column) })
	return out
}

// lower tells whether a is a version before b, where both are numbers.
func lower(a, b string) bool {
	x, err1 := strconv.ParseInt(a, 10, 64)
	y, err2 := strconv.ParseInt(b, 10, 64)
	return err1 == nil && err2 == nil && x < y
}
