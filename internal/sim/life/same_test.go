package life_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"hash"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/world"
)

// digest is what all records of a play come to.
func digest(t *testing.T, c life.Config) string {
	t.Helper()
	sum := sha256.New()
	play(t, c, life.Sinks{Record: func(r *feed.Record) error { add(sum, r); return nil }})
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

func add(sum hash.Hash, r *feed.Record) {
	var head [16]byte
	binary.BigEndian.PutUint64(head[:], uint64(r.At.UnixNano()))
	binary.BigEndian.PutUint64(head[8:], r.ID)
	sum.Write(head[:])
	io.WriteString(sum, string(r.Feed)+r.Name)
	sum.Write(r.Data)
}

// TestSameSeedSameBytes plays the same hospital with one processor and with several. The digests stand here so that a
// change of what is played is seen, and wanted.
func TestSameSeedSameBytes(t *testing.T) {
	for _, test := range []struct {
		size world.Size
		days int
		want string
	}{{world.Clinic, 3, "d523ff9057462071"}, {world.Mid, 2, "f33c0f2a3632cd68"}} {
		c := life.Config{Size: test.size, Seed: 11, From: monday, Days: test.days}
		many := digest(t, c)
		before := runtime.GOMAXPROCS(1)
		one := digest(t, c)
		runtime.GOMAXPROCS(before)
		if one != many {
			t.Errorf("%s: %s with one processor, %s with %d", test.size, one, many, before)
		}
		if many != test.want && runtime.GOARCH == "amd64" { // others round some logarithms differently
			t.Errorf("%s: what is played has changed: its digest is %s, and was %s", test.size, many, test.want)
		}
		c.Seed++
		if digest(t, c) == many {
			t.Errorf("%s: another seed plays the same", test.size)
		}
	}
}

// TestEveryRecordIsWellFormed reads all that a hospital says in two days with the formats that it is said in.
func TestEveryRecordIsWellFormed(t *testing.T) {
	var last time.Time
	ids, kinds := map[uint64]bool{}, map[string]int{}
	damaged := 0
	columns := map[feed.Feed]int{feed.Access: 16, feed.Cabinets: 14, feed.Staff: 28, feed.Roster: 6, feed.Locations: 6, feed.Lists: 12}
	files := map[feed.Feed]string{feed.Staff: feed.StaffHead, feed.Roster: feed.RosterHead, feed.Locations: feed.LocationsHead, feed.Lists: feed.ListsHead}
	play(t, life.Config{Size: world.Mid, Seed: 2, From: monday, Days: 2}, life.Sinks{Record: func(r *feed.Record) error {
		if r.At.Before(last) {
			t.Fatalf("%s leaves at %v, after one of %v", r.Feed, r.At, last)
		}
		last = r.At
		switch feed.Describe(r.Feed).Way {
		case feed.MLLP:
			m, err := hl7.Parse(r.Data, hl7.DefaultLimits())
			if err != nil {
				t.Fatalf("%s: %v", r.Feed, err)
			}
			kind, _ := m.Get("MSH-9.1")
			event, _ := m.Get("MSH-9.2")
			kinds[kind+"^"+event]++
			if mrn, _ := m.Get("PID-3.1"); mrn == "" {
				damaged++
			}
		case feed.Rows, feed.File:
			rows, err := csv.NewReader(strings.NewReader(string(r.Data))).ReadAll()
			if err != nil {
				t.Fatalf("%s: %v", r.Feed, err)
			}
			for _, row := range rows {
				if len(row) != columns[r.Feed] {
					t.Fatalf("%s: a row of %d columns, not %d", r.Feed, len(row), columns[r.Feed])
				}
			}
			if head := files[r.Feed]; head != "" && strings.Join(rows[0], ",") != head {
				t.Fatalf("%s: another head", r.Feed)
			}
		}
		ids[r.ID] = true
		return nil
	}})
	if n := strings.Count(feed.AccessHead, ",") + 1; n != columns[feed.Access] {
		t.Errorf("the access log has %d columns", n)
	}
	if damaged > 5 {
		t.Errorf("%d messages name no patient", damaged)
	}
	for _, want := range []string{"ADT^A01", "ADT^A02", "ADT^A03", "ADT^A04", "ADT^A08", "ADT^A40", "ORM^O01", "OML^O21", "ORU^R01", "SIU^S12", "SIU^S26", "MDM^T02", "MDM^T08", "DFT^P03", "RDE^O11", "RAS^O17", "REF^I12"} {
		if kinds[want] == 0 {
			t.Errorf("no message is %s", want)
		}
	}
	t.Log(kinds)
}

// TestClocksChange plays the days on which clocks go forward and back: every day has all its hours, and none twice.
func TestClocksChange(t *testing.T) {
	for _, test := range []struct {
		day   string
		hours int
	}{{"2026-03-29", 23}, {"2026-10-25", 25}, {"2026-06-14", 24}} {
		from, _ := time.Parse(time.DateOnly, test.day)
		seen := map[time.Time]int{}
		var wall []string
		h := play(t, life.Config{Size: world.Mid, Seed: 4, From: from, Days: 1}, life.Sinks{Record: func(r *feed.Record) error {
			if r.Feed == feed.Access {
				seen[r.At.UTC().Truncate(time.Hour)]++
				wall = append(wall, strings.Split(string(r.Data), ",")[1][:13])
			}
			return nil
		}})
		if len(seen) != test.hours {
			t.Errorf("%s has %d hours with accesses, not %d", test.day, len(seen), test.hours)
		}
		if got := h.World.At(h.World.From+1, 0, 0).Sub(h.World.At(h.World.From, 0, 0)); got != time.Duration(test.hours)*time.Hour {
			t.Errorf("%s is %v long", test.day, got)
		}
		slices.Sort(wall)
		if distinct := slices.Compact(wall); test.hours == 23 && slices.Contains(distinct, test.day+" 02") {
			t.Errorf("%s: something happened in the hour that there was not", test.day)
		}
	}
}

// TestQualities leaves out what a site cannot tell.
func TestQualities(t *testing.T) {
	for _, quality := range life.Qualities() {
		count, staff := map[feed.Feed]int{}, ""
		touches := 0
		play(t, life.Config{Size: world.Clinic, Seed: 1, From: monday, Days: 1, Quality: quality}, life.Sinks{
			Record: func(r *feed.Record) error {
				count[r.Feed]++
				if r.Feed == feed.Staff {
					staff = string(r.Data)
				}
				return nil
			},
			Truth: func(x *life.Truth) error { touches++; return nil },
		})
		if (count[feed.Roster] == 0) != (quality == life.NoRoster || quality == life.DailyRows) {
			t.Errorf("%s: %d rosters", quality, count[feed.Roster])
		}
		if (count[feed.ADT] == 0) != (quality == life.DailyRows) || count[feed.Access] == 0 {
			t.Errorf("%s: %d messages, %d rows", quality, count[feed.ADT], count[feed.Access])
		}
		if has := strings.Contains(staff, "Alderton"); has != (quality == life.FullFeeds || quality == life.NoRoster) {
			t.Errorf("%s: addresses of the staff are told: %t", quality, has)
		}
		if touches < 100 {
			t.Errorf("%s: %d touches", quality, touches)
		}
	}
}

// TestThePastIsToldOnce: at the beginning a site takes over as many days of visits as it is asked to.
func TestThePastIsToldOnce(t *testing.T) {
	count := func(past int) (n int) {
		play(t, life.Config{Size: world.Clinic, Seed: 1, From: monday, Days: 1, Past: past}, life.Sinks{Record: func(r *feed.Record) error {
			if r.Feed == feed.ADT && strings.Contains(string(r.Data), "ADT^A08") {
				n++
			}
			return nil
		}})
		return n
	}
	all, week, none := count(0), count(7), count(-1)
	if !(all > 3*week && week > 100 && none < 200 && none < week) {
		t.Errorf("%d updates with all of the past, %d with a week, %d without", all, week, none)
	}
}
