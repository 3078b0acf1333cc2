package continuity_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/collect"
	collecthl7 "github.com/wardline/wardline/internal/collect/hl7"
	"github.com/wardline/wardline/internal/continuity"
	"github.com/wardline/wardline/internal/continuity/bedside"
	"github.com/wardline/wardline/internal/continuity/downtime"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader"
	"github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/world"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// listener hears what the systems of an invented hospital say in HL7, as a node does, until a minute.
type listener struct {
	t       *testing.T
	o       collect.Options
	house   *hospital.House
	board   *bedside.Board
	read    *reader.Reader
	until   time.Time
	heard   int
	damaged int
	// moving are the numbers of patients of whom something is on its way at that minute, or came damaged: what is true of them nobody can know yet.
	moving map[string]bool
}

func listen(t *testing.T, zone *time.Location, authority string, until time.Time) *listener {
	t.Helper()
	tax, err := event.LoadTaxonomy(content.Taxonomy())
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Passing()
	if err != nil {
		t.Fatal(err)
	}
	return &listener{
		t: t, o: collect.Options{Limits: collect.DefaultLimits(), Taxonomy: tax, Whole: true, Zone: zone}, read: reader.New(zone), until: until, moving: map[string]bool{},
		house: hospital.New(v, hospital.Options{Zone: zone, Authority: authority}), board: bedside.New(bedside.Options{Zone: zone}),
	}
}

func (l *listener) record(r *feed.Record) error {
	if feed.Describe(r.Feed).Way != feed.MLLP {
		return nil
	}
	if r.At.After(l.until) {
		l.later(r)
		return nil
	}
	l.heard++
	d := collecthl7.Format().Open(bytes.NewReader(r.Data), l.o)
	var ev event.Event
	if err := d.Next(&ev); err != nil {
		l.lost(r)
		return nil
	}
	ev.Observed = r.At
	facts, err := l.read.Read(&ev)
	if err != nil {
		return err
	}
	for i := range facts {
		l.house.Take(&facts[i])
	}
	if !bytes.HasSuffix(r.Data, []byte("\r")) { // cut short: what stood behind is lost
		l.lost(r)
	}
	return l.board.Hear(&ev)
}

// later notes of whom something was said in the minutes after that happened before.
func (l *listener) later(r *feed.Record) {
	if r.At.Sub(l.until) > 15*time.Minute || r.Feed != feed.ADT && r.Feed != feed.Pharmacy {
		return
	}
	m, err := hl7.Parse(r.Data, hl7.DefaultLimits())
	if err != nil {
		return
	}
	made, _ := m.Get("MSH-7")
	if at, _, ok := hl7.ParseTime(made); ok && at.Before(l.until.Add(2*time.Minute)) { // the clocks of senders are up to 90 s fast
		mrn, _ := m.Get("PID-3.1")
		l.moving[mrn] = true
	}
}

func (l *listener) lost(r *feed.Record) {
	l.damaged++
	if m, err := hl7.Parse(r.Data, hl7.DefaultLimits()); err == nil {
		mrn, _ := m.Get("PID-3.1")
		l.moving[mrn] = true
	}
}

// facts writes what is known of a patient, for comparison.
type facts struct{ who, where, allergies, due string }

func truth(l *life.Lying, zone *time.Location) facts {
	f := facts{where: l.Unit.Code + "/" + l.Bed, allergies: "unknown"}
	f.who = l.Human.Family + ", " + l.Human.Given + " " + time.Unix(int64(l.Human.Born)*86400, 0).UTC().Format(time.DateOnly)
	var names, due []string
	for _, a := range l.Allergies {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	switch {
	case len(names) > 0:
		f.allergies = strings.Join(names, ",")
	case l.Asked:
		f.allergies = "none"
	}
	for _, d := range l.Due {
		due = append(due, d.Order+"@"+d.At.In(zone).Format("02 15:04"))
	}
	slices.Sort(due)
	f.due = strings.Join(due, " ")
	return f
}

func known(p *bedside.Inpatient, unit string, minute time.Time, zone *time.Location) facts {
	f := facts{where: unit + "/" + p.Bed, allergies: "unknown"}
	f.who = p.Person.Family + ", " + p.Person.Given + " " + p.Person.Born.Format(time.DateOnly)
	var names, due []string
	for _, a := range p.Allergies {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	switch p.Known {
	case bedside.Some:
		f.allergies = strings.Join(names, ",")
	case bedside.None:
		f.allergies = "none"
	}
	for _, d := range p.Drugs {
		for _, s := range d.Due {
			if !s.At.After(minute) {
				continue // due just now: the truth that is asked for begins with the minute
			}
			due = append(due, d.Number+"@"+s.At.In(zone).Format("02 15:04"))
		}
	}
	slices.Sort(due)
	f.due = strings.Join(due, " ")
	return f
}

// A sheet must never say of somebody who was not asked that there are no allergies.
func TestAllergiesAreCarriedOver(t *testing.T) {
	for name, c := range map[string]struct {
		in   bedside.Inpatient
		want downtime.Patient
	}{
		"nobody asked": {bedside.Inpatient{Known: bedside.Unknown}, downtime.Patient{Known: downtime.Unknown}},
		"none":         {bedside.Inpatient{Known: bedside.None}, downtime.Patient{Known: downtime.None}},
		"severe": {
			bedside.Inpatient{Known: bedside.Some, Allergies: []bedside.Allergy{{Name: "Penicillin", Severity: "SV", Reaction: "rash"}}},
			downtime.Patient{Known: downtime.Some, Allergies: []downtime.Allergy{{Name: "Penicillin", Note: "severe: rash", Severe: true}}},
		},
		"mild, by its code": {
			bedside.Inpatient{Known: bedside.Some, Allergies: []bedside.Allergy{{Code: "7980", Severity: "MI"}}},
			downtime.Patient{Known: downtime.Some, Allergies: []downtime.Allergy{{Name: "7980", Note: "mild"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &downtime.Pack{}
			continuity.Fill(p, []bedside.Inpatient{c.in})
			if !reflect.DeepEqual(p.Patients, []downtime.Patient{c.want}) {
				t.Errorf("%+v, want %+v", p.Patients, c.want)
			}
		})
	}
}

// TestPacksOfAHouse plays three days of an invented hospital, and makes packs for all wards at one minute of the third: of nothing but what its systems said in HL7 until
// then. Who lies where, allergies and due drugs are what is true at that minute; each page of each pack says how old it is; another unit's key does not open it.
//
// WARDLINE_PACKS=full plays a house of 1,000 beds with 36 wards; WARDLINE_PACKS_DIR keeps the packs, opened, to be looked at.
func TestPacksOfAHouse(t *testing.T) {
	if testing.Short() {
		t.Skip("plays three days")
	}
	size := world.Mid
	if os.Getenv("WARDLINE_PACKS") == "full" {
		size = world.Full
	}
	monday := time.Date(2030, 1, 7, 0, 0, 0, 0, time.UTC)
	h, err := life.New(life.Config{Size: size, Seed: 21, From: monday, Days: 3, Past: 5, Rows: 0.01, Bedside: true})
	if err != nil {
		t.Fatal(err)
	}
	zone := h.World.Zone
	minute := h.World.At(h.World.From+2, 14, 0)
	l := listen(t, zone, h.World.Authority, minute)
	var lying []life.Lying
	began := time.Now()
	if err := h.Play(t.Context(), life.Sinks{Record: l.record, Day: func(day int, _ time.Time) error {
		if day == 2 {
			lying = h.Lying(minute, 8*time.Hour)
		}
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	records, _ := l.board.Size()
	kept := 0
	if err := l.board.Changed(func(_ string, body []byte) error { kept += len(body); return nil }); err != nil {
		t.Fatal(err)
	}
	t.Logf("played and heard in %.0f s: %d messages, %d of them damaged, %d records of patients, kept in %.1f MB", time.Since(began).Seconds(), l.heard, l.damaged, records, float64(kept)/1e6)

	began = time.Now()
	wards := continuity.ByUnit(l.house, l.board.Census(l.house, minute, 8*time.Hour))
	t.Logf("the census of all units takes %.2f s", time.Since(began).Seconds())
	compare(t, l, lying, wards, zone)
	packs(t, h.World, continuity.ByUnit(l.house, l.board.Census(l.house, minute, continuity.Ahead)), minute)
}

// compare holds what is known against what is true.
func compare(t *testing.T, l *listener, lying []life.Lying, wards map[string][]bedside.Inpatient, zone *time.Location) {
	t.Helper()
	want, units := map[string]facts{}, map[string]bool{}
	due := 0
	for i := range lying {
		if lying[i].Unit.Kind == world.Ward {
			units[lying[i].Unit.Code] = true
			want[lying[i].Visit.MRN] = truth(&lying[i], zone)
			due += len(lying[i].Due)
		}
	}
	count := map[string]int{}
	seen, moving := map[string]bool{}, 0
	differ := func(mrn, what, got, want string) {
		if l.moving[mrn] {
			moving++
			return
		}
		if count[what]++; count[what] <= 3 {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	for unit, ward := range wards {
		for i := range ward {
			mrn := ward[i].MRN.Value
			w, ok := want[mrn]
			if !ok {
				if units[unit] {
					differ(mrn, "somebody who is not there", unit+"/"+ward[i].Bed, "")
				}
				continue
			}
			seen[mrn] = true
			got := known(&ward[i], unit, l.until, zone)
			if got.who != w.who {
				differ(mrn, "who it is", got.who, w.who)
			}
			if got.where != w.where {
				differ(mrn, "bed", got.where, w.where)
			}
			if got.allergies != w.allergies {
				differ(mrn, "allergies", got.allergies, w.allergies)
			}
			if got.due != w.due {
				differ(mrn, "due drugs", got.due, w.due)
			}
		}
	}
	for mrn, w := range want {
		if !seen[mrn] {
			differ(mrn, "somebody who is missing", "", w.where)
		}
	}
	for what, n := range count {
		t.Errorf("%s: %d differ", what, n)
	}
	if moving > 1+len(want)/100 || len(want) < 60 || due < 2*len(want) {
		t.Errorf("%d patients on wards, %d due drugs, %d differences of those on the move", len(want), due, moving)
	}
	t.Logf("%d patients on %d wards, %d drugs due in 8 hours: all as it is true, but %d facts of patients of whom something is on its way", len(want), len(units), due, moving)
}

// laid is a pack that lies in a folder, sealed.
type laid struct {
	pack         *downtime.Pack
	file, secret string
}

// packs makes, seals, lays down, opens and reads the packs of all wards.
func packs(t *testing.T, w *world.World, wards map[string][]bedside.Inpatient, minute time.Time) {
	t.Helper()
	keep := os.Getenv("WARDLINE_PACKS_DIR")
	dir := keep
	if dir == "" {
		dir = t.TempDir()
	}
	press, err := downtime.NewPress()
	if err != nil {
		t.Fatal(err)
	}
	var all []laid
	var plain int
	began := time.Now()
	for _, u := range w.Wards() {
		p := &downtime.Pack{
			Site: "Alder General", Unit: u.Code, Title: u.Title, Data: minute, Printed: minute.Add(time.Minute), Until: minute.Add(8 * time.Hour), Zone: w.Zone,
			Call: []downtime.Contact{{Name: "Downtime desk", Number: "5340"}}, Steps: []string{"Take the red folder."},
			MRNs: downtime.Block{Prefix: "DT-" + u.Code + "-", From: 1, To: 20}, Accessions: downtime.Block{Prefix: "DX-" + u.Code + "-", From: 1, To: 40},
		}
		continuity.Fill(p, wards[u.Code])
		pdf, err := press.PDF(p)
		if err != nil {
			t.Fatal(err)
		}
		plain += len(pdf)
		all = append(all, lay(t, dir, p, pdf))
	}
	shelve(t, wards, minute)
	t.Logf("%d packs made, sealed and laid down in %.1f s: %.1f MB", len(all), time.Since(began).Seconds(), float64(plain)/1e6)

	pages := 0
	for i, m := range all {
		out := filepath.Join(t.TempDir(), "pack.pdf")
		if keep != "" {
			out = strings.TrimSuffix(m.file, ".age")
		}
		wrong, err := downtime.KeyOf(all[(i+1)%len(all)].secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := downtime.OpenFile(m.file, wrong, out); !errors.Is(err, downtime.ErrWrongKey) || !strings.Contains(err.Error(), "another unit's key") {
			t.Errorf("another unit's key: %v", err)
		}
		if _, err := os.Stat(out); err == nil {
			t.Error("another unit's key left a file")
		}
		right, err := downtime.KeyOf(m.secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := downtime.OpenFile(m.file, right, out); err != nil {
			t.Fatal(err)
		}
		pages += paper(t, m.pack, out)
	}
	t.Logf("%d pages read", pages)
}

// shelve keeps who lies on each ward, and makes of it the list of what must be entered back after three hours: each drug that is due in them stands on it, once.
func shelve(t *testing.T, wards map[string][]bedside.Inpatient, minute time.Time) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state.db")
	db, err := store.Open(t.Context(), "sqlite:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := newShelf(t, db)
	s.now = minute.Add(time.Hour)
	listed := 0
	began := time.Now()
	for unit, ward := range wards {
		s.must(s.Put(t.Context(), unit, continuity.CensusOf(ward, nil, minute, minute)))
		start, _, err := s.Around(t.Context(), unit, minute, minute.Add(3*time.Hour))
		s.must(err)
		p := &downtime.Pack{Unit: unit, Until: start.Until, Patients: start.Patients}
		r, err := downtime.Reconcile(p, p, minute, minute.Add(3*time.Hour))
		s.must(err)
		got := map[string]int{}
		for _, i := range r.Items {
			if i.Timed {
				got[fmt.Sprint(i.MRN, i.Order, i.Due.Unix())]++
				listed++
			}
		}
		for i := range ward {
			for _, d := range ward[i].Drugs {
				for _, due := range d.Due {
					key, in := fmt.Sprint(ward[i].MRN.Value, d.Number, due.At.Unix()), !due.At.Before(minute) && due.At.Before(minute.Add(3*time.Hour)) && due.Given.IsZero()
					if in && got[key] != 1 || !in && got[key] != 0 {
						t.Errorf("%s: a drug that is due stands %d times on the list", unit, got[key])
					}
				}
			}
		}
	}
	var size int64
	s.must(db.Do(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(t.Context(), `SELECT sum(length(body)) FROM continuity_census`).Scan(&size)
	}))
	t.Logf("%d doses of three hours are listed; who lies on %d wards is kept in %d kB, in %.1f s", listed, len(wards), size/1000, time.Since(began).Seconds())
}

// lay seals a pack for a unit's own key, and puts it into the folder.
func lay(t *testing.T, dir string, p *downtime.Pack, pdf []byte) laid {
	t.Helper()
	secret, public, err := downtime.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := downtime.LockFor(public)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := lock.Seal(pdf)
	if err != nil {
		t.Fatal(err)
	}
	name := downtime.FileName(p.Unit, p.Data, "pdf")
	if err := downtime.Deliver([]string{dir}, p.Unit, name, sealed, 3); err != nil {
		t.Fatal(err)
	}
	return laid{p, filepath.Join(dir, name), secret}
}

// paper reads a pack as it is printed: each page says how old it is, the patients are those of the unit, and each has a sheet with the allergies and the times.
func paper(t *testing.T, p *downtime.Pack, file string) int {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("pdftotext is missing: install poppler-utils")
		}
		t.Skip("pdftotext is not here, so that the paper is not read: install poppler-utils")
	}
	text, err := exec.Command(tool, "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	pages := strings.Split(strings.TrimSuffix(string(text), "\f"), "\f")
	number := regexp.MustCompile(`MRN (\d{8})\b`)
	census, sheets := map[string]bool{}, map[string]string{}
	for i, page := range pages {
		for _, want := range []string{"Data of 9 Jan 14:00", "printed 14:01", "use until 22:00", p.Unit + " ", fmt.Sprintf("page %d of %d", i+1, len(pages))} {
			if !strings.Contains(page, want) {
				t.Errorf("page %d of %s does not say %q", i+1, p.Unit, want)
			}
		}
		for _, m := range number.FindAllStringSubmatch(page, -1) {
			if strings.Contains(page, "ALLERGIES") {
				census[m[1]] = true
			}
			if strings.Contains(page, "Allergies:") {
				sheets[m[1]] += page
			}
		}
	}
	if len(census) != len(p.Patients) || len(sheets) != len(p.Patients) {
		t.Errorf("%s: %d patients in the census and %d sheets, want %d", p.Unit, len(census), len(sheets), len(p.Patients))
	}
	for i := range p.Patients {
		n := &p.Patients[i]
		sheet := sheets[n.MRN]
		var want []string
		for _, a := range n.Allergies {
			want = append(want, a.Name)
		}
		for _, g := range n.Drugs {
			for _, s := range g.Due {
				want = append(want, s.At.In(p.Zone).Format("15:04"))
			}
		}
		for _, text := range want {
			if !census[n.MRN] || !strings.Contains(strings.Join(strings.Fields(sheet), " "), text) {
				t.Errorf("%s: a sheet does not say %q", p.Unit, text)
			}
		}
	}
	return len(pages)
}
