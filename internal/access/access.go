// Package access knows the people who work with Wardline, lets them in, decides what each may do, and seals what
// they do before they do it.
//
// What a role may do stands in one table, below, and is asked for in one place, Check. Whatever changes
// something goes through House.Do, which seals the intent into the journal first: without a trail nothing is done.
package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Role is what somebody is to Wardline. A person may have several.
type Role string

// The roles of people, and those of tokens, which programs have.
const (
	Analyst Role = "analyst" // judges findings
	Senior  Role = "senior"  // also decides on rules and on what is not to be shown any more
	Privacy Role = "privacy" // the privacy officer
	Biomed  Role = "biomed"  // looks after medical devices
	Auditor Role = "auditor" // sees what was done, changes nothing
	Admin   Role = "admin"   // runs Wardline, sees no event
	Sender  Role = "sender"  // a token that hands in events under one name
	Reader  Role = "reader"  // a token that reads
)

// Verb is something that can be done.
type Verb string

// The verbs that the table knows.
const (
	TodayRead       Verb = "today.read"       // the first page: how the house is, no event
	FindingRead     Verb = "finding.read"     // findings with their events
	FindingJudge    Verb = "finding.judge"    // say what a finding was
	FindingSuppress Verb = "finding.suppress" // have findings not shown any more
	SearchRun       Verb = "search.run"       // search events
	HuntRun         Verb = "hunt.run"         // ask rules or indicators about the past
	AnswerRead      Verb = "answer.read"      // what the past was asked, and the answers
	SourceRead      Verb = "source.read"      // who sends, how much, since when
	SourceWrite     Verb = "source.write"
	DowntimeDrill   Verb = "downtime.drill" // practise working on paper, and say that it was printed
	RuleRead        Verb = "rule.read"
	RuleWrite       Verb = "rule.write"
	JournalRead     Verb = "journal.read"   // entries with what stands in them
	JournalVerify   Verb = "journal.verify" // checkpoints and proofs, no event
	PeopleRead      Verb = "people.read"    // people and tokens
	PeopleWrite     Verb = "people.write"
	TokenWrite      Verb = "token.write"
	TrailRead       Verb = "trail.read"     // what anybody did
	TrailReadOwn    Verb = "trail.read.own" // what oneself did
	SelfWrite       Verb = "self.write"     // one's own passphrase, factors and sessions
	EventAppend     Verb = "event.append"   // hand in events
	CaseRead        Verb = "case.read"      // cases about accesses to records, masked
	CaseDecide      Verb = "case.decide"    // say whether an access had a reason
	CaseReveal      Verb = "case.reveal"    // see who is behind a case, a list or a day, for a time
	RecordTrace     Verb = "record.trace"   // who saw one patient's record
	RecordRead      Verb = "record.read"    // what may not be true of records, masked
	StaffDay        Verb = "staff.day"      // what one who works here did on a day
	ExplainedRead   Verb = "explained.read" // how many accesses have a reason; names nobody
)

// Reach is how far a verb goes for a role.
type Reach string

// The reaches. Where it is not All, a page that lists asks Reaches and leaves out the rest.
const (
	None   Reach = "-"
	All    Reach = "all"
	Own    Reach = "own"    // what the Object's Owner makes one's own
	Closed Reach = "closed" // cases that are done with
	Access Reach = "access" // events of people reading records
	Named  Reach = "named"  // all, for a token whose scope names the verb: what it may besides is not enough
)

// rights says what each role may do. It is a text so that those who answer for it can read it.
const rights = `
verb              analyst  senior   privacy  biomed   auditor  admin    sender   reader
today.read        all      all      all      all      all      all      -        all
finding.read      all      all      all      own      closed   -        -        all
finding.judge     all      all      -        -        -        -        -        -
finding.suppress  -        all      -        -        -        -        -        -
search.run        all      all      access   -        -        -        -        named
hunt.run          all      all      -        -        -        -        -        -
answer.read       all      all      -        -        -        -        -        named
source.read       all      all      all      all      all      all      -        all
source.write      -        -        -        -        -        all      -        -
downtime.drill    all      all      -        all      -        all      -        -
rule.read         all      all      -        -        all      all      -        all
rule.write        -        all      -        -        -        -        -        -
journal.read      all      all      -        -        -        -        -        -
journal.verify    all      all      all      -        all      all      -        all
people.read       -        -        -        -        all      all      -        -
people.write      -        -        -        -        -        all      -        -
token.write       -        -        -        -        -        all      -        -
trail.read        -        -        all      -        all      -        -        -
trail.read.own    own      own      own      own      own      own      -        -
self.write        own      own      own      own      own      own      -        -
event.append      -        -        -        -        -        -        own      -
case.read         all      all      all      -        closed   -        -        named
case.decide       -        -        all      -        -        -        -        -
case.reveal       -        -        all      -        -        -        -        -
record.trace      -        -        all      -        -        -        -        -
record.read       all      all      all      -        -        -        -        named
staff.day         -        -        all      -        -        -        -        -
explained.read    all      all      all      -        all      -        -        -
`

// rightsOf returns how far v goes for each role of the table.
func rightsOf(v Verb) (roles []Role, reaches []Reach) {
	for line := range strings.Lines(rights) {
		cells := strings.Fields(line)
		if len(cells) == 0 {
			continue
		}
		if cells[0] == "verb" {
			for _, role := range cells[1:] {
				roles = append(roles, Role(role))
			}
		}
		if Verb(cells[0]) == v && v != "verb" {
			for _, reach := range cells[1:] {
				reaches = append(reaches, Reach(reach))
			}
			return roles, reaches
		}
	}
	return roles, make([]Reach, len(roles)) // of no reach
}

// Verbs lists what the table knows, in its order.
func Verbs() []Verb {
	var verbs []Verb
	for line := range strings.Lines(rights) {
		if cells := strings.Fields(line); len(cells) > 0 && cells[0] != "verb" {
			verbs = append(verbs, Verb(cells[0]))
		}
	}
	return verbs
}

// Roles lists the roles that may do v, at least to something.
func Roles(v Verb) []Role {
	var may []Role
	roles, reaches := rightsOf(v)
	for i, r := range reaches {
		if r != None && r != "" {
			may = append(may, roles[i])
		}
	}
	return may
}

// PeopleRoles lists the roles that a person can have.
func PeopleRoles() []Role { return []Role{Analyst, Senior, Privacy, Biomed, Auditor, Admin} }

// Object is what something is done to. It is loaded first, and that same one is then changed.
type Object struct {
	Kind  string // finding, source, rule, person, token, or access for events of people reading records
	ID    string
	Owner string // id of the person whose it is, or name of the source
	State string // closed when it is done with
}

// Actor is who does something.
type Actor struct {
	ID      string // of the person, or "token:" and the id of the token
	Name    string
	Roles   []Role
	Session string    // id of the session; it is no secret
	Proved  time.Time // when the person last showed the second factor in this session
	Token   string    // id of the token
	Source  string    // what a sender sends as
	Scope   []Verb    // what a token is held to, when it is held to anything
	Maker   string    // of a reader's token: the name that who made it signs in with
}

// Denied says that nobody let the actor do this.
type Denied struct {
	Verb Verb
	May  []Role // roles that may
}

func (d *Denied) Error() string {
	if len(d.May) == 0 {
		return fmt.Sprintf("%s: not allowed", d.Verb)
	}
	var may []string
	for _, r := range d.May {
		may = append(may, string(r))
	}
	return fmt.Sprintf("%s: not allowed with your roles; ask somebody who is %s", d.Verb, strings.Join(may, " or "))
}

// Check returns nil when a may do v to o, and *Denied when nothing says so.
func Check(a Actor, v Verb, o Object) error {
	for _, reach := range Reaches(a, v) {
		switch {
		case reach == All,
			reach == Own && o.Owner != "" && (o.Owner == a.ID || o.Owner == a.Source),
			reach == Closed && o.State == "closed",
			reach == Access && o.Kind == "access":
			return nil
		}
	}
	return &Denied{v, Roles(v)}
}

// Reaches returns how far v goes for a: All alone, or what its roles give together, or nothing.
func Reaches(a Actor, v Verb) []Reach {
	if a.ID == "" || a.Token != "" && len(a.Scope) > 0 && !slices.Contains(a.Scope, v) {
		return nil
	}
	var far []Reach
	roles, reaches := rightsOf(v)
	for i, reach := range reaches {
		if reach == None || reach == "" || !slices.Contains(a.Roles, roles[i]) || slices.Contains(far, reach) {
			continue
		}
		if reach == Named {
			if a.Token == "" || !slices.Contains(a.Scope, v) {
				continue
			}
			reach = All
		}
		if reach == All {
			return []Reach{All}
		}
		far = append(far, reach)
	}
	return far
}

type actorKey struct{}

// WithActor returns a context that says who acts; ActorOf finds it.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns who acts, and whether anybody was named.
func ActorOf(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok
}
