package app

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/ruleset"
	"github.com/wardline/wardline/internal/report"
)

// builtinPrefix stands before the paths of the rules that ship with Wardline.
const builtinPrefix = Builtin + "/"

// ruleRow is a rule as lists show it, and where its text stands.
type ruleRow struct {
	report.Rule
	name string
}

// answersTo tells whether a person means this rule by name.
func (r *ruleRow) answersTo(name string) bool {
	file := strings.TrimPrefix(r.Source, builtinPrefix)
	return strings.EqualFold(name, r.ID) || strings.EqualFold(name, r.Title) || name == r.name || name == r.Source ||
		name == file || name == strings.TrimSuffix(file, ".yml") || strings.HasSuffix(file, "/"+name+".yml")
}

// rowsOf lists rules, then correlations, as they were read.
func rowsOf(set *ruleset.Set) []ruleRow {
	rows := make([]ruleRow, 0, len(set.Rules)+len(set.Correlations))
	for _, r := range set.Rules {
		rows = append(rows, ruleRow{rowOf(r, "rule", logsourceText(r.Logsource)), r.Name})
	}
	for _, c := range set.Correlations {
		rows = append(rows, ruleRow{rowOf(&c.Rule, "correlation", string(c.Type)), c.Name})
	}
	return rows
}

func rowOf(r *sigma.Rule, kind, looksAt string) report.Rule {
	care, _ := r.Custom["care_impact"].(string)
	return report.Rule{
		ID: r.ID, Title: r.Title, Kind: kind, Level: r.Level.String(), Status: r.Status, LooksAt: looksAt, Author: r.Author, License: r.License,
		Source: r.File, Line: r.Line, Description: r.Description, CareImpact: care, Tags: r.Tags, References: r.References,
		FalsePositives: r.FalsePositives,
	}
}

// logsourceText says a log source in one word for each of its parts.
func logsourceText(l sigma.Logsource) string {
	var parts []string
	for _, p := range []string{l.Product, l.Service, l.Category} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " ")
}

// ruleText returns the YAML of the document that begins in a line of a rule's source.
func ruleText(source string, line int) ([]byte, error) {
	data, err := readRule(source)
	if err != nil {
		return nil, fmt.Errorf("read rule: %w", err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	first := min(max(line-1, 0), len(lines))
	last := first
	for last < len(lines) && (last == first || !bytes.HasPrefix(lines[last], []byte("---"))) {
		last++
	}
	return bytes.Join(lines[first:last], nil), nil
}

func readRule(source string) ([]byte, error) {
	if file, ok := strings.CutPrefix(source, builtinPrefix); ok {
		return fs.ReadFile(content.Rules(), file)
	}
	archive, member, packed := strings.Cut(source, "!")
	if _, err := os.Stat(source); err == nil || !packed {
		return os.ReadFile(source)
	}
	z, err := zip.OpenReader(archive)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	f, err := z.Open(member)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// refusals lists the rules that cannot be honoured.
func refusals(problems []sigma.Problem) []report.Refusal {
	var refused []report.Refusal
	for _, p := range problems {
		if !p.Warning {
			refused = append(refused, report.Refusal{Source: fmt.Sprintf("%s:%d", p.File, p.Line), Reason: p.Reason})
		}
	}
	return refused
}
