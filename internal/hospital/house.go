package hospital

import (
	"iter"
	"time"

	"github.com/wardline/wardline/internal/vault"
)

// Options say where a House stands.
type Options struct {
	// Zone is whose days the house lives by: UTC when nil.
	Zone *time.Location
	// Authority issued the numbers of patients that are stated without one.
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
type House struct{}

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
func New(v *vault.Vault, o Options) *House { return &House{} }

// Take enters a fact and returns the patients about whom something is known now that was not before; after a merge
// or its undoing also those who lead elsewhere since. A fact that is known already changes nothing.
func (h *House) Take(f *Fact) (changed []PatientID) { return nil }

// Now is the latest moment of which the House has heard.
func (h *House) Now() time.Time { return time.Time{} }

// Err tells why the House cannot be relied on any more: its database failed. What it says since then is worth nothing.
func (h *House) Err() error { return nil }

// Ref returns the number of a name, 0 when it was never heard. Case and blanks around it do not matter.
func (h *House) Ref(text string) Ref { return 0 }

// Intern returns the number of a name, and gives it one when it has none. It is 0 when text is empty, or when there are far too many names.
func (h *House) Intern(text string) Ref { return 0 }

// Text is the name as it was written first.
func (h *House) Text(r Ref) string { return "" }

// Find tells whose these numbers are: the first that leads to somebody counts. An identifier of type VN or AN is the number
// of a visit. A number without a type is that of a medical record. Nothing is remembered of a number that nobody has.
func (h *House) Find(ids []Identifier) (PatientID, Match) { return 0, None }

// FindVisit tells whose visit has this number.
func (h *House) FindVisit(number string) (PatientID, Match) { return 0, None }

// VisitKey is how Visit.Key writes a number.
func (h *House) VisitKey(number string) uint64 { return 0 }

// EdgeKey is how Edge.Key writes what a sender calls an order, a document, an appointment.
func (h *House) EdgeKey(k Kind, key string) uint64 { return 0 }

// Patient returns what is known of a patient, and of the one who it is merged into: then ID is another. It is nil when there is none.
func (h *House) Patient(id PatientID) *Patient { return nil }

// Current is the patient that id leads to after merges: id itself for most, 0 when there is none.
func (h *House) Current(id PatientID) PatientID { return id }

// Token is what stands for a patient outside of the vault: the vault's token of the number of the record.
func (h *House) Token(id PatientID) string { return "" }

// Reveal says who a patient is. Whoever calls it has a reason and has sealed it.
func (h *House) Reveal(id PatientID) (Human, []Identifier, error) { return Human{}, nil, nil }

// RevealStaff says who one who works here is.
func (h *House) RevealStaff(id StaffID) (Human, error) { return Human{}, nil }

// Rarity is the share of patients who have a family name, given as Identity.Family: between 0 and 1, 0 when nobody has it.
func (h *House) Rarity(family uint64) float64 { return 0 }

// Identity makes of who somebody is what can be compared.
func (h *House) Identity(p *Human) Identity { return Identity{} }

// StaffNamed returns who goes by a name: a login, a staff number, a provider number. nil when nobody is known by it.
func (h *House) StaffNamed(name Ref) *Staff { return nil }

// Staff returns one who works here; nil when there is none.
func (h *House) Staff(id StaffID) *Staff { return nil }

// AllStaff yields all who work or worked here, by their ID.
func (h *House) AllStaff() iter.Seq[*Staff] { return func(func(*Staff) bool) {} }

// Duty lists the shifts of one who works here that overlap with a time, without those that a leave cuts out, and tells whether the
// roster knows the person around that time at all. When it does not, the shifts are the times between the first
// and the last access of each day: see SawAtWork.
func (h *House) Duty(id StaffID, from, to time.Time) (shifts []Shift, rostered bool) {
	return nil, false
}

// OnLeave tells whether the roster says that the person is away at a time.
func (h *House) OnLeave(id StaffID, at time.Time) bool { return false }

// SawAtWork notes that an account was used at a time, from where, if that is known, and returns whose it is. An account that nobody told of
// becomes one who works here without a number.
func (h *House) SawAtWork(account Ref, at time.Time, unit Ref) StaffID { return 0 }

// Unit tells what a unit belongs to.
func (h *House) Unit(unit Ref) UnitInfo { return UnitInfo{} }

// Overview is how much the House knows, and how fresh it is.
func (h *House) Overview() Overview { return Overview{} }
