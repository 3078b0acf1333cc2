package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s differs (-want +got); go test -update writes it anew:\n%s", name, d)
	}
}

func table(t *testing.T, run *report.Run, fs []finding.Finding, o report.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.Table(&b, run, fs, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTable(t *testing.T) {
	run, fs := night()
	for name, o := range map[string]report.Options{
		"table-80.txt":  {Width: 80},
		"table-120.txt": {Width: 120},
		"table-200.txt": {Width: 200},
		"color-120.txt": {Width: 120, Color: true, Top: 1},
	} {
		golden(t, name, table(t, run, fs, o))
	}
}

func TestTableSaysWhatWasCheckedWhenNothingIsFound(t *testing.T) {
	run, _ := night()
	golden(t, "table-nothing.txt", table(t, run, nil, report.Options{}))
	if got := string(table(t, &report.Run{Files: 3}, nil, report.Options{})); !strings.HasPrefix(got, "Nothing was checked: no event") {
		t.Errorf("a scan that read nothing must not say that nothing was found:\n%s", got)
	}
	if got := string(table(t, &report.Run{Files: 3, Events: 9}, nil, report.Options{})); !strings.HasPrefix(got, "Nothing was checked: no rule") {
		t.Errorf("a scan without rules must not say that nothing was found:\n%s", got)
	}
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// safe reports what a terminal would choke on.
func safe(t *testing.T, out []byte, width int) {
	t.Helper()
	text := string(out)
	if !utf8.ValidString(text) {
		t.Error("output is not UTF-8")
	}
	for i, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		for _, r := range l {
			if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200b || r == 0x2028 {
				t.Errorf("line %d holds U+%04X", i+1, r)
			}
		}
		if n := report.Columns(l); n > width {
			t.Errorf("line %d is %d columns wide, limit %d", i+1, n, width)
		}
	}
}

func TestTableIsNeverWiderThanTheTerminal(t *testing.T) {
	run, fs := night()
	for i := range fs {
		fs[i].Rule.Title += strings.Repeat("長い名前", i)
		fs[i].Entities["user"] = append(fs[i].Entities["user"], strings.Repeat("x", 40*i), "Zoë 病棟")
	}
	for w := 40; w <= 260; w++ {
		safe(t, table(t, run, fs, report.Options{Width: w}), w)
		colored := table(t, run, fs, report.Options{Width: w, Color: true})
		safe(t, sgr.ReplaceAll(colored, nil), w)
	}
}

func TestTableFoldsLongLists(t *testing.T) {
	run, fs := night()
	for i := range 230 {
		f := fs[3]
		f.Rule.ID = strings.Repeat("r", i+1)
		fs = append(fs, f)
	}
	out := string(table(t, run, fs, report.Options{Width: 120}))
	if !strings.Contains(out, "and 218 more: --format jsonl lists all") {
		t.Errorf("233 findings of level high, 15 shown, want the rest folded:\n%.400s", out)
	}
	if n := strings.Count(out, "\n"); n > 120 {
		t.Errorf("%d lines, want a list that fits in few screens", n)
	}
}

func FuzzTable(f *testing.F) {
	f.Add("Shadow copies deleted", "PACS-1", "svc", "care", 80)
	f.Add("\x1b]0;owned\x07\x1b[2J", "a\u202egpj.exe", "\x00\x7f\u009b31m", "line\nline\r\n\u2028", 43)
	f.Add("\xff\xfe\xc3", strings.Repeat("e\u0301\u0302\u0303\u0304\u0305", 50), "病院\u200b\ufeff\u3164", "\u0600\U000e0041\U0001f9d1\u200d\u2695\ufe0f", 111)
	f.Fuzz(func(t *testing.T, title, host, user, care string, width int) {
		if width < 40 || width > 400 {
			width = 40 + (width&0x7fffffff)%300
		}
		run, fs := night()
		run.Problems = append(run.Problems, report.Problem{Source: host, Offset: -1, Reason: care})
		run.Refused = append(run.Refused, report.Refusal{Source: title, Reason: user})
		fs[0].Rule.Title, fs[0].Rule.CareImpact, fs[0].Rule.Author, fs[0].Rule.License = title, care, user, host
		fs[0].Entities = map[string][]string{"host": {host, title}, "user": {user, care}}
		safe(t, table(t, run, fs, report.Options{Width: width}), width)
	})
}
