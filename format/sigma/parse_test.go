package sigma_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/sigma"
)

const wholeRule = `# a comment before
title: Shadow copies deleted on a file server
id: 3f2c1a70-5a54-4a7e-9f0a-1f2e3d4c5b6a
name: shadow_copies
related:
    - {id: 11111111-2222-4333-8444-555555555555, type: similar}
status: experimental
description: |
    Backups go before the ransom note comes.
license: Apache-2.0
author: Ward Nine
references: [https://example.org/a, https://example.org/b]
date: 2026-01-02
modified: 2026/02/03
tags:
    - attack.t1490
    - care.disruption
logsource:
    product: windows
    category: process_creation
    definition: needs command lines
detection:
    image:
        Image|endswith: ['\vssadmin.exe', '\wmic.exe']
        EventID: 1
    words:
        - delete
        - shadow*copy
    either:
        - CommandLine|contains: delete
          User: x
        - Image: null
    mixed:
        - F: 1
        - bare word
    condition:
        - image and words
        - 1 of e* and mixed
fields: [Image, CommandLine]
falsepositives:
    - backup software
level: HIGH
scope: server
care_impact: {kind: backups, score: 3, wards: [all, 1.5, true, null]}
`

func TestRule(t *testing.T) {
	docs, problems := sigma.Parse("rules/a.yml", []byte(wholeRule), sigma.Options{})
	if len(docs.Rules) != 1 || len(problems) != 0 {
		t.Fatal(problems)
	}
	item := func(line int, field string, values ...sigma.Value) sigma.Search {
		return sigma.Search{Item: &sigma.Item{Field: field, Values: values, Line: line}}
	}
	text := func(written string, p ...sigma.Part) sigma.Value {
		return sigma.Value{Text: written, Patterns: []sigma.Pattern{p}}
	}
	number := sigma.Value{Kind: sigma.Number, Number: 1, Text: "1"}
	ends := item(24, "Image", text(`\vssadmin.exe`, star, lit(`\vssadmin.exe`)), text(`\wmic.exe`, star, lit(`\wmic.exe`)))
	ends.Item.Modifiers = []string{"endswith"}
	contains := item(30, "CommandLine", text("delete", star, lit("delete"), star))
	contains.Item.Modifiers = []string{"contains"}
	want := &sigma.Rule{
		Title: "Shadow copies deleted on a file server", ID: "3f2c1a70-5a54-4a7e-9f0a-1f2e3d4c5b6a", Name: "shadow_copies",
		Related: []sigma.Related{{ID: "11111111-2222-4333-8444-555555555555", Type: "similar"}}, Status: "experimental",
		Description: "Backups go before the ransom note comes.\n", License: "Apache-2.0", Author: "Ward Nine",
		References: []string{"https://example.org/a", "https://example.org/b"}, Date: "2026-01-02", Modified: "2026/02/03",
		Tags:      []string{"attack.t1490", "care.disruption"},
		Logsource: sigma.Logsource{Product: "windows", Category: "process_creation", Definition: "needs command lines"},
		Selections: []sigma.Selection{
			{Name: "image", Line: 23, Search: sigma.Search{All: []sigma.Search{ends, item(25, "EventID", number)}}},
			{Name: "words", Line: 26, Search: item(27, "", text("delete", star, lit("delete"), star), text("shadow*copy", star, lit("shadow"), star, lit("copy"), star))},
			{Name: "either", Line: 29, Search: sigma.Search{Any: []sigma.Search{
				{All: []sigma.Search{contains, item(31, "User", text("x", lit("x")))}},
				{All: []sigma.Search{item(32, "Image", sigma.Value{Kind: sigma.Null})}}}}},
			{Name: "mixed", Line: 33, Search: sigma.Search{Any: []sigma.Search{
				{All: []sigma.Search{item(34, "F", number)}},
				item(35, "", text("bare word", star, lit("bare word"), star))}}},
		},
		Conditions: []sigma.Condition{
			{And: []sigma.Condition{{Identifier: "image", Line: 37}, {Identifier: "words", Line: 37}}, Text: "image and words", Line: 37},
			{And: []sigma.Condition{{Of: &sigma.Quantifier{Pattern: "e*"}, Line: 38}, {Identifier: "mixed", Line: 38}}, Text: "1 of e* and mixed", Line: 38},
		},
		Fields: []string{"Image", "CommandLine"}, FalsePositives: []string{"backup software"}, Level: sigma.LevelHigh, Scope: []string{"server"},
		Custom: map[string]any{"care_impact": map[string]any{"kind": "backups", "score": 3, "wards": []any{"all", 1.5, true, nil}}},
		File:   "rules/a.yml", Line: 2,
	}
	if diff := cmp.Diff(docs.Rules[0], want); diff != "" {
		t.Error(diff)
	}
}

const smallRule = `title: Small
logsource: {product: linux}
detection:
    sel: {F: a}
    condition: sel
`

// TestStream holds that a refusal takes no other document with it.
func TestStream(t *testing.T) {
	stream := "\xef\xbb\xbf%YAML 1.1\n---\n" + smallRule +
		"--- # broken\ntitle: [\n" + // line 8
		"---\n" + strings.ReplaceAll(smallRule, "condition: sel", "condition: other") + // line 10
		"---\n\n# nothing\n---\r\n" + // line 16
		strings.ReplaceAll(smallRule, "\n", "\r\n") + "...\n---\n" + smallRule
	docs, problems := sigma.Parse("s.yml", []byte(stream), sigma.Options{})
	var lines []int
	for _, r := range docs.Rules {
		lines = append(lines, r.Line)
	}
	if diff := cmp.Diff(lines, []int{3, 20, 27}); diff != "" {
		t.Error(diff)
	}
	want := []string{
		`s.yml:9: refused: document is no valid YAML`,
		`s.yml:15: refused: condition names "other", but no selection is called that`,
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

func TestDocumentsRefused(t *testing.T) {
	alias := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		alias += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	edit := func(from, to string) string { return strings.Replace(smallRule, from, to, 1) }
	for _, c := range []struct{ name, text, reason string }{
		{"utf-16", "\xff\xfet\x00", "UTF-16"},
		{"no map", "- a\n- b\n", "document must be a map"},
		{"text", "just text\n", "document must be a map"},
		{"no rule", "title: a\nfoo: b\n", "no rule, correlation or filter"},
		{"global", "action: global\n" + smallRule, `joined by "action"`},
		{"no title", edit("title: Small\n", ""), "title is missing"},
		{"long title", edit("Small", strings.Repeat("x", 257)), "title is longer"},
		{"level", "level: extreme\n" + smallRule, "level is none of"},
		{"no logsource", edit("logsource: {product: linux}\n", ""), "logsource is missing"},
		{"empty logsource", edit("product: linux", "definition: x"), "logsource states neither"},
		{"logsource text", edit("{product: linux}", "linux"), "logsource must be a map"},
		{"logsource list", edit("product: linux", "product: [linux]"), "product must be a text"},
		{"no condition", edit("    condition: sel\n", ""), "condition is missing"},
		{"no selection", edit("    sel: {F: a}\n", ""), "there is no selection"},
		{"empty selection", edit("{F: a}", ""), `selection "sel" is empty`},
		{"empty map", edit("{F: a}", "{}"), "empty map"},
		{"empty list", edit("{F: a}", "[]"), "empty list"},
		{"key twice", edit("{F: a}", "{F: a, F: b}"), `key "F" twice`},
		{"section twice", smallRule + "title: again\n", `key "title" twice`},
		{"merge key", edit("{F: a}", "{<<: {G: b}, F: a}"), "merge key"},
		{"map as a key", edit("{F: a}", "{{a: b}: a}"), "no plain text"},
		{"detection text", "title: a\nlogsource: {product: linux}\ndetection: a\n", "detection must be a map"},
		{"timeframe", edit("    condition: sel\n", "    timeframe: 5m\n    condition: sel\n"), "use a correlation"},
		{"references map", "references: {a: b}\n" + smallRule, ""},
		{"references of maps", "references: [{a: b}]\n" + smallRule, "list of texts"},
		{"unknown alias", edit("a}", "*a}"), "alias stands for nothing"},
		{"alias bomb", alias + smallRule, "more than 200000 values"},
		{"alias of itself", "a: &a [*a]\n" + smallRule, "deeper|YAML"},
		{"deep custom", "a: " + strings.Repeat("[", 50) + strings.Repeat("]", 50) + "\n" + smallRule, "nested deeper"},
		{"deep selection", edit("{F: a}", strings.Repeat("[", 50)+"{F: a}"+strings.Repeat("]", 50)), "nested deeper"},
		{"very deep", strings.Repeat("[", 200000), "YAML"},
		{"large", "# " + strings.Repeat("x", 3<<20) + "\n" + smallRule, "larger than"},
		{"many values", edit("F: a", "F: ["+strings.Repeat("a,", 210000)+"]"), "more than 200000 values"},
		{"control character", edit("Small", "a\x01b"), "YAML"},
	} {
		docs, problems := sigma.Parse("f.yml", []byte(c.text), sigma.Options{})
		if len(docs.Rules) != 0 || len(problems) != 1 || problems[0].Warning {
			t.Errorf("%s: not refused: %v", c.name, problems)
			continue
		}
		found := false
		for _, r := range strings.Split(c.reason, "|") {
			found = found || strings.Contains(problems[0].Reason, r)
		}
		if !found {
			t.Errorf("%s: refused because %s", c.name, problems[0])
		}
	}
}

func TestRulesKeptWithWarnings(t *testing.T) {
	for text, reason := range map[string]string{
		"id: ward-1\n" + smallRule:                       "no UUID",
		"status: testing\n" + smallRule:                  "status is none of",
		"date: yesterday\n" + smallRule:                  "date is no date",
		"modified: 2026-13-01\n" + smallRule:             "modified is no date",
		"tags: [Attack T1490]\n" + smallRule:             "namespace.name",
		"related: [{id: a, type: cousin}]\n" + smallRule: "related has a type",
		strings.Replace(smallRule, "linux", "Linux", 1):  "not in lower case",
	} {
		docs, problems := sigma.Parse("f.yml", []byte(text), sigma.Options{})
		if len(docs.Rules) != 1 || len(problems) != 1 || !problems[0].Warning || !strings.Contains(problems[0].Reason, reason) {
			t.Errorf("%s: %v", reason, problems)
		}
	}
}

func TestRulesKeptWithoutAWord(t *testing.T) {
	for _, text := range []string{
		"date: 2017/1/5\n" + smallRule,
		"falsepositives: none\n" + smallRule,
		"references:\n" + smallRule,
		"x: &x {F: a}\n" + strings.Replace(smallRule, "{F: a}", "*x", 1),
		strings.Replace(smallRule, "{F: a}", "keyword", 1),
		strings.Replace(smallRule, "{F: a}", "[a, 5, true]", 1),
		strings.Replace(smallRule, "{F: a}", "{F: yes, G: 2024-01-02, H: .inf}", 1),
	} {
		if docs, problems := sigma.Parse("f.yml", []byte(text), sigma.Options{}); len(docs.Rules) != 1 || len(problems) != 0 {
			t.Error(text, problems)
		}
	}
}

func TestLevels(t *testing.T) {
	for _, name := range []string{"informational", "low", "medium", "high", "critical"} {
		if l, ok := sigma.ParseLevel(strings.ToUpper(name)); !ok || l.String() != name {
			t.Errorf("%s: got %s", name, l)
		}
	}
	if _, ok := sigma.ParseLevel(""); ok || sigma.LevelNone.String() != "" {
		t.Error("an empty level was read")
	}
}

func TestAsks(t *testing.T) {
	docs, problems := sigma.Parse("r.yml", []byte(`title: t
logsource: {product: windows}
detection:
  s:
    - {Image|endswith: a.exe, CommandLine|contains|all: [b, c]}
    - {Image: d}
  keywords: [e]
  filter: {User: f}
  condition: (s or keywords) and not filter
`), sigma.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got, want := docs.Rules[0].Asks(), []string{"Image", "CommandLine", "User"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
