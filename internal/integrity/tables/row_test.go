package tables_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/integrity/tables"
)

func berlin(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestRow1 is a row of every kind against its digest, which was worked out by another implementation of the same form.
func TestRow1(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 30, 0, 123456789, time.FixedZone("", 3600))
	row := tables.Canonical([]string{"id", "name", "pad", "dose", "ratio", "small", "on", "raw", "at", "day", "none", "empty"},
		[]string{"integer", "text", "char", "decimal", "float", "real", "boolean", "bytes", "timestamp", "date", "text", "text"},
		[]any{int64(-42), "DOE^JÄNE ", "mmol/l  ", "-00.50", 1e21, float64(float32(0.1)), true, []byte{0, 255}, at, at, nil, ""}, time.UTC)
	sum := sha256.Sum256(row)
	if got := hex.EncodeToString(sum[:]); got != "202a5fe4ab1907909f026565d729b0651a1a3ae379768da3bc8f9c6a89f1b748" {
		t.Error(got)
	}
	key := sha256.Sum256(tables.Canonical([]string{"id"}, []string{"integer"}, []any{int64(-42)}, time.UTC))
	if got := tables.ChunkOfOne(key, sum); hex.EncodeToString(got[:]) != "d519a86ff6e6fb99cfaf9437cd4a4b36cf854f03edea7cc4f0aa7f71409cb69d" {
		t.Errorf("%x", got)
	}
	want := []tables.Field{{Column: "id", Text: "-42"}, {Column: "name", Text: "DOE^JÄNE "}, {Column: "pad", Text: "mmol/l"}, {Column: "dose", Text: "-0.50"},
		{Column: "ratio", Text: "1e+21"}, {Column: "small", Text: "0.1"}, {Column: "on", Text: "true"}, {Column: "raw", Text: "00ff"},
		{Column: "at", Text: "2026-03-01T11:30:00.123456Z"}, {Column: "day", Text: "2026-03-01"}, {Column: "none", Null: true}, {Column: "empty"}}
	if diff := cmp.Diff(tables.Fields(row), want); diff != "" {
		t.Error(diff)
	}
}

// TestDriversSayTheSameInTheirOwnWays: what they give for one value becomes one canonical value.
func TestDriversSayTheSameInTheirOwnWays(t *testing.T) {
	noon := time.Date(2026, 7, 1, 10, 0, 0, 5000, time.UTC) // in Berlin, 12:00
	for word, forms := range map[string][]any{
		"integer":   {int64(42), []byte("42"), "42", []byte("0042"), uint64(42)},
		"decimal":   {"42.50", []byte("42.50"), []byte("042.50"), "+42.50"},
		"boolean":   {true, int64(1), []byte("1"), []byte{1}, "t", "true"},
		"float":     {0.1, []byte("0.1"), "0.1"},
		"real":      {float64(float32(0.1)), float32(0.1), []byte("0.10000000149011612")},
		"char":      {"a", "a   ", []byte("a ")},
		"text":      {"a ", []byte("a ")},
		"bytes":     {[]byte("a\x00"), "a\x00"},
		"timestamp": {noon, []byte("2026-07-01 10:00:00.000005"), "2026-07-01T12:00:00.000005+02:00", noon.In(berlin(t))},
		"wall":      {time.Date(2026, 7, 1, 12, 0, 0, 5000, time.UTC), []byte("2026-07-01 12:00:00.000005")},
		"date":      {time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), []byte("2026-07-01"), "2026-07-01 00:00:00", "2026-07-01T00:00:00Z"},
		"clock":     {"12:00:00", "12:00:00.0", []byte("12:00:00.000000"), time.Date(1, 1, 1, 12, 0, 0, 0, time.UTC)},
	} {
		var first []byte
		for _, form := range forms {
			row := tables.Canonical([]string{"c"}, []string{word}, []any{form}, berlin(t))
			if first == nil {
				first = row
			}
			if !bytes.Equal(row, first) {
				t.Errorf("%s: %T %v is %v, and %v is %v", word, form, form, tables.Fields(row), forms[0], tables.Fields(first))
			}
		}
	}
}

// TestNothingIsTheSameAsSomethingElse, however near they come.
func TestNothingIsTheSameAsSomethingElse(t *testing.T) {
	type given struct {
		word string
		v    any
	}
	for _, group := range [][]given{
		{{"text", nil}, {"text", ""}, {"text", " "}, {"text", "0"}, {"integer", int64(0)}},
		{{"decimal", "1.5"}, {"decimal", "1.50"}, {"decimal", "-1.5"}, {"decimal", "NaN"}},
		{{"integer", []byte("18446744073709551614")}, {"integer", []byte("18446744073709551615")}, {"integer", "1.5"}},
		{{"float", 0.1}, {"float", 0.10000000000000002}, {"float", "Infinity"}, {"float", "-Infinity"}},
		{{"boolean", int64(0)}, {"boolean", int64(1)}, {"boolean", int64(2)}, {"boolean", int64(-1)}, {"boolean", "Y"}},
		{{"timestamp", "0000-00-00 00:00:00"}, {"timestamp", "infinity"}, {"timestamp", "1970-01-01 00:00:00"}, {"timestamp", "1970-01-01 00:00:00.000001"}},
		// In Berlin the hour from 2 to 3 is left out on 29 March.
		{{"wall", "2026-03-29 01:30:00"}, {"wall", "2026-03-29 02:30:00"}, {"wall", "2026-03-29 03:30:00"}, {"wall", "2026-10-25 02:30:00"}, {"wall", "2026-10-25 03:30:00"}},
		{{"date", "0000-00-00"}, {"date", "2026-03-01"}, {"date", "2026-03-01 10:00:00"}},
		{{"clock", "838:59:59"}, {"clock", "12:00:00"}, {"clock", "12:00:00.1"}, {"clock", "-12:00:00"}},
	} {
		seen := map[string]given{}
		for _, g := range group {
			row := string(tables.Canonical([]string{"c"}, []string{g.word}, []any{g.v}, berlin(t)))
			if other, twice := seen[row]; twice {
				t.Errorf("%v and %v are the same", g, other)
			}
			seen[row] = g
		}
	}
}

// TestCompare orders versions and times as they grew.
func TestCompare(t *testing.T) {
	for _, c := range []struct {
		tagA byte
		a    string
		tagB byte
		b    string
		want int
		ok   bool
	}{
		{'i', "9", 'i', "10", -1, true}, {'i', "-9", 'i', "-10", 1, true}, {'i', "-1", 'i', "1", -1, true}, {'i', "2", 'd', "2.0", 0, true},
		{'d', "1.10", 'd', "1.9", -1, true}, {'d', "-1.10", 'd', "-1.9", 1, true}, {'u', "5", 'u', "-5", 1, true}, {'x', "\x00\x02", 'x', "\x00\x10", -1, true},
		{'c', "2026-03-01", 'c', "2026-02-28", 1, true}, {'n', "", 'n', "", 0, true}, {'n', "", 'i', "1", 0, false}, {'t', "a", 'i', "1", 0, false}, {'d', "NaN", 'd', "1", 0, false},
	} {
		got, ok := tables.Compare(c.tagA, c.a, c.tagB, c.b)
		if ok != c.ok || ok && (got < 0) != (c.want < 0) || ok && (got > 0) != (c.want > 0) {
			t.Errorf("%c %q, %c %q: %d, %v", c.tagA, c.a, c.tagB, c.b, got, ok)
		}
	}
}

// TestAlike: after an upgrade gave a column another type, its values mean what they meant, and only those that did not change.
func TestAlike(t *testing.T) {
	for _, c := range []struct {
		tagA byte
		a    string
		tagB byte
		b    string
		want bool
	}{
		{'d', "1.50", 'd', "1.500", true}, {'d', "1.50", 'd', "1.501", false}, {'i', "15", 'd', "15.00", true}, {'i', "15", 't', "15", true}, {'i', "15", 't', "015", true},
		{'t', "15", 't', "015", false}, {'t', "1.5", 't', "1.50", false}, {'n', "", 't', "", false}, {'n', "", 'n', "", true}, {'b', "1", 'i', "1", true}, {'b', "1", 'i', "0", false},
		{'b', "1", 't', "true", true}, {'u', "5", 'i', "5", false}, {'x', "a", 't', "a", false}, {'u', "0", 't', "1970-01-01T00:00:00Z", true}, {'f', "0.5", 'f', "0.50", false},
	} {
		if got := tables.Alike(c.tagA, c.a, c.tagB, c.b); got != c.want {
			t.Errorf("%c %q, %c %q: %v", c.tagA, c.a, c.tagB, c.b, got)
		}
	}
}

// FuzzRow: what is read is written again, byte by byte; everything else is refused.
func FuzzRow(f *testing.F) {
	f.Add(tables.Canonical([]string{"id", "on", "none", "raw"}, []string{"integer", "boolean", "text", "bytes"}, []any{int64(1), true, nil, []byte{0}}, time.UTC))
	f.Add(tables.Canonical(nil, nil, nil, time.UTC))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, row []byte) {
		var n int
		var same bool
		var err error
		formattest.Cost{Fixed: 4096, PerByte: 40}.Check(t, len(row), func() { n, same, err = tables.RoundTrip(row) })
		if err == nil && !same {
			t.Errorf("a row of %d columns is written otherwise", n)
		}
		if fields := tables.Fields(row); err == nil && len(fields) != n || err != nil && fields != nil {
			t.Errorf("%d columns are shown, not %d", len(fields), n)
		}
	})
}

// FuzzCanonical: whatever a database holds becomes a row that can be read, and two texts that differ stay different.
func FuzzCanonical(f *testing.F) {
	f.Add("decimal", "1.50", "1.5")
	f.Add("timestamp", "2026-03-29 02:30:00", "0000-00-00")
	f.Add("clock", "12:00:00.5", "12:00:00.50")
	f.Add("boolean", "t", "f")
	f.Fuzz(func(t *testing.T, word, a, b string) {
		rowA := tables.Canonical([]string{"c"}, []string{word}, []any{a}, time.UTC)
		rowB := tables.Canonical([]string{"c"}, []string{word}, []any{[]byte(b)}, time.UTC)
		if _, same, err := tables.RoundTrip(rowA); err != nil || !same {
			t.Error("not a row:", err)
		}
		if lossless := word == "text" || word == "bytes"; lossless && (a == b) != bytes.Equal(rowA, rowB) {
			t.Error("two texts became one, or one became two")
		}
	})
}

// FuzzKept: what is kept of rows is read as it was written, or refused.
func FuzzKept(f *testing.F) {
	body, content := tables.Pack("one", "two", "")
	f.Add(body, content)
	f.Add(body[:len(body)-1], content)
	f.Add(body, content[1:])
	f.Fuzz(func(t *testing.T, body, content []byte) {
		var n int
		var err error
		formattest.Cost{Fixed: 4096, PerByte: 40}.Check(t, len(body)+len(content), func() { n, _, err = tables.Unpack(body, content) })
		if err == nil && len(body) < 64*n {
			t.Errorf("%d rows out of %d bytes", n, len(body))
		}
	})
}

func TestKeptRowsAreReadAsTheyWere(t *testing.T) {
	body, content := tables.Pack("one", "two", "", strings.Repeat("x", 70_000))
	if n, same, err := tables.Unpack(body, content); n != 4 || !same || err != nil {
		t.Errorf("%d, %v, %v", n, same, err)
	}
	for cut := range body {
		if n, _, err := tables.Unpack(body[:cut], content); err == nil && n > 0 {
			t.Errorf("%d of %d bytes were taken for %d rows", cut, len(body), n)
		}
	}
	if _, _, err := tables.Unpack(body, content[:len(content)-1]); err == nil {
		t.Error("half of a row was taken")
	}
}

// TestErrorsDoNotQuoteTheDatabase, whose own words do.
func TestErrorsDoNotQuoteTheDatabase(t *testing.T) {
	for _, err := range []error{
		&pgconn.PgError{Code: "22P02", Message: `invalid input syntax for type integer: "DOE^JANE"`},
		&mysql.MySQLError{Number: 1292, Message: "Truncated incorrect INTEGER value: 'DOE^JANE'"},
		mssql.Error{Number: 245, Message: "Conversion failed when converting the nvarchar value 'DOE^JANE' to data type int."},
		errors.New("DOE^JANE"),
	} {
		got := tables.Plain(fmt.Errorf("wrapped: %w", err)).Error()
		if strings.Contains(got, "DOE") || !strings.HasPrefix(got, "read: ") {
			t.Error(got)
		}
	}
	if got := tables.Plain(&pgconn.PgError{Code: "42501"}).Error(); got != "read: PostgreSQL says 42501: the account may not read this" {
		t.Error(got)
	}
}
