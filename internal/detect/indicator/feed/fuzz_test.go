package feed_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/detect/indicator/feed"
)

// What reading may cost: a Builder has its chunks, and an entry its share of them.
const (
	allocBase    = 8 << 20
	allocPerByte = 512
)

// check reads a list and asserts what holds for every one.
func check(t *testing.T, list []byte) {
	const canary = "canary4711"
	list = bytes.ReplaceAll(list, []byte("example"), []byte(canary))
	lim := feed.DefaultLimits()
	lim.Entries, lim.Problems, lim.Line, lim.Object = 10_000, 50, 4<<10, 16<<10
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	l := feed.NewLoader(lim)
	err := l.Read("list", bytes.NewReader(list))
	set, problems, failed := l.Set()
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if failed != nil {
		t.Fatal(failed)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > uint64(allocBase+allocPerByte*len(list)) {
		t.Errorf("%d bytes allocated for %d", got, len(list))
	}
	if took > time.Second+time.Duration(len(list))*20*time.Microsecond {
		t.Errorf("%v for %d bytes", took, len(list))
	}
	if err != nil && strings.Contains(err.Error(), canary) {
		t.Error("an error quotes the list")
	}
	if len(problems) > 51 || set.Len() > lim.Entries {
		t.Errorf("%d problems, %d entries", len(problems), set.Len())
	}
	lines := bytes.Count(list, []byte("\n")) + 1
	for _, p := range problems {
		if p.Reason == "" || strings.Contains(p.String(), canary) || p.Line < 0 || p.Line > lines || !utf8.ValidString(p.String()) {
			t.Errorf("told %+v of %d lines", p, lines)
		}
	}
	for _, h := range found(t, set, strings.ToValidUTF8(string(list), " ")) {
		for _, text := range []string{h.Title, h.Description, h.Level, h.Author, h.ID, h.List} {
			if !utf8.ValidString(text) || len(text) > 1100 || strings.ContainsAny(text, "\n\x00") {
				t.Errorf("a hit says %q", text)
			}
		}
		if h.Value == "" || h.Line < 1 || h.Line > lines || h.Field != "m" {
			t.Errorf("got %+v", h)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("# Title: x\nexample.org # x\nhxxp://example[.]org/a\n0.0.0.0 example.net\n192.0.2.0/24\n2001:db8::1\na@example.org\n" + md5Hex + "\n"))
	f.Add([]byte("indicator,type,description,severity,confidence,valid_until,port,id\nexample.org,domain,\"a \"\"b\"\"\nc\",high,50,2026-01-01,443,1\n"))
	f.Add([]byte("\"1\", \"example.org\", \"high\"\n\"2\", \"192.0.2.1:80\", \"x\n"))
	f.Add([]byte("# ioc;comment\nexample.org;x\n;\n\"\n"))
	f.Add([]byte("\xff\xfee\x00x\x00.\x00o\x00r\x00g\x00"))
	f.Fuzz(check)
}

func FuzzSTIX(f *testing.F) {
	f.Add([]byte(`{"type":"bundle","objects":[` + stixIndicator("[domain-name:value = 'example.org' OR (file:hashes.MD5 = '"+md5Hex+"' AND file:name = 'x')]",
		`,"modified":"2026-01-01T00:00:00Z","valid_from":"2026-01-01T00:00:00Z","created_by_ref":"`+identityID+`","confidence":9,"external_references":[{"url":"x"}]`) +
		`,{"type":"identity","id":"` + identityID + `","name":"x"},` + stixIndicator("[a:b = 1]", `,"revoked":true,"modified":"2026-01-02T00:00:00Z"`) + `]}`))
	f.Add([]byte(stixIndicator("([url:value IN ('http://example.org/', 'x')] OR [ipv4-addr:value ISSUBSET '192.0.2.0/24'])", "")))
	f.Add([]byte(stixIndicator("[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = 4 AND (a:b = 1 OR a:c = -1.5 OR a:d = t'x')] FOLLOWEDBY [a:b[*].'c d' MATCHES 'x']", "")))
	f.Fuzz(check)
}

// FuzzPattern puts the text where a pattern stands.
func FuzzPattern(f *testing.F) {
	f.Add("[domain-name:value = 'example.org' AND (file:size = 1 OR file:name = '\\'') OR NOT EXISTS a:b]")
	f.Add("([ipv4-addr:value = '192.0.2.1'] OR [a-b:c.d[0].'e' IN (1, 2)]) WITHIN 5 SECONDS")
	f.Fuzz(func(t *testing.T, pattern string) {
		check(t, []byte(stixIndicator(strings.ToValidUTF8(pattern, ""), "")))
	})
}

func FuzzMISP(f *testing.F) {
	f.Add([]byte(mispEvent))
	f.Add([]byte(`{"response":{"Attribute":[{"type":"domain","value":"example.org","to_ids":1,"Event":{"info":"x"}}]}}`))
	f.Add([]byte(`[{"type":"ip-dst","value":"192.0.2.1","uuid":"x"},{"Event":{"Event":{"Attribute":[]}}},[],1]`))
	f.Fuzz(check)
}
