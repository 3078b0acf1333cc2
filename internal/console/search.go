package console

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/index"
)

const (
	hitsShown = 50
	columns   = 96 // of the histogram
)

// presets are times that are chosen by a word.
func presets(chosen string) []page.Choice {
	all := []page.Choice{{Value: "1h", Text: "hour"}, {Value: "24h", Text: "day"}, {Value: "168h", Text: "week"}, {Value: "720h", Text: "30 days"}, {Value: "9600h", Text: "400 days"}}
	for i := range all {
		all[i].Chosen = all[i].Value == chosen
	}
	return all
}

func operators(chosen index.Op) []page.Choice {
	all := []page.Choice{{Value: "=", Text: "is"}, {Value: "!=", Text: "is not"}, {Value: "contains", Text: "contains"}, {Value: "prefix", Text: "begins with"}, {Value: "exists", Text: "is there"}, {Value: ">=", Text: "is at least"}, {Value: "<=", Text: "is at most"}}
	for i := range all {
		all[i].Chosen = all[i].Value == string(chosen)
	}
	return all
}

func (c *Console) searchForm(r *request) (answer, error) {
	v, err := c.searchPage(r, asked{last: "24h"}, 1)
	if err != nil {
		return answer{}, err
	}
	v.Answer = "Ask everything that your systems said."
	v.Context = "Words, addresses, names of people and machines, identifiers of patients."
	return view("search", v), nil
}

// searchPage is the form, filled with a question, and what was kept.
func (c *Console) searchPage(r *request, a asked, rows int) (page.Search, error) {
	v := page.Search{
		Text: page.Clean(a.query.Text, 500), Presets: presets(a.last), Filters: len(a.query.Fields), Views: searchViews("search", r.actor),
		Names: []string{"access.user", "access.verb", "access.patient", "access.object_kind", "@source", "@format", "@class"},
	}
	v.Frame = c.frame(r, "search", "Search", "What happened, and can you prove it?", key("next, previous", "J", "K"), key("search", "Enter"))
	if a.last == "" {
		v.From, v.To = local16(a.query.From, c.Zone), local16(a.query.To, c.Zone)
	}
	for _, f := range a.query.Fields {
		v.FilterRows = append(v.FilterRows, page.FilterRow{Name: f.Name, Value: f.Value, Ops: operators(f.Op)})
	}
	for len(v.FilterRows) < max(rows, 1) {
		v.FilterRows = append(v.FilterRows, page.FilterRow{Ops: operators(index.Is)})
	}
	kept, err := c.keptQuestions(r.Context())
	if err != nil {
		return v, err
	}
	for _, k := range kept {
		row := page.SavedRow{Name: page.Clean(k.Name, 100), URL: "/search/kept/" + k.ID, By: c.called(r.Context(), k.Asker)}
		if k.Asker == r.actor.ID {
			row.Forget = row.URL + "/forget"
		}
		v.Saved = append(v.Saved, row)
	}
	v.Index, v.IndexSays = c.indexState()
	v.IndexFacts = []page.Pair{{Name: "Entries sealed", Value: page.Number(c.Journal.Size())}, {Name: "Can be found", Value: page.Number(min(c.Index.Through(), c.Journal.Size()))}}
	return v, nil
}

func searchViews(here string, a access.Actor) []page.Tab {
	tabs := []page.Tab{{Text: "Search", URL: "/search", Here: here == "search"}}
	if allowed(a, access.HuntRun) == nil {
		tabs = append(tabs, page.Tab{Text: "Search back", URL: "/hunt", Here: here == "hunt"})
	}
	return tabs
}

// indexState says whether everything that is sealed can be found.
func (c *Console) indexState() (page.State, string) {
	if err := c.Index.Healthy(); err != nil {
		return page.Watch("Not answering"), sentence(err.Error()) + " Nothing is lost: it is built from the journal."
	}
	through, size := c.Index.Through(), c.Journal.Size()
	if behind := size - min(through, size); behind > 64 {
		return page.Watch(entries(behind) + " behind"), "The newest events cannot be found yet. They are sealed already."
	}
	return page.OK("Up to date"), "Everything that is sealed can be found."
}

// local16 is a time as a field of the kind datetime-local has it.
func local16(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format("2006-01-02T15:04")
}

// searchRequest is a question of a program.
type searchRequest struct {
	Text   string        `json:"text,omitempty"`
	Fields []searchField `json:"fields,omitempty"`
	From   time.Time     `json:"from,omitzero"`
	To     time.Time     `json:"to,omitzero"`
	Limit  int           `json:"limit,omitempty"`
	Oldest bool          `json:"oldest,omitempty"`
}

type searchField struct {
	Name  string `json:"name"`
	Op    string `json:"op"`
	Value string `json:"value"`
}

// ask takes a question. A person is led to an address that shows nothing of it; a program gets its answer at once.
func (c *Console) ask(r *request) (answer, error) {
	if r.api {
		return c.askProgram(r)
	}
	a, err := c.askedInForm(r)
	if err == nil && r.PostForm.Get("do") != "more" {
		return answer{to: "/search/" + c.questions.keep(a)}, nil
	}
	v, pageErr := c.searchPage(r, a, len(a.query.Fields)+1)
	if pageErr != nil {
		return answer{}, pageErr
	}
	v.Answer, v.Filters = "Ask everything that your systems said.", max(1, v.Filters)
	if err != nil {
		v.Wrong = err.Error()
	}
	return view("search", v), nil
}

func (c *Console) askedInForm(r *request) (asked, error) {
	f := r.PostForm
	a := asked{by: r.actor.ID, query: index.Query{Text: strings.TrimSpace(f.Get("text")), By: r.actor.ID}}
	names, ops, values := f["field"], f["op"], f["value"]
	for i := range names {
		if i >= len(ops) || i >= len(values) || strings.TrimSpace(names[i]) == "" {
			continue
		}
		a.query.Fields = append(a.query.Fields, index.Field{Name: strings.TrimSpace(names[i]), Op: index.Op(ops[i]), Value: values[i]})
	}
	tooLong := func(f index.Field) bool { return len(f.Name) > 200 || len(f.Op) > 20 || len(f.Value) > 1000 }
	if len(a.query.Text) > 500 || len(a.query.Fields) > 20 || slices.ContainsFunc(a.query.Fields, tooLong) || len(f.Get("last")) > 20 {
		return a, &mistake{"Ask with fewer words: 500 characters and 20 fields at most, of 1,000 characters each."}
	}
	var err error
	if a.query.From, err = c.moment(f.Get("from")); err != nil {
		return a, err
	}
	if a.query.To, err = c.moment(f.Get("to")); err != nil {
		return a, err
	}
	a.last = f.Get("last")
	if a.last == "" && a.query.From.IsZero() && a.query.To.IsZero() {
		a.last = "24h"
	}
	if a.last != "" {
		if d, err := time.ParseDuration(a.last); err != nil || d <= 0 || d > 9600*time.Hour {
			return a, &mistake{"Choose one of the times."}
		}
		a.query.From, a.query.To = time.Time{}, time.Time{}
	} else if !a.query.To.IsZero() && !a.query.To.After(a.query.From) {
		return a, &mistake{"The end is before the beginning: change From or To."}
	}
	return a, nil
}

// moment reads a time as a field or a link writes it.
func (c *Console) moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation("2006-01-02T15:04", text, c.Zone)
	if err != nil {
		return t, &mistake{"Write times as 2026-06-16T07:42."}
	}
	return t, nil
}

// span is from when to when a question asks, now.
func (a asked) span(now time.Time) (from, to time.Time) {
	if d, err := time.ParseDuration(a.last); err == nil && a.last != "" {
		return now.Add(-d), now.Add(time.Minute)
	}
	from, to = a.query.From, a.query.To
	if to.IsZero() {
		to = now.Add(time.Minute)
	}
	if from.IsZero() {
		from = to.AddDate(0, 0, -400)
	}
	return from, to
}

// narrow adds what a reader is held to who may see only some events.
func narrow(r *request, q index.Query) (index.Query, access.Object) {
	if access.Check(r.actor, access.SearchRun, access.Object{}) == nil {
		return q, access.Object{Kind: "event"}
	}
	q.Fields = append(append([]index.Field{}, q.Fields...), index.Field{Name: "access.verb", Op: index.Exists})
	return q, access.Object{Kind: "access"}
}

// mostHitBytes is how much of what a search finds is held at once. The rest is on the next page.
const mostHitBytes = 8 << 20

var errEnough = errors.New("as much was found as is shown at once")

// outcome is what a search found.
type outcome struct {
	hits     []index.Hit
	stats    index.Stats
	total    uint64
	first    time.Time
	buckets  []uint64
	from, to time.Time
}

// search carries a question out. That somebody searched is sealed before; the words are not, for they may name a
// patient.
func (c *Console) search(r *request, a asked, limit int, count bool) (outcome, error) {
	var o outcome
	o.from, o.to = a.span(r.clock.Now)
	q, object := narrow(r, a.query)
	q.From, q.To, q.By = o.from, o.to, r.actor.ID
	q.Limit = cmp.Or(limit, hitsShown)
	detail := map[string]string{"words": strconv.Itoa(len(strings.Fields(q.Text))), "fields": strconv.Itoa(len(q.Fields)), "hours": strconv.Itoa(int(o.to.Sub(o.from).Hours()))}
	err := c.House.Do(r.Context(), access.SearchRun, object, detail, func(ctx context.Context) error {
		var err error
		held := 0
		o.stats, err = c.Index.Search(ctx, q, func(h index.Hit) error {
			if held += len(h.Fields); held > mostHitBytes && len(o.hits) > 0 {
				return errEnough
			}
			h.Fields = append(json.RawMessage(nil), h.Fields...)
			o.hits = append(o.hits, h)
			return nil
		})
		if errors.Is(err, errEnough) {
			o.stats.More, err = true, nil
		}
		if err != nil || !count {
			return err
		}
		q.After = nil
		if o.total, o.first, _, err = c.Index.Count(ctx, q); err != nil {
			return err
		}
		o.buckets, err = c.Index.Histogram(ctx, q, columns)
		return err
	})
	return o, err
}

// answerPage shows what a question found.
func (c *Console) answerPage(r *request) (answer, error) {
	id := r.PathValue("question")
	a, ok := c.questions.of(id, r.actor.ID)
	if !ok {
		return answer{}, &mistake{"This question is not kept any more. Ask it again from the page Search."}
	}
	if at := r.URL.Query().Get("after"); at != "" {
		a.query.After = cursor(at)
	}
	v, err := c.searchPage(r, a, 1)
	if err != nil {
		return answer{}, err
	}
	o, err := c.search(r, a, hitsShown, true)
	if unanswered(err) {
		v.Answer, v.Wrong, v.Asked, v.Saved = "Search cannot answer now.", sentence(err.Error())+" Receiving and sealing go on.", true, nil
		v.NothingSays = "No answer came, which is not the same as nothing found."
		return answer{show: view("search", v).show, status: http.StatusServiceUnavailable}, nil
	}
	if err != nil {
		return answer{}, err
	}
	c.showOutcome(r, &v, id, a, o)
	return view("search", v), nil
}

// unanswered tells the errors that a reader can do something about by asking otherwise or later.
func unanswered(err error) bool {
	return errors.Is(err, index.ErrDown) || errors.Is(err, index.ErrFull) || errors.Is(err, index.ErrSlow) || errors.Is(err, index.ErrQuery)
}

func (c *Console) showOutcome(r *request, v *page.Search, id string, a asked, o outcome) {
	v.Asked, v.Saved = true, nil
	v.Save = "/search/" + id + "/keep"
	span := "between " + r.clock.At(o.from) + " and " + r.clock.At(o.to)
	for _, p := range presets(a.last) {
		if p.Chosen {
			span = "in the last " + p.Text
		}
	}
	v.Answer = "Nothing was found " + span + "."
	v.NothingSays = "Searched what happened " + span + ". Try other words, fewer fields or a longer time. Events that no source sent cannot be found."
	if o.total > 0 {
		v.Answer = page.Plural(o.total, "event") + either(o.total == 1, " fits ", " fit ") + span + "."
		v.Histogram = page.Histogram(o.buckets, o.from, o.to, r.clock, page.Plural(o.total, "event")+" over time, "+span)
		v.HistogramSays = "Each column is " + page.Length(o.to.Sub(o.from)/columns)
	}
	for i := range o.hits {
		v.Hits = append(v.Hits, c.hitView(r, &o.hits[i], a.query.Fields))
	}
	v.Found = fmt.Sprintf("%s of %s, newest first", page.Number(len(o.hits)), page.Number(o.total))
	v.FoundSays = "Patients are masked. Answered in " + strconv.Itoa(int(o.stats.Took.Milliseconds())) + " ms"
	if o.stats.More && len(o.hits) > 0 {
		last := o.hits[len(o.hits)-1].Cursor()
		v.Older = fmt.Sprintf("/search/%s?after=%d.%d.%d", id, last.Time.UnixNano(), last.Entry, last.Line)
	}
}

func (c *Console) hitView(r *request, h *index.Hit, fields []index.Field) page.Event {
	var asks []string
	for _, f := range fields {
		asks = append(asks, f.Name)
	}
	e := page.Event{Time: r.clock.Second(h.Time), Source: page.Clean(h.Source, 120), Seal: seal(h.Entry, h.Line)}
	e.Chosen, e.All, _ = c.describe(h.Fields, asks, nil)
	return e
}

// cursor reads what stands in an address; nil when it is none.
func cursor(text string) *index.Cursor {
	var nano int64
	var at index.Cursor
	if n, err := fmt.Sscanf(text, "%d.%d.%d", &nano, &at.Entry, &at.Line); err != nil || n != 3 {
		return nil
	}
	at.Time = time.Unix(0, nano)
	return &at
}

func (c *Console) keep(r *request) (answer, error) {
	a, ok := c.questions.of(r.PathValue("question"), r.actor.ID)
	name := strings.TrimSpace(r.PostForm.Get("name"))
	switch {
	case !ok:
		return answer{}, &mistake{"This question is not kept any more. Ask it again from the page Search."}
	case name == "" || len(name) > 100:
		return answer{}, &mistake{"Give it a name of 100 characters at most."}
	}
	object := access.Object{Kind: "event"}
	if access.Check(r.actor, access.SearchRun, object) != nil {
		object.Kind = "access"
	}
	q := keptQuery{Text: a.query.Text, Fields: a.query.Fields, Last: cmp.Or(a.last, "24h")}
	err := c.House.Do(r.Context(), access.SearchRun, object, map[string]string{"change": "keep a question"}, func(ctx context.Context) error {
		return c.keepQuestion(ctx, name, r.actor.ID, q)
	})
	return answer{to: "/search?done=kept"}, err
}

func (c *Console) kept(r *request) (answer, error) {
	k, err := c.keptQuestion(r.Context(), r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	id := c.questions.keep(asked{by: r.actor.ID, last: k.Query.Last, query: index.Query{Text: k.Query.Text, Fields: k.Query.Fields}})
	return answer{to: "/search/" + id}, nil
}

func (c *Console) forget(r *request) (answer, error) {
	k, err := c.keptQuestion(r.Context(), r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	if k.Asker != r.actor.ID {
		return answer{}, &mistake{"Only who kept a question can have it forgotten."}
	}
	object := access.Object{Kind: "event", Owner: k.Asker}
	if access.Check(r.actor, access.SearchRun, object) != nil {
		object.Kind = "access"
	}
	err = c.House.Do(r.Context(), access.SearchRun, object, map[string]string{"change": "forget a question"}, func(ctx context.Context) error {
		return c.forgetQuestion(ctx, k.ID)
	})
	return answer{to: "/search?done=forgotten"}, err
}
