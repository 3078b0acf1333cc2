package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/finding"
)

//go:embed page.html
var pageSource string

//go:embed style.css
var styleSource string

// What one page holds at most. The page says what it leaves out.
const (
	maxFindings = 500
	maxEvidence = 10
	maxText     = 6 << 20 // bytes of evidence, over all findings
	maxList     = 100     // damaged places, refused rules, paths
)

// HTML writes one self-contained page: no script, nothing fetched, everything that
// came from a log escaped. It stays below about 25 MB whatever it is given.
func HTML(w io.Writer, run *Run, fs []finding.Finding) error {
	t, err := template.New("page").Parse(pageSource)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, newPage(run, fs)); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// page is all that the template reads. Its text is clean already.
type page struct {
	Style  template.CSS
	Policy string // the style sheet's digest, for the content policy

	Product, Made, Answer, Also, Checked, Unread, LeftOut, Zone string

	Now    *card
	Sums   []sum
	Chart  *chart
	Levels []section
	Left   int // findings beyond the page's limit

	Formats               []pair
	Paths                 []string
	MorePaths             int
	Problems, Refused     []pair
	MoreProblem, MoreRule int64
	Run                   *Run
	Rules, Indicators     string
}

// sum is one summary card.
type sum struct{ Class, Word, Number, Text, Anchor string }

type section struct {
	Class, Word, Level, Anchor, Count string
	Cards                             []card
}

// card is what one rule found.
type card struct {
	Anchor, Class, Word, Title, Say, Where string
	Care, Summary, Author, Source, Status  string
	RuleID, Type, Level, Kind              string
	Tags                                   []tag
	Links                                  []link
	Notes                                  []string // when the rule may be wrong
	Findings                               []detail
	Total                                  string // findings, when more than one
	Urgent                                 bool   // its evidence stands open
	rank                                   int
}

type tag struct{ Text, URL string }

type link struct {
	Text string
	URL  string // empty when it is not a web address, and then it is not a link
}

// detail is one finding with its evidence.
type detail struct {
	Anchor, Place, When, Events, ID string
	Entities                        []pair
	Rows                            []row
	More                            string // evidence that is not listed
	first, last                     time.Time
	lane                            string // of the picture: the first place named
}

type row struct {
	Time, Source, Record string
	Chosen, All          []pair
	More                 int
}

func newPage(run *Run, fs []finding.Finding) *page {
	digest := sha256.Sum256([]byte(styleSource))
	p := &page{
		Style: template.CSS(styleSource), Policy: "sha256-" + base64.StdEncoding.EncodeToString(digest[:]),
		Product: clean(run.Product, 80), Answer: answer(run, fs), Also: also(fs), Checked: checked(run), Unread: unread(run), LeftOut: leftOut(run), Zone: run.zone().String(), Run: run,
		Rules: Plural(int64(run.Rules), "rule"), Indicators: Plural(run.Indicators, "indicator"),
	}
	if !run.Started.IsZero() {
		p.Made = run.Started.In(run.zone()).Format("2 January 2006, 15:04")
	}
	p.findings(run, fs)
	p.sums(run, fs)
	p.inputs(run)
	return p
}

func (p *page) findings(run *Run, fs []finding.Finding) {
	b := builder{zone: run.zone(), room: maxFindings, text: maxText}
	var cards []card
	for i, gs := range levels(fs) {
		if len(gs) == 0 {
			continue
		}
		s := severities()[i]
		sec := section{Class: s.class, Word: s.word, Level: s.level, Anchor: s.level}
		n := 0
		for _, g := range gs {
			n += len(g.findings)
			if b.room > 0 {
				sec.Cards = append(sec.Cards, b.card(g, s, i))
			}
		}
		sec.Count = Plural(int64(n), "finding")
		p.Levels = append(p.Levels, sec)
		cards = append(cards, sec.Cards...)
	}
	p.Left = len(fs) - (maxFindings - b.room)
	p.Chart = timeline(cards, run)
	if len(cards) > 0 && cards[0].Urgent {
		p.Now = &cards[0]
	}
}

// builder makes cards and keeps the page within its bounds.
type builder struct {
	zone  *time.Location
	room  int // findings that may still be shown
	text  int // bytes of evidence that may still be shown
	cards int
	shown int
}

func (b *builder) card(g *group, s severity, rank int) card {
	b.cards++
	r := g.rule
	c := card{
		Anchor: "c" + strconv.Itoa(b.cards), Class: s.class, Word: s.word, Title: title(r), rank: rank, Urgent: rank <= 1,
		Where: list(g.where(), 4), Care: clean(r.CareImpact, 1000), Summary: clean(r.Summary, 2000), Author: author(r), Source: clean(r.Source, 300),
		Status: clean(r.Status, 40), RuleID: clean(r.ID, 120), Type: clean(r.Type, 40), Level: clean(r.Level, 40), Kind: clean(string(g.findings[0].Kind), 40),
	}
	c.Say = sentence(g, b.zone)
	for _, t := range r.Tags[:min(20, len(r.Tags))] {
		c.Tags = append(c.Tags, newTag(t))
	}
	for _, ref := range r.References[:min(20, len(r.References))] {
		c.Links = append(c.Links, newLink(ref))
	}
	for _, n := range r.FalsePositives[:min(10, len(r.FalsePositives))] {
		c.Notes = append(c.Notes, clean(n, 300))
	}
	if len(g.findings) > 1 {
		c.Total = Plural(int64(len(g.findings)), "finding")
	}
	for _, f := range g.findings[:min(len(g.findings), b.room)] {
		c.Findings = append(c.Findings, b.detail(f))
	}
	b.room -= len(c.Findings)
	return c
}

// sentence says what was seen, where, by whom and when.
func sentence(g *group, zone *time.Location) string {
	s := "Seen once"
	if g.count != 1 {
		s = "Seen " + number(int64(g.count)) + " times"
	}
	if where := g.where(); len(where) > 0 {
		s += " at " + list(where, 4)
	}
	if who := g.names("user"); len(who) > 0 {
		s += ", by " + list(who, 3)
	}
	if g.first.IsZero() {
		return s + ". The events say no time."
	}
	return s + ", " + span(g.first, g.last, zone) + "."
}

func (b *builder) detail(f *finding.Finding) detail {
	b.shown++
	d := detail{Anchor: "f" + strconv.Itoa(b.shown), ID: clean(f.ID, 80), When: span(f.First, f.Last, b.zone), Events: Plural(int64(f.Count), "event"), first: f.First, last: f.Last}
	if d.last.Before(d.first) {
		d.last = d.first
	}
	g := group{findings: []*finding.Finding{f}}
	d.lane = "No place named"
	if named := slices.Concat(g.where(), g.names("user")); len(named) > 0 {
		d.lane = named[0]
	}
	d.Place = cmp.Or(list(g.where(), 1), list(g.names("user"), 1), "No place named")
	for _, kind := range slices.Sorted(maps.Keys(f.Entities))[:min(20, len(f.Entities))] {
		if values := g.names(kind); len(values) > 0 {
			d.Entities = append(d.Entities, pair{clean(kind, 40), list(values, 10)})
		}
	}
	for i := range f.Events {
		if len(d.Rows) == maxEvidence || b.text <= 0 {
			break
		}
		d.Rows = append(d.Rows, b.row(&f.Events[i], f.Rule.Asks))
	}
	if left := f.Count - len(d.Rows); left > 0 {
		d.More = Plural(int64(left), "more matched event") + " not shown here: --format jsonl --all-events lists them."
	}
	return d
}

func (b *builder) row(e *finding.Evidence, asks []string) row {
	fields, more := flatten(e.Fields)
	r := row{Source: clean(e.Source, 300), Record: number(e.Record), Chosen: chosen(fields, asks), All: fields, More: more, Time: "no time"}
	if !e.Time.IsZero() {
		r.Time = e.Time.In(b.zone).Format("2006-01-02 15:04:05")
	}
	for _, f := range fields {
		b.text -= len(f.Name) + len(f.Value)
	}
	return r
}

// newTag makes a link of an ATT&CK technique.
func newTag(s string) tag {
	t := tag{Text: clean(s, 60)}
	id, ok := strings.CutPrefix(strings.ToLower(s), "attack.t")
	if !ok || len(id) < 4 || strings.Trim(id, "0123456789.") != "" {
		return t
	}
	t.Text = "T" + id
	t.URL = "https://attack.mitre.org/techniques/T" + strings.ReplaceAll(id, ".", "/") + "/"
	return t
}

// newLink lets only web addresses be links; whatever else a rule calls a reference
// is shown as text.
func newLink(s string) link {
	l := link{Text: clean(s, 300)}
	u, err := url.Parse(s)
	if err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(s) <= 2000 {
		l.URL = u.String()
	}
	return l
}

func (p *page) sums(run *Run, fs []finding.Finding) {
	n := tally(fs)
	text := [5]string{"care may suffer soon", "a person decides this shift", "no action yet", "for the record", "for the record"}
	for i, s := range severities()[:3] {
		c := sum{Class: s.class, Word: s.word, Number: number(int64(n[i])), Text: text[i], Anchor: s.level}
		if n[i] == 0 {
			c.Class, c.Word, c.Text, c.Anchor = "dim", "None", "at level "+s.level, ""
		}
		p.Sums = append(p.Sums, c)
	}
	p.Sums = append(p.Sums, sum{Class: "dim", Word: "For the record", Number: number(int64(n[3] + n[4])), Text: "level low or informational"})
	bad := run.Damaged + run.Skipped
	c := sum{Class: "ok", Word: "All read", Number: number(bad), Text: "places could not be read", Anchor: "unread"}
	if bad > 0 {
		c.Class, c.Word = "watch", "Not all read"
	}
	if run.Events == 0 {
		c.Class, c.Word, c.Text = "dim", "Nothing read", "events were read"
	}
	p.Sums = append(p.Sums, c)
}

func (p *page) inputs(run *Run) {
	for _, name := range slices.SortedFunc(maps.Keys(run.Formats), func(a, b string) int {
		return cmp.Or(cmp.Compare(run.Formats[b], run.Formats[a]), cmp.Compare(a, b))
	}) {
		p.Formats = append(p.Formats, pair{clean(name, 60), number(run.Formats[name])})
	}
	for _, s := range run.Paths[:min(maxList, len(run.Paths))] {
		p.Paths = append(p.Paths, clean(s, 300))
	}
	p.MorePaths = len(run.Paths) - len(p.Paths)
	for _, q := range sorted(run.Problems)[:min(maxList, len(run.Problems))] {
		p.Problems = append(p.Problems, pair{q.place(), clean(q.Reason, 300)})
	}
	p.MoreProblem = max(0, run.Damaged+run.Skipped-int64(len(p.Problems)))
	refused := run.refusals()
	for _, r := range refused[:min(maxList, len(refused))] {
		p.Refused = append(p.Refused, pair{clean(r.Source, 300), clean(r.Reason, 300)})
	}
	p.MoreRule = int64(len(refused) - len(p.Refused))
}
