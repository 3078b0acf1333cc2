package hospital

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/vault"
)

// Options say where a House stands.
type Options struct {
	// Zone is whose days the house lives by: UTC when nil.
	Zone *time.Location
	// Authority issued the numbers of patients that are stated without one. When it is empty, such a number is that of
	// the one patient who has it from any authority.
	Authority string
	// Aliases gives authorities that have several names (an OID, a FHIR system) the one that is used.
	Aliases map[string]string
	// Family tells the family of a job by its code and title, where HR does not state it. nil goes by the words of the title.
	Family func(code, title string) Family
}

// House remembers what is known of the hospital: patients, their visits and who has to do with them, and who
// works here. It is used by one goroutine at a time: see Follower.View.
//
// Facts may come late, twice and in another order than they were said in: what the sender said last holds. What is
// returned as a pointer is the House's own; it must not be changed, and is good until the next Take.
type House struct {
	v   *vault.Vault
	o   Options
	ctx context.Context // of the Follower; bounds reading from the disk
	err error           // why it cannot be relied on any more

	names    names
	shelf    shelf
	keys     keyring
	workers  workers
	units    units
	surnames surnames
	feeds    map[feedKey]*Feed
	limits   Limits

	dated   stamp     // the latest moment of which a fact told
	undated stamp     // when the latest fact came that told of none
	last    PatientID // that was given to a record
	merged  int       // records that lead to another
	cursor  PatientID // behind which the disk is swept next
	changes []PatientID
}

// Match tells by what a patient was found.
type Match uint8

// The ways to find a patient.
const (
	None      Match = iota // nobody is found
	ByVisit                // by the number of a visit
	ByDefault              // by a number without an authority, taken for the house's own
	Exact                  // by a number with its authority
)

// New returns an empty House that keeps everything in memory.
func New(v *vault.Vault, o Options) *House {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	o.Authority = strings.ToUpper(strings.TrimSpace(o.Authority))
	h := &House{
		v: v, o: o, ctx: context.Background(),
		names:    names{refs: map[string]Ref{}},
		shelf:    newShelf(v, defaultRecords),
		workers:  newWorkers(),
		units:    units{all: map[Ref]*UnitInfo{}, dirty: map[Ref]struct{}{}},
		surnames: surnames{count: map[uint64]int{}, dirty: map[uint64]struct{}{}},
		feeds:    map[feedKey]*Feed{},
	}
	h.keys = newKeyring(&h.limits)
	return h
}

// Take enters a fact and returns the patients about whom something is known now that was not before; after a merge
// or its undoing also those who lead elsewhere since. A fact that is known already changes nothing. The slice is
// good until the next Take.
func (h *House) Take(f *Fact) (changed []PatientID) {
	h.changes = h.changes[:0]
	if h.err != nil {
		return nil
	}
	said, tells := at(f.Said), &h.dated
	if said == 0 {
		tells = &h.undated
	}
	if seen := at(f.Seen); seen != 0 && (said == 0 || said > seen) { // nobody tells the future
		said = seen
	}
	said = max(said, 1)
	*tells = max(*tells, said)
	h.heard(f, said)
	switch {
	case f.Patient != nil:
		h.takePatient(f.Patient, said)
	case f.Merge != nil:
		h.merge(f.Merge, said)
	case f.Visit != nil:
		h.takeVisit(f.Visit, said)
	case f.Reason != nil:
		h.takeReason(f.Reason, said, f.Place)
	case f.Mark != nil:
		h.takeMark(f.Mark, said)
	case f.Staff != nil:
		h.takeStaff(f.Staff, said, h.Intern(f.Source))
	case f.Shift != nil:
		h.takeShift(f.Shift, said)
	case f.Unit != nil:
		h.takeUnit(f.Unit)
	case f.Member != nil:
		h.takeMember(f.Member, said)
	}
	h.shelf.trim()
	slices.Sort(h.changes)
	h.changes = slices.Compact(h.changes)
	return h.changes
}

// change notes that something else is known of the patient to whom a record belongs.
func (h *House) change(id PatientID) {
	if id != 0 && len(h.changes) < 1024 {
		h.changes = append(h.changes, id)
	}
}

// now is the latest moment of which the House has heard. A row of a file that states no time is said when it comes, but tells nothing of what
// time it is: what is told of last year would be over at once. It counts where there is nothing else.
func (h *House) now() stamp {
	if h.dated != 0 {
		return h.dated
	}
	return h.undated
}

// Err tells why the House cannot be relied on any more: its database failed. What it says since then is worth nothing.
func (h *House) Err() error { return h.err }

// Ref returns the number of a name, 0 when it was never heard. Case and blanks around it do not matter.
func (h *House) Ref(text string) Ref { return h.names.ref(text) }

// Intern returns the number of a name, and gives it one when it has none. It is 0 when text is empty, or when there are far too many names.
func (h *House) Intern(text string) Ref { return h.names.intern(text, &h.limits) }

// Text is the name as it was written first.
func (h *House) Text(r Ref) string { return h.names.text(r) }

// VisitKey is how Visit.Key writes a number.
func (h *House) VisitKey(number string) uint64 { return h.v.Hash("visit", strings.TrimSpace(number)) }

// EdgeKey is how Edge.Key writes what a sender calls an order, a document, an appointment.
func (h *House) EdgeKey(k Kind, key string) uint64 {
	return h.v.Hash("edge "+string(rune('A'+k)), strings.TrimSpace(key))
}
