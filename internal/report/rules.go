package report

import (
	"bufio"
	"io"
	"strings"
)

// Rule is a detection rule as lists and pages of rules show it.
type Rule struct {
	ID             string   `json:"id"`
	Title          string   `json:"title"`
	Kind           string   `json:"kind"`     // rule or correlation
	Level          string   `json:"level"`    // informational to critical
	Status         string   `json:"status"`   // as the rule says: stable, test, experimental
	LooksAt        string   `json:"looks_at"` // log source, or what a correlation counts
	Author         string   `json:"author"`
	License        string   `json:"license,omitempty"`
	Source         string   `json:"source"` // file
	Line           int      `json:"line"`   // in that file, from 1
	Description    string   `json:"description,omitempty"`
	CareImpact     string   `json:"care_impact,omitempty"`
	Tags           []string `json:"tags,omitempty"`
	References     []string `json:"references,omitempty"`
	FalsePositives []string `json:"falsepositives,omitempty"`
}

// Clean makes text of unknown origin safe to write to a terminal; lines stay lines.
func Clean(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = clean(l, 4000)
	}
	return strings.Join(lines, "\n")
}

// Rules writes a list of rules, the worst first, and what was refused.
func Rules(w io.Writer, rules []Rule, refused []Refusal, o Options) error {
	t := newTable(w, &Run{Refused: refused}, o)
	t.paragraph("1", Plural(int64(len(rules)), "rule")+" can be run.", 0, 1)
	for level, s := range severities() {
		var of []Rule
		for _, r := range rules {
			if rank(r.Level) == level {
				of = append(of, r)
			}
		}
		if len(of) == 0 {
			continue
		}
		t.line("", "")
		t.line(s.sgr, s.shape+" "+s.level, "  "+Plural(int64(len(of)), "rule"))
		for i := range of {
			t.rule(&of[i])
		}
	}
	t.refused()
	t.line("", "")
	t.paragraph("2", "'wardline rule show NAME' shows one of them: by its title, id or file.", 0, 2)
	return t.w.Flush()
}

// rule writes one row: title, what it looks at, and who wrote it.
func (t *table) rule(r *Rule) {
	author := clean(r.Author, 200)
	if author == "" {
		author = "author not named"
	}
	looksAt := clean(r.LooksAt, 200)
	if t.width < wide {
		t.paragraph("", clean(r.Title, 300), 2, 3)
		t.paragraph("2", looksAt+" · "+author, 4, 2)
		return
	}
	side := (t.width - 4) / 4
	t.line("", "  "+pad(clean(r.Title, 300), t.width-2*side-6)+"  "+pad(looksAt, side)+"  "+clip(author, side))
}

// RulePage writes all that one rule says: for people first, then as it is written.
func RulePage(w io.Writer, r *Rule, text []byte, o Options) error {
	t := newTable(w, &Run{}, o)
	s := severities()[rank(r.Level)]
	t.paragraph("1", clean(r.Title, 400), 0, 4)
	t.line(s.sgr, s.shape+" "+s.level, "  "+clean(strings.Join(filled(r.Kind, r.LooksAt, r.Status), " · "), 300))
	t.line("", "")
	t.paragraph("", clean(r.Description, 4000), 0, 40)
	for _, part := range []struct {
		name  string
		lines []string
	}{
		{"Care", filled(r.CareImpact)}, {"Author", filled(r.Author)}, {"Licence", filled(r.License)}, {"Id", filled(r.ID)},
		{"File", filled(r.Source)}, {"Tags", filled(strings.Join(r.Tags, ", "))},
		{"Harmless causes", r.FalsePositives}, {"Read more", r.References},
	} {
		if len(part.lines) == 0 {
			continue
		}
		t.line("", "")
		t.line("2", part.name)
		for _, l := range part.lines {
			t.paragraph("", clean(l, 2000), 2, 20)
		}
	}
	t.line("", "")
	t.line("2", "As it is written")
	for _, l := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		t.w.WriteString(strings.TrimRight("  "+clean(strings.TrimSuffix(l, "\r"), 4000), " ") + "\n")
	}
	return t.w.Flush()
}

// filled leaves out what is empty.
func filled(texts ...string) []string {
	var out []string
	for _, s := range texts {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func newTable(w io.Writer, run *Run, o Options) *table {
	if o.Width <= 0 {
		o.Width = 80
	}
	return &table{w: bufio.NewWriter(w), run: run, o: o, width: max(40, o.Width)}
}
