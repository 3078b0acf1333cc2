package sigma_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/sigma"
)

const ruleHead = `title: Archive of a ward share
id: 3f2c1a70-5a54-4a7e-9f0a-1f2e3d4c5b6a
logsource:
    category: process_creation
    product: windows
detection:
`

// parseItem reads a rule whose selection is one line.
func parseItem(line string) (*sigma.Item, []sigma.Problem) {
	docs, problems := sigma.Parse("rule.yml", []byte(ruleHead+"    selection:\n        "+line+"\n    condition: selection\n"), bound)
	if len(docs.Rules) == 0 {
		return nil, problems
	}
	return docs.Rules[0].Selections[0].Search.All[0].Item, problems
}

var bound = sigma.Options{Placeholders: map[string][]string{
	"Servers": {"srv*", "db-01"}, "One": {"x"}, "Nothing": {},
}}

// texts prints all patterns of an item, values parted by blanks and variants by |.
func texts(it *sigma.Item) string {
	var values []string
	for _, v := range it.Values {
		if v.Patterns == nil {
			values = append(values, v.Text)
			continue
		}
		var variants []string
		for _, p := range v.Patterns {
			variants = append(variants, p.String())
		}
		values = append(values, strings.Join(variants, "|"))
	}
	return strings.Join(values, " ")
}

func TestModifiers(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`F: value`, `value`},
		{`F: [a, b]`, `a b`},
		{`F: ''`, ``},
		{`F: '*'`, `*`},
		{`F: '%TEMP%'`, `%TEMP%`},
		{`F: 2024-01-02`, `2024-01-02`},
		{`F|contains: a`, `*a*`},
		{`F|contains: '*a*'`, `*a*`},
		{`F|contains: 'a\*'`, `*a\**`},
		{`F|startswith: a`, `a*`},
		{`F|endswith: '\cmd.exe'`, `*\cmd.exe`},
		{`F|startswith|endswith: a`, `*a*`},
		{`F|endswith: 8???`, `*8???`},
		{`F|contains|all: [a, b]`, `*a* *b*`},
		{`F|all|contains: [a, b]`, `*a* *b*`},
		{`F|cased: Abc`, `Abc`},
		{`F|contains|cased: Abc`, `*Abc*`},
		{`F|contains: 5`, `*5*`},
		{`F|contains: true`, `*true*`},
		{`F|base64: foo`, `Zm9v`},
		{`F|base64: 'a\*'`, `YSo=`},
		{`F|base64offset: foo`, `Zm9v|Zvb|mb2`},
		{`F|base64offset|contains: foo`, `*Zm9v*|*Zvb*|*mb2*`},
		{`F|wide|base64offset: foo`, `ZgBvAG8A|YAbwBvA|mAG8Abw`},
		{`F|utf16le|base64: foo`, `ZgBvAG8A`},
		{`F|utf16be|base64: foo`, `AGYAbwBv`},
		{`F|utf16|base64: foo`, `//5mAG8AbwA=`},
		{`F|wide|base64: 'é'`, `6QA=`},
		{`F|wide: ab`, "a\x00b\x00"},
		{`F|utf16be: ab`, "\x00a\x00b"},
		{`F|utf16: ab`, "\xff\xfea\x00b\x00"},
		{`F|wide: a*b`, "a\x00*b\x00"},
		{`F|windash: '-x'`, `-x|/x|–x|—x|―x`},
		{`F|windash: '/x'`, `-x|/x|–x|—x|―x`},
		{`F|windash: 'a-x'`, `a-x`},
		{`F|windash: '-x-y'`, `-x-y|/x-y|–x-y|—x-y|―x-y`},
		{`F|windash: '- x'`, `- x`},
		{`F|windash: '*-x'`, `*-x|*/x|*–x|*—x|*―x`},
		{`F|windash|contains: ' -x'`, `* -x*|* /x*|* –x*|* —x*|* ―x*`},
		{`F|contains|windash: ' -x'`, `* -x*|* /x*|* –x*|* —x*|* ―x*`},
		{`F|re: 'a.*b'`, `a.*b`},
		{`F|re: '\d+\.\d+'`, `\d+\.\d+`},
		{`F|re: 5`, `5`},
		{`F|re|i: a`, `(?i:a)`},
		{`F|re|ignorecase|multiline|dotall: a`, `(?ims:a)`},
		{`F|re|i|m|s: a`, `(?ims:a)`},
		{`F|re|startswith: 'a|b'`, `\A(?:a|b)`},
		{`F|re|endswith|i: 'a|b'`, `(?i:(?:a|b)\z)`},
		{`F|re|contains: a`, `a`},
		{`F|re|expand: '^%Servers%$'`, `^(?:srv.*|db-01)$`},
		{`F|cidr: 10.0.0.0/8`, `10.0.0.0/8`},
		{`F|cidr: 10.1.2.3/8`, `10.0.0.0/8`},
		{`F|cidr: 192.0.2.1`, `192.0.2.1/32`},
		{`F|cidr: '2001:DB8::/32'`, `2001:db8::/32`},
		{`F|cidr: '::ffff:10.0.0.0/104'`, `10.0.0.0/8`},
		{`F|cidr: ['10.0.0.0/8', 'fe80::/10']`, `10.0.0.0/8 fe80::/10`},
		{`F|fieldref: Other`, `Other`},
		{`F|fieldref|endswith: Other`, `Other`},
		{`F|expand: '%Servers%'`, `srv*|db-01`},
		{`F|expand: 'a%One%b%One%'`, `axbx`},
		{`F|expand: '\%plain%One%'`, `%plainx`},
		{`F|expand: 'nothing to expand'`, `nothing to expand`},
		{`F|contains|expand: '%Servers%'`, `*srv*|*db-01*`},
		{`F|expand|endswith: '%Servers%'`, `*srv*|*db-01`},
		{`F|expand: '%Servers%-%Servers%'`, `srv*-srv*|srv*-db-01|db-01-srv*|db-01-db-01`},
		{`'|all': [a, b]`, `*a* *b*`},
		{`'|contains': a`, `*a*`},
		{`'|startswith': a`, `a*`},
		{`'|re': a`, `a`},
		{`F|neq: a`, `a`},
		{`F|exists: true`, `true`},
		{`F|gte: 5`, `5`},
		{`F|hour: 3`, `3`},
		{`F: 0x17`, `0x17`},
	} {
		it, problems := parseItem(c.line)
		if it == nil {
			t.Errorf("%s: %v", c.line, problems)
			continue
		}
		if got := texts(it); got != c.want {
			t.Errorf("%s: got %s, want %s", c.line, got, c.want)
		}
	}
}

// TestItems looks at what an item is besides its texts.
func TestItems(t *testing.T) {
	number := func(n float64, text string) []sigma.Value {
		return []sigma.Value{{Kind: sigma.Number, Number: n, Text: text}}
	}
	ref := func(a sigma.Anchor) []sigma.Value { return []sigma.Value{{Text: "Other", Anchor: a}} }
	for line, want := range map[string]sigma.Item{
		`F: 5`:                             {Values: number(5, "5")},
		`F: -1.5`:                          {Values: number(-1.5, "-1.5")},
		`F: 0x17`:                          {Values: number(23, "0x17")},
		`F: true`:                          {Values: []sigma.Value{{Kind: sigma.Bool, Bool: true, Text: "true"}}},
		`F: null`:                          {Values: []sigma.Value{{Kind: sigma.Null}}},
		`F:`:                               {Values: []sigma.Value{{Kind: sigma.Null}}},
		`F|neq: null`:                      {Values: []sigma.Value{{Kind: sigma.Null}}, Negated: true, Modifiers: []string{"neq"}},
		`F|neq: 5`:                         {Values: number(5, "5"), Negated: true, Modifiers: []string{"neq"}},
		`F|lt: 5`:                          {Op: sigma.Less, Values: number(5, "5"), Modifiers: []string{"lt"}},
		`F|lte: 5`:                         {Op: sigma.LessEqual, Values: number(5, "5"), Modifiers: []string{"lte"}},
		`F|gt: 0.5`:                        {Op: sigma.Greater, Values: number(0.5, "0.5"), Modifiers: []string{"gt"}},
		`F|gte|neq: 5`:                     {Op: sigma.GreaterEqual, Negated: true, Values: number(5, "5"), Modifiers: []string{"gte", "neq"}},
		`F|minute: 59`:                     {Op: sigma.Time, Part: sigma.Minute, Values: number(59, "59"), Modifiers: []string{"minute"}},
		`F|hour: 0`:                        {Op: sigma.Time, Part: sigma.Hour, Values: number(0, "0"), Modifiers: []string{"hour"}},
		`F|day: 31`:                        {Op: sigma.Time, Part: sigma.Day, Values: number(31, "31"), Modifiers: []string{"day"}},
		`F|week: 53`:                       {Op: sigma.Time, Part: sigma.Week, Values: number(53, "53"), Modifiers: []string{"week"}},
		`F|month: 12`:                      {Op: sigma.Time, Part: sigma.Month, Values: number(12, "12"), Modifiers: []string{"month"}},
		`F|year: 2026`:                     {Op: sigma.Time, Part: sigma.Year, Values: number(2026, "2026"), Modifiers: []string{"year"}},
		`F|exists: false`:                  {Op: sigma.Exists, Values: []sigma.Value{{Kind: sigma.Bool, Text: "false"}}, Modifiers: []string{"exists"}},
		`F|fieldref: Other`:                {Op: sigma.FieldRef, Values: ref(sigma.Whole), Modifiers: []string{"fieldref"}},
		`F|fieldref|neq: Other`:            {Op: sigma.FieldRef, Values: ref(sigma.Whole), Negated: true, Modifiers: []string{"fieldref", "neq"}},
		`F|fieldref|startswith: Other`:     {Op: sigma.FieldRef, Values: ref(sigma.AtStart), Modifiers: []string{"fieldref", "startswith"}},
		`F|fieldref|endswith|cased: Other`: {Op: sigma.FieldRef, Values: ref(sigma.AtEnd), Cased: true, Modifiers: []string{"fieldref", "endswith", "cased"}},
		`F|cased|fieldref: Other`:          {Op: sigma.FieldRef, Values: ref(sigma.Whole), Cased: true, Modifiers: []string{"cased", "fieldref"}},
		`F|fieldref|contains: Other`:       {Op: sigma.FieldRef, Values: ref(sigma.Anywhere), Modifiers: []string{"fieldref", "contains"}},
		`F|fieldref|startswith|endswith: Other`: {Op: sigma.FieldRef, Values: ref(sigma.Anywhere),
			Modifiers: []string{"fieldref", "startswith", "endswith"}},
	} {
		it, problems := parseItem(line)
		if it == nil {
			t.Errorf("%s: %v", line, problems)
			continue
		}
		want.Field, want.Line = "F", 8
		if diff := cmp.Diff(*it, want); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
	}
}

func TestModifiersRefused(t *testing.T) {
	for line, reason := range map[string]string{
		`F|Contains: a`:                `modifier "Contains" is unknown`,
		`F|nonsense: a`:                `modifier "nonsense" is unknown`,
		`F|: a`:                        `modifier "" is unknown`,
		`F|contains|re: a`:             `must be the first`,
		`F|all|re: [a, b]`:             `must be the first`,
		`F|contains|cidr: 10.0.0.0/8`:  `must be the first`,
		`F|neq|exists: true`:           `must be the first`,
		`F|re|cased: a`:                `case-sensitive already`,
		`F|re|windash: a`:              `cannot follow re`,
		`F|re|base64: a`:               `cannot follow re`,
		`F|re|re: a`:                   `must be the first`,
		`F|i: a`:                       `must follow re`,
		`F|contains|s: a`:              `must follow re`,
		`F|re: null`:                   `not null`,
		`F|re: '(a'`:                   `cannot be used`,
		`F|re|i: '\Qa'`:                `cannot be used`,
		`F|re: 'a(?=b)'`:               `look-around`,
		`F|re: 'a(?!b)'`:               `look-around`,
		`F|re: '(?<=a)b'`:              `look-around`,
		`F|re: '(?<!a)b'`:              `look-around`,
		`F|re: '(a)\1'`:                `cannot be used`,
		`F|re: '((a{100}){100}){100}'`: `cost|cannot be used`,
		`F|re: '` + strings.Repeat(`[a-z]{1000}x`, 11) + `'`: `too costly`,
		`F|cidr: 10.0.0.0/33`:                                `needs a network`,
		`F|cidr: ward`:                                       `needs a network`,
		`F|cidr: 10.0.*`:                                     `needs a network`,
		`F|cidr|contains: 10.0.0.0/8`:                        `cannot follow cidr`,
		`F|exists: 'true'`:                                   `needs true or false`,
		`F|exists: 1`:                                        `needs true or false`,
		`F|exists|contains: true`:                            `cannot follow exists`,
		`'|exists': true`:                                    `needs a field`,
		`F|lt: '5'`:                                          `needs a number`,
		`F|gt: a`:                                            `needs a number`,
		`F|gte: true`:                                        `needs a number`,
		`F|lte: null`:                                        `needs a number`,
		`F|lt|gt: 5`:                                         `cannot follow lt`,
		`F|contains|lt: 5`:                                   `needs a number`,
		`F|hour: '3'`:                                        `needs a number`,
		`F|hour: 24`:                                         `whole number from 0 to 23`,
		`F|minute: 1.5`:                                      `whole number`,
		`F|day: 0`:                                           `whole number from 1 to 31`,
		`F|hour|gte: 3`:                                      `cannot follow hour`,
		`F|fieldref: 'Oth*'`:                                 `without wildcards`,
		`F|fieldref: ''`:                                     `name of a field`,
		`F|fieldref: 5`:                                      `name of a field`,
		`F|contains|fieldref: Other`:                         `cannot follow contains`,
		`F|base64|fieldref: Other`:                           `cannot follow base64`,
		`'|fieldref': Other`:                                 `needs a field`,
		`F|base64: 'a*'`:                                     `cannot encode wildcards`,
		`F|base64offset: 'a?'`:                               `cannot encode wildcards`,
		`F|contains|base64: a`:                               `cannot encode wildcards`,
		`F|base64offset: a`:                                  `too short`,
		`F|base64: ''`:                                       `too short`,
		`F|wide|utf16: a`:                                    `cannot follow another UTF-16`,
		`F|contains: null`:                                   `not null`,
		`F|windash: null`:                                    `not null`,
		`F|expand: '%Unbound%'`:                              `placeholder %Unbound% is not bound`,
		`F|expand: '%Nothing%'`:                              `placeholder %Nothing% is not bound`,
		`F|re|expand: '%Unbound%'`:                           `placeholder %Unbound% is not bound`,
		`F|expand: null`:                                     `not null`,
		`F|windash: '-a -b -c -d -e -f -g'`:                  `too many variants`,
		`F: [a, null]`:                                       `null cannot stand in a list`,
		`F: []`:                                              `empty list`,
		`F: [a, [b]]`:                                        `no text`,
		`F: {a: b}`:                                          `holds a map`,
		`'': null`:                                           `needs a field`,
		`'|all': [a, null]`:                                  `null cannot stand`,
	} {
		it, problems := parseItem(line)
		if it != nil || len(problems) != 1 || problems[0].Warning {
			t.Errorf("%s: not refused", line)
			continue
		}
		found := false
		for _, r := range strings.Split(reason, "|") {
			found = found || strings.Contains(problems[0].Reason, r)
		}
		if !found {
			t.Errorf("%s: refused because %s", line, problems[0].Reason)
		}
		if problems[0].Line != 8 || problems[0].ID == "" || problems[0].Title == "" {
			t.Errorf("%s: refused at line %d", line, problems[0].Line)
		}
	}
}

func TestModifiersWarn(t *testing.T) {
	for line, reason := range map[string]string{
		`F|all: a`:            "single value",
		`F|contains|all: [a]`: "single value",
		`F|contains: 5`:       "no text",
		`F|cidr: 10.1.0.0/8`:  "bits set",
	} {
		it, problems := parseItem(line)
		if it == nil || len(problems) != 1 || !problems[0].Warning || !strings.Contains(problems[0].Reason, reason) {
			t.Errorf("%s: %v", line, problems)
		}
	}
}

// TestVariantsAreBounded holds that a long value with many forms costs no more than a
// short one.
func TestVariantsAreBounded(t *testing.T) {
	line := "F|windash: '" + strings.Repeat("x", 1<<20) + strings.Repeat(" -a", 6) + "'"
	if it, problems := parseItem(line); it != nil || !strings.Contains(problems[0].Reason, "too many variants") {
		t.Error("not refused")
	}
}
