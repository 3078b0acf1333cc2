package report

import (
	"bufio"
	"io"
	"strings"

	"github.com/wardline/wardline/internal/finding"
)

// Options says how the terminal is.
type Options struct {
	Width int  // columns; 0 means 80
	Color bool // the terminal shows colour and the person wants it
	Top   int  // rows of each level before the rest is folded; 0 means the usual
}

// Table writes the findings for a person at a terminal: the answer first, then the
// findings worst first, then what could not be read and what to do next. No line is
// wider than o.Width (from 40 up) and no byte of a log reaches the terminal uncleaned.
func Table(w io.Writer, run *Run, fs []finding.Finding, o Options) error {
	t := newTable(w, run, o)
	t.answer(fs)
	for i, gs := range levels(fs) {
		t.level(severities()[i], gs)
	}
	t.review()
	t.unread()
	t.refused()
	t.next(fs)
	return t.w.Flush()
}

type table struct {
	w     *bufio.Writer
	run   *Run
	o     Options
	width int

	headed bool // the names of the columns stand already
}

func (t *table) answer(fs []finding.Finding) {
	t.paragraph("1", answer(t.run, fs), 0, 4)
	if s := also(fs); s != "" {
		t.paragraph("", s, 0, 3)
	}
	t.paragraph("2", checked(t.run), 0, 4)
}

// The wide form has columns, the narrow one stacks them.
const (
	wide      = 110
	whenCol   = 34
	eventsCol = 8
)

func (t *table) level(s severity, gs []*group) {
	if len(gs) == 0 {
		return
	}
	n := 0
	for _, g := range gs {
		n += len(g.findings)
	}
	t.line("", "")
	head := s.shape + " " + s.word
	tail := "  " + Plural(int64(n), "finding") + ", level " + s.level
	t.line(s.sgr, head, tail)
	if t.width >= wide && !t.headed {
		t.headed = true
		t.columns("2", "Finding", "When", []string{"Where"}, []string{"Who"}, "Events")
	}
	show := s.fold
	if t.o.Top > 0 {
		show = t.o.Top
	}
	for _, g := range gs[:min(show, len(gs))] {
		t.group(g)
	}
	if rest := gs[min(show, len(gs)):]; len(rest) > 0 {
		n := 0
		for _, g := range rest {
			n += len(g.findings)
		}
		t.paragraph("2", "and "+number(int64(n))+" more: --format jsonl lists all", 2, 2)
	}
}

func (t *table) group(g *group) {
	name := title(g.rule)
	if len(g.findings) > 1 {
		name += " (" + number(int64(len(g.findings))) + " findings)"
	}
	when := span(g.first, g.last, t.run.zone())
	if t.width >= wide {
		t.columns("1", name, when, g.where(), g.names("user"), number(int64(g.count)))
	} else {
		t.stacked(name, when, g)
	}
	if g.rule.CareImpact != "" {
		t.paragraph("", "Care: "+clean(g.rule.CareImpact, 600), 4, 3)
	}
	if g.rule.Author != house { // authors of others stay visible with each of their rules
		t.paragraph("2", "Rule by "+author(g.rule), 4, 2)
	}
}

func (t *table) stacked(name, when string, g *group) {
	events := Plural(int64(g.count), "event")
	room := t.width - 2 - len(events) - 2
	for i, l := range wrap(name, room, 3) {
		if i == 0 {
			t.line("1", "  "+pad(l, room), "  "+events)
			continue
		}
		t.line("1", "  "+l)
	}
	facts := []string{when}
	if s := list(g.where(), 3); s != "" {
		facts = append(facts, s)
	}
	if s := list(g.names("user"), 3); s != "" {
		facts = append(facts, s)
	}
	t.paragraph("", strings.Join(facts, " · "), 4, 3)
}

// columns writes one row of the wide form; the finding's name may take three lines,
// place and person two.
func (t *table) columns(sgr, name, when string, where, who []string, events string) {
	side := (t.width - whenCol - eventsCol) * 2 / 7
	first := t.width - 2 - whenCol - 2*side - eventsCol
	a, b, c := wrap(name, first-2, 3), cell(where, side-2), cell(who, side-2)
	at := func(ls []string, i int) string {
		if i < len(ls) {
			return ls[i]
		}
		return ""
	}
	for i := range max(len(a), len(b), len(c)) {
		w, e := "", ""
		if i == 0 {
			w, e = when, strings.Repeat(" ", max(0, eventsCol-columns(events)))+events
		}
		t.line(sgr, "  "+pad(at(a, i), first), pad(w, whenCol)+pad(at(b, i), side)+pad(at(c, i), side)+e)
	}
}

// cell puts names into at most two lines: one name to a line, then how many more.
func cell(names []string, w int) []string {
	switch len(names) {
	case 0:
		return nil
	case 1:
		return wrap(names[0], w, 2)
	case 2:
		return []string{clip(names[0], w), clip(names[1], w)}
	}
	return []string{clip(names[0], w), clip("and "+number(int64(len(names)-1))+" more", w)}
}

const problemsShown = 8

func (t *table) unread() {
	s := unread(t.run)
	if s == "" {
		return
	}
	t.line("", "")
	t.paragraph("1", "Could not be read: "+s+". The rest was read.", 0, 2)
	for _, p := range sorted(t.run.Problems)[:min(problemsShown, len(t.run.Problems))] {
		t.paragraph("", p.place()+": "+clean(p.Reason, 200), 2, 2)
	}
	if more := t.run.Damaged + t.run.Skipped - int64(min(problemsShown, len(t.run.Problems))); more > 0 {
		t.paragraph("2", "and "+number(more)+" more: --stats lists all", 2, 1)
	}
}

// refused names the rules and lists that are not used, and what would let them.
func (t *table) refused() {
	s := leftOut(t.run)
	if s == "" {
		return
	}
	t.line("", "")
	t.paragraph("1", s+". All others were asked.", 0, 2)
	all := t.run.refusals()
	for _, r := range all[:min(problemsShown, len(all))] {
		t.paragraph("", clean(r.Source, 300)+": "+clean(r.Reason, 200), 2, 2)
	}
	if more := len(all) - problemsShown; more > 0 {
		t.paragraph("2", "and "+number(int64(more))+" more: --stats lists all", 2, 1)
	}
	if ownLists(t.run) {
		t.paragraph("2", "Rules with %names% want lists that only this site can give: --placeholders FILE brings them.", 2, 2)
	}
}

func (t *table) next(fs []finding.Finding) {
	t.line("", "")
	if len(fs) == 0 {
		t.paragraph("2", "Nothing found means that no loaded rule spoke, not that nothing happened. "+
			"Next: check that the files cover the hours you ask about; --rules and --indicators add what to look for.", 0, 5)
		return
	}
	t.paragraph("2", "A finding is a question, not a verdict. Next: --report FILE.html makes one page with "+
		"the evidence behind each finding; --format jsonl or ocsf is for other programs; --all-events lists every matched event.", 0, 6)
	t.paragraph("2", "Rules that name nobody are by "+house+", Apache-2.0.", 0, 1)
}

// paragraph wraps clean text into at most most lines, indented.
func (t *table) paragraph(sgr, s string, indent, most int) {
	for _, l := range wrap(s, t.width-indent, most) {
		t.line(sgr, strings.Repeat(" ", indent)+l)
	}
}

// line writes head in a colour and the rest plain. It is the only place that writes, but for the text of a rule, which is never cut.
func (t *table) line(sgr, head string, tail ...string) {
	rest := strings.TrimRight(strings.Join(tail, ""), " ")
	head = clip(head, t.width)
	rest = clip(rest, max(0, t.width-columns(head)))
	if rest == "" {
		head = strings.TrimRight(head, " ")
	}
	if t.o.Color && sgr != "" && head != "" {
		head = "\x1b[" + sgr + "m" + head + "\x1b[0m"
	}
	t.w.WriteString(head + rest + "\n")
}
