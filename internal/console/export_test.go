package console

import (
	"context"
	"time"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/integrity"
	"github.com/wardline/wardline/internal/privacy"
	"github.com/wardline/wardline/internal/vault/veil"
)

// Served is one route as tests walk them.
type Served struct {
	Pattern, API string
	Verb         access.Verb
}

// Table lists all routes.
func Table() []Served {
	var all []Served
	for _, r := range table() {
		all = append(all, Served{r.pattern, r.api, r.verb})
	}
	return all
}

// Pulse is what lines of senders are drawn from.
type Pulse struct{ p *pulse }

// NewPulse returns an empty one.
func NewPulse() Pulse { return Pulse{newPulse()} }

// Note takes down how the senders stand.
func (p Pulse) Note(all []collect.Standing, now time.Time) { p.p.note(all, now) }

// Of returns the steps of a sender, or of all.
func (p Pulse) Of(sender string) []uint64 { return p.p.of(sender) }

// Jobs is work that takes long.
type Jobs struct{ js *jobs }

// NewJobs returns an empty list.
func NewJobs() Jobs { return Jobs{newJobs()} }

// Run carries out what was started.
func (j Jobs) Run(ctx context.Context) { j.js.run(ctx) }

// Start queues work and returns what stops it and what tells how it ended.
func (j Jobs) Start(work func(context.Context, func(done, total uint64, seen int)) (any, error)) (stop func(), ended func() (any, error), err error) {
	one, err := j.js.start("test", "a test", access.Actor{ID: "p"}, time.Now(), work)
	if err != nil {
		return nil, nil, err
	}
	return one.stop, func() (any, error) {
		<-one.ended
		return one.result()
	}, nil
}

// MostWaiting is how many jobs may wait.
const MostWaiting = mostWaiting

// Questions is what people asked.
type Questions struct{ q *questions }

// NewQuestions returns an empty list.
func NewQuestions() Questions { return Questions{newQuestions()} }

// Keep keeps a question of somebody and returns its id.
func (q Questions) Keep(by, text string, fields ...index.Field) string {
	return q.q.keep(asked{by: by, query: index.Query{Text: text, Fields: fields}})
}

// Kept tells whether the question of that id is still there for somebody.
func (q Questions) Kept(id, by string) bool {
	_, ok := q.q.of(id, by)
	return ok
}

// HealthOf is how a department stands, in the words of the page, and why its cases wait.
func HealthOf(d *privacy.DepartmentHealth, now time.Time) (state, share, usual, says, waits string) {
	row := departmentRow(d)
	return row.State.Word, row.Share, row.Usual, row.Says, HeldOf(&privacy.Health{Departments: []privacy.DepartmentHealth{*d}}, now)
}

// HeldOf is the note about the departments that wait.
func HeldOf(h *privacy.Health, now time.Time) string {
	v := held(h, page.Clock{Now: now, Zone: time.UTC})
	if v == nil {
		return ""
	}
	return v.Title + " " + v.Text
}

// The bounds of what is kept of questions and answers.
const (
	MostQuestions     = mostQuestions
	MostQuestionBytes = mostQuestionBytes
	MostKeptBytes     = mostKeptBytes
	MostHitBytes      = mostHitBytes
)

// SeenHeadline and DayHeadline are the answers of two pages.
func SeenHeadline(all []privacy.Seen) string { return seenHeadline(all) }
func DayHeadline(d *privacy.Day) string      { return dayHeadline(d) }

// EvidenceOf lists what a case rests on, masked, and says how much of it is listed.
func EvidenceOf(k *privacy.Case) (what []string, says string) {
	rows, says := (&Console{}).evidenceOf(&request{clock: page.Clock{Zone: time.UTC}}, k, nil)
	for _, row := range rows {
		what = append(what, row.What)
	}
	return what, says
}

// QuestionOf is what the reader of a case answers.
func QuestionOf(k *privacy.Case) string { return questionOf(k) }

// Doubted is a doubt as its page tells it: the headline, what to do, the sentence about the usual range, and each field as name, before, after, state.
func Doubted(v *veil.Veil, d integrity.Doubt, before, after *hl7.Message) (headline, todo, limit string, rows []string) {
	one := &doubtful{Doubt: d, before: integrity.Said{Message: before}}
	if after != nil {
		one.places = []integrity.Said{{Message: after}}
	}
	clock := page.Clock{Now: time.Date(2026, 6, 16, 7, 42, 0, 0, time.UTC), Zone: time.UTC}
	one.tells = newTeller(v, clock, append([]integrity.Said{one.before}, one.places...))
	one.compare()
	for _, row := range one.rows {
		rows = append(rows, row.Name+" | "+row.Before+" | "+row.After+" | "+row.State.Word)
	}
	return one.headline(), one.now().Title, one.limit, rows
}
