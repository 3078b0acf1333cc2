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
	underBar   = 12.0 // decibans below the threshold from which a case is kept for its reasons and for exploring
	curiosity  = 7.0  // decibans that a case of a kind is lent of which no person saw any; half of it after one, a third after two
	longestFor = 14   // days that a case waits for its place
)

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

// rounds opens cases, every hour.
func (e *Engine) rounds() error {
	q := &e.queue
	round := e.now.Unix() / 3600
	if round <= q.round {
		return nil
	}
	if q.round == 0 {
		q.round = round
		return nil
	}
	parts := float64(min(round-q.round, 24)) / 24
	q.round = round
	for lane, share := range [lanes]float64{1 - e.cfg.Explore - e.cfg.Audit, e.cfg.Explore, e.cfg.Audit} {
		day := share * float64(e.cfg.CasesPerDay)
		q.credit[lane] = min(q.credit[lane]+day*parts, max(day, 1))
	}
	waiting := e.waiting()
	e.openBest(waiting, ranked, Ranked, e.cfg.Threshold, func(d *dossier) float64 { return d.Score })
	e.explore(waiting)
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

// explore opens cases of kinds that hardly anybody saw yet. Each that was opened makes its kind less curious, until only what is all but
// above the threshold is taken.
func (e *Engine) explore(waiting []*dossier) {
	if e.queue.credit[explore] < 1 {
		return
	}
	type kind struct {
		of   CaseKind
		flag string
	}
	of := func(d *dossier) kind { return kind{d.Kind, heaviest(d)} }
	seen := map[kind]int{}
	for _, d := range e.queue.cases {
		if d.Number > 0 && d.Lane != Audit {
			seen[of(d)]++
		}
	}
	e.openBest(waiting, explore, Explore, e.cfg.Threshold, func(d *dossier) float64 { return d.Score + curiosity/float64(1+seen[of(d)]) })
}

// waiting lists the cases that may be opened, in the order of their names. Those that waited too long are let go.
func (e *Engine) waiting() []*dossier {
	today := e.dayOf(e.now.UnixMilli())
	var list []*dossier
	silent := false
	for _, d := range e.queue.sorted(func(d *dossier) bool { return d.State == Waiting }) {
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

// sorted lists the cases that fit, in the order of their names.
func (q *queue) sorted(fits func(*dossier) bool) []*dossier {
	var list []*dossier
	for _, d := range q.cases {
		if fits(d) {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b *dossier) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// heldCase tells whether all that makes a case was done while feeds were silent: then nobody knows what explains it. That ends when its touches were
// judged for the last time, and are in memory no more: what was not said by then is lost, and weighs less (see bareness).
func (e *Engine) heldCase(d *dossier) bool {
	held := true
	for i, k := range d.Keys {
		s := e.hot[k.key()]
		d.Held[i] = s != nil && e.silent(s)
		if s != nil {
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

// heaviest is the flag that a case is mostly about.
func heaviest(d *dossier) string {
	best := judge.Flag{}
	for i := range d.Touches {
		if f := d.Touches[i].Verdict.Flags; len(f) > 0 && f[0].Weight > best.Weight {
			best = f[0]
		}
	}
	return best.ID
}

// openBest opens the cases that are worth the bar, the best first, of near equals whichever chance would have it: nobody is to learn what stays below.
func (e *Engine) openBest(waiting []*dossier, credit int, lane Lane, bar float64, worth func(*dossier) float64) {
	const nearly = 1.5 // decibans
	type bid struct {
		d     *dossier
		worth float64
	}
	var bids []bid
	for _, d := range waiting {
		if w := worth(d); d.State == Waiting && w >= bar {
			bids = append(bids, bid{d, w + nearly*e.chance("order "+d.ID)})
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

// describe writes the text of a case. What is said of drugs rests on more than the case holds, and stays as it was said.
func (e *Engine) describe(d *dossier) {
	if d.Kind == DrugCase {
		return
	}
	c := judge.Telling{Account: d.Kind == AccountCase, Drawn: d.Lane == Audit, Arrived: d.Arrived}
	for i := range d.Touches {
		c.Touches = append(c.Touches, judge.Judged{Touch: &d.Touches[i].Touch, Verdict: &d.Touches[i].Verdict})
	}
	d.Text = e.judge.Text(&c, e.house, e.cfg.Zone)
}
