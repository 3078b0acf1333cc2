// Package hospital knows the house: who works where and when, which patients there are and who is looked after
// where and by whom. It learns that from what the systems of the hospital say anyway, and all rooms ask it.
//
//	events ──► Read ──► Facts ──► House ──► rooms (privacy, ...)
//
// Read turns what a system said into Facts and knows nothing of what was said before. The House remembers.
package hospital

import "time"

// PatientID is a patient as the House counts them. It survives merges: the retired one leads to the survivor. 0 is nobody.
type PatientID int64

// StaffID is one who works for the house, as the House counts them. 0 is nobody.
type StaffID int64

// Ref is a name that the House knows once: of a person in some system, a department, a service, a unit, a job, a
// workstation. Upper and lower case make no difference. 0 is none.
type Ref uint32

// WhoKind tells what a Who is.
type WhoKind uint8

// The kinds of those who can have a reason to see a record.
const (
	Person     WhoKind = iota + 1 // a login, a staff number, a number of providers: any name of one who works here
	Department                    // all who belong to it
	Service                       // a medical service: all who belong to it
	Unit                          // a ward, a theatre, a clinic, a section: all who are on duty there
	Protocol                      // a study: all who are on it
)

// Kind is what makes an Edge: the relation that a system stated. Domain notes call the reasons that rest on it E01 to E32.
type Kind uint8

// The kinds of edges.
const (
	Provider     Kind = iota + 1 // attends, referred, consults, admitted (PV1-7, 8, 9, 17, 52; Encounter.participant)
	Appointment                  // is a resource of an appointment (AIP, SCH-16, 20)
	Order                        // ordered, entered or verified an order (ORC-10, 11, 12, 19; OBR-16)
	Result                       // performed, read or reported a result (OBR-32 to 35, OBX-16, 25)
	Copy                         // a result or letter was sent to (OBR-28)
	Document                     // wrote, signed, dictated or typed (TXA-5, 9, 10, 11, 22)
	Medication                   // gave, dispensed or checked a drug (RXA-10, RXD-10, RXE-14)
	CareTeam                     // named member of the care team, family doctor, case manager (PD1-4, ROL)
	Procedure                    // in the team of a procedure, or the theatre's (PR1-8, 11, 12; AIP, AIL)
	Imaging                      // on the worklist of an imaging section, or operated the machine
	Specimen                     // the laboratory section that holds the specimen (OBR-24)
	Prescription                 // a new or changed prescription waits for a pharmacist (RDE, OMP)
	Registration                 // registered, scheduled, admitted, moved (EVN-5, SCH-20; the desk by EVN-7)
	Account                      // an open account: coding, billing, claims (DFT, BAR, PV1-45)
	Trigger                      // of record release, utilisation review, infection control, quality, registries
	Message                      // a thread, call, referral or portal message (MDM, REF^I12)
	Consult                      // a consult was ordered to a service (ORC/OBR, PV1-9)
	Research                     // a protocol that the patient is enrolled in
	Assignment                   // a case of privacy, law or peer review
	Ticket                       // a ticket of the service desk that names the patient
	Page                         // an emergency team was called
	Transfer                     // a transfer or outreach request to a site (REF^I12 to I15, A05, A14)
)

// Edge is one relation between a patient and somebody: what a system said, when, and who had it say so.
type Edge struct {
	Kind Kind
	Who  Ref
	As   WhoKind
	// By entered it, where the sender says so; a reason that one made oneself counts for little.
	By Ref
	// Key is what the sender calls the thing, as a number: a later fact of the same kind and key changes it. 0 for none.
	Key uint64
	// From and To are what it is about: the appointment's beginning and end, the order and its result. To is zero
	// while it is open.
	From, To time.Time
	// Made is when it was entered, Voided when it was cancelled; zero for never.
	Made, Voided time.Time
	// Touched is when somebody else than By last did something about it; zero for never.
	Touched time.Time
	Place   Place
}

// Place is where in the journal a fact stands; the zero Entry with Line -1 is none.
type Place struct {
	Entry uint64
	Line  int32
}

// Staff is one who works for the house, or an account that is no person's.
type Staff struct {
	ID      StaffID
	Number  string // in HR; empty for an account that HR does not know
	Names   []Ref  // logins, the staff number, provider numbers: all by which systems call the person
	Job     Ref    // code of the job
	Family  Family // what kind of job that is
	Dept    Ref
	Service Ref
	Site    Ref
	Units   []Ref // where the person belongs; none for a float pool
	// Protocols are the studies that the person is on, or was until 30 days ago.
	Protocols []Ref
	Manager   StaffID
	Type      Employment
	Start     time.Time // zero when not known
	End       time.Time // first moment in which the person does not work here any more; zero for none
	// Suspended is from when on the account is suspended; zero for never.
	Suspended time.Time
	Identity  Identity
	Patient   PatientID // the same person as a patient; 0 when there is none
}

// Employment is how somebody works for the house.
type Employment uint8

// The kinds of employment.
const (
	UnknownEmployment Employment = iota
	Employee
	Agency
	Student
	Community // a practice outside with access to records
	Machine   // an interface, a spooler, a worklist: nobody's account
)

// Family is the kind of a job.
type Family uint8

// The families of jobs. Those up to Lab are clinical.
const (
	UnknownFamily Family = iota
	Physician
	Nursing
	Therapy
	Pharmacy
	Radiology // technologists and readers
	Lab
	Desk    // registration, scheduling
	Records // health information management, coding, billing
	Quality // infection control, utilisation review, quality, registries
	ResearchStaff
	IT
	Office  // administration, HR
	Support // catering, cleaning, transport, security
)

// Clinical tells whether a reason of care can be one of f.
func (f Family) Clinical() bool { return f >= Physician && f <= Lab }

// Identity is who somebody is, as keyed hashes that can be compared with others' and say nothing without the vault's
// key. 0 is not known.
type Identity struct {
	Person   uint64   // family and given name and day of birth
	Name     uint64   // family and given name
	Family   uint64   // family name
	Former   []uint64 // earlier family names
	Sound    uint64   // of the family name
	National uint64   // number of the nation's register
	Address  uint64   // normalised: street, number, town
	Street   uint64   // street and town
	Number   int32    // in the street; 0 when not known
	Area     uint64   // postcode
	Phones   []uint64
	Kin      []Kin // next of kin and emergency contacts
	// Where the address lies, in metres east and north of some point; valid when Located.
	East, North int32
	Located     bool
}

// Kin is somebody whom a patient or one who works here named as near.
type Kin struct {
	Name  uint64 // family and given name
	Phone uint64
}

// Patient is what the House knows of one.
type Patient struct {
	ID       PatientID
	Identity Identity
	VIP      bool      // marked by a system (PV1-16) or by the site's list
	Canary   bool      // nobody's record, laid out as a trap
	Dead     time.Time // zero while alive
	// Labels are the classes of restricted records that it is in, such as psychiatry; see content/privacy.
	Labels []Ref
	// Listed are accounts that must not look: a former partner, one whom the patient complained of.
	Listed   []Ref
	Staff    StaffID     // the same person at work; 0 when none
	Mother   PatientID   // of a newborn
	Children []PatientID // newborns
	Test     bool        // a record of nobody, for trying things out
	Visits   []Visit     // the one that began last comes last; without those that were cancelled
	Edges    []Edge      // the one that was made first comes first
	// Faded is the latest moment that an Edge or a Visit was about which is left out because of its age: somebody looked
	// after the patient then, and who did is not known any more. Zero for none.
	Faded time.Time
}

// Visit is one encounter: a stay, a visit to the clinic, a visit to the emergency department.
type Visit struct {
	Key       uint64 // the sender's number, see House.VisitKey; 0 when it states none
	Class     byte   // PV1-2: E I O P R B; 0 when not known
	Service   Ref
	Start     time.Time
	End       time.Time // zero while open; see House about visits that nobody ends
	Stays     []Stay    // in the order of time; several units in turn
	Diagnoses []Ref
}

// Stay is a time in one unit.
type Stay struct {
	Unit Ref
	From time.Time
	To   time.Time // zero while the patient is there
}

// UnitInfo is what a unit belongs to; 0 where nobody said.
type UnitInfo struct {
	Title                               string
	Department, Service, Building, Site Ref
}

// Shift is a time on duty, or on leave.
type Shift struct {
	Staff    StaffID
	Unit     Ref // where; 0 for anywhere
	From, To time.Time
	Covers   StaffID // who is stood in for; 0 for nobody
	OnCall   bool
	Leave    bool // away for that time, whatever other shifts say
}
