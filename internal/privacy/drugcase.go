package privacy

import (
	"cmp"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/diversion"
	"github.com/wardline/wardline/internal/privacy/judge"
	"github.com/wardline/wardline/internal/privacy/judge/chance"
)

// drugFlag is the flag of cases about drugs.
const drugFlag = "F28"

// Beside is one person beside the peers: the share of each in the sign that stands out most.
type Beside struct {
	Label  string
	Own    float64
	Others []float64 // in order
	Share  bool      // they are shares, and not numbers a day
}

// listDrugs opens cases about those who stand out: a few in a month, the farthest first.
func (e *Engine) listDrugs(at time.Time) {
	r := e.drugs.rules
	places := r.List
	last := map[diversion.Person]*dossier{}
	for _, d := range e.queue.sorted(func(d *dossier) bool { return d.Kind == DrugCase }) {
		if at.Sub(d.Opened) < time.Duration(r.Window) {
			places--
		}
		who := e.personOf(d.Users[0].User)
		if old := last[who]; old == nil || old.Opened.Before(d.Opened) {
			last[who] = d
		}
	}
	for _, s := range e.suspects(at) {
		if places <= 0 {
			return
		}
		if e.anewDrugs(&s, last[s.Who], at) {
			e.openDrugs(&s)
			places--
		}
	}
}

func (e *Engine) suspects(at time.Time) []diversion.Suspect {
	return e.drugs.book.Assess(at, &diversion.Asking{
		Chance:  diversion.Chance{Hits: chance.HitsAtLeastVarying, Count: chance.AtLeast},
		Who:     e.personOf,
		Current: func(p hospital.PatientID) hospital.PatientID { return cmp.Or(e.led[p], p) },
		Heard:   e.heardAround,
	})
}

// personOf tells whose account it is: of one who works here, or nobody's.
func (e *Engine) personOf(user hospital.Ref) diversion.Person {
	if st := e.house.StaffNamed(user); st != nil {
		return diversion.Person{Staff: st.ID}
	}
	return diversion.Person{User: user}
}

// anewDrugs tells whether somebody is told of again: not while a case waits for a decision, and within the window only when much more came since.
func (e *Engine) anewDrugs(s *diversion.Suspect, before *dossier, at time.Time) bool {
	if before == nil {
		return true
	}
	if before.State == Pending {
		return false
	}
	if at.Sub(before.Opened) >= time.Duration(e.drugs.rules.Window) {
		return true
	}
	had, more := 0, 0
	for i := range before.Touches {
		had += int(before.Touches[i].Touch.Counts[judge.Other])
	}
	for i := range s.Doubts {
		if s.Doubts[i].At.After(before.Opened) {
			more++
		}
	}
	return float64(more) >= max(1, e.drugs.rules.Again*float64(had))
}

// openDrugs brings somebody before a person.
func (e *Engine) openDrugs(s *diversion.Suspect) {
	r, user := e.drugs.rules, s.Account
	day := e.dayOf(s.To.UnixMilli())
	d := &dossier{Case: Case{Kind: DrugCase, State: Waiting}, First: day}
	d.ID = e.caseID(cluster{DrugCase, user, 0}, day)
	d.Users = []Party{e.partyOfUser(user)}
	for i := range s.Doubts {
		e.lookAt(d, &s.Doubts[i])
	}
	d.Held = make([]bool, len(d.Touches))
	d.Beside = &Beside{Label: r.Label(s.Told[0].Sign), Own: s.Own, Others: s.Others, Share: s.Told[0].Sign != diversion.Taken}
	d.Text = judge.Text{Headline: r.Headline(s), Paragraphs: r.Paragraphs(s)}
	for i := range s.Told {
		d.Text.Weighs = append(d.Text.Weighs, judge.Weighs{ID: drugFlag, Label: r.Label(s.Told[i].Sign), Decibans: s.Told[i].Weight()})
	}
	e.queue.cases[d.ID] = d
	e.queue.clusters[cluster{DrugCase, user, 0}] = d.ID
	e.open(d, Drugs)
}

// lookAt enters a transaction into the look of its account, patient and day.
func (e *Engine) lookAt(d *dossier, x *diversion.Doubt) {
	k := key{x.User, cmp.Or(e.led[x.Patient], x.Patient), e.dayOf(x.At.UnixMilli())}
	at := slices.IndexFunc(d.Touches, func(l Look) bool {
		return l.Touch.User == k.user && l.Touch.Patient == k.patient && l.Touch.Day == k.day
	})
	if at < 0 {
		if len(d.Touches) >= mostTouches {
			return
		}
		l := Look{Touch: judge.Touch{User: k.user, Staff: d.Users[0].Staff, Patient: k.patient, Day: k.day, First: x.At}}
		l.Verdict = judge.Verdict{Flags: []judge.Flag{{ID: drugFlag}}, Score: e.cfg.Threshold}
		l.User, l.Patient = e.party(d, k)
		at, d.Touches = len(d.Touches), append(d.Touches, l)
	}
	t := &d.Touches[at].Touch
	t.Last = x.At
	t.Counts[judge.Other]++
	if !slices.Contains(t.Places, x.Station) && len(t.Places) < mostPlaces && x.Station != 0 {
		t.Places = append(t.Places, x.Station)
	}
	if len(t.Evidence) < mostLooks {
		unit := e.house.Text(x.Unit)
		t.Evidence = append(t.Evidence, judge.Access{
			At: x.At, Act: judge.Other, Native: x.Says(e.house.Text(x.Drug), unit), Against: e.drugs.rules.Against(x, unit), Where: x.Station, Place: x.Place,
		})
	}
}
