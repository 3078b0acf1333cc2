package console

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/console/page"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/watch"
)

const apiRoot = "/api/v1"

func apiPattern(pattern string) string {
	method, path, _ := strings.Cut(pattern, " ")
	return method + " " + apiRoot + path
}

// problem is an error as programs read it (RFC 9457).
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code,omitempty"`
}

// program serves a route to a program. It signs in with a token; cookies count for nothing here, so no other site
// can make a browser ask.
func (c *Console) program(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rq := &request{Request: r, w: w, clock: c.clock(), api: true}
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			w.Header().Set("WWW-Authenticate", `Bearer realm="wardline"`)
			writeJSON(w, http.StatusUnauthorized, problem{http.StatusUnauthorized, "No token was sent.", "Send it as Authorization: Bearer. An administrator makes one under People and access.", ""})
			return
		}
		actor, err := c.House.Bearer(r.Context(), token, rq.remote())
		if err != nil {
			if errors.Is(err, access.ErrToken) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="wardline", error="invalid_token"`)
				writeJSON(w, http.StatusUnauthorized, problem{http.StatusUnauthorized, "The token is not valid here.", "It may have ended, been revoked, or been used from an address that it is not for.", ""})
				return
			}
			c.failProgram(rq, err)
			return
		}
		rq.actor = actor
		rq.Request = r.WithContext(access.WithActor(r.Context(), actor))
		if err := c.allow(rq, rt.verb); err != nil {
			c.failProgram(rq, err)
			return
		}
		if r.Method == http.MethodPost {
			if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
				writeJSON(w, http.StatusUnsupportedMediaType, problem{http.StatusUnsupportedMediaType, "Send JSON.", "Content-Type must be application/json.", ""})
				return
			}
		}
		a, err := rt.handle(c, rq)
		if err != nil {
			c.failProgram(rq, err)
			return
		}
		writeJSON(w, http.StatusOK, a.data)
	})
}

func (c *Console) failProgram(r *request, err error) {
	f := c.failure(r, err)
	writeJSON(r.w, f.status, problem{f.status, f.title, f.says, f.code})
}

// Finding is a finding as programs read it. Patients are masked.
type findingJSON struct {
	ID       string              `json:"id"`
	Kind     string              `json:"kind"`
	Level    string              `json:"level"`
	Title    string              `json:"title"`
	State    string              `json:"state"`
	Verdict  string              `json:"verdict,omitempty"`
	Owner    string              `json:"owner,omitempty"`
	Rule     ruleJSON            `json:"rule"`
	Count    int                 `json:"count"`
	First    time.Time           `json:"first,omitzero"`
	Last     time.Time           `json:"last,omitzero"`
	Opened   time.Time           `json:"opened"`
	Changed  time.Time           `json:"changed"`
	Entities map[string][]string `json:"entities"`
	Events   []eventJSON         `json:"events"`
	Places   []placeJSON         `json:"places"`
}

type ruleJSON struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Author  string   `json:"author"`
	Source  string   `json:"source"`
	License string   `json:"license,omitempty"`
	Tags    []string `json:"tags,omitempty"`
	Care    string   `json:"care_impact,omitempty"`
}

type placeJSON struct {
	Entry uint64 `json:"entry"`
	Line  int    `json:"line"`
}

type eventJSON struct {
	Time   time.Time         `json:"time,omitzero"`
	Source string            `json:"source"`
	Place  *placeJSON        `json:"place,omitempty"`
	Fields map[string]string `json:"fields"`
}

// findingsJSON is a page of the queue.
type findingsJSON struct {
	Findings []findingJSON `json:"findings"`
	// Before asks for the next page, as the parameter of that name; left out when there is none.
	Before string `json:"before,omitempty"`
}

func (c *Console) findingList(items []triage.Item) findingsJSON {
	out := findingsJSON{Findings: []findingJSON{}}
	for _, item := range items {
		out.Findings = append(out.Findings, c.mask(item))
	}
	if len(items) == rowsShown {
		out.Before = items[len(items)-1].Cursor()
	}
	return out
}

// mask writes a finding for a program, with patients masked as on pages.
func (c *Console) mask(item triage.Item) findingJSON {
	f := &item.Finding
	out := findingJSON{
		ID: f.ID, Kind: string(f.Kind), Level: f.Rule.Level, Title: f.Rule.Title, State: string(item.State), Verdict: string(item.Verdict), Owner: item.Owner,
		Rule:  ruleJSON{f.Rule.ID, f.Rule.Title, f.Rule.Author, f.Rule.Source, f.Rule.License, f.Rule.Tags, f.Rule.CareImpact},
		Count: f.Count, First: f.First, Last: f.Last, Opened: item.Opened, Changed: item.Changed, Entities: map[string][]string{}, Events: []eventJSON{}, Places: []placeJSON{},
	}
	for kind := range f.Entities {
		out.Entities[kind] = names(f, kind)
	}
	for i := range f.Events {
		out.Events = append(out.Events, c.evidenceJSON(&f.Events[i], f))
	}
	for _, p := range f.Places {
		out.Places = append(out.Places, placeJSON{p.Entry, p.Line})
	}
	return out
}

func (c *Console) evidenceJSON(e *finding.Evidence, f *finding.Finding) eventJSON {
	out := eventJSON{Time: e.Time, Source: e.Source, Fields: c.fieldsJSON(e.Fields, f.Entities["patient"])}
	if e.Place != nil {
		out.Place = &placeJSON{e.Place.Entry, e.Place.Line}
	}
	return out
}

func (c *Console) fieldsJSON(raw json.RawMessage, patients []string) map[string]string {
	_, all, _ := c.describe(raw, nil, patients)
	fields := map[string]string{}
	for _, p := range all {
		fields[p.Name] = p.Value
	}
	return fields
}

// hitsJSON is what a search found, newest first unless oldest was asked for.
type hitsJSON struct {
	From time.Time   `json:"from"`
	To   time.Time   `json:"to"`
	Hits []eventJSON `json:"hits"`
	// More tells that there may be further ones: ask again for an earlier time.
	More bool `json:"more"`
}

const mostProgramHits = 1000

func (c *Console) askProgram(r *request) (answer, error) {
	var q searchRequest
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return answer{}, &mistake{"The question is not as /api/openapi.json describes it, or is too long."}
	}
	if q.Limit < 0 || q.Limit > mostProgramHits {
		return answer{}, &mistake{"Ask for 1,000 events at most at once."}
	}
	a := asked{by: r.actor.ID, query: index.Query{Text: q.Text, From: q.From, To: q.To, Oldest: q.Oldest}}
	if q.From.IsZero() && q.To.IsZero() {
		a.last = "24h"
	}
	for _, f := range q.Fields {
		a.query.Fields = append(a.query.Fields, index.Field{Name: f.Name, Op: index.Op(f.Op), Value: f.Value})
	}
	o, err := c.search(r, a, q.Limit, false)
	if err != nil {
		return answer{}, err
	}
	out := hitsJSON{From: o.from, To: o.to, Hits: []eventJSON{}, More: o.stats.More}
	for i := range o.hits {
		h := &o.hits[i]
		out.Hits = append(out.Hits, eventJSON{Time: h.Time, Source: h.Source, Place: &placeJSON{h.Entry, h.Line}, Fields: c.fieldsJSON(h.Fields, nil)})
	}
	return answer{data: out}, nil
}

type sourcesJSON struct {
	Sources []sourceJSON `json:"sources"`
}

type sourceJSON struct {
	Sender          string           `json:"sender"`
	State           string           `json:"state"`
	Unauthenticated bool             `json:"unauthenticated"`
	First           time.Time        `json:"first,omitzero"`
	Last            time.Time        `json:"last,omitzero"`
	Received        int64            `json:"received"`
	Stored          int64            `json:"stored"`
	Quarantined     int64            `json:"quarantined"`
	Refused         int64            `json:"refused"`
	Dropped         int64            `json:"dropped"`
	Waiting         int64            `json:"waiting"`
	Difference      int64            `json:"difference"`
	Reasons         map[string]int64 `json:"reasons,omitempty"`
}

func sourceList(all []collect.Standing) sourcesJSON {
	out := sourcesJSON{Sources: []sourceJSON{}}
	for _, s := range all {
		out.Sources = append(out.Sources, sourceJSON{
			s.Sender, string(s.State), s.Unauthenticated, s.First, s.Last, s.Received, s.Stored, s.Quarantined, s.Refused, s.Dropped, s.Waiting, s.Difference(), s.Reasons,
		})
	}
	return out
}

type rulesJSON struct {
	Rules   []ruleStateJSON `json:"rules"`
	Refused []watch.Refusal `json:"refused"`
}

type ruleStateJSON struct {
	ruleJSON
	Level     string           `json:"level"`
	Hits      int64            `json:"hits"`
	Last      time.Time        `json:"last,omitzero"`
	Suspended bool             `json:"suspended"`
	Precision triage.Precision `json:"precision"`
}

func ruleList(all []watch.RuleState, precision map[string]triage.Precision, refused []watch.Refusal) rulesJSON {
	out := rulesJSON{Rules: []ruleStateJSON{}, Refused: append([]watch.Refusal{}, refused...)}
	for _, s := range all {
		p, judged := precision[triage.RuleID(&s.Rule)]
		if !judged {
			p = triage.Precision{High: 1}
		}
		out.Rules = append(out.Rules, ruleStateJSON{ruleJSON{s.ID, s.Title, s.Author, s.Source, s.License, s.Tags, s.CareImpact}, s.Level, s.Hits, s.Last, s.Suspended, p})
	}
	return out
}

type answersJSON struct {
	Answers []answerJSON `json:"answers"`
}

type answerJSON struct {
	ID     string    `json:"id"`
	Title  string    `json:"title"`
	Asked  time.Time `json:"asked"`
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero"`
	Days   int       `json:"days"`
	Events int64     `json:"events"`
	Seen   int       `json:"seen"`
	First  time.Time `json:"first,omitzero"`
	Last   time.Time `json:"last,omitzero"`
	Place  placeJSON `json:"place"`
}

func answerList(all []watch.Answer) answersJSON {
	out := answersJSON{Answers: []answerJSON{}}
	for _, a := range all {
		out.Answers = append(out.Answers, answerJSON{a.ID, page.Clean(a.Title, 120), a.Asked, a.From, a.To, a.Days, a.Events, a.Seen, a.First, a.Last, placeJSON{a.Place.Entry, a.Place.Line}})
	}
	return out
}

type checkpointView struct {
	Origin     string `json:"origin"`
	Size       uint64 `json:"size"`    // entries that the checkpoint speaks of
	Root       string `json:"root"`    // in hex
	Entries    uint64 `json:"entries"` // durable now
	Checkpoint string `json:"checkpoint"`
	PublicKey  string `json:"public_key"`
}

type proofView struct {
	Entry     uint64          `json:"entry"`
	Header    json.RawMessage `json:"header"`
	Proof     string          `json:"proof"`
	PublicKey string          `json:"public_key"`
	Holds     bool            `json:"holds"`
}
