package tables

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/integrity/digest"
)

// RoundTrip reads a canonical row and says whether it is written again as it was.
func RoundTrip(canonical []byte) (fields int, same bool, err error) {
	parsed, err := parseRow(canonical)
	if err != nil {
		return 0, false, err
	}
	names, values := make([]string, len(parsed)), make([]value, len(parsed))
	for i, f := range parsed {
		// Bytes are written as they are; the tag is put in their place afterwards.
		names[i], values[i] = f.Column, value{Kind: digest.Bytes, Bytes: []byte(f.Text)}
	}
	written := digest.AppendRow(nil, names, values)
	at := 8
	for _, f := range parsed {
		at += 8 + len(f.Column)
		written[at] = f.Tag
		at += 9 + len(f.Text)
	}
	return len(parsed), string(written) == string(canonical), nil
}

// Canonical is the canonical row of what a driver gives, each column held to be what its word in a declaration says.
func Canonical(names, words []string, given []any, zone *time.Location) []byte {
	values := make([]value, len(given))
	for i := range given {
		values[i] = canonical(holds(words[i]), zone, given[i])
	}
	return digest.AppendRow(nil, names, values)
}

// Fields is a canonical row as people read it.
func Fields(canonical []byte) []Field { return fields(canonical) }

// Statements are those with which a declared table is read: the first page, a later one behind the key, one by keys, and what was written lately.
func Statements(d Declaration, types map[string]string, key []any) (statements []string, args []any) {
	e, _ := engineNamed(d.Engine)
	shot := &snapshot{source: &Source{decl: d, engine: e}, at: time.Date(2026, 7, 1, 10, 5, 0, 0, time.UTC)}
	t := &d.Tables[0]
	var columns []column
	for _, name := range t.columns() {
		columns = append(columns, column{name: name, typ: types[name], holds: e.holds(types[name]), zone: d.zone})
	}
	sel := shot.selection(t, columns)
	copy(sel.scanned, key)
	sel.row()
	last, err := sel.key()
	if err != nil {
		return []string{err.Error()}, nil
	}
	where, args := sel.after(last)
	among, _ := sel.among([][]parsedField{last, last})
	statements = append(e.begin, sel.head(), where, among, sel.keyList())
	if d.Tables[0].Fresh {
		later, arg := sel.later(time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC))
		statements, args = append(statements, later+fmt.Sprintf(e.page, mostNews)), append(args, arg)
	}
	return statements, args
}

// Quote quotes a name as an engine does.
func Quote(engine, name string) string {
	e, _ := engineNamed(engine)
	return e.quote(name)
}

// Holds says what a column of a type of the engine is taken to hold.
func Holds(engine, typ string) string {
	e, _ := engineNamed(engine)
	return string(e.holds(typ))
}

// Plain is the error that a sweep fails with when the database says err.
func Plain(err error) error { return plain("read", err) }

// Compare orders two values with these tags; Same tells whether they mean the same.
func Compare(tagA byte, a string, tagB byte, b string) (int, bool) {
	return parsedField{"", tagA, a}.compare(parsedField{"", tagB, b})
}

func Alike(tagA byte, a string, tagB byte, b string) bool {
	return parsedField{"", tagA, a}.same(parsedField{"", tagB, b})
}

// Unpack reads rows as they are kept, and says whether they are written again as they were.
func Unpack(body, content []byte) (n int, same bool, err error) {
	rows, err := unpackRows(body)
	if err != nil {
		return 0, false, err
	}
	if err := fill(rows, content); err != nil {
		return 0, false, err
	}
	again, contentAgain := packRows(rows)
	return len(rows), string(again) == string(body) && string(contentAgain) == string(content), nil
}

// Pack makes rows as they are kept of contents.
func Pack(contents ...string) (body, content []byte) {
	var rows []*row
	for i, c := range contents {
		r := &row{key: Sum{byte(i)}, content: []byte(c), version: parsedField{Tag: 'i', Text: "1"}, updated: parsedField{Tag: 'u', Text: "5"}, first: 7}
		if i%2 == 1 {
			r.deleted, r.gone, r.last, r.partial = true, 9, 8, true
		}
		rows = append(rows, r)
	}
	return packRows(rows)
}

// WhileReading begins to read one moment, has act change the database, and returns how many rows of the table are read then. Before it ends it tries
// the statement write in the same transaction, and returns the error of that.
func (s *Source) WhileReading(ctx context.Context, table string, act func(), write string) (rows int64, refused, err error) {
	shot, err := s.snapshot(ctx)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, shot.close()) }()
	t, err := s.table(table)
	if err != nil {
		return 0, nil, err
	}
	columns, _, err := shot.read(ctx, t)
	if err != nil {
		return 0, nil, err
	}
	sel := shot.selection(t, columns)
	if _, err := sel.count(ctx); err != nil {
		return 0, nil, err
	}
	act()
	if rows, err = sel.all(ctx, func(*row) error { return nil }); err != nil {
		return 0, nil, err
	}
	_, refused = shot.ExecContext(ctx, write)
	return rows, refused, nil
}

// Earliest is how a column without a zone is asked for what was written from then until now.
func Earliest(zone *time.Location, from, now time.Time) string {
	c := column{holds: holdsWall, zone: zone}
	return c.argument(parsedOf("", value{Kind: digest.Timestamp, Time: c.earliest(from, now)}))
}

// ChunkOfOne is the digest of a chunk with one row.
func ChunkOfOne(key, sum Sum) Sum { return chunkSum([]*row{{key: key, sum: sum}}) }
