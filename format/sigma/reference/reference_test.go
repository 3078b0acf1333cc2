package reference_test

import (
	"strings"
	"testing"

	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/format/sigma/reference"
)

// parse reads a rule whose detection is given, indented by four.
func parse(t *testing.T, detection string) *sigma.Rule {
	t.Helper()
	docs, problems := sigma.Parse("rule.yml", []byte("title: a\nlogsource: {product: ehr}\ndetection:\n"+detection+"\n"), sigma.Options{})
	if len(docs.Rules) != 1 {
		t.Fatal(detection, problems)
	}
	return docs.Rules[0]
}

func verdict(t *testing.T, r *sigma.Rule, event string) bool {
	t.Helper()
	e, err := reference.Decode([]byte(event))
	if err != nil {
		t.Fatal(event, err)
	}
	return reference.Evaluator{}.Match(r, e)
}

// TestItems asks a rule of one line about events that satisfy it and events that do
// not. The numbers are those of the sentences in the package comment.
func TestItems(t *testing.T) {
	for _, c := range []struct {
		sentence string
		line     string
		yes, no  []string
	}{
		{"2", `a.b: x`, []string{`{"a":{"b":"x"}}`, `{"a.b":"x"}`, `{"a":[{"b":"y"},{"b":"x"}]}`, `{"a":{"b":["y","x"]}}`, `{"a":[[{"b":[["x"]]}]]}`},
			[]string{`{"a":"x"}`, `{"b":"x"}`, `{"a":{"c":{"b":"x"}}}`}},
		{"2", `a.b.c: x`, []string{`{"a.b":{"c":"x"}}`, `{"a":{"b.c":"x"}}`}, []string{`{"a":{"b":{"C":"x"}}}`}},
		{"3", `F: x`, []string{`{"F":"y","F":"x"}`, `{"F":"x","F":"y"}`}, []string{`{"f":"x"}`}},
		{"5", `F: '5'`, []string{`{"F":5}`, `{"F":"5"}`}, []string{`{"F":5.0}`, `{"F":{"x":"5"}}`, `{"F":null}`}},
		{"5", `F: 'true'`, []string{`{"F":true}`, `{"F":"TRUE"}`}, []string{`{"F":false}`}},
		{"5", `F|contains: 1e`, []string{`{"F":1e3}`}, []string{`{"F":1000}`}},
		{"9", `F|all: [a*, '*b']`, []string{`{"F":"ab"}`, `{"F":["ax","xb"]}`}, []string{`{"F":["ax","bx"]}`}},
		{"9", `F|neq: a`, []string{`{"F":"b"}`, `{}`, `{"F":null}`}, []string{`{"F":"A"}`, `{"F":["b","a"]}`}},
		{"9", `F|all|neq: [a, b]`, []string{`{"F":"a"}`, `{"F":"b"}`, `{}`}, []string{`{"F":["a","b"]}`}},
		{"9", `F|neq: [a, b]`, []string{`{"F":"c"}`}, []string{`{"F":"a"}`, `{"F":"b"}`}},
		{"9", `F|neq: null`, []string{`{"F":"c"}`, `{"F":""}`, `{"F":[]}`}, []string{`{"F":null}`, `{}`}},
		{"11", `F: ''`, []string{`{"F":""}`}, []string{`{"F":null}`, `{}`, `{"F":" "}`, `{"F":[]}`}},
		{"11", `F: '*'`, []string{`{"F":""}`, `{"F":"x"}`, `{"F":0}`, `{"F":false}`, `{"F":[[""]]}`}, []string{`{}`, `{"F":null}`, `{"F":[]}`, `{"F":{}}`, `{"F":{"G":1}}`}},
		{"11", `F: a?c`, []string{`{"F":"abc"}`, `{"F":"aéc"}`, `{"F":"a漢c"}`, `{"F":"a\ud83d\ude00c"}`, `{"F":"a\nc"}`}, []string{`{"F":"ac"}`, `{"F":"abbc"}`}},
		{"11", `F: a*c`, []string{`{"F":"ac"}`, `{"F":"a\n\nc"}`, `{"F":"acc"}`}, []string{`{"F":"acb"}`, `{"F":"bac"}`}},
		{"11", `F: '*a*b*'`, []string{`{"F":"xaxbx"}`, `{"F":"ab"}`}, []string{`{"F":"ba"}`}},
		{"11", `F: '*??'`, []string{`{"F":"ab"}`, `{"F":"漢漢漢"}`}, []string{`{"F":"漢"}`, `{"F":"a"}`}},
		{"11", `F: 'a\*'`, []string{`{"F":"a*"}`}, []string{`{"F":"ab"}`}},
		{"11", `F|endswith: '\cmd.exe'`, []string{`{"F":"C:\\cmd.exe"}`, `{"F":"C:\\CMD.EXE"}`}, []string{`{"F":"cmd.exe"}`, `{"F":"\\cmd.exe "}`}},
		{"11", `F|endswith: 8???`, []string{`{"F":"x8abc"}`}, []string{`{"F":"x8ab"}`}},
		{"11", `F|contains: ''`, []string{`{"F":""}`, `{"F":"x"}`}, []string{`{}`}},
		{"12", `F: straße`, []string{`{"F":"STRAßE"}`, `{"F":"STRAẞE"}`}, []string{`{"F":"STRASSE"}`}},
		{"12", `F: kilo`, []string{`{"F":"\u212Ailo"}`, `{"F":"KILO"}`}, []string{`{"F":"kllo"}`}},
		{"12", `F: σας`, []string{`{"F":"ΣΑΣ"}`, `{"F":"σασ"}`}, nil},
		{"12", `F: i`, []string{`{"F":"I"}`}, []string{`{"F":"İ"}`, `{"F":"ı"}`}},
		{"12", `F|cased: aB`, []string{`{"F":"aB"}`}, []string{`{"F":"ab"}`}},
		{"12", `F|contains|cased: aB`, []string{`{"F":"xaBx"}`}, []string{`{"F":"xabx"}`}},
		{"12", `F|utf16: ab`, nil, []string{`{"F":"ab"}`, `{"F":"\ufeffa\u0000b\u0000"}`}},
		{"12", `F|wide|contains: '©'`, nil, []string{`{"F":"©"}`, `{"F":"é\u0000"}`}},
		{"12", `F|wide: ab`, []string{`{"F":"a\u0000b\u0000"}`, `{"F":"A\u0000B\u0000"}`}, []string{`{"F":"ab"}`}},
		{"13", `F: 5`, []string{`{"F":5}`, `{"F":"5"}`, `{"F":5.0}`, `{"F":"5.00"}`, `{"F":5e0}`, `{"F":"+5"}`}, []string{`{"F":50}`, `{"F":"5 "}`, `{"F":"0x5"}`, `{"F":true}`}},
		{"13", `F: 0x17`, []string{`{"F":"0x17"}`, `{"F":23}`}, []string{`{"F":"0X17"}`, `{"F":17}`}},
		{"13", `F: -0`, []string{`{"F":0}`, `{"F":-0}`}, nil},
		{"13", `F: 1e400`, nil, []string{`{"F":"inf"}`}},
		{"14", `F: true`, []string{`{"F":true}`, `{"F":"True"}`}, []string{`{"F":1}`, `{"F":false}`, `{"F":"yes"}`}},
		{"14", `F: false`, []string{`{"F":false}`, `{"F":"FALSE"}`}, []string{`{"F":null}`, `{}`, `{"F":0}`}},
		{"15", `F|lt: 5`, []string{`{"F":4}`, `{"F":"-1"}`, `{"F":[9,4.9]}`}, []string{`{"F":5}`, `{"F":"a"}`, `{}`, `{"F":""}`}},
		{"15", `F|lte: 5`, []string{`{"F":5}`}, []string{`{"F":5.1}`}},
		{"15", `F|gt: 5`, []string{`{"F":5.1}`, `{"F":"6"}`}, []string{`{"F":5}`}},
		{"15", `F|gte: 5`, []string{`{"F":5}`}, []string{`{"F":4.9}`, `{"F":true}`}},
		{"15", `F|gte|neq: 5`, []string{`{"F":4}`, `{}`}, []string{`{"F":5}`}},
		{"16", `F|re: 'a.c'`, []string{`{"F":"xabcx"}`}, []string{`{"F":"ABC"}`, `{"F":"a\nc"}`}},
		{"16", `F|re|i: 'a.c'`, []string{`{"F":"xABCx"}`}, []string{`{"F":"ac"}`}},
		{"16", `F|re|s: 'a.c'`, []string{`{"F":"a\nc"}`}, nil},
		{"16", `F|re: '^b$'`, []string{`{"F":"b"}`}, []string{`{"F":"a\nb"}`}},
		{"16", `F|re|m: '^b$'`, []string{`{"F":"a\nb\nc"}`}, []string{`{"F":"ab"}`}},
		{"16", `F|re: '^\d+$'`, []string{`{"F":5}`}, []string{`{"F":5.5}`}},
		{"16", `F|re|startswith: 'a|b'`, []string{`{"F":"bx"}`}, []string{`{"F":"xb"}`}},
		{"16", `F|re|endswith: 'a|b'`, []string{`{"F":"xa"}`}, []string{`{"F":"ax"}`}},
		{"17", `F: null`, []string{`{}`, `{"F":null}`, `{"F":["a",null]}`, `{"f":"a"}`}, []string{`{"F":""}`, `{"F":0}`, `{"F":[]}`, `{"F":{}}`}},
		{"18", `F|exists: true`, []string{`{"F":""}`, `{"F":null}`, `{"F":[]}`, `{"F":{"G":1}}`}, []string{`{}`, `{"f":1}`, `{"G":{"F":1}}`}},
		{"18", `F|exists: false`, []string{`{}`, `{"f":1}`}, []string{`{"F":""}`, `{"F":null}`}},
		{"18", `F.G|exists: true`, []string{`{"F":{"G":1}}`}, []string{`{"F":1}`}},
		{"19", `F|cidr: 10.0.0.0/8`, []string{`{"F":"10.1.2.3"}`, `{"F":"::ffff:10.1.2.3"}`, `{"F":["x","10.0.0.0"]}`}, []string{`{"F":"11.0.0.1"}`, `{"F":"10.1.2"}`, `{"F":"10.1.2.3:80"}`, `{"F":"010.1.2.3"}`, `{"F":10}`}},
		{"19", `F|cidr: 'fe80::/10'`, []string{`{"F":"FE80:0:0::1"}`, `{"F":"fe80::1%eth0"}`}, []string{`{"F":"::1"}`, `{"F":"[fe80::1]"}`}},
		{"19", `F|cidr: ['10.0.0.0/8', '192.0.2.7']`, []string{`{"F":"192.0.2.7"}`}, []string{`{"F":"192.0.2.8"}`}},
		{"20", `F|fieldref: G`, []string{`{"F":"a","G":"A"}`, `{"F":["x","a"],"G":["y","a"]}`, `{"F":5,"G":"5"}`}, []string{`{"F":"a"}`, `{"G":"a"}`, `{}`, `{"F":null,"G":null}`, `{"F":"ab","G":"a"}`, `{"F":{},"G":{}}`}},
		{"20", `F|fieldref|cased: G`, []string{`{"F":"a","G":"a"}`}, []string{`{"F":"a","G":"A"}`}},
		{"20", `F|fieldref|startswith: G`, []string{`{"F":"abc","G":"AB"}`}, []string{`{"F":"ab","G":"abc"}`, `{"F":"xab","G":"ab"}`}},
		{"20", `F|fieldref|endswith: G`, []string{`{"F":"abc","G":"bc"}`}, []string{`{"F":"abc","G":"ab"}`}},
		{"20", `F|fieldref|contains: G`, []string{`{"F":"abc","G":"b"}`, `{"F":"abc","G":""}`}, []string{`{"F":"b","G":"abc"}`}},
		{"20", `F|fieldref|neq: G`, []string{`{"F":"a","G":"b"}`, `{}`}, []string{`{"F":"a","G":"a"}`}},
		{"21", `F|hour: 3`, []string{`{"F":"2026-02-01T03:04:05Z"}`, `{"F":"2026-02-01 03:04:05.123"}`, `{"F":"2026-02-01T03:04:05+09:00"}`, `{"F":"2026/02/01 03:04"}`, `{"F":1769914800}`, `{"F":"1769914800000"}`},
			[]string{`{"F":"2026-02-01T04:04:05Z"}`, `{"F":"03:04"}`, `{"F":3}`, `{"F":"2026-02-30T03:00:00Z"}`, `{"F":"2026-02-01T03:61:05Z"}`}},
		{"21", `F|minute: 4`, []string{`{"F":"2026-02-01T03:04:60Z"}`}, []string{`{"F":"2026-02-01T03:05:00Z"}`}},
		{"21", `F|day: 1`, []string{`{"F":"2026-02-01T23:59:00-11:00"}`}, []string{`{"F":"2026-02-02T00:00:00Z"}`}},
		{"21", `F|week: 53`, []string{`{"F":"2027-01-01T00:00:00Z"}`, `{"F":"2026-12-31T00:00:00Z"}`}, []string{`{"F":"2027-01-04T00:00:00Z"}`}},
		{"21", `F|month: 2`, []string{`{"F":"2026-02-01T00:00:00Z"}`}, []string{`{"F":"2026-01-31T00:00:00Z"}`}},
		{"21", `F|year: 2026`, []string{`{"F":"2026-02-01T00:00:00Z"}`, `{"F":"/Date(1769914800000)/"}`}, []string{`{"F":"2025-12-31T23:59:59-05:00"}`}},
		{"modifiers", `F|windash|contains: ' -enc'`, []string{`{"F":"a -enc"}`, `{"F":"a /ENC"}`, `{"F":"a –enc"}`, `{"F":"a —enc"}`, `{"F":"a ―enc"}`}, []string{`{"F":"a +enc"}`}},
		{"modifiers", `F|base64offset|contains: 'http://'`, []string{`{"F":"aHR0cDovL3dhcmQ="}`, `{"F":"IGh0dHA6Ly93YXJk"}`}, []string{`{"F":"http://"}`}},
	} {
		r := parse(t, "    s:\n        "+c.line+"\n    condition: s")
		for _, event := range c.yes {
			if !verdict(t, r, event) {
				t.Errorf("sentence %s: %s does not match %s", c.sentence, c.line, event)
			}
		}
		for _, event := range c.no {
			if verdict(t, r, event) {
				t.Errorf("sentence %s: %s matches %s", c.sentence, c.line, event)
			}
		}
	}
}

func TestRules(t *testing.T) {
	for _, c := range []struct {
		detection string
		yes, no   []string
	}{
		{"    s: {F: a, G: b}\n    condition: s", []string{`{"F":"a","G":"b"}`}, []string{`{"F":"a"}`}},
		{"    s: [{F: a}, {G: b}]\n    condition: s", []string{`{"F":"a"}`, `{"G":"b"}`}, []string{`{"F":"b"}`}},
		{"    s: [one, two*three]\n    condition: s",
			[]string{`{"F":"x ONE x"}`, `{"a":{"b":[1,"two and three"]}}`}, []string{`{"one":"x"}`, `{"F":"two","G":"three"}`}},
		{"    s: [5]\n    condition: s", []string{`{"F":152}`, `{"F":"x5"}`}, []string{`{"F":1}`, `{"F5":1}`}},
		{"    s: {'|all': [one, two]}\n    condition: s", []string{`{"F":"two one"}`, `{"F":"one","G":"two"}`}, []string{`{"F":"one"}`}},
		{"    s: {'|startswith': one}\n    condition: s", []string{`{"F":"one two"}`}, []string{`{"F":"two one"}`}},
		{"    s: [{F: a}, word]\n    condition: s", []string{`{"F":"a"}`, `{"G":"a word"}`}, []string{`{"F":"b"}`}},
		{"    a: {F: a}\n    b: {G: b}\n    condition: a and not b", []string{`{"F":"a"}`}, []string{`{"F":"a","G":"b"}`, `{}`}},
		{"    a: {F: a}\n    b: {G: b}\n    condition: [a, b]", []string{`{"F":"a"}`, `{"G":"b"}`}, []string{`{}`}},
		{"    a_1: {F: a}\n    a_2: {G: b}\n    _h: {H: c}\n    condition: all of them", []string{`{"F":"a","G":"b"}`}, []string{`{"F":"a","H":"c"}`}},
		{"    a_1: {F: a}\n    a_2: {G: b}\n    _h: {H: c}\n    condition: 1 of them", []string{`{"F":"a"}`}, []string{`{"H":"c"}`}},
		{"    a_1: {F: a}\n    b_2: {G: b}\n    condition: any of a*", []string{`{"F":"a"}`}, []string{`{"G":"b"}`}},
		{"    a: {F: a}\n    b: {G: b}\n    c: {H: c}\n    condition: a or b and c", []string{`{"F":"a"}`, `{"G":"b","H":"c"}`}, []string{`{"G":"b"}`}},
	} {
		r := parse(t, c.detection)
		for _, event := range c.yes {
			if !verdict(t, r, event) {
				t.Errorf("does not match %s:\n%s", event, c.detection)
			}
		}
		for _, event := range c.no {
			if verdict(t, r, event) {
				t.Errorf("matches %s:\n%s", event, c.detection)
			}
		}
	}
}

// TestNames is sentence 4.
func TestNames(t *testing.T) {
	e := reference.Evaluator{Names: func(field string) []string { return []string{"win." + field, field} }}
	event, err := reference.Decode([]byte(`{"F":"a","win":{"F":"b","G":"A"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]bool{
		`F: a`: true, `F: b`: true, `F: c`: false, `F|all: [a, b]`: true, `F|neq: b`: false,
		`G: null`: false, `G|exists: true`: true, `F|fieldref: G`: true, `H: null`: true,
	} {
		if got := e.Match(parse(t, "    s: {"+line+"}\n    condition: s"), event); got != want {
			t.Errorf("%s: got %v", line, got)
		}
	}
}

func TestFilteredRule(t *testing.T) {
	r := parse(t, "    s: {F: a}\n    condition: s")
	docs, problems := sigma.Parse("f.yml", []byte("title: f\nlogsource: {product: ehr}\nfilter:\n    rules: any\n    s: {User: n*}\n    condition: not s\n"), sigma.Options{})
	if len(docs.Filters) != 1 {
		t.Fatal(problems)
	}
	narrowed, _ := docs.Filters[0].Apply(r)
	if !verdict(t, narrowed, `{"F":"a","User":"d1"}`) || verdict(t, narrowed, `{"F":"a","User":"n1"}`) || !verdict(t, r, `{"F":"a","User":"n1"}`) {
		t.Error("the filter does not narrow the rule")
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, text := range []string{``, `[]`, `"a"`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1}{}`, `{"a":[}`, strings.Repeat(`{"a":`, 2000)} {
		if e, err := reference.Decode([]byte(text)); err == nil || e != nil {
			t.Errorf("%.20s: decoded", text)
		}
	}
}

// FuzzMatch asserts that any rule can be asked about any event, and that both ways of
// reading an event agree unless a name stands twice.
func FuzzMatch(f *testing.F) {
	f.Add("F|contains: a", `{"F":"xax","G":[1,null,{"H":true}]}`)
	f.Add("F|re|i: 'a+b'", `{"F":"AAB"}`)
	f.Add("'|all': [a, 'b?c']", `{"F":"ab","G":"bxc"}`)
	f.Add("F|fieldref|endswith|neq: G", `{"F":"ab","G":"b"}`)
	f.Add("F|week: 5", `{"F":"2026-02-01T00:00:00Z"}`)
	f.Fuzz(func(t *testing.T, line, event string) {
		if len(line) > 1000 || len(event) > 4000 || strings.ContainsAny(line, "\r\n") {
			return
		}
		e, err := reference.Decode([]byte(event))
		docs, _ := sigma.Parse("rule.yml", []byte("title: a\nlogsource: {product: ehr}\ndetection:\n    s:\n        "+line+"\n    condition: s\n"), sigma.Options{})
		if err != nil || len(docs.Rules) != 1 {
			return
		}
		r := docs.Rules[0]
		got := reference.Evaluator{}.Match(r, e)
		for i := range r.Conditions {
			r.Conditions[i] = sigma.Condition{Not: &sigma.Condition{Identifier: "s"}}
		}
		if got == (reference.Evaluator{}).Match(r, e) {
			t.Error("a rule and its opposite give the same verdict")
		}
	})
}
