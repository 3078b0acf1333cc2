package app

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/ehrcsv"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader"
	"github.com/wardline/wardline/internal/report"
	"github.com/wardline/wardline/internal/scan"
	"github.com/wardline/wardline/internal/vault"
)

// HospitalConfig says what a look at a hospital's files is to read, and how.
type HospitalConfig struct {
	Paths     []string
	Mappings  string // folder of further mappings, or ""
	Zone      string // whose clocks times show that state no offset; "" is UTC
	Authority string // who issued numbers of patients that stand alone; "" is whoever is met most often
}

// CheckHospital reads what systems say about a hospital from files and writes what a node would know from them. It keeps nothing,
// and shows nothing of anybody.
func CheckHospital(ctx context.Context, c HospitalConfig, t Terminal) error {
	l, config, err := newLook(c)
	if err != nil {
		return err
	}
	var stats scan.Stats
	progress := func() {}
	if t.ErrWidth > 0 {
		progress = report.StartProgress(t.Err, func() (bytes, total, events int64) {
			return stats.Bytes.Load(), stats.TotalBytes.Load(), stats.Events.Load()
		}, t.ErrWidth).Stop
	}
	err = scan.Run(ctx, config, &stats, func() scan.Sink { return l })
	progress()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(t.Out)
	err = report.House(out, l.preview(&stats), report.Options{Width: t.Width, Color: t.Color})
	return errors.Join(err, out.Flush())
}

// look is one look at files under way. One worker reads them all, so that nothing of it needs a lock.
type look struct {
	mappings  []ehrcsv.Mapping
	reader    *reader.Reader
	house     *hospital.House
	authority string
	now       time.Time

	groups  map[string]*report.HouseFiles // by what stands at their heads
	group   *report.HouseFiles            // of the source being read
	sources map[string]*report.HouseFiles // by source, for damage
	facts   map[string]int64              // by kind
	issuers map[string]int64              // of patients' numbers
	staff   map[string]bool               // by staff number: whether the person has a login
	shifts  map[string]int64              // by staff number
	access  map[accessKey]int64
}

// accessKey is whose account opened whose record: only as much as is needed to look both up.
type accessKey struct{ user, patient, authority string }

// mostPairs bounds the pairs that are looked up; rows beyond are not counted.
const mostPairs = 2_000_000

func newLook(c HospitalConfig) (*look, scan.Config, error) {
	tax, err := Taxonomy()
	if err != nil {
		return nil, scan.Config{}, err
	}
	mappings, err := loadMappings(c.Mappings)
	if err != nil {
		return nil, scan.Config{}, err
	}
	formats, err := Formats(c.Mappings)
	if err != nil {
		return nil, scan.Config{}, err
	}
	zone, err := zoneNamed(c.Zone)
	if err != nil {
		return nil, scan.Config{}, err
	}
	for _, path := range c.Paths {
		if _, err := os.Stat(path); err != nil {
			return nil, scan.Config{}, fmt.Errorf("nothing to look at: %w", err)
		}
	}
	keys, err := vault.Passing()
	if err != nil {
		return nil, scan.Config{}, err
	}
	l := &look{
		mappings: mappings, reader: reader.New(zone), authority: c.Authority, now: time.Now(),
		house:  hospital.New(keys, hospital.Options{Zone: zone, Authority: c.Authority}),
		groups: map[string]*report.HouseFiles{}, sources: map[string]*report.HouseFiles{}, facts: map[string]int64{}, issuers: map[string]int64{},
		staff: map[string]bool{}, shifts: map[string]int64{}, access: map[accessKey]int64{},
	}
	return l, scan.Config{
		Paths: c.Paths, Formats: formats, Taxonomy: tax, Limits: scan.DefaultLimits(), Records: collect.DefaultLimits(),
		Workers: 1, Whole: true, Zone: zone, Began: l.began,
	}, nil
}

// began looks at the head of a source. Delimited files stand for themselves, unless many are alike; messages and resources, whose files
// may be called by patients' names, are told by folder.
func (l *look) began(source, format string, head []byte) {
	f := report.HouseFiles{Name: filepath.Dir(source) + string(filepath.Separator), Format: format}
	if format == "csv" {
		seen := ehrcsv.LookAt(l.mappings, head)
		f.Name, f.Mapping, f.Class, f.Ignored = source, seen.Mapping, seen.Class, seen.Ignored
		for _, u := range seen.Used {
			f.Used = append(f.Used, report.HouseColumn(u))
		}
	}
	key := filepath.Dir(source) + "\x00" + format + "\x00" + f.Mapping + fmt.Sprint(f.Used, f.Ignored)
	if format == "csv" && f.Mapping == "" {
		key = source
	}
	if l.groups[key] == nil {
		f.Facts = map[string]int64{}
		l.groups[key] = &f
	}
	l.group = l.groups[key]
	if l.group.Files > 0 { // one of many alike, such as an access log of each hour
		l.group.Name = filepath.Dir(source) + string(filepath.Separator)
	}
	l.group.Files++
	l.sources[source] = l.group
}

// Emit implements scan.Sink.
func (l *look) Emit(ev *event.Event) error {
	g := l.group
	g.Records++
	ev.Observed = l.now
	ev.Source = g.Name // numbers of one server in several files are of one server
	facts, err := l.reader.Read(ev)
	if err != nil {
		g.Unread++
		return nil
	}
	for i := range facts {
		f := &facts[i]
		kind := f.Word()
		g.Facts[kind]++
		l.facts[kind]++
		l.note(f)
		l.house.Take(f)
	}
	if ev.Class.Product == "ehr" {
		l.opened(ev)
	}
	return l.house.Err()
}

// note counts what the House does not.
func (l *look) note(f *hospital.Fact) {
	switch {
	case f.Staff != nil && f.Staff.Number != "" && !f.Staff.Gone: // others are of directories: providers from anywhere
		l.staff[f.Staff.Number] = len(f.Staff.Logins) > 0
	case f.Shift != nil:
		l.shifts[f.Shift.Staff]++
	case f.Patient != nil:
		for _, id := range f.Patient.IDs {
			if id.Authority != "" && (id.Type == "" || id.Type == "MR") {
				l.issuers[id.Authority]++
			}
		}
	}
}

// opened counts an access, to be looked up when all is read.
func (l *look) opened(ev *event.Event) {
	k := accessKey{user: value(ev, "access.user"), patient: value(ev, "access.patient"), authority: value(ev, "access.patient_authority")}
	if _, known := l.access[k]; known || len(l.access) < mostPairs {
		l.access[k]++
	}
}

func value(ev *event.Event, path string) string {
	for v := range ev.Values(path) {
		return string(v)
	}
	return ""
}

// preview is what the report shows.
func (l *look) preview(stats *scan.Stats) *report.HousePreview {
	p := &report.HousePreview{Facts: l.facts, Staff: int64(len(l.staff)), Bytes: stats.Bytes.Load(), Authority: l.issuer()}
	for _, reachable := range l.staff {
		if !reachable {
			p.NoLogin++
		}
	}
	for _, d := range stats.Damage() {
		g := l.sources[d.Source]
		if g == nil {
			p.PassedOver++
			continue
		}
		g.Damaged++
		const shown = 5
		if len(g.Damage) < shown {
			reason := d.Reason
			if g.Mapping != "" && g.Files > 1 {
				reason = filepath.Base(d.Source) + ", " + reason
			}
			g.Damage = append(g.Damage, reason)
		}
	}
	for _, g := range l.groups {
		p.Files = append(p.Files, *g)
	}
	slices.SortFunc(p.Files, func(a, b report.HouseFiles) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Format, b.Format))
	})
	o := l.house.Overview()
	p.Patients, p.Merged, p.Units, p.Homeless = int64(o.Patients), int64(o.Merged), int64(o.Units), int64(o.Homeless)
	for number, n := range l.shifts {
		p.Shifts += n
		if s := l.house.StaffNamed(l.house.Ref(number)); s == nil || s.Number == "" {
			p.Strange += n
		}
	}
	l.lookUp(p)
	return p
}

// issuer is who issued most numbers of patients.
func (l *look) issuer() string {
	if l.authority != "" || len(l.issuers) == 0 {
		return l.authority
	}
	names := slices.Sorted(maps.Keys(l.issuers))
	return slices.MaxFunc(names, func(a, b string) int { return cmp.Compare(l.issuers[a], l.issuers[b]) })
}

// lookUp counts how many accesses are by accounts and of patients that are known.
func (l *look) lookUp(p *report.HousePreview) {
	for k, n := range l.access {
		p.Accesses += n
		s := l.house.StaffNamed(l.house.Ref(k.user))
		account := s != nil && s.Number != ""
		if account {
			p.Accounts += n
		}
		if k.patient == "" {
			p.NoPatient += n
			continue
		}
		id := hospital.Identifier{Value: k.patient, Authority: cmp.Or(k.authority, p.Authority)}
		patient, _ := l.house.Find([]hospital.Identifier{id})
		if patient == 0 && k.authority == "" {
			id.Authority = ""
			patient, _ = l.house.Find([]hospital.Identifier{id})
		}
		if patient != 0 {
			p.Known += n
		}
		if patient != 0 && account {
			p.Both += n
		}
	}
}
