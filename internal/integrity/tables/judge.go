package tables

import (
	"slices"
	"time"
)

// underWay is how many numbers below the highest a row may have that was being written while the last sweep came by.
const underWay = 1000

// judging says what became of rows. It is pure: the same rows give the same words.
type judging struct {
	table    *Table
	at       time.Time // of this sweep
	swept    time.Time // of the last full one; zero when there was none
	heard    time.Time // up to when what was written was read; not before swept
	young    time.Duration
	highest  parsedField // number of a row at the last full sweep; Tag 0 when rows have none
	reshaped bool        // the columns are not those of the last sweep: compare them one by one
	keys     int
}

// verdict is the outcome that grows worse, and why.
type verdict struct {
	act     Act
	outcome Outcome
	reasons []string
	columns []string
}

func (v *verdict) say(o Outcome, reason string) {
	v.outcome = max(v.outcome, o)
	v.reasons = append(v.reasons, reason)
}

// row judges a row of which one side may be nil; compared is false when nothing can be said.
func (j *judging) row(old, now *row) (v verdict, compared bool) {
	switch {
	case old == nil:
		return j.appeared(now), true
	case now == nil && old.gone != 0:
		return verdict{}, true
	case now == nil:
		return j.vanished(old), true
	case old.gone != 0:
		return j.returned(old, now), true
	case old.sum == now.sum:
		return verdict{}, true
	}
	columns, known := differing(old.whole(), now.whole())
	if j.reshaped && (!known || len(columns) == 0) {
		return verdict{}, known
	}
	v = j.changed(old, now, columns, known)
	v.columns = columns
	return v, true
}

// appeared judges a row that was not there.
func (j *judging) appeared(now *row) verdict {
	v := verdict{act: New, outcome: Explained}
	v.say(Explained, "The row was not there at the last sweep.")
	dated, late := now.updated.time()
	late = late && !j.swept.IsZero() && dated.Before(j.swept.Add(-j.young))
	if late {
		v.say(Mismatch, "It is dated before the last sweep, which did not find it.")
	}
	if j.table.Ascending && j.highest.Tag != 0 {
		j.numbered(now, late, &v)
	}
	j.timely(now, &v)
	if now.deleted {
		v.say(Explained, "It is marked as deleted from the start.")
	}
	return v
}

// numbered looks whether a new row has a new number.
func (j *judging) numbered(now *row, late bool, v *verdict) {
	key, err := parseKey(now.content, j.keys)
	if err != nil || len(key) != 1 {
		return
	}
	if c, ok := key[0].compare(j.highest); !ok || c > 0 {
		return
	}
	if floor, ok := lower(j.highest, underWay); ok && !late {
		if c, ok := key[0].compare(floor); ok && c > 0 {
			v.say(Pending, "Its number lies a little below the highest of the last sweep, as that of a row does which was being written just then.")
			return
		}
	}
	v.say(Mismatch, "Its number lies below the highest of the last sweep, though numbers are given out in rising order.")
}

// timely looks at the time at which a row says that it was changed.
func (j *judging) timely(now *row, v *verdict) {
	t, ok := now.updated.time()
	switch {
	case !ok:
	case t.After(j.at.Add(j.young)):
		v.say(Mismatch, "It is dated in the future.")
	case t.After(j.at.Add(-j.young)) && v.outcome < Mismatch:
		v.say(Pending, "It is so young that other systems may not have told of it yet.")
	}
}

func (j *judging) vanished(old *row) verdict {
	v := verdict{act: Gone}
	switch {
	case old.deleted:
		v.say(Explained, "The row is missing. It was marked as deleted before.")
	case j.table.Deleted != "":
		v.say(Mismatch, "The row is missing, though the application marks what is deleted and leaves it in the table.")
	default:
		v.say(Mismatch, "The row is missing.")
	}
	return v
}

func (j *judging) returned(old, now *row) verdict {
	v := verdict{act: Returned}
	v.columns, _ = differing(old.whole(), now.whole())
	v.say(Mismatch, "The row was missing at an earlier sweep and is there again.")
	if old.sum == now.sum {
		v.say(Mismatch, "It is what it was before.")
	} else {
		v.say(Mismatch, "It is not what it was before.")
	}
	return v
}

// changed judges a row that was there and differs.
func (j *judging) changed(old, now *row, columns []string, known bool) verdict {
	v := verdict{act: Amended, outcome: Explained}
	switch {
	case j.table.Version != "":
		j.versioned(old, now, &v)
	case j.table.Updated == "":
		v.act = Unversioned
		v.say(Mismatch, "The row differs, and the table has no column that tells an amendment.")
	}
	if j.table.Updated != "" {
		j.dated(old, now, &v)
	}
	said := slices.DeleteFunc(slices.Clone(columns), func(c string) bool {
		return c == j.table.Version || c == j.table.Updated || c == j.table.Deleted
	})
	switch {
	case !old.deleted && now.deleted:
		if v.act == Amended {
			v.act = Marked
		}
		v.say(Explained, "It was marked as deleted.")
		if len(said) > 0 {
			v.say(Explained, "Its content was changed along with that.")
		}
	case old.deleted && !now.deleted:
		v.say(Explained, "Its mark of deletion was taken away.")
	case known && len(said) == 0:
		v.say(Explained, "Nothing of its content differs.")
	}
	return v
}

// versioned judges by the version.
func (j *judging) versioned(old, now *row, v *verdict) {
	switch c, ok := now.version.compare(old.version); {
	case !ok:
		v.act = Unversioned
		v.say(Mismatch, "The row differs, and its version is not one that can be compared with the one before.")
	case c == 0:
		v.act = Unversioned
		v.say(Mismatch, "The row differs, and its version has not grown.")
	case c < 0:
		v.act = Older
		v.say(Mismatch, "Its version is lower than before: an older state was put back.")
	default:
		v.say(Explained, "Its version has grown.")
	}
}

// dated judges by the time of update.
func (j *judging) dated(old, now *row, v *verdict) {
	t, isTime := now.updated.time()
	switch c, ok := now.updated.compare(old.updated); {
	case ok && c > 0, !ok && old.updated.Tag == 'n':
		if isTime && !j.swept.IsZero() && t.Before(j.swept.Add(-j.young)) {
			v.say(Mismatch, "It says that it was changed before the last sweep, which found it as it was before.")
		} else {
			v.say(Explained, "Its time of update has moved on.")
		}
		j.timely(now, v)
	case ok && c == 0 && v.act == Amended && j.table.Version != "" && isTime && !t.Before(j.heard.Add(-j.young)):
		v.say(Pending, "Its time of update has stayed, as that of a row does which was changed twice about the time when it was read last.")
	case ok && c == 0:
		if j.table.Version == "" {
			v.act = Unversioned
		}
		v.say(Mismatch, "The row differs, and its time of update has stayed.")
	default:
		if j.table.Version == "" {
			v.act = Older
		}
		v.say(Mismatch, "Its time of update was set back.")
	}
}

// differing lists the columns that both rows have and whose values differ; known is false when one of them was not kept.
func differing(old, now []byte) (columns []string, known bool) {
	before, err := parseRow(old)
	if err != nil {
		return nil, false
	}
	after, err := parseRow(now)
	if err != nil {
		return nil, false
	}
	byName := make(map[string]parsedField, len(before))
	for _, f := range before {
		byName[f.Column] = f
	}
	for _, f := range after {
		if g, ok := byName[f.Column]; ok && !f.same(g) {
			columns = append(columns, f.Column)
		}
	}
	return columns, true
}
