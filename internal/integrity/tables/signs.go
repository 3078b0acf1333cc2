package tables

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
)

// trigger is something that the database does by itself when a row changes, such as writing a history.
type trigger struct {
	Name string `json:"name"`
	Acts bool   `json:"acts"`
	Does string `json:"does"` // hash of its statement; empty for one that is told of only while it is out of action
}

func (s *snapshot) triggers(ctx context.Context, t *Table) ([]trigger, error) {
	list := []trigger{}
	err := s.each(ctx, "read the triggers of "+t.String(), s.source.engine.triggers, t, func(rows *sql.Rows) error {
		var name, does string
		var acts int
		if err := rows.Scan(&name, &acts, &does); err != nil {
			return err
		}
		if does != "" {
			sum := sha256.Sum256([]byte(does))
			does = hex.EncodeToString(sum[:])
		}
		list = append(list, trigger{name, acts != 0, does})
		return nil
	})
	return list, err
}

// triggerSigns compares triggers with those of the last full sweep. One that is out of action is told of every time.
func triggerSigns(before, now []trigger, first bool) (signs []Sign) {
	say := func(name, what string) {
		signs = append(signs, Sign{Mismatch, "trigger", "The trigger " + name + " " + what})
	}
	old := map[string]trigger{}
	for _, t := range before {
		old[t.Name] = t
	}
	for _, t := range now {
		was, known := old[t.Name]
		delete(old, t.Name)
		switch {
		case !t.Acts:
			say(t.Name, "is out of action: rows can be changed without what it does.")
		case first:
		case !known:
			say(t.Name, "is new.")
		case was.Does != t.Does:
			say(t.Name, "does something else than before.")
		}
	}
	for _, t := range before {
		if _, missing := old[t.Name]; missing && t.Does != "" {
			say(t.Name, "is missing.")
		}
	}
	return signs
}

// shapeSigns says how the columns of a table differ from those of the last full sweep.
func shapeSigns(before, now *shape) (signs []Sign) {
	say := func(o Outcome, format string, args ...any) {
		signs = append(signs, Sign{o, "schema", fmt.Sprintf(format, args...)})
	}
	if !now.sameKeys(before) {
		say(Mismatch, "The key is another one, or of another type, than at the last sweep: no row could be compared, and all were taken in anew.")
	}
	old := map[string]shapeColumn{}
	for _, c := range before.Columns {
		old[c.Name] = c
	}
	for _, c := range now.Columns {
		was, known := old[c.Name]
		delete(old, c.Name)
		switch {
		case !known:
			say(Explained, "The column %s was not compared before, and is from now on.", c.Name)
		case was != c:
			say(Explained, "The column %s has another type: %s became %s. Its values were compared by what they mean.", c.Name, was.words(), c.words())
		}
	}
	for _, c := range before.Columns {
		if _, missing := old[c.Name]; missing {
			say(Explained, "The column %s is not compared any more.", c.Name)
		}
	}
	for _, name := range now.Others {
		if !slices.Contains(before.Others, name) && !before.has(name) {
			say(Explained, "The table has a new column, %s, which is not declared and not read.", name)
		}
	}
	for _, name := range before.Others {
		if !slices.Contains(now.Others, name) && !now.has(name) {
			say(Explained, "The table has lost the column %s, which is not declared.", name)
		}
	}
	return signs
}

func (c shapeColumn) words() string {
	if c.Scale == "" {
		return string(c.Holds)
	}
	return string(c.Holds) + " with " + c.Scale + " digits behind the point"
}

func (s *shape) has(name string) bool {
	return slices.ContainsFunc(s.Columns, func(c shapeColumn) bool { return c.Name == name })
}

// sameKeys tells whether rows have the same keys' hashes as before.
func (s *shape) sameKeys(o *shape) bool {
	return s.Keys == o.Keys && slices.Equal(s.Columns[:s.Keys], o.Columns[:o.Keys])
}

// sameColumns tells whether rows have the same digests as before.
func (s *shape) sameColumns(o *shape) bool {
	return s.Keys == o.Keys && slices.Equal(s.Columns, o.Columns)
}

// numberSigns says how many rising numbers were given out since the last full sweep for which there is no row.
func numberSigns(before, now parsedField, above int64) []Sign {
	from, err := strconv.ParseInt(before.Text, 10, 64)
	to, errNow := strconv.ParseInt(now.Text, 10, 64)
	if err != nil || errNow != nil || to-from <= above {
		return nil
	}
	return []Sign{{Pending, "numbers", fmt.Sprintf("Of the numbers given out since the last sweep, %d have no row: what was begun and not finished, or removed before a sweep saw it.", to-from-above)}}
}

// lower is a whole number reduced by n; false for what is none.
func lower(f parsedField, n int64) (parsedField, bool) {
	number, err := strconv.ParseInt(f.Text, 10, 64)
	f.Text = strconv.FormatInt(number-n, 10)
	return f, err == nil && number-n < number
}
