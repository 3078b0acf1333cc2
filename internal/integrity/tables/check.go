package tables

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Check says in sentences what the database does not have of what is declared, and what is wrong with the account. An empty list says
// that sweeps can begin.
func (s *Source) Check(ctx context.Context) (wrong []string, err error) {
	for i := range s.decl.Tables {
		t := &s.decl.Tables[i]
		shot, err := s.snapshot(ctx)
		if err != nil {
			return nil, err
		}
		found, err := shot.check(ctx, t)
		if err := errors.Join(err, shot.close()); err != nil {
			return nil, err
		}
		for _, sentence := range found {
			wrong = append(wrong, t.String()+": "+sentence)
		}
	}
	return wrong, nil
}

func (s *snapshot) check(ctx context.Context, t *Table) (wrong []string, err error) {
	all, err := s.catalogue(ctx, t)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return []string{"There is no such table, or the account may not see it."}, nil
	}
	wrong = append(t.checkColumns(all), s.source.engine.checkKey(t, all)...)
	readable := len(wrong) == 0
	unique, err := s.unique(ctx, t)
	if err != nil {
		return nil, err
	}
	if !unique {
		wrong = append(wrong, "No unique index holds the key: rows might share one, and reading in its order is slow.")
	}
	slow, err := s.checkFresh(ctx, t)
	if err != nil {
		return nil, err
	}
	wrong = append(wrong, slow...)
	powers, err := s.words(ctx, s.source.engine.powers, t)
	if err != nil {
		return nil, err
	}
	if len(powers) > 0 {
		wrong = append(wrong, "The account may do more than read ("+strings.Join(powers, ", ")+"): give it the right to SELECT alone.")
	}
	storage, err := s.words(ctx, s.source.engine.storage, t)
	if err != nil {
		return nil, err
	}
	if len(storage) > 0 {
		wrong = append(wrong, "Its storage, "+storage[0]+", cannot show one moment: what is written during a sweep seems changed, or is missed.")
	}
	if readable { // at the end, for a statement that fails ends the transaction
		wrong = append(wrong, s.checkReading(ctx, t)...)
	}
	return wrong, nil
}

// checkKey finds columns by which rows cannot be read in order.
func (e *engine) checkKey(t *Table, all []column) (wrong []string) {
	for _, c := range all {
		if name, _ := typeArguments(c.typ); slices.Contains(t.Key, c.name) && slices.Contains(e.unfit, name) {
			wrong = append(wrong, fmt.Sprintf("The key column %s is of a type (%s) by which rows cannot be read in order.", c.name, name))
		}
	}
	return wrong
}

// checkFresh looks whether rows written lately can be found without reading all.
func (s *snapshot) checkFresh(ctx context.Context, t *Table) (wrong []string, err error) {
	if !t.Fresh {
		return nil, nil
	}
	leading, err := s.words(ctx, s.source.engine.leads, t)
	if err == nil && !slices.Contains(leading, t.Updated) {
		wrong = append(wrong, "No index begins with the column "+t.Updated+", so that all of the table would be read every few minutes: have one made, or take fresh away.")
	}
	return wrong, err
}

// checkReading reads one row.
func (s *snapshot) checkReading(ctx context.Context, t *Table) []string {
	columns, _, err := s.read(ctx, t)
	if err == nil {
		sel := s.selection(t, columns)
		_, err = sel.query(ctx, sel.head()+" ORDER BY "+sel.keyList()+fmt.Sprintf(s.source.engine.page, 1), nil, func(*row) error { return nil })
	}
	if err != nil {
		return []string{"It cannot be read: " + err.Error() + "."}
	}
	return nil
}

// checkColumns holds the declaration against the columns that there are.
func (t *Table) checkColumns(all []column) (wrong []string) {
	byName := map[string]column{}
	for _, c := range all {
		byName[c.name] = c
	}
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, name := range t.columns() {
		if _, ok := byName[name]; !ok {
			say("It has no column %s, or the account may not see it.", name)
		}
	}
	for _, name := range t.Key {
		switch c := byName[name]; c.holds {
		case holdsFloat, holdsReal, holdsBoolean:
			say("The key column %s holds %s (%s), by which rows cannot be told apart.", name, c.holds, c.typ)
		case holdsInteger:
		default:
			if t.Ascending && c.name != "" {
				say("The key column %s holds no whole numbers (%s), so that it cannot be ascending.", name, c.typ)
			}
		}
		if byName[name].null {
			say("The key column %s may be NULL.", name)
		}
	}
	if c, ok := byName[t.Updated]; ok && !c.holds.isTime() {
		say("The column %s holds no time (%s), so that it cannot tell when a row was updated.", t.Updated, c.typ)
	}
	if c, ok := byName[t.Version]; ok && (c.holds == holdsBoolean || c.holds == holdsText && c.typ != "xid") {
		say("The column %s holds %s (%s), of which nobody can say whether it has grown.", t.Version, c.holds, c.typ)
	}
	return wrong
}

// unique tells whether a unique index lies within the key.
func (s *snapshot) unique(ctx context.Context, t *Table) (found bool, err error) {
	inKey := map[string]bool{}
	err = s.each(ctx, "read the indexes of "+t.String(), s.source.engine.unique, t, func(rows *sql.Rows) error {
		var index, column string
		if err := rows.Scan(&index, &column); err != nil {
			return err
		}
		before, known := inKey[index]
		inKey[index] = (before || !known) && slices.Contains(t.Key, column)
		return nil
	})
	for _, fits := range inKey {
		found = found || fits
	}
	return found, err
}

// words runs a statement about the catalogue that gives words; none when the engine has no such statement.
func (s *snapshot) words(ctx context.Context, statement string, t *Table) (words []string, err error) {
	if statement == "" {
		return nil, nil
	}
	err = s.each(ctx, "look into the catalogue for "+t.String(), statement, t, func(rows *sql.Rows) error {
		words = append(words, "")
		return rows.Scan(&words[len(words)-1])
	})
	return words, err
}
