// Package diversion looks for people who take controlled drugs out of cabinets for themselves: doses that no patient got, wastes that
// come late, overrides that no order follows.
//
//	cabinet's log ─┐
//	givings ───────┼─► Book ─► agree ─► counts of each person ─► compared with those at the same cabinets ─► Suspects
//	orders ────────┘
//
// Nobody is held to a fixed bar. What is usual at a cabinet, and how much people differ there although nothing is wrong, is estimated from the
// same 30 days (beta-binomial and negative binomial with rates shrunk to the house's: Efron and Morris 1975, Kleinman 1973), the signs of one person
// are combined as Fisher did, with Brown's correction for signs that go together (1975; Kost and McDermott 2002), and the result is
// corrected for how many people were compared (Šidák 1967).
//
// What it says depends on the set of entries alone, not on their order, nor on how often one came. It knows no house, no clock and no database.
package diversion

import (
	"cmp"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// Kind is what an Entry says.
type Kind uint8

// The kinds. Those up to Cancel are a cabinet's.
const (
	Remove   Kind = iota + 1
	Override      // taken out before there was an order
	Waste
	Return
	Cancel  // the drawer was opened, and nothing taken
	Given   // the record says that the patient got it
	Revoked // that this was a mistake
	Ordered
)

// Marks are what the house says of a removal, once that was asked.
type Marks uint8

// The marks. Known and Rostered say that the other one says anything.
const (
	Known    Marks = 1 << iota // where the patient was
	Left                       // not there any more
	Rostered                   // the roster knows the person
	Off                        // not on duty
	Asked                      // the house was asked
)

// Entry is one thing that a cabinet or the record says of a controlled drug. Its fields have fixed sizes: it is kept as they are.
type Entry struct {
	ID      uint64 // the same for the same thing, however often it is said
	At      int64  // milliseconds since 1970
	Due     int64  // when the house is asked about a removal
	Order   uint64 // the sender's number, hashed; 0 for none
	Journal uint64 // where it stands
	Patient hospital.PatientID
	Amount  float64 // 0 when it is not stated
	Line    int32
	User    hospital.Ref // of the cabinet; of a giving who gave it
	Witness hospital.Ref
	Drug    hospital.Ref
	Class   hospital.Ref
	Station hospital.Ref
	Unit    hospital.Ref // of Amount
	Kind    Kind
	Marks   Marks
}

func (e *Entry) taken() bool { return e.Kind == Remove || e.Kind == Override }

func (e *Entry) place() hospital.Place { return hospital.Place{Entry: e.Journal, Line: e.Line} }

func byTime(a, b *Entry) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) }

// mostEntries bounds a Book: some 60 MB. A house of 1,000 beds has a third of it in 32 days.
const mostEntries = 500_000

// Book holds the entries of the window.
type Book struct {
	rules   *Rules
	entries map[uint64]*Entry
	open    []*Entry // of which the house was not asked yet
	oldest  int64    // nothing before it is taken in
	Refused int64    // entries that came too late, or were too many
}

// NewBook returns an empty Book.
func NewBook(r *Rules) *Book { return &Book{rules: r, entries: map[uint64]*Entry{}} }

// Add takes an entry in, and returns it as the Book holds it; nil when it was there, or comes too late.
func (b *Book) Add(e Entry) *Entry {
	if b.entries[e.ID] != nil {
		return nil
	}
	if e.At < b.oldest || len(b.entries) >= mostEntries {
		b.Refused++
		return nil
	}
	held := &e
	b.entries[e.ID] = held
	if held.taken() && held.Marks&Asked == 0 {
		b.open = append(b.open, held)
	}
	return held
}

// Len is how many entries there are.
func (b *Book) Len() int { return len(b.entries) }

// slot is how often the house is asked about removals: what is due in one slot is asked about in the next, whenever that is begun, so that a
// restart changes nothing.
const slot = 10 * 60 * 1000

// Due takes out the removals about which the house is to be asked now, in order.
func (b *Book) Due(now time.Time) []*Entry {
	until := now.UnixMilli() / slot
	var due []*Entry
	b.open = slices.DeleteFunc(b.open, func(e *Entry) bool {
		is := e.Due/slot < until
		if is {
			due = append(due, e)
		}
		return is
	})
	slices.SortFunc(due, byTime)
	return due
}

// Forget lets go of what no window reaches any more, and says before when: whoever keeps entries elsewhere lets go of the same.
func (b *Book) Forget(now time.Time) (before int64) {
	r := b.rules
	before = now.Add(-time.Duration(r.Window) - time.Duration(r.Wait) - 8*24*time.Hour).UnixMilli()
	if before <= b.oldest {
		return b.oldest
	}
	b.oldest = before
	for id, e := range b.entries {
		if e.At < before {
			delete(b.entries, id)
		}
	}
	b.open = slices.DeleteFunc(b.open, func(e *Entry) bool { return e.At < before })
	return before
}
