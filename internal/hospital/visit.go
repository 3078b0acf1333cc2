package hospital

import (
	"cmp"
	"slices"
	"time"
)

// Bounds of one visit.
const (
	mostSightings = 64
	mostDiagnoses = 32
	mostFormerKey = 4
)

// visit is a Visit with what is needed to bring it up to date, in whatever order facts about it come.
type visit struct {
	key        uint64
	former     []uint64 // numbers that it had, and those of visits that are part of it
	class      byte
	service    Ref
	start, end stamp
	cancelled  bool
	// When each was last said.
	classTold, serviceTold, startTold, endTold, cancelTold stamp
	seen                                                   []sighting // in the order in which it was said
	diagnoses                                              []Ref
	news                                                   stamp // when the latest was said about it
	begun                                                  stamp // when the first was
}

// sighting says that a patient has been in a unit since a time, as of another.
type sighting struct {
	unit       Ref
	from, said stamp
}

// take brings v up to date and tells whether that changed it.
func (v *visit) take(f *VisitFact, said stamp, service, unit Ref) (changed bool) {
	before := *v
	v.news, v.begun = max(v.news, said), earlier(v.begun, said)
	later := func(told *stamp, stated bool) bool {
		if !stated || said < *told {
			return false
		}
		*told = said
		return true
	}
	if later(&v.classTold, f.Class != 0) {
		v.class = f.Class
	}
	if later(&v.serviceTold, service != 0) {
		v.service = service
	}
	if later(&v.startTold, !f.Start.IsZero()) {
		v.start = at(f.Start)
	}
	if later(&v.endTold, !f.End.IsZero() || f.Reopened) {
		v.end = at(f.End)
	}
	if later(&v.cancelTold, true) {
		v.cancelled = f.Cancelled
	}
	sighted := false
	if unit != 0 {
		from := at(f.Moved)
		if from == 0 || from > said {
			from = said
		}
		sighted = v.sight(sighting{unit, from, said})
	}
	return sighted || v.class != before.class || v.service != before.service || v.start != before.start || v.end != before.end ||
		v.cancelled != before.cancelled || v.begun != before.begun
}

// sight enters where the patient was seen.
func (v *visit) sight(s sighting) (changed bool) {
	i, there := slices.BinarySearchFunc(v.seen, s, compareSightings)
	if there {
		return false
	}
	v.seen = slices.Insert(v.seen, i, s)
	if len(v.seen) > mostSightings {
		v.condense()
	}
	return true
}

func compareSightings(a, b sighting) int {
	return cmp.Or(cmp.Compare(a.said, b.said), cmp.Compare(a.from, b.from), cmp.Compare(a.unit, b.unit))
}

// condense leaves out of the older half of the sightings those that say nothing which the one before does not, and if that
// is not enough, the oldest.
func (v *visit) condense() {
	half := moves(v.seen[:len(v.seen)/2])
	v.seen = append(half, v.seen[len(v.seen)/2:]...)
	if over := len(v.seen) - mostSightings; over > 0 {
		v.seen = slices.Delete(v.seen, 0, over)
	}
}

// moves tells where the patient was when. A later word on a time replaces earlier ones: who is said to have been in one unit
// since ten was not moved into another at eleven, whatever was said then and cancelled since.
func moves(seen []sighting) []sighting {
	var out []sighting
	for _, s := range seen {
		for len(out) > 0 && out[len(out)-1].from >= s.from {
			out = out[:len(out)-1]
		}
		if len(out) == 0 || out[len(out)-1].unit != s.unit {
			out = append(out, s)
		}
	}
	return out
}

// silence is after how long without any news a visit that nobody ended is taken for ended: feeds lose discharges, and an open visit
// would explain everything for ever. Patients in beds make news every day.
func (v *visit) silence() time.Duration {
	switch v.class {
	case 'E':
		return 3 * day
	case 'I', 'B', 'P': // in a bed, giving birth, to be admitted
		return 30 * day
	case 'R': // comes again and again
		return 90 * day
	case 'O':
		return 1 * day
	}
	return 7 * day
}

// ended is when the visit ended; 0 while it is open.
func (v *visit) ended(now stamp) stamp {
	if v.end != 0 {
		return v.end
	}
	if limit := max(v.news, v.start).plus(v.silence()); limit < now {
		return limit
	}
	return 0
}

// latest is the last moment that v is about.
func (v *visit) latest() stamp { return max(v.news, v.start, v.end) }

// expired tells whether the visit was so long ago that nothing asks for it.
func (v *visit) expired(now stamp) bool { return now != 0 && v.latest().plus(keepLong) < now }

// began is when the visit began; 0 when that is not known, for nothing but its number is.
func (v *visit) began() stamp {
	if v.start != 0 || len(v.seen) == 0 {
		return first(v.start, v.begun)
	}
	from := v.seen[0].from
	for _, s := range v.seen {
		from = min(from, s.from)
	}
	return from
}

// view is v as rooms see it.
func (v *visit) view(now stamp) Visit {
	end := v.ended(now)
	out := Visit{Key: v.key, Class: v.class, Service: v.service, Start: v.began().time(), End: end.time(), Diagnoses: v.diagnoses}
	seen := moves(v.seen)
	for i, s := range seen {
		to := end
		if i+1 < len(seen) && (to == 0 || seen[i+1].from < to) {
			to = seen[i+1].from
		}
		if end != 0 && s.from >= end {
			break
		}
		out.Stays = append(out.Stays, Stay{s.unit, s.from.time(), to.time()})
	}
	return out
}

// named tells whether the visit goes or went by key.
func (v *visit) named(key uint64) bool {
	return v.key == key || slices.Contains(v.former, key)
}

// join makes o a part of v.
func (v *visit) join(o *visit) {
	v.rename(o.key)
	for _, k := range o.former {
		v.rename(k)
	}
	for _, s := range o.seen {
		v.sight(s)
	}
	for _, d := range o.diagnoses {
		v.diagnose(d)
	}
	if o.classTold > v.classTold {
		v.class, v.classTold = o.class, o.classTold
	}
	if o.serviceTold > v.serviceTold {
		v.service, v.serviceTold = o.service, o.serviceTold
	}
	if v.start = earlier(v.start, o.start); o.startTold > v.startTold {
		v.startTold = o.startTold
	}
	if o.endTold > v.endTold {
		v.end, v.endTold = o.end, o.endTold
	}
	if o.cancelTold > v.cancelTold {
		v.cancelled, v.cancelTold = o.cancelled, o.cancelTold
	}
	v.news, v.begun = max(v.news, o.news), earlier(v.begun, o.begun)
}

// rename notes a number that v had.
func (v *visit) rename(key uint64) {
	if key != 0 && !v.named(key) && len(v.former) < mostFormerKey {
		v.former = append(v.former, key)
	}
}

func (v *visit) diagnose(d Ref) (changed bool) {
	if d == 0 || slices.Contains(v.diagnoses, d) || len(v.diagnoses) >= mostDiagnoses {
		return false
	}
	v.diagnoses = append(slices.Clip(v.diagnoses), d) // those who hold a view keep theirs
	return true
}

// byNumberOrStart finds the visit that a fact is about; -1 when it is a new one. One without a number is the one that began then, or
// the latest that is open.
func (r *record) byNumberOrStart(key uint64, start, now stamp) int {
	if key != 0 {
		return slices.IndexFunc(r.visits, func(v visit) bool { return v.named(key) })
	}
	for i := len(r.visits) - 1; i >= 0; i-- {
		v := &r.visits[i]
		if start != 0 && v.key == 0 && v.start == start || start == 0 && v.ended(now) == 0 && !v.cancelled {
			return i
		}
	}
	return -1
}

// addVisit makes a visit and returns where it is. The one that began first goes when there are too many.
func (r *record) addVisit(key uint64, limits *Limits) int {
	if len(r.visits) >= mostVisits {
		oldest := 0
		for i := range r.visits {
			if r.visits[i].began() < r.visits[oldest].began() {
				oldest = i
			}
		}
		r.faded = max(r.faded, r.visits[oldest].news)
		r.visits = slices.Delete(r.visits, oldest, oldest+1)
		limits.Dropped++
	}
	r.visits = append(r.visits, visit{key: key})
	return len(r.visits) - 1
}

func (v *visit) encode(w *writer) {
	w.hash(v.key)
	w.hashes(v.former)
	w.byte(v.class)
	w.ref(v.service)
	w.truth(v.cancelled)
	for _, t := range []stamp{v.begun, v.start, v.end, v.news, v.classTold, v.serviceTold, v.startTold, v.endTold, v.cancelTold} {
		w.time(t)
	}
	w.number(uint64(len(v.seen)))
	for _, s := range v.seen {
		w.ref(s.unit)
		w.time(s.from)
		w.time(s.said)
	}
	w.refs(v.diagnoses)
}

func (v *visit) decode(r *reader) {
	v.key, v.former, v.class, v.service, v.cancelled = r.hash(), r.hashes(), r.byte(), r.ref(), r.truth()
	for _, t := range []*stamp{&v.begun, &v.start, &v.end, &v.news, &v.classTold, &v.serviceTold, &v.startTold, &v.endTold, &v.cancelTold} {
		*t = r.time()
	}
	if n := r.count(); n > 0 {
		v.seen = make([]sighting, n)
		for i := range v.seen {
			v.seen[i] = sighting{r.ref(), r.time(), r.time()}
		}
	}
	v.diagnoses = r.refs()
}
