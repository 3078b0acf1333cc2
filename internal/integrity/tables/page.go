package tables

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/integrity/digest"
)

// keptBytes is how many bytes a row may have whose values are kept, to be shown when they change. Of longer ones the digest and the
// key are.
const keptBytes = 16 << 10

// row is what is known of a row of a database.
type row struct {
	key, sum Sum
	content  []byte // canonical
	partial  bool   // content is the key alone: the whole is too long to be kept
	version  parsedField
	updated  parsedField
	deleted  bool // marked as deleted

	first int64 // microsecond since 1970 of the sweep that saw it first
	gone  int64 // the same of the sweep that missed it; 0 while it is there
	last  int64 // of one that is gone: the same of the last full sweep that saw it

	truth *row // of one that is pretended: what it was; see plant
}

// whole is the content of a row that is kept; nil of others.
func (r *row) whole() []byte {
	if r.partial {
		return nil
	}
	return r.content
}

// selection reads rows of a table. It serves one goroutine.
type selection struct {
	shot    *snapshot
	table   *Table
	columns []column
	names   []string
	keys    int // so many columns are the key
	values  []value
	scanned []any
	targets []any
	buffer  []byte
}

func (s *snapshot) selection(t *Table, columns []column) *selection {
	n := len(columns)
	sel := &selection{shot: s, table: t, columns: columns, names: t.columns(), keys: len(t.Key), values: make([]value, n), scanned: make([]any, n), targets: make([]any, n)}
	for i := range sel.targets {
		sel.targets[i] = &sel.scanned[i]
	}
	return sel
}

// head is SELECT columns FROM table.
func (s *selection) head() string {
	e := &s.shot.source.engine
	list := make([]string, len(s.columns))
	for i := range s.columns {
		list[i] = e.read(e.quote(s.columns[i].name), s.columns[i].typ)
	}
	return "SELECT " + strings.Join(list, ", ") + s.from()
}

func (s *selection) from() string {
	e := &s.shot.source.engine
	return " FROM " + e.quote(s.table.Schema) + "." + e.quote(s.table.Name)
}

// after is the condition that a row comes behind the key last, and its arguments.
func (s *selection) after(last []parsedField) (string, []any) {
	e := &s.shot.source.engine
	var args []any
	term := func(i int) string {
		t, arg := e.argument(&s.columns[i], last[i], e.placeholder(len(args)+1))
		args = append(args, arg)
		return t
	}
	if e.rowwise {
		terms := make([]string, s.keys)
		for i := range terms {
			terms[i] = term(i)
		}
		return "(" + s.keyList() + ") > (" + strings.Join(terms, ", ") + ")", args
	}
	if s.keys == 1 {
		return e.quote(s.columns[0].name) + " > " + term(0), args
	}
	// a >= 1 AND (a > 1 OR a = 1 AND (b > 2 OR ...)): the first part is what an index can be used for.
	where := e.quote(s.columns[0].name) + " >= " + term(0) + " AND "
	for i := range s.keys {
		name := e.quote(s.columns[i].name)
		where += "(" + name + " > " + term(i)
		if i < s.keys-1 {
			where += " OR " + name + " = " + term(i) + " AND "
		}
	}
	return where + strings.Repeat(")", s.keys), args
}

func (s *selection) keyList() string {
	e := &s.shot.source.engine
	names := make([]string, s.keys)
	for i := range names {
		names[i] = e.quote(s.columns[i].name)
	}
	return strings.Join(names, ", ")
}

// all calls do for every row, in the order of the keys. The row is do's own.
func (s *selection) all(ctx context.Context, do func(*row) error) (read int64, err error) {
	source := s.shot.source
	tail := " ORDER BY " + s.keyList() + fmt.Sprintf(source.engine.page, source.decl.Page)
	var last []parsedField
	for {
		if err := source.rate.WaitN(ctx, source.decl.Page); err != nil {
			return read, fmt.Errorf("read %s: %w", s.table, err)
		}
		statement, args := s.head()+tail, []any(nil)
		if last != nil {
			var where string
			where, args = s.after(last)
			statement = s.head() + " WHERE " + where + tail
		}
		n, err := s.query(ctx, statement, args, do)
		if err != nil {
			return read, err
		}
		read += int64(n)
		if n < source.decl.Page {
			return read, nil
		}
		key, err := s.key()
		if err != nil {
			return read, err
		}
		if slices.Equal(key, last) {
			return read, fmt.Errorf("read %s: %w: it cannot be read in the order of its key", s.table, ErrDeclaration)
		}
		last = key
	}
}

// some calls do for those of the rows with these keys that are there.
func (s *selection) some(ctx context.Context, keys [][]parsedField, do func(*row) error) error {
	for len(keys) > 0 {
		part := keys[:min(len(keys), max(keysAtOnce/s.keys, 1))]
		keys = keys[len(part):]
		if err := s.shot.source.rate.WaitN(ctx, min(len(part), s.shot.source.rate.Burst())); err != nil {
			return fmt.Errorf("read %s: %w", s.table, err)
		}
		where, args := s.among(part)
		if _, err := s.query(ctx, s.head()+" WHERE "+where, args, do); err != nil {
			return err
		}
	}
	return nil
}

// since calls do for the rows that say that they were updated at from or later, those updated first at first, and for no more than most of them.
func (s *selection) since(ctx context.Context, from time.Time, most int, do func(*row) error) error {
	e := &s.shot.source.engine
	where, arg := s.later(from)
	_, err := s.query(ctx, s.head()+where+fmt.Sprintf(e.page, most), []any{arg}, func(r *row) error {
		if err := s.shot.source.rate.Wait(ctx); err != nil {
			return fmt.Errorf("read %s: %w", s.table, err)
		}
		return do(r)
	})
	return err
}

// later is the condition of since, the order, and the argument.
func (s *selection) later(from time.Time) (string, any) {
	e := &s.shot.source.engine
	c := &s.columns[slices.Index(s.names, s.table.Updated)]
	term, arg := e.argument(c, parsedOf(c.name, value{Kind: digest.Timestamp, Time: c.earliest(from, s.shot.at)}), e.placeholder(1))
	name := e.quote(c.name)
	return " WHERE " + name + " >= " + term + " ORDER BY " + name, arg
}

// among is the condition that a row has one of these keys, and its arguments. Indexes are used for a list of single values by all engines, and for a list of
// several by few.
func (s *selection) among(keys [][]parsedField) (string, []any) {
	e := &s.shot.source.engine
	var args []any
	alternatives := make([]string, len(keys))
	for i, key := range keys {
		terms := make([]string, s.keys)
		for j := range terms {
			term, arg := e.argument(&s.columns[j], key[j], e.placeholder(len(args)+1))
			terms[j], args = term, append(args, arg)
			if s.keys > 1 {
				terms[j] = e.quote(s.columns[j].name) + " = " + term
			}
		}
		alternatives[i] = strings.Join(terms, " AND ")
	}
	if s.keys == 1 {
		return s.keyList() + " IN (" + strings.Join(alternatives, ", ") + ")", args
	}
	return "(" + strings.Join(alternatives, ") OR (") + ")", args
}

// keysAtOnce bounds the arguments of one statement; SQL Server takes 2,100.
const keysAtOnce = 200

func (s *selection) query(ctx context.Context, statement string, args []any, do func(*row) error) (n int, err error) {
	doing := "read " + s.table.String()
	rows, err := s.shot.QueryContext(ctx, statement, args...)
	if err != nil {
		return 0, plain(doing, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(s.targets...); err != nil {
			return n, plain(doing, err)
		}
		n++
		if err := do(s.row()); err != nil {
			return n, err
		}
	}
	return n, plain(doing, rows.Err())
}

// row makes what was scanned canonical.
func (s *selection) row() *row {
	for i := range s.columns {
		s.values[i] = canonical(s.columns[i].holds, s.columns[i].zone, s.scanned[i])
	}
	s.buffer = digest.AppendRow(s.buffer[:0], s.names[:s.keys], s.values[:s.keys])
	r := &row{key: sha256.Sum256(s.buffer)}
	s.buffer = digest.AppendRow(s.buffer[:0], s.names, s.values)
	r.sum = sha256.Sum256(s.buffer)
	if r.partial = len(s.buffer) > keptBytes; r.partial {
		s.buffer = digest.AppendRow(s.buffer[:0], s.names[:s.keys], s.values[:s.keys])
	}
	r.content = append(make([]byte, 0, len(s.buffer)), s.buffer...)
	at := s.keys + len(s.table.Content)
	for _, special := range []struct {
		column string
		set    func(parsedField)
	}{
		{s.table.Version, func(f parsedField) { r.version = f }},
		{s.table.Updated, func(f parsedField) { r.updated = f }},
		{s.table.Deleted, func(f parsedField) { r.deleted = s.table.marks(f) }},
	} {
		if special.column != "" {
			special.set(s.parsed(at))
			at++
		}
	}
	return r
}

// parsed is column i of the row at hand as its canonical form has it.
func (s *selection) parsed(i int) parsedField {
	return parsedOf(s.names[i], s.values[i])
}

// key is the key of the row at hand.
func (s *selection) key() ([]parsedField, error) {
	key := make([]parsedField, s.keys)
	for i := range key {
		if key[i] = s.parsed(i); key[i].Tag == 'n' {
			return nil, fmt.Errorf("read %s: %w: key column %s holds NULL", s.table, ErrDeclaration, s.names[i])
		}
	}
	return key, nil
}

// marks tells whether the value of the column Deleted says that the row is deleted.
func (t *Table) marks(f parsedField) bool {
	if f.Tag == 'n' {
		return false
	}
	if f.Text == "" || f.Text == "0" || f.Text == "false" {
		return false
	}
	for _, live := range t.Live {
		if f.Text == live {
			return false
		}
	}
	return true
}

// count asks how many rows there are.
func (s *selection) count(ctx context.Context) (n int64, err error) {
	err = s.shot.QueryRowContext(ctx, "SELECT COUNT(*)"+s.from()).Scan(&n)
	return n, plain("count the rows of "+s.table.String(), err)
}

// parseKey returns the key of a canonical row.
func parseKey(content []byte, keys int) ([]parsedField, error) {
	fields, err := parseRow(content)
	if err != nil || len(fields) < keys {
		return nil, errRow
	}
	return fields[:keys], nil
}
