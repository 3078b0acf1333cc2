package resources

import (
	"time"

	"github.com/wardline/wardline/internal/integrity/digest"
)

// Sum is a SHA-256 hash.
type Sum = digest.Sum

// Outcome is what a server alone says of a resource.
type Outcome byte

const (
	Match     Outcome = iota // it is what it was
	Explained                // it changed as servers and their users change resources
	Pending                  // the same, so lately that other systems may not have heard of it
	Mismatch                 // it changed in a way in which they do not
)

// String is the outcome's word.
func (o Outcome) String() string { return [...]string{"match", "explained", "pending", "mismatch"}[o] }

// Act is what became of a resource. Of several the last in this list counts.
type Act byte

const (
	Same        Act = iota // nothing, or what says nothing about the patient
	New                    // it was not there
	Amended                // it has a new version that says something else
	Labelled               // its labels are others: who may see it, what it is for
	Deleted                // it was deleted, and the server says so
	Returned               // it was gone and is back
	Unmarked               // a final result says something else, and does not call itself corrected
	Inserted               // a version was put where none was, or claims an earlier time than it can be of
	Rewritten              // an earlier version says something else than it said
	Shortened              // versions are missing from its history
	Unversioned            // it changed, and its version did not
	Older                  // an earlier state was put back
	Gone                   // it is missing, and the server knows nothing of it
)

// acts is how many there are.
const acts = int(Gone) + 1

// String is the act's word.
func (a Act) String() string {
	return [...]string{"same", "new", "amended", "labels changed", "deleted", "returned", "changed without correction", "slipped in", "history rewritten",
		"history shorter", "changed without version", "older", "gone"}[a]
}

// Change is one resource that is not what it was. It holds what stands in the record: it is for those who may read that, and for
// no log.
type Change struct {
	System, Type string
	Kind, Harm   string // as declared

	ID      string
	Act     Act
	Outcome Outcome
	Reasons []string    // sentences that a person can check on the server; no values
	Fields  []Field     // what differs
	Claims  []Statement // of what stands there now, or stood there last when it was deleted; see Config

	Patient, Authority string // number of the patient, and who gave it; empty when nothing names one
	Before, After      string // versionId; empty when there is none
	Old, New           []byte // static forms; nil when it was not there, or is not kept
	OldSum, NewSum     Sum    // their digests, "fhir-static-1+dectext"; zero when it was not there
	Updated            time.Time
	Last               time.Time // last whole sweep that saw the old one, by the server's clock as the others
	Seen               time.Time // this one

	Planted time.Time // since when it was only pretended that the resource was Old (Plant); zero of what is real
}

// Field is one thing that differs, in the words of the statements that a resource makes, or else of its elements.
type Field struct{ Name, Before, After string }

// Sign is something about a server that belongs to none of its resources.
type Sign struct {
	Outcome Outcome
	About   string // capability, count, versions or server
	Text    string // a sentence without values
}

// Found is a difference that was planted and what became of it.
type Found struct {
	Planted   time.Time
	Found     time.Time // when it was found; zero when it was not
	Overtaken bool      // the resource was really changed before it was read again, so that the difference could not be seen any more
}

// Report is what one sweep of one type came to.
type Report struct {
	System, Type  string
	At            time.Time     // when reading began, by the server's clock
	Ahead         time.Duration // how far the server's clock is ahead of ours
	First         bool          // nothing was known before, so that nothing could be compared: who has an earlier report should ask why
	Way           string        // how it was read: history of the type, of the server, of each resource, versions, or the present alone
	Asked         int64         // resources that were looked at
	Known         int64         // resources that the server is known to have
	Versions      int64         // that were read
	Requests      int64
	Confirmed     int64 // resources that were asked for once more
	Acts          [acts]int64
	Outcomes      [4]int64
	Before, After Sum // digest of what is known of the type, at first and at the end: the next Before is this After, or somebody changed it meanwhile
	Signs         []Sign
	Planted       []Found
}

func (r *Report) sign(o Outcome, about, text string) {
	r.Signs = append(r.Signs, Sign{o, about, text})
}
