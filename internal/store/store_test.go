package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// room is the schema of a room that keeps wards.
func room(more ...string) fstest.MapFS {
	files := fstest.MapFS{"schema/0001_wards.sql": {Data: []byte(`-- +goose Up
CREATE TABLE wards (
	id     TEXT PRIMARY KEY,
	name   TEXT NOT NULL UNIQUE,
	beds   INTEGER NOT NULL,
	opened INTEGER NOT NULL,
	share  REAL NOT NULL DEFAULT 0,
	seal   BLOB,
	parent TEXT REFERENCES wards (id)
) STRICT;
CREATE INDEX wards_opened ON wards (opened);
`)}}
	for i, text := range more {
		files[fmt.Sprintf("schema/%04d_more.sql", i+2)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)}
	}
	return files
}

func migrated(t *testing.T, db *store.DB) *store.DB {
	t.Helper()
	if err := db.Migrate(t.Context(), "hospital", room()); err != nil {
		t.Fatal(err)
	}
	return db
}

func add(ctx context.Context, db *store.DB, id, name string, beds int) error {
	return db.Do(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO wards (id, name, beds, opened) VALUES ($1, $2, $3, $4)`, id, name, beds, store.At(time.Now()))
		return err
	})
}

func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM wards`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBothEnginesKeepTheSameValues(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		db, ctx := migrated(t, open()), t.Context()
		opened := time.Date(2026, 3, 29, 2, 30, 0, 123456000, time.UTC)
		type ward struct {
			Name   string
			Beds   int64
			Opened time.Time
			Share  float64
			Seal   []byte
			Parent sql.NullString
		}
		want := ward{"Intensive care Äß\u202e", math.MaxInt64, opened, 0.1, []byte{0, 1, 255}, sql.NullString{}}
		// The numbers of parameters count, not the order in which they stand.
		_, err := db.ExecContext(ctx, `INSERT INTO wards (share, seal, opened, beds, name, id) VALUES ($6, $5, $4, $3, $2, $1)`,
			"w1", want.Name, want.Beds, store.At(opened.In(time.FixedZone("", 7200))), want.Seal, want.Share)
		if err != nil {
			t.Fatal(err)
		}
		var got ward
		var at store.Time
		err = db.QueryRowContext(ctx, `SELECT name, beds, opened, share, seal, parent FROM wards WHERE id = $1 AND $1 <> $2`, "w1", "x").
			Scan(&got.Name, &got.Beds, &at, &got.Share, &got.Seal, &got.Parent)
		if err != nil {
			t.Fatal(err)
		}
		got.Opened = at.Time
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestBothEnginesSortTextByItsBytes(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		db, ctx := migrated(t, open()), t.Context()
		for i, name := range []string{"a", "B", "a-b", "ab", "Z", "ä", "_"} {
			if err := add(ctx, db, fmt.Sprint(i), name, 1); err != nil {
				t.Fatal(err)
			}
		}
		var names []string
		rows, err := db.QueryContext(ctx, `SELECT name FROM wards WHERE name > $1 ORDER BY name`, "A")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			names = append(names, "")
			if err := rows.Scan(&names[len(names)-1]); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"B", "Z", "_", "a", "a-b", "ab", "ä"}, names); diff != "" {
			t.Error(diff)
		}
	})
}

func TestBothEnginesRefuse(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		db, ctx := migrated(t, open()), t.Context()
		if err := add(ctx, db, "w1", "North", 1); err != nil {
			t.Fatal(err)
		}
		if err := add(ctx, db, "w1", "South", 1); !store.Duplicate(err) {
			t.Errorf("a second row with the same key: %v", err)
		}
		if err := add(ctx, db, "w2", "North", 1); !store.Duplicate(err) {
			t.Errorf("a second row with the same name: %v", err)
		}
		for what, args := range map[string][]any{
			"text in a number":    {"w3", "South", "many", 0, nil},
			"a parent that is no": {"w3", "South", 1, 0, "w9"},
			"too few arguments":   {"w3", "South", 1, 0},
			"a bare time":         {"w3", "South", 1, time.Now(), nil},
		} {
			_, err := db.ExecContext(ctx, `INSERT INTO wards (id, name, beds, opened, parent) VALUES ($1, $2, $3, $4, $5)`, args...)
			if err == nil || store.Duplicate(err) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if n := count(t, db); n != 1 {
			t.Errorf("%d rows are left", n)
		}
	})
}

func TestATransactionThatFailsLeavesNothing(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		db, ctx := migrated(t, open()), t.Context()
		failure := errors.New("no")
		err := db.Do(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, `INSERT INTO wards (id, name, beds, opened) VALUES ('w1', 'North', 1, 0)`); err != nil {
				return err
			}
			if err := store.SetPosition(ctx, tx, "hospital", 7); err != nil {
				return err
			}
			return failure
		})
		if !errors.Is(err, failure) {
			t.Error(err)
		}
		if n, p := count(t, db), position(t, db); n != 0 || p != 0 {
			t.Errorf("%d rows, position %d", n, p)
		}
	})
}

func position(t *testing.T, db *store.DB) (next uint64) {
	t.Helper()
	err := db.Do(t.Context(), func(tx *sql.Tx) (err error) {
		next, err = store.Position(t.Context(), tx, "hospital")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestPositionMovesWithItsEffects(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		db, ctx := open(), t.Context()
		if p := position(t, db); p != 0 {
			t.Errorf("begins at %d", p)
		}
		for _, next := range []uint64{1, 1 << 40, 3} { // back, when a projection is built anew
			if err := db.Do(ctx, func(tx *sql.Tx) error { return store.SetPosition(ctx, tx, "hospital", next) }); err != nil {
				t.Fatal(err)
			}
			if p := position(t, open()); p != next {
				t.Errorf("%d, not %d", p, next)
			}
		}
	})
}

// TestTransactionsAreAsIfOneByOne: two doctors on call, each may leave when the other stays. Without
// isolation both leave.
func TestTransactionsAreAsIfOneByOne(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		ctx := t.Context()
		nodes := []*store.DB{migrated(t, open()), open()} // two processes
		for round := range 10 {
			a, b := fmt.Sprintf("a%d", round), fmt.Sprintf("b%d", round)
			for _, id := range []string{a, b} {
				if err := add(ctx, nodes[0], id, id, 1); err != nil {
					t.Fatal(err)
				}
			}
			var all sync.WaitGroup
			errs := make([]error, 2)
			for i, id := range []string{a, b} {
				all.Go(func() {
					errs[i] = nodes[i].Do(ctx, func(tx *sql.Tx) error {
						var staying int
						if err := tx.QueryRowContext(ctx, `SELECT sum(beds) FROM wards WHERE id IN ($1, $2)`, a, b).Scan(&staying); err != nil || staying < 2 {
							return err
						}
						_, err := tx.ExecContext(ctx, `UPDATE wards SET beds = 0 WHERE id = $1`, id)
						return err
					})
				})
			}
			all.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			var staying int
			if err := nodes[0].QueryRowContext(ctx, `SELECT sum(beds) FROM wards WHERE id IN ($1, $2)`, a, b).Scan(&staying); err != nil {
				t.Fatal(err)
			}
			if staying != 1 {
				t.Fatalf("%d stay in round %d", staying, round)
			}
		}
	})
}

func TestManyWritersLoseNothing(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		ctx := t.Context()
		nodes := []*store.DB{migrated(t, open()), open()}
		if err := add(ctx, nodes[0], "w1", "North", 0); err != nil {
			t.Fatal(err)
		}
		const writers, each = 4, 10
		errs := make([]error, writers)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for range each {
					errs[w] = errors.Join(errs[w], nodes[w%2].Do(ctx, func(tx *sql.Tx) error {
						var beds int
						if err := tx.QueryRowContext(ctx, `SELECT beds FROM wards WHERE id = 'w1'`).Scan(&beds); err != nil {
							return err
						}
						_, err := tx.ExecContext(ctx, `UPDATE wards SET beds = $1 WHERE id = 'w1'`, beds+1)
						return err
					}))
				}
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		var beds int
		if err := nodes[0].QueryRowContext(ctx, `SELECT beds FROM wards`).Scan(&beds); err != nil || beds != writers*each {
			t.Errorf("%d, %v", beds, err)
		}
	})
}

func TestWaitingForTheDatabaseEndsWithTheContext(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		db := migrated(t, open())
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Do(t.Context(), func(tx *sql.Tx) error {
			cancel()
			return add(ctx, db, "w1", "North", 1)
		})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestMigrateGoesOnWhereItWas(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		db, ctx := migrated(t, open()), t.Context()
		if err := add(ctx, db, "w1", "North", 1); err != nil {
			t.Fatal(err)
		}
		newer := room("ALTER TABLE wards ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;")
		for range 2 {
			if err := open().Migrate(ctx, "hospital", newer); err != nil {
				t.Fatal(err)
			}
		}
		var floor int
		if err := db.QueryRowContext(ctx, `SELECT floor FROM wards`).Scan(&floor); err != nil {
			t.Error(err)
		}
		err := open().Migrate(ctx, "hospital", room())
		if err == nil || !strings.Contains(err.Error(), "newer Wardline") {
			t.Errorf("an older program took it: %v", err)
		}
		broken := room("ALTER TABLE wards ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;", "CREATE TABLE half (id TEXT PRIMARY KEY) STRICT; ALTER TABLE nothing ADD COLUMN x TEXT;")
		if err := db.Migrate(ctx, "hospital", broken); err == nil {
			t.Error("a migration that fails passed")
		}
		if _, err := db.ExecContext(ctx, `SELECT count(*) FROM half`); err == nil {
			t.Error("a migration that failed left half of it")
		}
	})
}

func TestRoomsMayCountTheirVersionsAlike(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		db := migrated(t, open())
		other := fstest.MapFS{"schema/0001_x.sql": {Data: []byte("-- +goose Up\nCREATE TABLE cases (id TEXT PRIMARY KEY) STRICT;\n")}}
		if err := db.Migrate(t.Context(), "respond", other); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), `INSERT INTO cases (id) VALUES ($1)`, "c1"); err != nil {
			t.Error(err)
		}
	})
}

func TestNodesMayStartTogether(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		var all sync.WaitGroup
		nodes := []*store.DB{open(), open(), open()}
		errs := make([]error, len(nodes))
		for i, db := range nodes {
			all.Go(func() { errs[i] = db.Migrate(t.Context(), "hospital", room()) })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
	})
}

func TestTime(t *testing.T) {
	for _, at := range []time.Time{{}, time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 1000, time.UTC)} {
		v, err := store.At(at).Value()
		if err != nil {
			t.Fatal(err)
		}
		var back store.Time
		if err := back.Scan(v); err != nil || !back.Equal(at) {
			t.Errorf("%v came back as %v, %v", at, back, err)
		}
	}
	if v, err := store.At(time.Time{}).Value(); v != int64(0) || err != nil {
		t.Errorf("the zero time is %v, %v", v, err)
	}
	var back store.Time
	if err := back.Scan("2026-03-01"); err == nil {
		t.Error("text was taken for a time")
	}
}

func TestText(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		db, ctx := migrated(t, open()), t.Context()
		if err := add(ctx, db, "w1", store.Text("a\x00b\xffc"), 1); err != nil {
			t.Fatal(err)
		}
		var name string
		if err := db.QueryRowContext(ctx, `SELECT name FROM wards`).Scan(&name); err != nil || name != "a\uFFFDb\uFFFDc" {
			t.Errorf("%+q, %v", name, err)
		}
	})
}
