package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/report"
)

func page(t *testing.T, run *report.Run, fs []finding.Finding) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, run, fs); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHTML(t *testing.T) {
	run, fs := night()
	got := page(t, run, fs)
	sound(t, got)
	golden(t, "page.html", got)
	golden(t, "nothing.html", page(t, run, nil))
	sound(t, page(t, &report.Run{}, nil))
}

func TestHTMLIsEqualForEqualInput(t *testing.T) {
	run, fs := night()
	if !bytes.Equal(page(t, run, fs), page(t, run, fs)) {
		t.Error("two pages of one scan differ")
	}
}

// The policy forbids everything but our own style sheet, named by its digest.
func TestHTMLPolicyNamesTheStyleSheet(t *testing.T) {
	run, fs := night()
	got := string(page(t, run, fs))
	m := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(got, -1)
	if len(m) != 1 {
		t.Fatalf("%d style elements, want 1", len(m))
	}
	sum := sha256.Sum256([]byte(m[0][1]))
	// A + in an attribute is written as a reference.
	policy := strings.ReplaceAll(got, "&#43;", "+")
	if want := "sha256-" + base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(policy, want) {
		t.Errorf("the content policy does not name %s", want)
	}
	if !strings.Contains(got, `content="default-src 'none';`) {
		t.Error("the content policy does not forbid by default")
	}
}

func TestHTMLLinksOnlyWebAddresses(t *testing.T) {
	run, fs := night()
	fs = fs[:1]
	fs[0].Rule.References = []string{"javascript:alert(1)", "JaVaScRiPt://x/%0aalert(1)", "data:text/html,x", "https://", "//evil.example", "vbscript:x", "https://ok.example/a?b=1&c=\"><script>", "http://plain.example"}
	got := page(t, run, fs)
	sound(t, got)
	if n := bytes.Count(got, []byte(`rel="noopener noreferrer"`)); n != 3 {
		t.Errorf("%d links leave the page, want the technique and two references", n)
	}
}

func TestHTMLIsBounded(t *testing.T) {
	run, fs := night()
	huge := map[string]string{}
	for i := range 100 {
		huge[fmt.Sprintf("field%03d", i)] = strings.Repeat("<&\x01", 600)
	}
	raw, err := json.Marshal(huge)
	if err != nil {
		t.Fatal(err)
	}
	var many []finding.Finding
	for i := range 2000 {
		f := fs[i%len(fs)]
		f.ID, f.Rule.ID, f.Count = fmt.Sprint(i), fmt.Sprint(i%700), 100
		f.Events = nil
		for range 20 {
			f.Events = append(f.Events, finding.Evidence{Source: strings.Repeat("d/", 5000), Record: 1, Fields: raw})
		}
		many = append(many, f)
	}
	got := page(t, run, many)
	t.Logf("2,000 findings with 20 events of 1 MB: %d bytes of page", len(got))
	if len(got) > 60<<20 {
		t.Errorf("%d bytes, want at most 60 MiB", len(got))
	}
	if !bytes.Contains(got, []byte("1500 more findings are not on this page")) {
		t.Error("the page does not say what it leaves out")
	}
}

// Years of logs with a night of trouble here and there, on more machines than the
// picture has rows for.
func years() []finding.Finding {
	_, fs := night()
	var out []finding.Finding
	for i := range 60 {
		f := fs[i%len(fs)]
		f.ID = fmt.Sprintf("f-%02d", i)
		f.Entities = map[string][]string{"host": {fmt.Sprintf("WARD-%02d.alder.example", i%17)}}
		if !f.First.IsZero() {
			shift := time.Duration([]int{0, 0, -9000, -9003, -26300, 40}[i%6]) * time.Hour
			f.First, f.Last = f.First.Add(shift), f.Last.Add(shift)
		}
		out = append(out, f)
	}
	return out
}

func TestTimelineOfYears(t *testing.T) {
	run, _ := night()
	sound(t, page(t, run, years()))
}

// A silence is cut out of the picture; what is left still stands in order.
func TestTimelineStaysInItsFrame(t *testing.T) {
	run, _ := night()
	got := string(page(t, run, years()))
	places := regexp.MustCompile(`translate\((-?\d+) (-?\d+)\)`).FindAllStringSubmatch(got, -1)
	if len(places) < 40 {
		t.Errorf("%d marks drawn, want those of all findings with a time", len(places))
	}
	for _, p := range places {
		var x, y int
		fmt.Sscan(p[1], &x)
		fmt.Sscan(p[2], &y)
		if x < 172 || x > 1040 || y < 0 || y > 12*34+6 {
			t.Errorf("a mark stands at %d, %d, outside the picture", x, y)
		}
	}
}

func FuzzHTML(f *testing.F) {
	f.Add("<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "javascript:alert(1)", []byte(`{"a":"</style><script>","b":{"c":["\u202e","\u0000"]}}`))
	f.Add("a\x00b\x1b[31m", "\u2066x\u2069", "https://a.example/\"'<>", []byte(`{"<b>":{"x":1e9,"y":null,"z":true}}`))
	f.Add("{{.Style}}", "</details></article>", "http://[::1]/%zz", []byte("{\"\xff\":\"\xfe\"}"))
	f.Fuzz(func(t *testing.T, title, host, ref string, raw []byte) {
		run, fs := night()
		fs = fs[:2]
		run.Paths = append(run.Paths, host)
		run.Formats[title] = 3
		run.Problems = append(run.Problems, report.Problem{Source: host, Offset: 3, Reason: ref})
		r := &fs[0].Rule
		r.Title, r.Author, r.CareImpact, r.Summary, r.References, r.Tags, r.FalsePositives = title, host, ref, title, []string{ref}, []string{"attack.t" + host, title}, []string{ref}
		fs[0].Entities = map[string][]string{"host": {host}, title: {ref}, "user": {title}}
		fs[0].Events[0].Source, fs[0].Events[0].Fields = host, raw
		sound(t, page(t, run, fs))
	})
}

var idText = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// sound parses the page with a reader that is not the writer's and holds it to an
// allow list: whatever a log says, it adds no element, no attribute and no address.
func sound(t *testing.T, got []byte) {
	t.Helper()
	if !utf8.Valid(got) {
		t.Error("page is not UTF-8")
	}
	for _, r := range string(got) {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			t.Fatalf("page holds U+%04X", r)
		}
	}
	allowed := map[string]bool{}
	for n := range strings.FieldsSeq("html head meta title style body a div nav p svg path text circle g desc ul li span main header h1 h2 h3 section article details summary dl dt dd table thead tbody tr th td br b bdi code footer") {
		allowed[n] = true
	}
	d := xml.NewDecoder(bytes.NewReader(got))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	ids, targets, level := map[string]bool{}, []string{}, 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("page does not parse: %v", err)
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		if !allowed[e.Name.Local] {
			t.Fatalf("page holds an element that the template does not write")
		}
		if n := e.Name.Local; len(n) == 2 && n[0] == 'h' && n[1] >= '1' && n[1] <= '3' {
			if now := int(n[1] - '0'); now > level+1 {
				t.Errorf("heading of level %d follows level %d", now, level)
			} else {
				level = now
			}
		}
		for _, a := range e.Attr {
			switch n := strings.ToLower(a.Name.Local); {
			case strings.HasPrefix(n, "on"), n == "style", n == "src", n == "srcset", n == "action":
				t.Fatalf("page holds an attribute that the template does not write")
			case n == "href" && strings.HasPrefix(a.Value, "#"):
				targets = append(targets, a.Value[1:])
			case n == "href" && !strings.HasPrefix(a.Value, "https://") && !strings.HasPrefix(a.Value, "http://"):
				t.Fatalf("page links to something that is not a web address")
			case n == "id":
				if ids[a.Value] || !idText.MatchString(a.Value) {
					t.Errorf("id %s is not good or not unique", a.Value)
				}
				ids[a.Value] = true
			}
		}
	}
	for _, id := range targets {
		if !ids[id] {
			t.Errorf("link to #%s leads nowhere", id)
		}
	}
}
