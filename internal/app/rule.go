package app

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect"
	"github.com/wardline/wardline/internal/detect/correlate"
	"github.com/wardline/wardline/internal/detect/ruleset"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/report"
)

// RuleConfig says which rules a command is about.
type RuleConfig struct {
	Rules        []string // places of rules; Builtin names those that ship with Wardline
	Placeholders string   // file of values for |expand, or ""
	JSON         bool     // write lines of JSON instead of a table
}

// ErrRefused says that a rule or a map cannot be honoured. What and why has been written already.
var ErrRefused = errors.New("some of it cannot be taken")

// ErrNoRule says that no rule answers to a name.
var ErrNoRule = errors.New("no such rule: 'wardline rule list' shows what there is")

// load reads the rules and says which of them will run.
func (c RuleConfig) load() (ruleset.Set, error) {
	placeholders, err := Placeholders(c.Placeholders)
	if err != nil {
		return ruleset.Set{}, err
	}
	return LoadRules(c.Rules, sigma.Options{Placeholders: placeholders})
}

// ListRules writes one line for each rule and correlation that can be run.
func ListRules(c RuleConfig, t Terminal) error {
	set, err := c.load()
	if err != nil {
		return err
	}
	var rows []report.Rule
	for _, row := range rowsOf(&set) {
		rows = append(rows, row.Rule)
	}
	out := bufio.NewWriter(t.Out)
	if c.JSON {
		return errors.Join(writeRows(out, rows), out.Flush())
	}
	return errors.Join(report.Rules(out, rows, refusals(set.Problems), report.Options{Width: t.Width, Color: t.Color}), out.Flush())
}

func writeRows(out *bufio.Writer, rows []report.Rule) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i := range rows {
		if err := enc.Encode(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// ShowRule writes all that the rule of that id, title, machine name or file says.
func ShowRule(name string, c RuleConfig, t Terminal) error {
	set, err := c.load()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(t.Out)
	o := report.Options{Width: t.Width, Color: t.Color}
	shown := 0
	for _, row := range rowsOf(&set) {
		if !row.answersTo(name) {
			continue
		}
		text, err := ruleText(row.Source, row.Line)
		if err != nil {
			return err
		}
		if shown++; shown > 1 {
			fmt.Fprintln(out)
		}
		if err := report.RulePage(out, &row.Rule, text, o); err != nil {
			return err
		}
	}
	if shown == 0 {
		return fmt.Errorf("%w", ErrNoRule)
	}
	return out.Flush()
}

// LintRules writes what is wrong with rules, and what makes them slow. It returns
// ErrRefused when one of them cannot be run.
func LintRules(c RuleConfig, t Terminal) error {
	set, err := c.load()
	if err != nil {
		return err
	}
	tax, err := Taxonomy()
	if err != nil {
		return err
	}
	engine, refused := detect.Compile(set.Rules, tax, detect.Options{})
	plan, unjoined := correlate.NewPlan(set.Correlations, engine.Rules())
	problems := slices.Concat(set.Problems, refused, unjoined, advice(engine, tax))
	slices.SortStableFunc(problems, func(a, b sigma.Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	out := bufio.NewWriter(t.Out)
	bad := 0
	for _, p := range problems {
		if !p.Warning {
			bad++
		}
		fmt.Fprintln(out, report.Clean(p.String()))
	}
	fmt.Fprintf(out, "%d rules and correlations can be run, %d are refused, %d warnings\n",
		len(engine.Rules())+len(plan.Correlations()), bad, len(problems)-bad)
	if err := out.Flush(); err != nil {
		return err
	}
	if bad > 0 {
		return ErrRefused
	}
	return nil
}

// advice warns of rules that run and serve nobody: at every event, or at none.
func advice(engine *detect.Engine, tax *event.Taxonomy) []sigma.Problem {
	var warnings []sigma.Problem
	warn := func(r *sigma.Rule, reason string) {
		warnings = append(warnings, sigma.Problem{File: r.File, Line: r.Line, ID: r.ID, Title: r.Title, Reason: reason, Warning: true})
	}
	for _, r := range engine.Eager() {
		warn(r, "no literal is required: the rule is run on every event of its log source")
	}
	for _, r := range engine.Rules() {
		l := r.Logsource
		served := func(c *event.Class) bool { return c.Serves(l.Category, l.Product, l.Service) }
		if !slices.ContainsFunc(tax.Classes(), served) {
			warn(r, "no log that Wardline reads is of this log source: the rule is never asked")
		}
	}
	return warnings
}
