package page_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/console/page"
)

func printer(t testing.TB) *page.Printer {
	t.Helper()
	p, err := page.New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPagesKeepToTheContentPolicy looks at every page for what a browser would refuse, or fetch from elsewhere.
func TestPagesKeepToTheContentPolicy(t *testing.T) {
	p := printer(t)
	inline := regexp.MustCompile(`(?i)<[^>]*\s(style|on[a-z]+)\s*=|<style|<script(\s[^>]*)?>[^<]|javascript:|<iframe|<object|<embed|<base`)
	outside := regexp.MustCompile(`(?i)(src|href|action|formaction)="(https?:)?//`)
	drawn := map[string]bool{}
	for name, s := range samples() {
		var b bytes.Buffer
		if err := p.Print(&b, s.page, s.view); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		drawn[s.page] = true
		html := b.String()
		if m := inline.FindString(html); m != "" {
			t.Errorf("%s holds %s", name, m)
		}
		if m := outside.FindString(html); m != "" {
			t.Errorf("%s reaches outside: %s", name, m)
		}
		if strings.Contains(html, "ZgotmplZ") {
			t.Errorf("%s holds something that the template engine refused", name)
		}
		if n := strings.Count(html, `class="btn go`); n > 2 { // the enrolment of a person stands beside a list of them
			t.Errorf("%s has %d filled buttons", name, n)
		}
		if !strings.Contains(html, "<h1>") || !strings.Contains(html, `lang="en"`) {
			t.Errorf("%s has no headline or no language", name)
		}
	}
	for _, name := range p.Names() {
		if !drawn[name] {
			t.Errorf("nobody has looked at page %s", name)
		}
	}
}

// TestNoViewHidesItsFrame keeps a field of a view from standing in the place of one that the frame shows.
func TestNoViewHidesItsFrame(t *testing.T) {
	frame := reflect.TypeFor[page.Frame]()
	for name, s := range samples() {
		v := reflect.TypeOf(s.view)
		for i := range v.NumField() {
			f := v.Field(i)
			if _, hidden := frame.FieldByName(f.Name); hidden && !f.Anonymous {
				t.Errorf("%s: the field %s hides that of the frame", name, f.Name)
			}
		}
	}
}

// TestFilesAreNamedByTheirContent lets browsers keep them for good.
func TestFilesAreNamedByTheirContent(t *testing.T) {
	p := printer(t)
	var b bytes.Buffer
	if err := p.Print(&b, "login", page.Login{}); err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`/static/([^"]+)"`).FindAllStringSubmatch(b.String(), -1) {
		f, ok := p.File(m[1])
		if !ok || len(f.Body) == 0 || f.Type == "" {
			t.Errorf("there is no file %s", m[1])
		}
	}
	if _, ok := p.File("style.css"); ok {
		t.Error("a file is served under a name that does not change with it")
	}
}

func TestMaskLeavesTheLastDigits(t *testing.T) {
	for in, want := range map[string]string{
		"4471009977204471": "••••4471", "MRN-0099-7720": "••••7720", "00997": "••••97", "Patient/0099-7720": "••••7720",
		"4471": "••••", "Jane Doe": "••••", "": "••••", "1980-02-11x": "••••", "Łucja7720123": "••••",
	} {
		if got := page.Mask(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestDescribeMasksPatientsWhereverTheyStand(t *testing.T) {
	event := `{"access":{"verb":"read","user":"r.clerk","patient":["4471-0099-7720","778812345"],"query":"doe jane","purpose":["TREAT"]},
		"PID-5":"Doe^Jane","note":"asked for 4471-0099-7720","entity":[{"what":{"display":"Jane Doe"}}],"MSH-3":"LAB"}`
	chosen, all, masked := page.Describe(json.RawMessage(event), nil, nil)
	if !masked {
		t.Error("nothing was masked")
	}
	got := map[string]string{}
	for _, p := range all {
		got[p.Name] = p.Value
	}
	want := map[string]string{
		"access.verb": "read", "access.user": "r.clerk", "access.patient": "••••7720, ••••2345", "access.query": "••••", "access.purpose": "TREAT",
		"PID-5": "••••", "note": "••••", "entity.what.display": "••••", "MSH-3": "LAB",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	if !slices.ContainsFunc(chosen, func(p page.Pair) bool { return p.Name == "patient" && p.Masked }) {
		t.Errorf("the chosen fields leave the patient out: %v", chosen)
	}
}

func TestDescribeLeavesOtherEventsAlone(t *testing.T) {
	_, all, masked := page.Describe(json.RawMessage(`{"EventID":7036,"param1":"Defender","list":"[\"a\",\"b\"]","who":"asked 99-12345678 to call"}`), nil, []string{"99-12345678"})
	if !masked {
		t.Error("a patient that the finding names was not masked")
	}
	var got []string
	for _, p := range all {
		got = append(got, p.Name+"="+p.Value)
	}
	want := []string{"EventID=7036", "param1=Defender", "list=a, b", "who=asked ••••5678 to call"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

// FuzzDescribe gives events that name a patient any other fields, and looks for the patient in what is shown.
func FuzzDescribe(f *testing.F) {
	f.Add("note", "asked for QX7719900 today", "QX7719900")
	f.Add("access", `{"a":"QX7719900"}`, "QX7719900")
	f.Fuzz(func(t *testing.T, name, value, patient string) {
		if len(strings.TrimSpace(patient)) < 6 || strings.ContainsAny(patient, ",•\\") || patient != strings.ToValidUTF8(patient, "") {
			t.Skip()
		}
		event, err := json.Marshal(map[string]any{name: value + patient, "access": map[string]any{"patient": patient, "verb": "read"}})
		if err != nil {
			t.Skip()
		}
		chosen, all, _ := page.Describe(event, nil, nil)
		for _, p := range append(chosen, all...) {
			if strings.Contains(p.Value, patient) && !strings.Contains(page.Clean(p.Name, 200), patient) {
				t.Fatalf("%s shows the patient: %s", p.Name, p.Value)
			}
		}
	})
}

func TestWordsForTimeAndNumbers(t *testing.T) {
	c := clock()
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02 15:04:05", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, w := range [][2]string{
		{c.At(at("2026-06-16 02:09:00")), "02:09"}, {c.At(at("2026-06-15 02:09:00")), "Mon 15 Jun 02:09"}, {c.At(at("2024-06-15 02:09:00")), "15 Jun 2024 02:09"}, {c.At(time.Time{}), "no time"},
		{c.Span(at("2026-06-16 02:09:00"), at("2026-06-16 02:44:00")), "02:09 to 02:44 today"}, {c.Span(at("2026-06-14 02:09:00"), at("2026-06-16 02:44:00")), "Sun 14 Jun 02:09 to 02:44"},
		{c.Since(at("2026-06-16 07:18:00")), "24 min"}, {c.Since(at("2026-06-15 16:42:00")), "15 h"}, {c.Since(at("2026-06-10 07:42:00")), "6 days"}, {c.Since(time.Time{}), "never"},
		{page.Number(4218931), "4,218,931"}, {page.Number(-1234), "-1,234"}, {page.Plural(1, "finding"), "1 finding"}, {page.Count(7, "finding"), "Seven findings"}, {page.Count(40, "finding"), "40 findings"},
		{page.Length(90 * time.Minute), "90 minutes"}, {page.Length(30 * time.Hour), "30 hours"}, {page.Length(0), "a second"},
	} {
		if w[0] != w[1] {
			t.Errorf("got %q, want %q", w[0], w[1])
		}
	}
}

func TestChartsStayInTheirFrame(t *testing.T) {
	if page.Spark([]uint64{1}, "ok", "one") != nil {
		t.Error("one value makes a line")
	}
	c := page.Spark([]uint64{0, 5, 10}, "ok", "three")
	if c.Line != "M3.0 27.0L44.0 15.0L85.0 3.0" || c.EndX != "85.0" || c.EndY != "3.0" {
		t.Errorf("%+v", c)
	}
	h := page.Histogram([]uint64{0, 4, 2}, clock().Now.Add(-3*time.Hour), clock().Now, clock(), "three hours")
	if len(h.Bars) != 2 || h.Bars[0].Y != "12.0" || h.Bars[0].Title != "05:42: 4" || h.Ticks[0].Text != "4" {
		t.Errorf("%+v", h)
	}
	got := page.Squares(3, func(x, y int) bool { return y == 1 && x > 0 })
	if got != "M1 1h2v1h-2z" {
		t.Error(got)
	}
}
