package privacy

import (
	"cmp"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/privacy/judge"
)

// key names a sheet: who, whose record, on which day. Patient 0 holds what an account did with nobody's record in
// particular: searches, reports, sign-ins.
type key struct {
	user    hospital.Ref
	patient hospital.PatientID
	day     int32
}

func (k key) compare(o key) int {
	return cmp.Or(cmp.Compare(k.day, o.day), cmp.Compare(k.user, o.user), cmp.Compare(k.patient, o.patient))
}

// row is one access, as small as a day of a million of them asks.
type row struct {
	at     int64 // milliseconds since 1970
	entry  uint64
	query  uint64 // what was searched for, in a form that tells neighbours; see queryOf
	line   int32
	n      uint32 // patients that it is about, where it says so
	native hospital.Ref
	where  hospital.Ref
	source hospital.Ref
	object uint32 // hash of what was opened in the record; 0 for nothing in particular
	corr   uint32 // hash of what the records of one request have in common; 0 for none
	act    judge.Act
	marks  marks
}

// marks are what else is to be said of a row.
type marks uint16

const (
	failed  marks = 1 << iota // the system refused
	broke                     // glass was broken
	remote                    // from outside of the house
	face                      // identity, address or insurance, and nothing of care
	login                     // came in
	logout                    // went out
	logView                   // the audit trail was opened
	logOff                    // the audit trail was switched off
	machine                   // a system acted for itself
	image                     // images were moved or seen
	bulk                      // so many records at once that the sender counts none: FHIR's bulk export
	absent                    // what was asked for is not there
)

// sameAs tells whether two rows report one access in the same words: a row that came again, perhaps from another file, or
// a further record of one request.
func (r *row) sameAs(o *row) bool {
	if r.corr != 0 && r.corr == o.corr {
		return r.act == o.act && r.object == o.object
	}
	return r.at == o.at && r.act == o.act && r.native == o.native && r.object == o.object && r.corr == o.corr && r.where == o.where &&
		r.query == o.query && r.marks == o.marks
}

func (r *row) compare(o *row) int {
	return cmp.Or(cmp.Compare(r.at, o.at), cmp.Compare(r.act, o.act), cmp.Compare(r.native, o.native), cmp.Compare(r.object, o.object),
		cmp.Compare(r.where, o.where), cmp.Compare(r.query, o.query), cmp.Compare(r.corr, o.corr), cmp.Compare(r.marks, o.marks),
		cmp.Compare(r.entry, o.entry), cmp.Compare(r.line, o.line))
}

// mostRows bounds a sheet: its earliest rows are kept, and More says that there were others.
const mostRows = 2048

// sheet is all that one account did with one record on one day. What it says depends on the set of its rows, not on
// the order in which they came, nor on how often.
type sheet struct {
	key
	staff     hospital.StaffID
	rows      []row // in order, no two the same
	more      bool
	labels    []hospital.Ref // of what was opened, in order
	emergency string         // the longest that was written about a broken glass

	state   state
	private fact  // whether the patient concerns the account in private
	glanced bool  // looked at before its reasons had time to arrive
	doubted bool  // and nothing explained it then
	due     int64 // milliseconds: when it is judged next
	said    conclusion
	hard    []string // hard flags that were filed
	counted bool     // it stands in the counts of its department
	dept    hospital.Ref
	work    *judge.Work // of its day, once that is closed
	brief   brief       // what it adds to its day
	queued  int64       // when the agenda comes to it; 0 when it does not
	gone    bool        // it was put into another, after a merge
	dirty   bool        // it is to be written
}

// state is how far the judgement of a sheet has come.
type state uint8

const (
	fresh   state = iota // waits for its reasons
	settled              // judged once, and nothing explains it yet
	final                // judged for good
)

// fact is what was asked about once.
type fact uint8

const (
	unasked fact = iota
	no
	yes
)

// conclusion is what is kept of a Verdict.
type conclusion struct {
	explained bool
	first     bool // the first touch ever of the account and the patient
	held      bool // the department's feeds are silent
	drawn     bool // it had its chance in the random audit
	weight    float32
	score     float32
	template  string
	flags     []string
}

// add takes a row in, and tells whether that changed anything.
func (s *sheet) add(r row) bool {
	for i := range s.rows {
		if old := &s.rows[i]; old.sameAs(&r) {
			return s.merge(i, r)
		}
	}
	at, _ := slices.BinarySearchFunc(s.rows, &r, func(a row, b *row) int { return a.compare(b) })
	if len(s.rows) >= mostRows {
		changed := !s.more
		s.more = true
		if at == len(s.rows) {
			return changed
		}
		s.rows = s.rows[:len(s.rows)-1]
	}
	s.rows = slices.Insert(s.rows, at, r)
	return true
}

// merge keeps the earlier of two that are the same, and the greater of what they count.
func (s *sheet) merge(i int, r row) bool {
	old := s.rows[i]
	n := max(old.n, r.n)
	if r.compare(&old) >= 0 {
		if n == old.n {
			return false
		}
		s.rows[i].n = n
		return true
	}
	r.n = n
	s.rows = slices.Delete(s.rows, i, i+1)
	at, _ := slices.BinarySearchFunc(s.rows, &r, func(a row, b *row) int { return a.compare(b) })
	s.rows = slices.Insert(s.rows, at, r)
	return true
}

// mostLabels bounds the classes of what was opened in one record.
const mostLabels = 16

func (s *sheet) label(l hospital.Ref) bool {
	at, found := slices.BinarySearch(s.labels, l)
	if found || l == 0 || len(s.labels) >= mostLabels && at == len(s.labels) {
		return false
	}
	s.labels = slices.Insert(s.labels, at, l)
	s.labels = s.labels[:min(len(s.labels), mostLabels)]
	return true
}

func (s *sheet) wrote(text string) bool {
	if cmp.Or(cmp.Compare(len(text), len(s.emergency)), cmp.Compare(text, s.emergency)) <= 0 {
		return false
	}
	s.emergency = text
	return true
}

func (s *sheet) first() time.Time { return time.UnixMilli(s.rows[0].at).UTC() }
func (s *sheet) last() time.Time  { return time.UnixMilli(s.rows[len(s.rows)-1].at).UTC() }

// opens tells whether the record was opened, and not only listed or found.
func (s *sheet) opens() bool {
	for i := range s.rows {
		if a := s.rows[i].act; s.rows[i].marks&failed == 0 && (a == judge.Open || a == judge.Write || a == judge.Print || a == judge.Export) {
			return true
		}
	}
	return false
}

const (
	witnessing = 5000           // milliseconds between two reports of one access by two systems
	lookedAway = 10 * 60 * 1000 // milliseconds after which nobody is taken to be still looking
	mostLooks  = 12             // accesses that are kept as evidence
	mostPlaces = 8
)

// touch writes the sheet out as a judge reads it. The Touch borrows nothing from an earlier one but its memory.
func (s *sheet) touch(t *judge.Touch, text func(hospital.Ref) string, sensitive func(hospital.Ref) hospital.Ref) {
	*t = judge.Touch{
		User: s.user, Staff: s.staff, Patient: s.patient, Day: s.day, First: s.first(), Last: s.last(), Emergency: s.emergency,
		Sensitive: append(t.Sensitive[:0], s.labels...), Places: t.Places[:0], Evidence: t.Evidence[:0],
	}
	kept := s.witnessed()
	for n, i := range kept {
		r := &s.rows[i]
		if r.marks&broke != 0 {
			t.Broke, t.Declined = t.Broke || r.marks&failed == 0, t.Declined || r.marks&failed != 0
			if r.marks&failed != 0 && t.DeclinedAt.IsZero() {
				t.DeclinedAt = time.UnixMilli(r.at).UTC()
			}
		}
		t.Remote = t.Remote || r.marks&remote != 0
		t.Images = t.Images || r.marks&image != 0
		if r.marks&failed == 0 {
			t.Counts[r.act]++
		}
		if n > 0 && r.at-s.rows[kept[n-1]].at < lookedAway {
			t.Looked += time.Duration(r.at-s.rows[kept[n-1]].at) * time.Millisecond
		}
		if l := sensitive(r.native); l != 0 && !slices.Contains(t.Sensitive, l) && len(t.Sensitive) < mostLabels {
			t.Sensitive = append(t.Sensitive, l)
		}
		if r.where != 0 && !slices.Contains(t.Places, r.where) && len(t.Places) < mostPlaces {
			t.Places = append(t.Places, r.where)
		}
		if len(t.Evidence) < mostLooks {
			t.Evidence = append(t.Evidence, r.access(text))
		}
	}
}

func (r *row) access(text func(hospital.Ref) string) judge.Access {
	return judge.Access{
		At: time.UnixMilli(r.at).UTC(), Act: r.act, Native: text(r.native), Where: r.where,
		Place: hospital.Place{Entry: r.entry, Line: r.line}, Source: text(r.source),
	}
}

// witnessed lists the rows that are accesses of their own, and leaves out those by which a second system reports what a
// first one did a moment before.
func (s *sheet) witnessed() []int {
	kept := make([]int, 0, len(s.rows))
	if s.oneSource() {
		for i := range s.rows {
			kept = append(kept, i)
		}
		return kept
	}
	taken := make(map[[2]int]struct{}) // an access, and a source that bore witness to it
	for i := range s.rows {
		if !s.bears(i, kept, taken) {
			kept = append(kept, i)
		}
	}
	return kept
}

func (s *sheet) oneSource() bool {
	for i := range s.rows {
		if s.rows[i].source != s.rows[0].source {
			return false
		}
	}
	return true
}

func (s *sheet) bears(i int, kept []int, taken map[[2]int]struct{}) bool {
	r := &s.rows[i]
	for n := len(kept) - 1; n >= 0 && r.at-s.rows[kept[n]].at <= witnessing; n-- {
		k := &s.rows[kept[n]]
		if k.source == r.source || k.act != r.act || k.object != r.object && k.object != 0 && r.object != 0 {
			continue
		}
		at := [2]int{kept[n], int(r.source)}
		if _, done := taken[at]; !done {
			taken[at] = struct{}{}
			return true
		}
	}
	return false
}
