// Package canary knows the house's decoys: people who are nobody, files that nobody needs, accounts that nobody uses, doors behind which
// there is nothing. Whoever touches one has no reason to, and shows himself by it.
//
// A Canary says what it is, where it lies and by which values an event shows it; Make makes one that is worth touching. A Watch holds all
// of them and is shown every event: it answers which canary was touched, by whom, from where and how, and it counts what it was shown,
// so that its silence proves something. Package files watches decoy files where they lie, package listener opens doors, and package
// courier brings what they see to a node.
//
// A canary patient is marked in the house as well (the site's list of kind canary): its record being opened is judged by the privacy room, and Trip.Ruled
// says so, as it does of what a rule of content/rules already makes a finding of.
package canary

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/wardline/wardline/format/sigma"
)

// Kind is what a canary pretends to be.
type Kind string

// The kinds.
const (
	Patient  Kind = "patient"
	Study    Kind = "study"   // images of a phantom
	Message  Kind = "message" // a patient whom only test messages are about
	Row      Kind = "row"     // of a database
	File     Kind = "file"
	Account  Kind = "account"
	AETitle  Kind = "ae-title" // of an imaging system that does not exist
	Listener Kind = "listener" // a port behind which there is nothing
	Token    Kind = "token"    // in a document, as an address that somebody may follow
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{Patient, Study, Message, Row, File, Account, AETitle, Listener, Token}
}

// Canary is one decoy.
type Canary struct {
	ID    string    `json:"id" yaml:"id"`
	Kind  Kind      `json:"kind" yaml:"kind"`
	Where string    `json:"where" yaml:"where"` // in words: a share, a system, a table and month
	Marks []Mark    `json:"marks" yaml:"marks"`
	Allow []Allow   `json:"allow,omitempty" yaml:"allow,omitempty"`
	Made  time.Time `json:"made" yaml:"made"`
	// Armed is from when on it is watched; what is earlier belongs to its making, such as a registration on its way through the house. Zero is Made.
	Armed time.Time `json:"armed,omitzero" yaml:"armed,omitempty"`
}

// Field is where in events a mark is looked for.
type Field string

// The fields.
const (
	Number  Field = "number"  // of a patient, without who issued it
	UID     Field = "uid"     // of a study
	Login   Field = "login"   // an account, without its domain
	Title   Field = "title"   // of an application entity
	Address Field = "address" // and port, such as 10.1.2.3:104
	Name    Field = "name"    // of a file, without its folder: decoys have names that no other file has
	Mail    Field = "mail"    // an address of mail
	Secret  Field = "secret"  // a token: a label of a name, or a part of an address in the web
)

// Mark is a value by which an event shows the canary. Upper and lower case are the same.
type Mark struct {
	Field Field  `json:"field" yaml:"field"`
	Value string `json:"value" yaml:"value"`
}

// Allow lets somebody touch a canary who has to: a backup, a scanner for weaknesses. It has an owner, a reason and an end.
type Allow struct {
	Account string    `json:"account,omitempty" yaml:"account,omitempty"` // who may; empty is anybody from Host
	Host    string    `json:"host,omitempty" yaml:"host,omitempty"`       // a name or an address; empty is from anywhere
	Owner   string    `json:"owner" yaml:"owner"`
	Reason  string    `json:"reason" yaml:"reason"`
	Until   time.Time `json:"until" yaml:"until"`
}

// Act is what was done to a canary.
type Act string

// The acts.
const (
	Listed   Act = "listed" // a line among others, in a search or a list
	Opened   Act = "opened"
	Exported Act = "exported" // printed, sent, fetched
	Written  Act = "written"
	Renamed  Act = "renamed"
	Deleted  Act = "deleted"
	Touched  Act = "touched" // its attributes were changed, and nothing in it
	Tried    Act = "tried"   // an account: a login or a ticket, whether it succeeded or not
	Called   Act = "called"  // a door or a title
	Fetched  Act = "fetched" // an address in a document
	Seen     Act = "seen"    // stands in an event that says no more
)

// Severity is the rule for trips: to be listed is little, to be opened is much, and a decoy file that is changed is encryption that begins.
func Severity(k Kind, a Act) sigma.Level {
	switch {
	case a == Listed || a == Seen && k != Row:
		return sigma.LevelLow
	case k == File && (a == Written || a == Renamed || a == Deleted):
		return sigma.LevelCritical
	case k == File && a == Touched:
		return sigma.LevelMedium
	}
	return sigma.LevelHigh
}

// Meaning says in a sentence what a trip means.
func Meaning(k Kind, a Act) string {
	switch {
	case k == File && (a == Written || a == Renamed || a == Deleted):
		return "A file that nobody needs was changed: files are being encrypted or destroyed here. Cut this machine off, and see which shares it has open."
	case k == File:
		return "A file that nobody needs was touched: somebody or something goes through this folder."
	case a == Listed || a == Seen:
		return "A decoy was among what somebody saw. Alone that is little: see whether it was opened afterwards."
	case k == Account:
		return "Somebody tried an account that nobody uses: it was found in the directory by somebody who looks for a way in."
	case k == AETitle || k == Listener:
		return "Somebody knocked at a door behind which there is nothing: the network is being searched."
	case k == Token:
		return "An address was followed that stands in a decoy document only: that document was taken and opened."
	case k == Row:
		return "A row that exists in one table only was seen outside of it: that table, as it was in that month, has leaked."
	}
	return "A record that is nobody's was opened: who did has looked at what is none of their business."
}

// Check says what is wrong with a canary.
func (c *Canary) Check() error {
	switch {
	case c.ID == "" || len(c.ID) > 64:
		return errors.New("id: a canary needs one, of at most 64 characters")
	case !known(c.Kind):
		return fmt.Errorf("canary %s: kind: one of %v", c.ID, Kinds())
	case len(c.Marks) == 0 || len(c.Marks) > mostMarks:
		return fmt.Errorf("canary %s: marks: it needs one at least, and at most %d", c.ID, mostMarks)
	case c.Made.IsZero():
		return fmt.Errorf("canary %s: made: say when", c.ID)
	}
	for _, m := range c.Marks {
		if m.Value = fold(m.Field, m.Value); len(m.Value) < 3 || len(m.Value) > longest || m.Field == Secret && len(m.Value) < secretSize {
			return fmt.Errorf("canary %s: the value of the mark %s is too short to be told from others, or too long", c.ID, m.Field)
		}
		if m.Field == Secret && !isWords(m.Value) {
			return fmt.Errorf("canary %s: a token is letters and digits, and nothing else: it is looked for between all other characters", c.ID)
		}
		if fieldIndex(m.Field) < 0 {
			return fmt.Errorf("canary %s: field: one of %v", c.ID, fields())
		}
	}
	for i := range c.Allow {
		if err := c.Allow[i].check(); err != nil {
			return fmt.Errorf("canary %s: allow: %w", c.ID, err)
		}
	}
	return nil
}

const mostMarks = 8

func known(k Kind) bool {
	for _, other := range Kinds() {
		if k == other {
			return true
		}
	}
	return false
}

func (a *Allow) check() error {
	switch {
	case a.Account == "" && a.Host == "":
		return errors.New("name the account or the host that may touch it")
	case a.Owner == "" || a.Reason == "":
		return errors.New("name the owner and the reason")
	case a.Until.IsZero():
		return errors.New("until: say when it ends")
	}
	return nil
}

// Allows tells whether an entry lets account touch it from one of hosts at a time. One that has run out lets nobody.
func (c *Canary) Allows(at time.Time, account string, hosts ...string) bool {
	for i := range c.Allow {
		a := &c.Allow[i]
		if at.Before(a.Until) && (a.Account == "" || fold(Login, a.Account) == fold(Login, account)) && (a.Host == "" || anyFold(hosts, a.Host)) {
			return true
		}
	}
	return false
}

func anyFold(hosts []string, host string) bool {
	for _, h := range hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}
