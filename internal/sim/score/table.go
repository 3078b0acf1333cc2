package score

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Write prints reports of one or several plays, as a table for each story and a line for each figure: the mean, and the least
// and the most where there are several.
func Write(w io.Writer, reports []Report) error {
	p := &printer{w: w}
	p.figures(reports)
	p.unseen(reports)
	p.stories(reports)
	return p.err
}

// unseen lists what some system explains and was not explained.
func (p *printer) unseen(reports []Report) {
	whys, unseen := map[string]int{}, map[string]int{}
	for i := range reports {
		for why, n := range reports[i].Whys {
			whys[why] += n
		}
		for why, n := range reports[i].Unseen {
			unseen[why] += n
		}
	}
	if len(whys) == 0 {
		return
	}
	p.line("")
	p.line("%-20s %10s %14s", "looked for", "touches", "unexplained")
	for _, why := range slices.SortedFunc(maps.Keys(whys), func(a, b string) int { return cmp.Or(unseen[b]-unseen[a], strings.Compare(a, b)) }) {
		p.line("%-20s %10d %13.1f%%", why, whys[why], percent(unseen[why], whys[why]))
	}
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) figures(reports []Report) {
	p.line("A simulation, not a clinic. Plays: %d.", len(reports))
	p.line("")
	single := !slices.ContainsFunc(reports, func(r Report) bool { return !r.Single })
	for _, f := range []struct {
		name   string
		of     func(*Report) float64
		unit   string
		single bool // it rests on what was thought of single touches
	}{
		{"touches explained", func(r *Report) float64 { return percent(r.Explained, r.Touches) }, "%", false},
		{"first touches explained", func(r *Report) float64 { return percent(r.FirstsExplained, r.Firsts) }, "%", false},
		{"thefts found", func(r *Report) float64 { return percent(r.Recall()) }, "%", false},
		{"  by bare rules, in as many cases", func(r *Report) float64 { return percent(r.RulesBaseline.Found, r.RulesBaseline.Stories) }, "%", true},
		{"  by volume only", func(r *Report) float64 { return percent(r.VolumeOne.Found, r.VolumeOne.Stories) }, "%", true},
		{"stories that found nobody to happen to", func(r *Report) float64 { return float64(r.Untold) }, "", false},
		{"cases opened", func(r *Report) float64 { return float64(r.Cases) }, "", false},
		{"  by bare rules", func(r *Report) float64 { return float64(r.RulesBaseline.Cases) }, "", true},
		{"  by volume only", func(r *Report) float64 { return float64(r.VolumeOne.Cases) }, "", true},
		{"of them about a theft", func(r *Report) float64 { return percent(r.Right, r.Cases) }, "%", false},
		{"  of those of bare rules", func(r *Report) float64 { return percent(r.RulesBaseline.Right, r.RulesBaseline.Cases) }, "%", true},
		{"  of those of volume only", func(r *Report) float64 { return percent(r.VolumeOne.Right, r.VolumeOne.Cases) }, "%", true},
		{"cases about what only looks odd", func(r *Report) float64 { return float64(r.Twins) }, "", false},
		{"cases about disruptions and falsifications", func(r *Report) float64 { return float64(r.Other) }, "", false},
		{"cases about ordinary life", func(r *Report) float64 { return float64(r.Ordinary) }, "", false},
		{"  for which a silent feed is to blame", func(r *Report) float64 { return float64(r.Outage) }, "", false},
		{"drawn at random", func(r *Report) float64 { return float64(r.Audit.Drawn) }, "", false},
		{"  improper among them", func(r *Report) float64 { return float64(r.Audit.Improper) }, "", false},
		{"  true share of improper, per million", func(r *Report) float64 { return 1e6 * r.Audit.True }, "", true},
		{"no system says why, explained all the same", func(r *Report) float64 { return percent(r.UndocumentedSet, r.Undocumented) }, "%", true},
	} {
		if f.single && !single {
			continue
		}
		low, high, sum := math.Inf(1), math.Inf(-1), 0.0
		for i := range reports {
			v := f.of(&reports[i])
			low, high, sum = min(low, v), max(high, v), sum+v
		}
		text := fmt.Sprintf("%-44s %8.1f%s", f.name, sum/float64(len(reports)), f.unit)
		if f.unit == "" && len(reports) == 1 {
			text = fmt.Sprintf("%-44s %6.0f", f.name, sum) // a number of something
		}
		if len(reports) > 1 {
			text += fmt.Sprintf("   %.1f to %.1f", low, high)
		}
		p.line("%s", text)
	}
}

func percent(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return 100 * float64(n) / float64(of)
}

func (p *printer) stories(reports []Report) {
	p.line("")
	p.line("%-5s %-9s %-8s %-9s %-9s %s", "story", "should be", "found in", "median", "target", "by")
	for _, s := range gather(reports) {
		should := "quiet"
		if s.should {
			should = "a case"
		}
		after, target := "-", "-"
		if len(s.after) > 0 {
			slices.Sort(s.after)
			after = short(s.after[len(s.after)/2])
		}
		if s.target > 0 {
			target = short(s.target)
		}
		slices.Sort(s.by)
		line := fmt.Sprintf("%-5s %-9s %d of %-3d %-9s %-9s %s", s.id, should, len(s.after), s.plays, after, target, strings.Join(slices.Compact(s.by), ", "))
		p.line("%s", strings.TrimRight(line, " "))
	}
}

// gathered is one story over all plays.
type gathered struct {
	id     string
	should bool
	plays  int
	after  []time.Duration
	target time.Duration
	by     []string
}

func gather(reports []Report) []*gathered {
	var all []*gathered
	for i := range reports {
		for _, s := range reports[i].Stories {
			at := slices.IndexFunc(all, func(g *gathered) bool { return g.id == s.ID })
			if at < 0 {
				all = append(all, &gathered{id: s.ID, should: s.Case, target: s.Target})
				at = len(all) - 1
			}
			g := all[at]
			g.plays++
			if s.Found {
				g.after = append(g.after, s.After)
				g.by = append(g.by, s.By)
			}
		}
	}
	slices.SortFunc(all, func(a, b *gathered) int { return strings.Compare(a.id, b.id) })
	return all
}

// short writes a duration as people say it.
func short(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.1f d", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
