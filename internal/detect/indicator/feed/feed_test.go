package feed_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/detect/indicator/feed"
	"github.com/wardline/wardline/internal/event"
)

// Digests of invented files.
const (
	md5Hex    = "0123456789abcdef0123456789abcdef"
	sha1Hex   = "0123456789abcdef0123456789abcdef01234567"
	sha256Hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// read reads lists one after the other; they are called 1.txt, 2.txt and so on.
func read(t testing.TB, lists ...string) (*indicator.Set, []feed.Problem) {
	t.Helper()
	l := feed.NewLoader(feed.DefaultLimits())
	for i, list := range lists {
		if err := l.Read(fmt.Sprintf("%d.txt", i+1), strings.NewReader(list)); err != nil {
			t.Fatal(err)
		}
	}
	set, problems, err := l.Set()
	if err != nil {
		t.Fatal(err)
	}
	return set, problems
}

// found is what the set finds in text.
func found(t testing.TB, set *indicator.Set, text string) []indicator.Hit {
	t.Helper()
	return foundAt(t, set, text, time.Time{})
}

func foundAt(t testing.TB, set *indicator.Set, text string, at time.Time) []indicator.Hit {
	t.Helper()
	ev := &event.Event{Fields: append(append([]byte(`{"m":`), jsonl.AppendString(nil, text)...), '}'), Time: at}
	if err := ev.Index.Scan(ev.Fields, jsonl.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	return set.Match(ev, nil)
}

// values are the values of hits, in order.
func values(hits []indicator.Hit) string {
	var list []string
	for _, h := range hits {
		list = append(list, h.Value)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// told is where and why entries were refused.
func told(problems []feed.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

func wantTold(t *testing.T, problems []feed.Problem, want ...string) {
	t.Helper()
	got := told(problems)
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%q is not told in:\n%s", w, got)
		}
	}
	if len(problems) != len(want) {
		t.Errorf("%d problems, want %d:\n%s", len(problems), len(want), got)
	}
}

func TestPlainList(t *testing.T) {
	set, problems := read(t, `# Title: Addresses of the exercise
# Author: Example CERT
# Severity: high

198[.]51[.]100[.]7   # first stage
203.0.113.0/28 ; SBL1
hxxps://example[.]org/drop
0.0.0.0 blocked.example.net
`+sha256Hex+`  invented.bin
10.0.0.0/8
notadomain
192.0.2.1 and more
example.com:8443
com
`)
	wantTold(t, problems, "1.txt:10: refused: too broad", "1.txt:11: refused: not a value", "1.txt:12: refused: text behind", "1.txt:14: refused: not a value")
	if set.Len() != 6 {
		t.Errorf("%d entries, want 6", set.Len())
	}
	hits := found(t, set, "198.51.100.7 203.0.113.9 https://example.org/drop www.blocked.example.net "+sha256Hex+" 10.1.1.1 example.com:8443")
	if got, want := values(hits), sha256Hex+" 198.51.100.7 203.0.113.0/28 blocked.example.net example.com:8443 https://example.org/drop"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	h := found(t, set, "198.51.100.7")[0]
	if h.Description != "first stage" || h.List != "Addresses of the exercise" || h.Author != "Example CERT" || h.Level != "high" || h.Line != 5 || h.File != "1.txt" {
		t.Errorf("got %+v", h)
	}
}

func TestPlainListInOtherCharacterSets(t *testing.T) {
	utf16 := "\xff\xfe"
	for _, c := range "example.org\r\n192.0.2.1\r\n" {
		utf16 += string(byte(c)) + "\x00"
	}
	set, problems := read(t, utf16, "\ufeffexample.net\n")
	wantTold(t, problems)
	if got := values(found(t, set, "example.org 192.0.2.1 example.net")); got != "192.0.2.1 example.net example.org" {
		t.Errorf("got %s", got)
	}
}

// A list of URLs with commas in them is no CSV, and brackets do not make JSON.
func TestPlainListThatLooksOtherwise(t *testing.T) {
	set, problems := read(t, "http://example.org/a,b;c\nhttp://example.org/a,b\n", "[2001:db8::1]\n[2001:db8::2]\n")
	wantTold(t, problems)
	if got := values(found(t, set, "http://example.org/a,b;c 2001:db8::2")); got != "2001:db8::2 http://example.org/a,b;c" {
		t.Errorf("got %s", got)
	}
}

func TestCSV(t *testing.T) {
	for name, list := range map[string]string{
		"comma":            "indicator,type,description,severity,reference\nexample.org,domain,\"first, second\",High,https://example.net/r\n198.51.100.7,ip,x,,\n",
		"semicolon":        "Description;Level;IOC Value;IOC Type;Link\n\"first, second\";high;example.org;FQDN;https://example.net/r\nx;;198.51.100.7;ip-dst;\n",
		"tab":              "# a list\n#type\tvalue\tcomment\tpriority\treferences\ndomain\texample[.]org\tfirst, second\thigh\thttps://example.net/r\nIPv4\t198.51.100.7\tx\t\t\n",
		"abuse.ch":         "# \"ioc_value\", \"ioc_type\", \"comment\", \"severity\", \"reference\"\n\"example.org\", \"domain\", \"first, second\", \"high\", \"https://example.net/r\"\n\"198.51.100.7\", \"ip\", \"x\", \"\", \"\"\n",
		"quoted line ends": "value,description,level,reference\nexample.org,\"first,\n second\",high,https://example.net/r\n198.51.100.7,x,,\n",
	} {
		set, problems := read(t, list)
		wantTold(t, problems)
		hits := found(t, set, "example.org")
		if len(hits) != 1 || set.Len() != 2 {
			t.Errorf("%s: %d hits, %d entries", name, len(hits), set.Len())
			continue
		}
		if h := hits[0]; strings.Join(strings.Fields(h.Description), " ") != "first, second" || h.Level != "high" || len(h.References) != 1 || h.Line < 2 {
			t.Errorf("%s: got %+v", name, h)
		}
		if h := found(t, set, "198.51.100.7"); len(h) != 1 || h[0].Level != "medium" {
			t.Errorf("%s: got %+v", name, h)
		}
	}
}

func TestCSVColumns(t *testing.T) {
	set, problems := read(t, `date,md5_hash,sha256_hash,domain,dst_ip,dst_port,valid_until,confidence,name
2026-01-01,`+md5Hex+`,`+sha256Hex+`,,,,,90,Loader
2026-01-01,,,example.org,192.0.2.1,4444,2026-02-01,20,
2026-01-01,xyz,,example.net,,,,,
2026-01-01,,,,,,,,
2026-01-01,,,example.com,,99999,,,
2026-01-01,,,example.com,,,soon,,
`)
	wantTold(t, problems, "1.txt:4: refused: not a digest", "1.txt:5: refused: no value", "1.txt:6: refused: not a port", "1.txt:7: refused: a time")
	if set.Len() != 5 {
		t.Errorf("%d entries, want 5", set.Len())
	}
	if h := found(t, set, "x "+md5Hex); len(h) != 1 || h[0].Level != "high" || h[0].Title != "Loader" {
		t.Errorf("got %+v", h)
	}
	january, february := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{"192.0.2.1:4444": "192.0.2.1:4444", "192.0.2.1:443": "", "example.org:4444": "example.org:4444"} {
		if got := values(foundAt(t, set, text, january)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if got := values(foundAt(t, set, text, february)); got != "" {
			t.Errorf("%s: got %s when it is too late", text, got)
		}
	}
}

func TestCSVWithoutHeader(t *testing.T) {
	set, problems := read(t, "1,example.org,high,domain,a long description\n2,192.0.2.1,,ip,short\n3,nothing,,,\n4,192.0.2.2,,domain,short\n")
	wantTold(t, problems, "1.txt:3: refused: no value of a kind", "1.txt:4: refused: not a domain name")
	if h := found(t, set, "example.org"); len(h) != 1 || h[0].Level != "high" || h[0].Description != "a long description" {
		t.Errorf("got %+v", h)
	}
}

func TestCSVDamage(t *testing.T) {
	lim := feed.DefaultLimits()
	lim.Line = 1000
	l := feed.NewLoader(lim)
	list := "value,comment\nexample.org,x\nexample.com," + strings.Repeat("x", 2000) + "\nexample.net,x\n192.0.2.1,\"never closed\n192.0.2.2,x\n"
	if err := l.Read("l.csv", strings.NewReader(list)); err != nil {
		t.Fatal(err)
	}
	set, problems, err := l.Set()
	if err != nil {
		t.Fatal(err)
	}
	wantTold(t, problems, "l.csv:3: refused: record longer", "l.csv:5: refused: a quote is not closed")
	if got := values(found(t, set, "example.org example.net")); got != "example.net example.org" {
		t.Errorf("got %s", got)
	}
}

func TestWhatIsNoList(t *testing.T) {
	_, problems := read(t, "\x1f\x8b\x08\x00\x00", "", "# nothing but a comment\n", `{"type":"bundle","objects":[]}`, `{"type":"bundle","objects":[`, `[1,"x"]`)
	wantTold(t, problems, "1.txt: refused: not text", "2.txt: refused: no indicators", "3.txt: refused: no indicators", "4.txt: refused: no indicators",
		"5.txt:1: refused: not JSON from here on", "6.txt:1: refused: not an IP address")
}

func TestLimits(t *testing.T) {
	lim := feed.DefaultLimits()
	lim.Bytes, lim.Problems = 100, 2
	l := feed.NewLoader(lim)
	if err := l.Read("l.txt", strings.NewReader("a\nb\nc\nd\nexample.org\n"+strings.Repeat("# x\n", 50)+"example.com\n")); err != nil {
		t.Fatal(err)
	}
	set, problems, err := l.Set()
	if err != nil {
		t.Fatal(err)
	}
	wantTold(t, problems, "l.txt:1: refused", "l.txt:2: refused", "3 further entries")
	if set.Len() != 1 {
		t.Errorf("%d entries", set.Len())
	}
	lim.Entries = 1
	l = feed.NewLoader(lim)
	if err := l.Read("l.txt", strings.NewReader("example.org\nexample.com\n")); err == nil {
		t.Error("two entries passed a limit of one")
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "bad addresses.list")
	if err := os.WriteFile(name, []byte("192.0.2.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	set, problems, err := feed.Load([]string{name}, feed.DefaultLimits())
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	if h := found(t, set, "192.0.2.1"); len(h) != 1 || h[0].List != "bad addresses" || h[0].File != name {
		t.Errorf("got %+v", h)
	}
	for _, missing := range []string{filepath.Join(dir, "missing"), dir} {
		if _, _, err := feed.Load([]string{missing}, feed.DefaultLimits()); err == nil {
			t.Errorf("%s was read", missing)
		}
	}
}
