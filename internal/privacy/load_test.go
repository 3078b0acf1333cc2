package privacy_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
)

// TestLoad measures how long a day of accesses takes from the journal on. WARDLINE_ROWS says of how many rows; without it
// the test is passed over. WARDLINE_DAYS puts that many such days before it, other patients on each, and measures once more.
func TestLoad(t *testing.T) {
	rows, err := strconv.Atoi(os.Getenv("WARDLINE_ROWS"))
	if err != nil {
		t.Skip("WARDLINE_ROWS is not set")
	}
	n := newNode(t)
	db := n.aside()
	n.measure(db, rows, 0)
	days, err := strconv.Atoi(os.Getenv("WARDLINE_DAYS"))
	if err != nil {
		return
	}
	begun := time.Now()
	n.past(db, days)
	t.Logf("%d days before it made in %v", days, time.Since(begun).Round(time.Second))
	n.measure(db, rows, 2)
}

// measure plays a day of so many rows, and starts the room once more.
func (n *node) measure(db *store.DB, rows, day int) {
	t := n.T
	begun := time.Now()
	n.busyDay(rows, day)
	t.Logf("%d entries written in %v", n.journal.Size(), time.Since(begun).Round(time.Millisecond))
	l := n.begin(db, time.Second)
	before := cpu()
	begun = time.Now()
	if err := n.follow(l); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	s, err := l.room.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	t.Logf("%d rows in %v: %.0f a second; a day of 1.2 million takes %.1f s; CPU %v; heap %d MiB; %+v", rows, took.Round(time.Millisecond), float64(rows)/took.Seconds(),
		1.2e6/float64(rows)*took.Seconds(), (cpu() - before).Round(time.Millisecond), m.HeapAlloc>>20, s)
	runtime.KeepAlive(l)
	begun = time.Now()
	again := n.begin(db, time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	go cancelWhenReady(ctx, cancel, again)
	if err := again.follower.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	t.Logf("restart took %v", time.Since(begun).Round(time.Millisecond))
}

func cancelWhenReady(ctx context.Context, cancel context.CancelFunc, l life) {
	for ctx.Err() == nil {
		if _, err := l.room.State(ctx); err == nil {
			cancel()
		}
		time.Sleep(time.Millisecond)
	}
}

// past puts days before the first one: what was done on it, with the records of others.
func (n *node) past(db *store.DB, days int) {
	n.Helper()
	first := at(0, "00:00").Unix() / 86400
	do := func(statement string, args ...any) {
		n.Helper()
		if _, err := db.ExecContext(n.Context(), statement, args...); err != nil {
			n.Fatal(err)
		}
	}
	do(`DROP INDEX privacy_touches_patient`) // it is quicker made of all at once
	for day := 1; day <= days; day++ {
		do(`INSERT OR IGNORE INTO privacy_touches SELECT day - $1, account, (patient * 31 + $1 * 104729) % 2000000 + 1, 2, explained, opened, body FROM privacy_touches WHERE day = $2`, day, first)
	}
	do(`CREATE INDEX privacy_touches_patient ON privacy_touches (patient, day)`)
	do(`INSERT OR IGNORE INTO privacy_pairs SELECT account, patient, min(day), max(day), count(*), max(day), -11, 'E09' FROM privacy_touches GROUP BY account, patient ORDER BY account, patient`)
	var touches, pairs int
	if err := db.QueryRowContext(n.Context(), `SELECT (SELECT count(*) FROM privacy_touches), (SELECT count(*) FROM privacy_pairs)`).Scan(&touches, &pairs); err != nil {
		n.Fatal(err)
	}
	n.Logf("%d touches and %d pairs are kept", touches, pairs)
}

// busyDay writes the accesses of two days: eight rows for each of an account and a patient, most of them of patients who lie where the account
// works.
func (n *node) busyDay(rows, day int) {
	r := rand.New(rand.NewPCG(1, 2+uint64(day)))
	touches := rows / 8
	users, units := max(touches/19, 1), 40
	patients := max(touches/6, 1)
	var lines []journal.Line
	add := func(ev *event.Event) {
		n.said++
		ev.ID = event.NewID("clinic", fmt.Sprint(n.said))
		lines = append(lines, journal.Line{Kind: journal.Events, Source: "clinic", Time: ev.Time, JSON: event.AppendLine(nil, ev)})
		if len(lines) == 500 {
			n.write(lines)
			lines = lines[:0]
		}
	}
	fact := func(when time.Time, f hospital.Fact) {
		f.Said = when
		add(n.factOf(when, &f))
	}
	for u := range users {
		fact(at(day-1, "00:00"), hospital.Fact{Staff: &hospital.StaffFact{Number: fmt.Sprint("S", u), Logins: []string{fmt.Sprint("user", u)}, Title: "Registered nurse", Family: "nursing",
			Department: fmt.Sprint("D", u%units), Units: []string{fmt.Sprint("U", u%units)}, Human: hospital.Human{Family: fmt.Sprint("Name", r.IntN(900)), Given: fmt.Sprint("G", u)}}})
		fact(at(day-1, "00:00"), hospital.Fact{Shift: &hospital.ShiftFact{Staff: fmt.Sprint("user", u), Unit: fmt.Sprint("U", u%units), From: at(day, "07:00"), To: at(day, "19:00")}})
	}
	for p := range patients {
		number := fmt.Sprint(100000 + p)
		fact(at(day-1, "01:00"), hospital.Fact{Patient: &hospital.PatientFact{IDs: mrn(number), Human: hospital.Human{Family: fmt.Sprint("Name", r.IntN(900)), Given: fmt.Sprint("P", p), Street: fmt.Sprint(r.IntN(200), " Road ", r.IntN(300)), Postcode: "N1", City: "Alder"}}})
		fact(at(day-1, "02:00"), hospital.Fact{Visit: &hospital.VisitFact{Patient: mrn(number), Number: "V" + number, Class: 'I', Service: "MED", Unit: fmt.Sprint("U", p%units), Start: at(day-1, "02:00")}})
	}
	for i := range touches {
		when := at(day, "07:00").Add(time.Duration(i) * 12 * time.Hour / time.Duration(touches))
		u := r.IntN(users)
		p := r.IntN(patients/units)*units + u%units
		if r.IntN(30) == 0 {
			p = r.IntN(patients)
		}
		for k := range 8 {
			add(n.eventOf(when.Add(time.Duration(k)*20*time.Second), look{User: fmt.Sprint("user", u), Verb: "read", Native: []string{"Chart review", "Notes", "Results review", "Orders"}[k%4], Kind: "chart",
				Patient: []string{fmt.Sprint(100000 + p)}, Station: fmt.Sprint("WS-", u%3000), Source: "EHR"}))
		}
	}
	add(n.eventOf(at(day+1, "23:00"), look{User: "user0", Verb: "login", Native: "Login"})) // by then all of the day is settled
	if len(lines) > 0 {
		n.write(lines)
	}
}

func (n *node) write(lines []journal.Line) {
	n.Helper()
	if _, err := n.journal.Append(n.Context(), lines...); err != nil {
		n.Fatal(err)
	}
}
