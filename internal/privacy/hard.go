package privacy

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
)

// hard has a person told at once of what is not to wait. It is asked when an act of a kind is done for the first time.
func (e *Engine) hard(s *sheet, w *workday, fresh bool, r *row) {
	if !fresh && r.marks == 0 && (s.patient != 0 || r.act == Search || r.act == Listed) {
		return
	}
	flags := e.askHard(s, w)
	flags = append(flags, e.tooMany(w)...)
	for _, f := range flags {
		if !slices.Contains(s.hard, f.ID) {
			s.hard = append(s.hard, f.ID)
			e.alarm(s, f)
		}
	}
}

// askHard asks the judge. What was done with nobody's record in particular is judged by the day, anything else by itself.
func (e *Engine) askHard(s *sheet, w *workday) []Flag {
	t := &e.scratch
	s.touch(t, e.house.Text, e.sensitive)
	p := e.profile(s.user)
	k := Known{Responsible: e.learned.responsible, Work: Work{Chance: 1, FacesOdds: 1, Hour: -1}}
	if s.patient == 0 {
		k.Work = *e.work(w)
	} else if p.last != 0 && s.day-p.last > 90 {
		k.Work.Dormant = int(s.day - p.last)
	}
	if !w.strange && e.stranger(s) { // it is told of once a day
		k.Work.Stranger, w.strange, k.Work.Images = true, true, 1
	}
	return e.judge.HardFlags(t, e.house, &k, e.now)
}

// tooMany tells when an account opens far more records than it ever did, and than its role does.
func (e *Engine) tooMany(w *workday) []Flag {
	const fewest = 30
	if w.alarmed || w.opened < fewest || w.opened%10 != 0 {
		return nil
	}
	mean, shape, ok := e.expect(e.profile(w.user), e.roleOf(w.staff), patients, w.day)
	if !ok || atLeast(w.opened, mean, shape) > shortOfProof {
		return nil
	}
	w.alarmed = true
	return []Flag{{ID: "F13", Weight: 20, Hard: true, Facts: map[string]string{"count": strconv.Itoa(w.opened), "usual": strconv.Itoa(int(mean + 0.5))}}}
}

// alarm files a hard flag and opens a case for it.
func (e *Engine) alarm(s *sheet, f Flag) {
	kind, what := AccountCase, uint64(0)
	if f.ID == "F29" || f.ID == "F01" || f.ID == "F07" {
		kind, what = UserCase, e.household(s.patient)
	}
	t := &e.scratch
	s.touch(t, e.house.Text, e.sensitive)
	v := Verdict{Flags: []Flag{f}, Score: f.Weight}
	d := e.queue.holding(s.key)
	if d == nil {
		d = e.caseOf(kind, s.user, what, s.day)
	}
	if at := slices.Index(d.Keys, s.key.saved()); at >= 0 {
		v = d.Touches[at].Verdict
		v.Flags = append([]Flag{f}, v.Flags...)
	}
	d.Hard = true
	if len(d.Keys) < mostTouches || slices.Contains(d.Keys, s.key.saved()) {
		e.put(d, s.key, t, &v)
	}
	if d.State == Waiting {
		e.open(d, Urgent)
	}
	at := s.last()
	e.filed = append(e.filed, Alarm{Flag: f, Case: d.ID, User: s.user, Patient: s.patient, At: at, Evidence: slices.Clone(t.Evidence)})
}

// mostTouches bounds a case: one about an account that opens a thousand records shows the first of them.
const mostTouches = 100

// travel finds two sign-ins of one day from two countries.
func (e *Engine) travel(w *workday, _ *profile) Travel {
	var rows []row
	for _, s := range w.sheets {
		if s.patient == 0 {
			for _, r := range s.rows {
				if r.marks&login != 0 && r.marks&failed == 0 && r.query != 0 {
					rows = append(rows, r)
				}
			}
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return a.compare(&b) })
	const flight = 6 * time.Hour
	for i := 1; i < len(rows); i++ {
		if gap := time.Duration(rows[i].at-rows[i-1].at) * time.Millisecond; rows[i].query != rows[i-1].query && gap < flight {
			return Travel{Kind: "remote", Gap: gap}
		}
	}
	return Travel{}
}

// signIn takes in that an account came in over the cloud or the network.
func (e *Engine) signIn(ev *event.Event, at hospital.Place) {
	get := func(paths ...string) string {
		for _, p := range paths {
			for v := range ev.Values(p) {
				if len(v) > 0 {
					return string(v)
				}
			}
		}
		return ""
	}
	t := believed(ev)
	name := get("userPrincipalName", "properties.userPrincipalName", "User-Name", "username", "user")
	if name == "" || t.IsZero() {
		e.counts.Nameless++
		return
	}
	user := e.house.Intern(name)
	if local, _, ok := strings.Cut(name, "@"); ok && e.house.StaffNamed(user) == nil {
		user = e.house.Intern(local)
	}
	r := row{at: t.UnixMilli(), entry: at.Entry, line: at.Line, act: Other, marks: login, native: e.house.Intern("sign-in"), source: e.house.Intern(ev.Class.Key)}
	ip := get("ipAddress", "properties.ipAddress", "callerIpAddress", "Calling-Station-Id", "src_ip", "ip")
	r.where = e.house.Intern(ip)
	if a, err := netip.ParseAddr(ip); err == nil && !a.IsPrivate() && !a.IsLoopback() {
		r.marks |= remote
	}
	if code := get("status.errorCode", "properties.status.errorCode", "resultType"); code != "" && code != "0" {
		r.marks |= failed
	}
	country := get("location.countryOrRegion", "properties.location.countryOrRegion", "country")
	for i := range min(len(country), 8) {
		r.query = r.query<<8 | uint64(country[i])
	}
	k := key{user: user, day: e.dayOf(r.at)}
	w := e.workday(dayKey{user, k.day})
	if w.staff == 0 {
		if st := e.house.StaffNamed(user); st != nil {
			w.staff = st.ID
		}
	}
	e.failed = errors.Join(e.failed, e.enter(k, r, &said{}, w))
}
