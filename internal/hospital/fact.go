package hospital

import "time"

// Fact is one thing that a system said about the house. Exactly one of the pointers is filled.
type Fact struct {
	// Said is when the sender says that it was so, zero when it does not say; Seen when it was received.
	Said, Seen time.Time
	// Source is who sent it.
	Source string
	Place  Place

	Patient *PatientFact
	Merge   *MergeFact
	Visit   *VisitFact
	Reason  *ReasonFact
	Staff   *StaffFact
	Shift   *ShiftFact
	Unit    *UnitFact
	Member  *MemberFact
	Mark    *MarkFact
}

// Identifier is a number of a patient: who issued it, and of what type it is (HL7 table 0203: MR PI SS NH ...). Numbers of
// two authorities may be equal and mean two people.
type Identifier struct{ Authority, Type, Value string }

// Name is how a system calls somebody or something. Authority is who gave the name, where the sender says it.
type Name struct{ Text, Authority string }

// Who is one who has a reason.
type Who struct {
	Kind WhoKind
	Name Name
}

// Human is who somebody is, in clear: it goes no further than into hashes and into the vault.
type Human struct {
	Family, Given string
	Former        []string  // earlier family names
	Born          time.Time // day; zero when not known
	Street        string    // with the number
	Postcode      string
	City          string
	Phones        []string
	National      string // number of the nation's register
	Kin           []Kinship
	East, North   int32 // metres; valid when Located
	Located       bool
}

// Kinship is somebody near.
type Kinship struct{ Family, Given, Phone string }

// PatientFact is what a patient's record says of the person. What is empty is not known and changes nothing.
type PatientFact struct {
	IDs    []Identifier
	Human  Human
	Died   time.Time
	Dead   bool
	VIP    bool
	Mother []Identifier
	Test   bool // a record of nobody, for trying things out
	// Without names what the sender deletes: it was said before and is not so.
	Without []Detail
}

// Detail is a part of what is known of a patient.
type Detail uint8

// The details that senders delete.
const (
	Address Detail = iota + 1
	Phones
	Death
	MotherLink
	NextOfKin
)

// MergeFact says that two records are of one person, or, undone, that they are not.
type MergeFact struct {
	Survivor, Retired []Identifier
	Undo              bool
}

// VisitFact is an encounter as it stands now. What is empty changes nothing.
type VisitFact struct {
	// Patient is whose visit it is. When the number is known as another patient's, the visit was that one's by mistake.
	Patient []Identifier
	Number  string
	// Former is the number that the visit had, or that of a visit which is now part of this one.
	Former    string
	Class     byte
	Service   string
	Unit      string // where the patient is
	Start     time.Time
	End       time.Time
	Moved     time.Time // since when the patient is in Unit; zero for since Said
	Cancelled bool
	Reopened  bool // the discharge is cancelled: End is not known any more
	Diagnoses []string
}

// ReasonFact is a relation: see Edge. It makes an Edge for each Who, or changes the one that the same Kind, Key and Who made.
//
// Without Who it is about all that the same Kind and Key made for this patient: an order is done (To), an appointment cancelled (Void).
// Where there is none, and From says that it begins, it makes an Edge to nobody in particular, which is a reason for whoever
// does that in the house: an open account waits for those who code and bill, a prescription for a pharmacist. Without Who
// there is always a Key.
type ReasonFact struct {
	Patient []Identifier
	Visit   string // the sender's number of the visit, by which the patient is found when no identifier says it
	Kind    Kind
	Key     string // what the sender calls the order, document, appointment
	Who     []Who
	By      Name // who entered it
	From    time.Time
	To      time.Time
	Void    bool // it is cancelled
}

// StaffFact is a row of HR, of a directory, or of a message about staff (MFN^M02).
type StaffFact struct {
	Number     string
	Logins     []string // and numbers of the person as a provider
	Human      Human
	Job        string // code
	Title      string // in words, from which the family is told when Family is not stated
	Family     string
	Department string
	Service    string
	Units      []string
	Manager    string // staff number
	Site       string
	Employment string
	Start, End time.Time
	Suspended  time.Time
	Gone       bool // not among the staff any more
}

// ShiftFact is a row of the roster.
type ShiftFact struct {
	Staff    string // staff number or login
	Unit     string
	From, To time.Time
	Covers   string // staff number of the one stood in for
	OnCall   bool
	Leave    bool // the person is away
	Void     bool // does not take place
}

// UnitFact says what a unit belongs to.
type UnitFact struct {
	Unit, Title, Department, Service, Building, Site string
}

// MemberFact says that one who works here is on a protocol: a study with patients of its own.
type MemberFact struct {
	Protocol string
	Staff    Name // any name of the person
	From, To time.Time
	Void     bool
}

// MarkFact puts a mark on a patient, from a list of the site: vip, canary, listed (with Who must not look), restricted
// (with Label).
type MarkFact struct {
	Patient []Identifier
	Kind    string
	Who     []Who
	Label   string
	Void    bool
}
