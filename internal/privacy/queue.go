package privacy

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// queue holds the cases: those that wait for a place before a person, those that are there, and what is to be known of
// those that were decided.
type queue struct {
	cases    map[string]*dossier
	clusters map[cluster]string // the latest case of each
	quiet    map[pairKey]int32  // day until which a pair makes no further case
	drawn    []*dossier         // explained touches that the random audit may take, the first to take first
	credit   [lanes]float64     // cases that may be opened
	round    int64              // the latest
	number   int64
	audited  Estimate
	holds    map[key]*dossier                   // by touch
	seen     map[string]judged                  // by flag
	byUser   map[hospital.Ref][]time.Time       // when cases about them were upheld
	byVictim map[hospital.PatientID][]time.Time // the same of patients
	changed  []*dossier                         // that are to be written
	told     int                                // of changed, those that were filed in the journal
	site     []Proposal
	reasons  int // the highest number that one of the site was given
}

const (
	ranked = iota
	explore
	audit
	lanes
)

// dossier is a case with what its making needs.
type dossier struct {
	Case
	Keys    []savedKey // of Touches
	More    []savedKey // of touches that belong to it and are beyond what a case shows
	Cluster uint64
	First   int32 // day
	Hard    bool
	Held    []bool // of Touches: their departments' feeds were silent
	Order   float64
	dirty   bool
	version int // how often it changed since the start
	filed   int // version that the journal has
}

// A case shows its first touches: one about an account that opens a thousand records would be long. Of how many more their keys are kept.
const (
	mostTouches = 100
	mostMore    = 20_000
)

// savedKey is a key as JSON has it.
type savedKey struct {
	User    hospital.Ref
	Patient hospital.PatientID
	Day     int32
}

func (k key) saved() savedKey { return savedKey{k.user, k.patient, k.day} }
func (k savedKey) key() key   { return key{k.User, k.Patient, k.Day} }

// cluster is what a case is about.
type cluster struct {
	kind CaseKind
	user hospital.Ref
	what uint64 // household, patient or address
}

// judged counts what people concluded.
type judged struct{ decided, upheld int }

func newQueue() queue {
	return queue{cases: map[string]*dossier{}, clusters: map[cluster]string{}, quiet: map[pairKey]int32{}, seen: map[string]judged{}, holds: map[key]*dossier{}}
}

const (
	week       = 7
	underBar   = 12.0 // decibans below the threshold from which a case may still be explored
	longestFor = 14   // days that a case waits for its place
	roundHours = 6
)

// assemble puts a judged touch into the case that it belongs to, or takes it out again.
func (e *Engine) assemble(s *sheet, t *judge.Touch, v *judge.Verdict) {
	q := &e.queue
	d := q.holding(s.key)
	if v.Explained {
		if d != nil {
			e.reasonCame(d, s.key, t, v)
		} else if s.counted && !s.said.drawn {
			e.draw(s, t, v)
		}
		return
	}
	if s.said.drawn { // nothing explains it any more
		q.drawn = slices.DeleteFunc(q.drawn, func(d *dossier) bool { return d.Keys[0] == s.key.saved() })
	}
	if d == nil {
		if over := q.holds[s.key]; over != nil && over.State == Closed {
			return // a person said what is to be thought of it
		}
		if day := e.dayCase(s, v); day != nil {
			if day.State == Pending {
				e.put(day, s.key, t, v)
			}
			return
		}
		if v.Score < e.cfg.Threshold-underBar || q.quiet[pairKey{s.user, s.patient}] >= s.day {
			return
		}
		kind, what := UserCase, e.household(s.patient)
		if aboutPatient(v, nil) < e.cfg.Threshold && slices.ContainsFunc(v.Flags, func(f judge.Flag) bool { return ofTheDay(f.ID) }) {
			kind, what = AccountCase, 0 // however many patients there are
		}
		d = e.caseOf(kind, s.user, what, s.day)
	}
	e.put(d, s.key, t, v)
	if slices.ContainsFunc(v.Flags, func(f judge.Flag) bool { return f.ID == "F26" }) {
		e.cascade(s)
	}
}

// dayCase finds the case of which a person was told at once because of all that the account did on that day, such as an export of all, when
// nothing about this patient makes a case of the touch: the records of one export are one case, however many they are.
func (e *Engine) dayCase(s *sheet, v *judge.Verdict) *dossier {
	d := e.queue.cases[e.queue.clusters[cluster{kind: AccountCase, user: s.user}]]
	if d == nil || !d.Hard || s.day <= d.First-week || s.day >= d.First+week {
		return nil
	}
	hard := d.hardFlags()
	told := slices.ContainsFunc(v.Flags, func(f judge.Flag) bool { _, is := hard[f.ID]; return is })
	if !told || aboutPatient(v, hard) >= e.cfg.Threshold {
		return nil
	}
	return d
}

// aboutPatient is what is left of a score without the flags that stand on all that an account does on a day, and those of which a
// person was told.
func aboutPatient(v *judge.Verdict, told map[string]struct{}) float64 {
	left := v.Score
	for _, f := range v.Flags {
		if _, is := told[f.ID]; is || ofTheDay(f.ID) {
			left -= f.Counted
		}
	}
	return left
}

// ofTheDay tells flags that stand on all that an account does on a day, whoever the patients are.
func ofTheDay(flag string) bool {
	switch flag {
	case "F13", "F14", "F17", "F18", "F20", "F21", "F30", "F31", "F36":
		return true
	}
	return false
}

// hardFlags are those of which a person was told.
func (d *dossier) hardFlags() map[string]struct{} {
	set := map[string]struct{}{}
	for i := range d.Touches {
		for _, f := range d.Touches[i].Verdict.Flags {
			if f.Hard {
				set[f.ID] = struct{}{}
			}
		}
	}
	return set
}

// mark has a case written.
func (q *queue) mark(d *dossier) {
	if !d.dirty || !slices.Contains(q.changed[q.told:], d) {
		d.dirty = true
		q.changed = append(q.changed, d)
	}
}

// holding finds the case that a touch stands in, if that is not over.
func (q *queue) holding(k key) *dossier {
	d := q.holds[k]
	if d == nil || d.State == Closed || d.State == Withdrawn {
		return nil
	}
	return d
}

// household is whom a case about a patient is about: all at one address, else the patient.
func (e *Engine) household(p hospital.PatientID) uint64 {
	if known := e.house.Patient(p); known != nil && known.Identity.Address != 0 {
		return known.Identity.Address
	}
	return uint64(p)
}

// caseOf finds the case of a cluster within a week, or begins one.
func (e *Engine) caseOf(kind CaseKind, user hospital.Ref, what uint64, day int32) *dossier {
	c := cluster{kind, user, what}
	if d := e.queue.cases[e.queue.clusters[c]]; d != nil && d.State != Closed && d.State != Withdrawn && day > d.First-week && day < d.First+week {
		return d
	}
	d := &dossier{Case: Case{Kind: kind, State: Waiting, Changed: e.now}, Cluster: what, First: day}
	d.ID = e.caseID(c, day)
	e.queue.cases[d.ID], e.queue.clusters[c] = d, d.ID
	return d
}

// caseID is the same for the same touches, wherever it is made.
func (e *Engine) caseID(c cluster, day int32) string {
	for n := 0; ; n++ {
		sum := e.keyed(fmt.Sprint("case ", c.kind, " ", c.user, " ", c.what, " ", day, " ", n))
		id := hex.EncodeToString(sum[:8])
		if e.queue.cases[id] == nil {
			return id
		}
	}
}

func (e *Engine) keyed(text string) []byte {
	mac := hmac.New(sha256.New, e.cfg.Secret)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// chance is a number between 0 and 1 that nobody without the secret can foresee.
func (e *Engine) chance(text string) float64 {
	return float64(binary.BigEndian.Uint64(e.keyed(text))>>11) / (1 << 53)
}

// put enters a touch into a case, in place of what was thought of it before.
func (e *Engine) put(d *dossier, k key, t *judge.Touch, v *judge.Verdict) {
	if len(d.Keys) >= mostTouches && !slices.Contains(d.Keys, k.saved()) {
		if e.queue.holds[k] != d && len(d.More) < mostMore {
			d.More = append(d.More, k.saved())
			e.queue.holds[k] = d
			e.queue.mark(d)
		}
		return
	}
	look := Look{Touch: cloneTouch(t), Verdict: cloneVerdict(v), First: v != nil && e.firstEver(k)}
	look.User, look.Patient = e.party(d, k)
	at := slices.Index(d.Keys, k.saved())
	if at < 0 {
		d.Keys, d.Touches, d.Held = append(d.Keys, k.saved()), append(d.Touches, look), append(d.Held, false)
	} else {
		d.Touches[at] = look
	}
	e.queue.holds[k] = d
	e.changedCase(d)
}

func (e *Engine) firstEver(k key) bool {
	s := e.hot[k]
	return s != nil && s.said.first
}

func (e *Engine) changedCase(d *dossier) {
	d.Score = e.caseScore(d)
	d.Changed = e.now
	d.version++
	e.queue.mark(d)
	if d.State == Pending {
		e.describe(d)
	}
}

// caseScore is that of the best touch, and something for each of the next five that would make a case as well.
func (e *Engine) caseScore(d *dossier) float64 {
	var scores []float64
	for i := range d.Touches {
		scores = append(scores, d.Touches[i].Verdict.Score)
	}
	if len(scores) == 0 {
		return -100
	}
	slices.SortFunc(scores, func(a, b float64) int { return cmp.Compare(b, a) })
	more := 0.0
	for _, s := range scores[1:min(len(scores), 6)] {
		more += max(0, s-e.cfg.Threshold)
	}
	return scores[0] + min(0.3*more, 12)
}

// party finds account and patient among those of the case.
func (e *Engine) party(d *dossier, k key) (user, patient int) {
	user = slices.IndexFunc(d.Users, func(p Party) bool { return p.User == k.user })
	if user < 0 {
		user = len(d.Users)
		d.Users = append(d.Users, e.partyOfUser(k.user))
	}
	if k.patient == 0 {
		return user, -1
	}
	patient = slices.IndexFunc(d.Patients, func(p Party) bool { return p.Patient == k.patient })
	if patient < 0 {
		patient = len(d.Patients)
		d.Patients = append(d.Patients, e.partyOfPatient(k.patient))
	}
	return user, patient
}

func (e *Engine) partyOfUser(user hospital.Ref) Party {
	account := e.house.Text(user)
	p := Party{Token: "ac_" + hex.EncodeToString(e.keyed("account " + account)[:6]), Hint: tail(account), User: user}
	if st := e.house.StaffNamed(user); st != nil {
		p.Staff, p.Role, p.Unit = st.ID, e.bare.Classes().Person(st), e.house.Text(st.Dept)
	}
	return p
}

func (e *Engine) partyOfPatient(id hospital.PatientID) Party {
	p := Party{Token: e.house.Token(id), Patient: id}
	if _, ids, err := e.house.Reveal(id); err == nil && len(ids) > 0 {
		p.Hint = tail(ids[0].Value)
	}
	return p
}

// tail is what is shown of a number: its last four, and never more than half of it.
func tail(text string) string {
	r := []rune(text)
	return string(r[len(r)-min(4, len(r)/2):])
}

// reasonCame notes that a touch of a case is explained now.
func (e *Engine) reasonCame(d *dossier, k key, t *judge.Touch, v *judge.Verdict) {
	e.put(d, k, t, v)
	if d.Hard || d.Lane == Audit {
		return
	}
	for i := range d.Touches {
		if !d.Touches[i].Verdict.Explained {
			return
		}
	}
	switch {
	case d.State == Waiting:
		e.forgetCase(d)
	case len(d.Seen) == 0:
		d.State, d.Arrived = Withdrawn, e.now
	default:
		d.Arrived = e.now
		e.changedCase(d) // its text says so
	}
}

func (e *Engine) forgetCase(d *dossier) {
	delete(e.queue.cases, d.ID)
	for _, keys := range [][]savedKey{d.Keys, d.More} {
		for _, k := range keys {
			if e.queue.holds[k.key()] == d {
				delete(e.queue.holds, k.key())
			}
		}
	}
	d.State = Withdrawn
}

// cascade gathers what several accounts did with one record, and nothing explains, in one case about the patient. What is before a person
// already stays where it is.
func (e *Engine) cascade(s *sheet) {
	var d *dossier
	for _, o := range e.by[s.patient] {
		if o.gone || o.said.explained || o.state == fresh || o.day <= s.day-week || o.day >= s.day+week {
			continue
		}
		from := e.queue.holding(o.key)
		if from == nil || from.State != Waiting || from.Kind == PatientCase {
			continue
		}
		if d == nil {
			d = e.caseOf(PatientCase, 0, uint64(s.patient), s.day)
		}
		at := slices.Index(from.Keys, o.key.saved())
		look := from.Touches[at]
		e.take(from, at)
		e.put(d, o.key, &look.Touch, &look.Verdict)
	}
}

// take takes a touch out of a case that waits, and the case away when it was the last.
func (e *Engine) take(d *dossier, at int) {
	delete(e.queue.holds, d.Keys[at].key())
	d.Keys, d.Touches, d.Held = slices.Delete(d.Keys, at, at+1), slices.Delete(d.Touches, at, at+1), slices.Delete(d.Held, at, at+1)
	if len(d.Keys) == 0 {
		e.forgetCase(d)
	}
	e.changedCase(d)
}

// draw has an explained touch stand in the lottery of the random audit: those with the smallest numbers are taken.
func (e *Engine) draw(s *sheet, t *judge.Touch, v *judge.Verdict) {
	e.queue.audited.Population++
	s.said.drawn = true
	n := e.chance(fmt.Sprint("audit ", s.user, " ", s.patient, " ", s.day))
	most := max(1, int(math.Ceil(e.cfg.Audit*float64(e.cfg.CasesPerDay))))
	q := &e.queue
	if len(q.drawn) >= most && n >= q.drawn[len(q.drawn)-1].Order {
		return
	}
	d := &dossier{Case: Case{Kind: UserCase, State: Waiting, Lane: Audit}, Cluster: uint64(s.patient), First: s.day, Order: n}
	look := Look{Touch: cloneTouch(t), Verdict: cloneVerdict(v), First: s.said.first}
	look.User, look.Patient = e.party(d, s.key)
	d.Keys, d.Touches, d.Held = []savedKey{s.key.saved()}, []Look{look}, []bool{false}
	d.Score = v.Score
	at, _ := slices.BinarySearchFunc(q.drawn, d, func(a, b *dossier) int { return cmp.Compare(a.Order, b.Order) })
	q.drawn = slices.Insert(q.drawn, at, d)
	q.drawn = q.drawn[:min(len(q.drawn), most)]
}

// rounds opens cases, four times a day.
func (e *Engine) rounds() error {
	q := &e.queue
	round := e.now.Unix() / (roundHours * 3600)
	if round <= q.round {
		return nil
	}
	if q.round == 0 {
		q.round = round
		return nil
	}
	parts := float64(min(round-q.round, 24/roundHours)) * roundHours / 24
	q.round = round
	for lane, share := range [lanes]float64{1 - e.cfg.Explore - e.cfg.Audit, e.cfg.Explore, e.cfg.Audit} {
		day := share * float64(e.cfg.CasesPerDay)
		q.credit[lane] = min(q.credit[lane]+day*parts, max(day, 1))
	}
	waiting := e.waiting()
	e.openBest(waiting, ranked, Ranked, e.cfg.Threshold, func(d *dossier) float64 { return d.Score + 1.5*e.chance("order "+d.ID) })
	e.openBest(waiting, explore, Explore, e.cfg.Threshold-underBar, func(d *dossier) float64 {
		return d.Score + 10/float64(1+q.seen[kindOf(d)].decided)
	})
	for q.credit[audit] >= 1 && len(q.drawn) > 0 {
		d := q.drawn[0]
		q.drawn = q.drawn[1:]
		if q.holding(d.Keys[0].key()) != nil {
			continue // a person is told of it as it is
		}
		q.credit[audit]--
		d.ID = e.caseID(cluster{UserCase, d.Keys[0].User, d.Cluster}, d.First)
		q.cases[d.ID] = d
		q.holds[d.Keys[0].key()] = d
		q.audited.Drawn++
		e.open(d, Audit)
	}
	return nil
}

// waiting lists the cases that may be opened, in the order of their names. Those that waited too long are let go.
func (e *Engine) waiting() []*dossier {
	today := e.dayOf(e.now.UnixMilli())
	var list []*dossier
	silent := false
	for _, d := range e.queue.sorted() {
		if d.State != Waiting {
			continue
		}
		held := e.heldCase(d)
		silent = silent || held
		switch {
		case today-d.First > longestFor:
			e.forgetCase(d)
			e.changedCase(d)
		case !held:
			list = append(list, d)
		}
	}
	e.tellSilence(silent)
	return list
}

func (q *queue) sorted() []*dossier {
	list := make([]*dossier, 0, len(q.cases))
	for _, d := range q.cases {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b *dossier) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// heldCase tells whether all that makes a case was done while feeds were silent: then nobody knows what explains it.
func (e *Engine) heldCase(d *dossier) bool {
	held := true
	for i, k := range d.Keys {
		if s := e.hot[k.key()]; s != nil {
			d.Held[i] = e.silent(s)
			s.said.held = d.Held[i]
		}
		held = held && (d.Held[i] || d.Touches[i].Verdict.Explained)
	}
	return held && !d.Hard
}

// tellSilence files one finding when feeds fall silent, and none before they were heard again.
func (e *Engine) tellSilence(silent bool) {
	if silent && !e.health.episode {
		e.filed = append(e.filed, Alarm{Feed: true, At: e.now})
	}
	e.health.episode = silent
}

// kindOf is what a case is mostly about: its heaviest flag.
func kindOf(d *dossier) string {
	best := judge.Flag{}
	for i := range d.Touches {
		if f := d.Touches[i].Verdict.Flags; len(f) > 0 && f[0].Weight > best.Weight {
			best = f[0]
		}
	}
	return best.ID
}

func (e *Engine) openBest(waiting []*dossier, credit int, lane Lane, bar float64, worth func(*dossier) float64) {
	type bid struct {
		d     *dossier
		worth float64
	}
	var bids []bid
	for _, d := range waiting {
		if d.State == Waiting && d.Score >= bar {
			bids = append(bids, bid{d, worth(d)})
		}
	}
	slices.SortStableFunc(bids, func(a, b bid) int { return cmp.Compare(b.worth, a.worth) })
	for _, b := range bids {
		if e.queue.credit[credit] < 1 {
			return
		}
		e.queue.credit[credit]--
		e.open(b.d, lane)
	}
}

// open brings a case before a person. From then on the house knows.
func (e *Engine) open(d *dossier, lane Lane) {
	e.queue.number++
	d.Number, d.Lane, d.State, d.Opened = e.queue.number, lane, Pending, e.now
	e.changedCase(d)
	if by, ok := e.decided[d.ID]; ok { // before a restart that had this case opened once more
		delete(e.decided, d.ID)
		e.restore(d, &by)
	}
}

// describe writes the text of a case.
func (e *Engine) describe(d *dossier) {
	c := judge.Telling{Account: d.Kind == AccountCase, Drawn: d.Lane == Audit, Arrived: d.Arrived}
	for i := range d.Touches {
		c.Touches = append(c.Touches, judge.Judged{Touch: &d.Touches[i].Touch, Verdict: &d.Touches[i].Verdict})
	}
	d.Text = e.judge.Text(&c, e.house, e.cfg.Zone)
}

func cloneTouch(t *judge.Touch) judge.Touch {
	c := *t
	c.Sensitive, c.Places, c.Evidence = slices.Clone(t.Sensitive), slices.Clone(t.Places), slices.Clone(t.Evidence)
	return c
}

// cloneVerdict copies what belongs to the house, which changes.
func cloneVerdict(v *judge.Verdict) judge.Verdict {
	c := *v
	c.Reasons, c.Tried, c.Flags = slices.Clone(v.Reasons), slices.Clone(v.Tried), slices.Clone(v.Flags)
	for i := range c.Reasons {
		c.Reasons[i].Edge = cloneEdge(c.Reasons[i].Edge)
	}
	for i := range c.Tried {
		c.Tried[i].Nearest = cloneEdge(c.Tried[i].Nearest)
	}
	return c
}

func cloneEdge(edge *hospital.Edge) *hospital.Edge {
	if edge == nil {
		return nil
	}
	c := *edge
	return &c
}
