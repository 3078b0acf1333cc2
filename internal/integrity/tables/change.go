package tables

import "time"

// Outcome is what a table alone says of a row.
type Outcome byte

const (
	Match     Outcome = iota // the row is what it was
	Explained                // it changed in the way in which the application changes rows
	Pending                  // the same, so lately that what other systems say of it may not have come yet, or half of it: ask again
	Mismatch                 // it changed in a way in which the application does not
)

// String is the outcome's word.
func (o Outcome) String() string { return [...]string{"match", "explained", "pending", "mismatch"}[o] }

// Act is what became of a row.
type Act byte

const (
	Same        Act = iota // nothing
	New                    // it was not there
	Amended                // it changed, and its version, or without one its time of update, has grown
	Unversioned            // it changed, and its version has not grown
	Older                  // its version is lower than before: an old state was put back, its history is shorter
	Marked                 // it was marked as deleted, and stays in the table
	Gone                   // it is missing
	Returned               // it was missing and is back
)

// acts is how many there are.
const acts = int(Returned) + 1

// String is the act's word.
func (a Act) String() string {
	return [...]string{"same", "new", "amended", "changed without version", "older", "marked as deleted", "gone", "returned"}[a]
}

// Change is one row that is not what it was. It holds what stands in the record: it is for those who may read that, and for
// no log.
type Change struct {
	System, Table string
	Kind, Harm    string // as declared

	Key     []Field
	KeySum  Sum // hash of the key in canonical form: the row's name where nobody may read the key
	Act     Act
	Outcome Outcome
	Reasons []string // sentences that a person can check in the database; no values
	Columns []string // whose values differ, where both rows were kept

	Old, New       []Field // the whole row; nil when it was not there, or too long to be kept
	OldRow, NewRow []byte  // the same in canonical form, "row-1"
	OldSum, NewSum Sum     // SHA-256 of that, known of long rows too; zero when the row was not there

	First time.Time // sweep that saw the row first, by the database's clock as the others
	Last  time.Time // last full sweep that saw the old row; First when none has since
	Seen  time.Time // this one

	Planted time.Time // since when it was pretended that the row was Old, to test this house; zero of changes
}

// Swap is two rows between which values were exchanged, such as the results of two patients.
type Swap struct {
	Keys    [2][]Field
	KeySums [2]Sum
	Columns []string
}

// Sign is something about a table that belongs to none of its rows.
type Sign struct {
	Outcome Outcome
	About   string // schema, trigger, rows or numbers
	Text    string // a sentence; names of columns and triggers, no values
}

// Report is what one sweep of one table came to.
type Report struct {
	System, Table string
	At            time.Time     // the moment that was read, by the database's clock
	Ahead         time.Duration // how far the database's clock is ahead of ours
	First         bool          // nothing was known before, so that nothing could be compared: who has an earlier report should ask why
	Asked         int64         // rows that the sweep looked at: read, or asked for
	Rows          int64         // rows that the table is known to have
	Acts          [acts]int64   // rows by Act
	Outcomes      [4]int64      // rows by Outcome
	Uncompared    int64         // rows too long to be kept, whose columns are others than before
	Before, After Sum           // digest of what is known of the table, at first and at the end: the next Before is this After, or somebody changed it meanwhile
	Void          bool          // a difference was planted in a row that somebody changed or deleted meanwhile: of the test nothing can be said
	Signs         []Sign
	Swaps         []Swap
}
