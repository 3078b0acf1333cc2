package feed_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	indicatorID = "indicator--11111111-2222-4333-8444-555555555555"
	identityID  = "identity--11111111-2222-4333-8444-666666666666"
)

// stixIndicator is an object with this pattern; more are further members, each with a comma before it.
func stixIndicator(pattern, more string) string {
	return fmt.Sprintf(`{"type":"indicator","spec_version":"2.1","id":%q,"pattern_type":"stix","pattern":%q%s}`, indicatorID, pattern, more)
}

func TestSTIXBundle(t *testing.T) {
	set, problems := read(t, `{"type":"bundle","id":"bundle--1","objects":[
		{"type":"malware","name":"x"},
		`+stixIndicator("[domain-name:value = 'example.org' OR ipv4-addr:value = '198.51.100.7']",
		`,"created_by_ref":"`+identityID+`","name":"Loader","description":"invented","confidence":80,"external_references":[{"source_name":"x","url":"https://example.net/r"}]`)+`,
		{"type":"identity","id":"`+identityID+`","name":"Example ISAC"}
	]}`)
	wantTold(t, problems)
	hits := found(t, set, "example.org 198.51.100.7")
	if got := values(hits); got != "198.51.100.7 example.org" {
		t.Fatalf("got %s", got)
	}
	h := hits[0]
	if h.ID != indicatorID || !h.Several || h.Title != "Loader" || h.Description != "invented" || h.Level != "high" || h.Author != "Example ISAC" || len(h.References) != 1 || h.Line != 3 {
		t.Errorf("got %+v", h)
	}
}

func TestSTIXPatterns(t *testing.T) {
	const network = "network-traffic:dst_ref.value"
	for pattern, want := range map[string]string{
		`[file:hashes.'SHA-256' = '` + sha256Hex + `']`:                                                                        sha256Hex,
		`[file:hashes.MD5 == '` + strings.ToUpper(md5Hex) + `' OR file:hashes.'SHA-1' = '` + sha1Hex + `']`:                    md5Hex + " " + sha1Hex,
		`[file:hashes.MD5 = '` + md5Hex + `' AND file:hashes.'SHA-256' = '` + sha256Hex + `' AND file:size = 77]`:              sha256Hex,
		`[file:name = 'drop.exe' AND file:hashes.MD5 = '` + md5Hex + `']`:                                                      "",
		`[file:extensions.'windows-pebinary-ext'.imphash = '` + md5Hex + `']`:                                                  md5Hex,
		`[process:image_ref.hashes.'SHA-1' = '` + sha1Hex + `']`:                                                               sha1Hex,
		`[ipv4-addr:value = '198.51.100.7']`:                                                                                   "198.51.100.7",
		`[ipv4-addr:value = '198.51.100.0/28']`:                                                                                "198.51.100.0/28",
		`[ipv4-addr:value ISSUBSET '198.51.100.0/28']`:                                                                         "198.51.100.0/28",
		`[ipv6-addr:value = '2001:db8::7']`:                                                                                    "2001:db8::7",
		`[domain-name:value IN ('example.org', 'example.net', 'example.com')]`:                                                 "example.net example.org",
		`[url:value = 'http://example.org/it\'s']`:                                                                             "http://example.org/it's",
		`[email-message:from_ref.value = 'alice@example.net']`:                                                                 "alice@example.net",
		`([domain-name:value = 'example.org'] OR [domain-name:value = 'example.net'])`:                                         "example.net example.org",
		`[(domain-name:value = 'example.org' OR domain-name:value = 'example.com')]`:                                           "example.org",
		`[` + network + ` = '198.51.100.7' AND network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_port = 443]`: "198.51.100.7:443",
		`[domain-name:value = 'example.org' AND domain-name:resolves_to_refs[*].value = '198.51.100.7']`:                       "example.org",
		`[domain-name:value = 'example.org' AND domain-name:resolves_to_refs[*].value = '198.51.100.8']`:                       "",
		`[` + network + ` = '198.51.100.7' AND network-traffic:dst_port = 444]`:                                                "",
	} {
		set, problems := read(t, stixIndicator(pattern, ""))
		wantTold(t, problems)
		text := md5Hex + " " + sha1Hex + " " + sha256Hex + " 198.51.100.7:443 2001:db8::7 example.org <alice@example.net> http://example.org/it's"
		if got := values(found(t, set, text)); got != want {
			t.Errorf("%s: got %q, want %q", pattern, got, want)
		}
	}
}

func TestSTIXRefuses(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                                                               "not a STIX pattern",
		"domain-name:value = 'a'":                                        "not a STIX pattern",
		"[domain-name:value = ]":                                         "cannot be checked",
		"[domain-name:value = 'example.org'":                             "not a STIX pattern",
		"[domain-name:value = 'example.org']]":                           "not a STIX pattern",
		"[domain-name:value LIKE '%.example.org']":                       "other than =",
		"[domain-name:value != 'example.org']":                           "other than =",
		"[domain-name:value NOT = 'example.org']":                        "other than =",
		"[NOT EXISTS domain-name:value]":                                 "other than =",
		"[url:value ISSUBSET '192.0.2.0/28']":                            "other than =",
		"[file:size > 5]":                                                "other than =",
		"[file:name = 'x']":                                              "property that is not supported",
		"[domain-name:value = 'example.org' OR file:name = 'x']":         "property that is not supported",
		"[domain-name:value = 'example.org' AND domain-name:x_rank = 5]": "cannot be checked beside",
		"[domain-name:value = 'example.org' AND ipv4-addr:value = '192.0.2.1']":          "occur together",
		"[domain-name:value = 'example.org'] AND [ipv4-addr:value = '192.0.2.1']":        "several observations",
		"[domain-name:value = 'example.org'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.1']": "several observations",
		"([domain-name:value = 'example.org'] AND [ipv4-addr:value = '192.0.2.1'])":      "several observations",
		"[domain-name:value = 'example.org'] REPEATS 5 TIMES":                            "several observations",
		"[domain-name:value = 'example.org' OR domain-name:value = 'nodomain']":          "too broad",
		"[ipv4-addr:value = '0.0.0.0/0']":                                                "too broad",
		"[file:hashes.MD5 = 'xyz']":                                                      "not a digest",
		strings.Repeat("(", 100) + "[domain-name:value = 'example.org']":                 "nested too deeply",
	} {
		set, problems := read(t, stixIndicator(pattern, ""))
		wantTold(t, problems, want)
		if set.Len() != 0 {
			t.Errorf("%s: %d entries of it were taken", pattern, set.Len())
		}
		if len(problems) == 1 && (problems[0].Object != 1 || problems[0].ID != indicatorID) {
			t.Errorf("%s: told as %+v", pattern, problems[0])
		}
	}
	for more, want := range map[string]string{
		`,"revoked":true`:           "revoked",
		`,"valid_until":"some day"`: "a time that cannot be read",
		`,"pattern_type":"sigma"`:   "",
	} {
		_, problems := read(t, stixIndicator("[domain-name:value = 'example.org']", more))
		if want != "" {
			wantTold(t, problems, want)
		}
	}
	_, problems := read(t, `{"type":"indicator","pattern_type":"yara","pattern":"rule x {}"}`)
	wantTold(t, problems, "another language")
}

// The newest version of an indicator counts, in whatever file and order they come; a revoked one is taken back.
func TestSTIXVersions(t *testing.T) {
	version := func(name string, modified int, more string) string {
		return stixIndicator("[domain-name:value = '"+name+"']", fmt.Sprintf(`,"modified":"2026-01-%02dT00:00:00.000Z"%s`, modified, more))
	}
	text := "first.example second.example third.example"
	set, problems := read(t, version("second.example", 2, ""), version("third.example", 3, "")+"\n"+version("first.example", 1, ""))
	wantTold(t, problems)
	if got := values(found(t, set, text)); got != "third.example" {
		t.Errorf("got %s", got)
	}
	set, problems = read(t, version("first.example", 1, ""), version("first.example", 2, `,"revoked":true`), version("first.example", 1, ""))
	wantTold(t, problems, "revoked")
	if got := values(found(t, set, text)); got != "" {
		t.Errorf("got %s", got)
	}
}

func TestSTIXValidity(t *testing.T) {
	set, _ := read(t, stixIndicator("[domain-name:value = 'example.org']", `,"valid_from":"2026-01-02T00:00:00Z","valid_until":"2026-01-04T00:00:00.5Z"`))
	for day, want := range map[int]int{1: 0, 2: 1, 4: 1, 5: 0} {
		if n := len(foundAt(t, set, "example.org", time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC))); n != want {
			t.Errorf("on day %d: %d hits, want %d", day, n, want)
		}
	}
}

func TestSTIXInOtherWrappers(t *testing.T) {
	one := stixIndicator("[domain-name:value = 'example.org']", "")
	for name, list := range map[string]string{
		"TAXII answer": `{"more":false,"objects":[` + one + `]}`,
		"array":        "[" + one + "]",
		"lines":        "\n" + one + "\n" + one + "\n",
		"one object":   one,
	} {
		set, problems := read(t, list)
		wantTold(t, problems)
		if set.Len() != 1 {
			t.Errorf("%s: %d entries, want 1", name, set.Len())
		}
	}
}

const mispEvent = `{"Event":{
	"Attribute":[
		{"uuid":"11111111-2222-4333-8444-000000000001","type":"ip-dst|port","to_ids":true,"value":"198.51.100.7|4444","comment":"first stage"},
		{"type":"domain|ip","to_ids":true,"value":"example.org|203.0.113.9"},
		{"type":"filename|sha256","to_ids":"1","value":"drop.exe|` + sha256Hex + `"},
		{"type":"url","to_ids":true,"value":"http://example.net/x"},
		{"type":"email-src","to_ids":true,"value":"alice@example.com"},
		{"type":"md5","to_ids":false,"value":"` + md5Hex + `"},
		{"type":"comment","to_ids":true,"value":"x"},
		{"type":"domain|ip","to_ids":true,"value":"example.com|0.0.0.0"},
		{"type":"hostname","to_ids":true,"deleted":true,"value":"www.example.com"}],
	"Galaxy":[{"x":{"y":[1,2,"]"]}}],
	"Object":[{"name":"file","Attribute":[
		{"type":"filename","to_ids":false,"value":"drop.exe"},
		{"type":"sha1","to_ids":true,"value":"` + sha1Hex + `"}]}],
	"Orgc":{"name":"Example CSIRT"},"info":"Exercise","threat_level_id":"1"}}`

func TestMISP(t *testing.T) {
	for name, list := range map[string]string{
		"event":      mispEvent,
		"events":     `{"response":[` + mispEvent + `]}`,
		"bare array": `[` + mispEvent + `]`,
	} {
		set, problems := read(t, list)
		wantTold(t, problems, "object 6: refused: not for detection", "object 7: refused: a type of attribute", "object 8: refused: too broad", "object 9: refused: deleted",
			"object 10: refused: not for detection")
		hits := found(t, set, "198.51.100.7:4444 www.example.org 203.0.113.9 "+sha256Hex+" http://example.net/x alice@example.com "+md5Hex+" "+sha1Hex+" www.example.com")
		want := "" + sha1Hex + " " + sha256Hex + " 198.51.100.7:4444 203.0.113.9 alice@example.com example.org http://example.net/x"
		if got := values(hits); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		for _, h := range hits {
			if h.List != "Exercise" || h.Author != "Example CSIRT" || h.Level != "high" {
				t.Errorf("%s: got %+v", name, h)
			}
			if h.Value == "198.51.100.7:4444" && (h.Description != "first stage" || h.ID == "" || h.Line < 3) {
				t.Errorf("%s: got %+v", name, h)
			}
		}
	}
}

func TestMISPAttributes(t *testing.T) {
	const one = `{"type":"domain","value":"example.org","comment":"x","Event":{"info":"Exercise","Orgc":{"name":"Example CSIRT"}}}`
	for name, list := range map[string]string{
		"answer":     `{"response":{"Attribute":[` + one + `]}}`,
		"list":       `{"Attribute":[` + one + `]}`,
		"bare array": `[` + one + `]`,
		"lines":      one + "\n",
	} {
		set, problems := read(t, list)
		wantTold(t, problems)
		if h := found(t, set, "example.org"); len(h) != 1 || h[0].Description != "x" {
			t.Errorf("%s: got %+v", name, h)
		}
	}
}

func TestJSONDamage(t *testing.T) {
	good := stixIndicator("[domain-name:value = 'example.org']", "")
	set, problems := read(t, `{"objects":[{"type":"indicator","pattern":[},`+good+`]}`, `{"objects":[`+good+`,{"type":`)
	if set.Len() != 1 || len(problems) == 0 {
		t.Errorf("%d entries:\n%s", set.Len(), told(problems))
	}
	set, problems = read(t, `{"objects":[`+strings.Repeat(`{"a":`, 100)+"1"+strings.Repeat("}", 100)+`,7,`+good+`]}`)
	wantTold(t, problems, "object 1: refused: not a JSON object", "object 2: refused: not a JSON object")
	if set.Len() != 1 {
		t.Errorf("%d entries, want 1", set.Len())
	}
}
