package hl7_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/format/mllp"
)

func parse(t testing.TB, text string) hl7.Message {
	t.Helper()
	m, err := hl7.Parse([]byte(text), hl7.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func exact(t testing.TB, text string) string {
	m := parse(t, text)
	return string(m.AppendExact(nil))
}

func semantic(t testing.TB, text string, dropped ...string) string {
	m := parse(t, text)
	return string(m.AppendSemantic(nil, dropped))
}

// The examples of the documentation: bytes, canonical text, digest.
func TestCanonicalExamples(t *testing.T) {
	sent := "MSH$%@!*$LAB$$$$20260301$$ORU%R01$7$$$\n" +
		"PID$1$$0042%%%NORTH*$$DOE%JANE$$\n\n" +
		"OBX$1$ST$GLU%%L$$a|b!F!!X263C!!.br!5.0 $\"\"$\n"
	want := `MSH|^~\&|LAB||||20260301||ORU^R01|7` + "\r" +
		`PID|1||0042^^^NORTH||DOE^JANE` + "\r" +
		`OBX|1|ST|GLU^^L||a\F\b$\T\<\.br\5.0 |""`
	got := exact(t, sent)
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	sum := sha256.Sum256([]byte(got))
	if diff := cmp.Diff(hex.EncodeToString(sum[:]), "3ac9c9463e4b8d73383424e85c2947dd11d5e7746b7aa290042f2b47f892bfd7"); diff != "" {
		t.Error(diff)
	}

	got = semantic(t, "MSH|^~\\&|LAB|NORTH|||20260301||ORU^R01|7\rPID|1||0042\rZRT|route=3\r", "ZRT")
	if diff := cmp.Diff(got, `MSH|^~\&||NORTH|||||ORU^R01`+"\rPID|1||0042"); diff != "" {
		t.Error(diff)
	}
	sum = sha256.Sum256([]byte(got))
	if diff := cmp.Diff(hex.EncodeToString(sum[:]), "7fa5f5c5d321ebd796fb74e21513119444bb7c67d728a8e282df4c72dfa97a4a"); diff != "" {
		t.Error(diff)
	}
}

// One line of a message, and its exact form.
func TestExact(t *testing.T) {
	for line, want := range map[string]string{
		`NTE|1`:                       `NTE|1`,
		`NTE|||`:                      `NTE`,
		`NTE|a^^&|~`:                  `NTE|a`,
		`NTE|a^&^b~^~c&&~|`:           `NTE|a^^b~~c`,
		`NTE|^^a`:                     `NTE|^^a`,
		`NTE|~&a||`:                   `NTE|~&a`,
		`NTE|""|^""|`:                 `NTE|""|^""`,
		`NTE| a |  `:                  `NTE| a |  `,
		`NTE|5.0`:                     `NTE|5.0`,
		`NTE|Zoë`:                     `NTE|Zoë`,
		"NTE|e\u0308":                 "NTE|e\u0308",
		`NTE|\F\\S\\T\\R\\E\`:         `NTE|\F\\S\\T\\R\\E\`,
		`NTE|\X7C\\X5e\\X41\`:         `NTE|\F\\S\A`,
		`NTE|\X0D0a\` + "\t\x7f":      `NTE|\X0D\\X0A\\X09\\X7F\`,
		`NTE|\XC3AB\`:                 `NTE|ë`,
		`NTE|\X4\\X\\XGG\`:            `NTE|\E\X4\E\\E\X\E\\E\XGG\E\`,
		`NTE|\H\bold\N\`:              `NTE|\H\bold\N\`,
		`NTE|\.br\\.in+4\\.sp\`:       `NTE|\.br\\.in+4\\.sp\`,
		`NTE|\C2842\\M284A4B\\ZA1\`:   `NTE|\C2842\\M284A4B\\ZA1\`,
		`NTE|C:\dir\file\H\`:          `NTE|C:\E\dir\E\file\H\`,
		`NTE|\.in-4\`:                 `NTE|\.in-4\`,
		`NTE|\.in*4\`:                 `NTE|\E\.in*4\E\`,
		`NTE|\.i+4\`:                  `NTE|\E\.i+4\E\`,
		`NTE|\.b\`:                    `NTE|\E\.b\E\`,
		`NTE|\C284\`:                  `NTE|\E\C284\E\`,
		`NTE|\C28-2\`:                 `NTE|\E\C28-2\E\`,
		`NTE|\M284\`:                  `NTE|\E\M284\E\`,
		`NTE|\M2842\`:                 `NTE|\M2842\`,
		`NTE|\M28-A4B\`:               `NTE|\E\M28-A4B\E\`,
		`NTE|\Z-1\`:                   `NTE|\E\Z-1\E\`,
		`NTE|\HH\`:                    `NTE|\E\HH\E\`,
		`NTE|\H|\N`:                   `NTE|\E\H|\E\N`,
		`NTE|\\`:                      `NTE|\E\\E\`,
		`NTE|#\P\`:                    `NTE|#\E\P\E\`,
		`no segment|^x`:               `no segment|^x`,
		`MSH|^~\&|inner||`:            `MSH|^~\&|inner`,
		`BTS|1|`:                      `BTS|1`,
		`BHS|^~\&|A||B|`:              `BHS|^~\&|A||B`,
		`MSH|^~\&x|inner`:             `MSH|~\E\&x|inner`,
		"A\rB\n\n\r\n|||\r\nC|\r":     "A\rB\rC",
		`NTE|` + "\u2028\u0085\ufeff": `NTE|` + "\u2028\u0085\ufeff",
	} {
		got, ok := strings.CutPrefix(exact(t, `MSH|^~\&|A`+"\r"+line), `MSH|^~\&|A`+"\r")
		if !ok || got != want {
			t.Errorf("%s becomes %s, want %s", line, got, want)
		}
	}
}

func TestExactHeader(t *testing.T) {
	for text, want := range map[string]string{
		`MSH|`:                        `MSH|^~\&`,
		`MSH|^~\&|||`:                 `MSH|^~\&`,
		`MSH|^~\&#|A|a\P\#`:           `MSH|^~\&|A|a##`,
		`MSH|^~\\&|A^&b`:              `MSH|^~\&|A^&b`,
		`MSH|^|A^b~c\d&e`:             `MSH|^~\&|A^b\R\c\E\d\T\e`,
		"\ufeff\r\n MSH|^~\\&|A\n\n":  `MSH|^~\&|A`,
		"MSH+-~\\&+A\rNTE+\\.in+4\\+": `MSH|^~\&|A` + "\r" + `NTE|\E\.in|4\E\`,
		"MSH|^~\\&||||||||||||||||8859/1\rNTE|Zo\xeb\\XEB\\":                                      `MSH|^~\&||||||||||||||||8859/1` + "\r" + `NTE|Zoëë`,
		"MSH|^~\\&||||||||||||||||ISO IR87\rNTE|\x1b$B;3ED\x1b(B\\X1B24423B3345441B2842\\\\X1B\\": `MSH|^~\&||||||||||||||||ISO IR87` + "\r" + `NTE|山田山田\X1B\`,
	} {
		got := exact(t, text)
		if got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := (&hl7.Message{}).AppendExact([]byte("x")); string(got) != "x" {
		t.Errorf("no message becomes %q", got)
	}
}

// Of a message that an engine passed on the semantic form stays; of one whose meaning changed it does not.
func TestSemantic(t *testing.T) {
	const sent = "MSH|^~\\&|LAB|NORTH|EHR|NORTH|20260301||ORU^R01|7|P|2.5\rPID|1||0042^^^NORTH\rNTE|1||fasting\rOBX|1|NM|2823-3^K^LN||4.10|mmol/L\rZRT|3\rZZZ|x"
	want := semantic(t, sent, "ZRT")
	for name, text := range map[string]string{
		"rewritten header": strings.Replace(sent, `LAB|NORTH|EHR|NORTH|20260301||ORU^R01|7|P|2.5`, `ENGINE|NORTH|X|Y|20260302|key|ORU^R01|8|P|2.5.1|9|||||8859/1`, 1),
		"another Z":        strings.Replace(sent, "ZRT|3", "ZRT|4|5", 1),
		"Z moved away":     strings.Replace(sent, "ZRT|3\r", "", 1),
		"line ends":        strings.ReplaceAll(sent, "\r", "\r\n"),
		"trailing empties": strings.Replace(sent, "mmol/L", "mmol/L||", 1),
	} {
		if diff := cmp.Diff(semantic(t, text, "ZRT"), want); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for name, text := range map[string]string{
		"facility":      strings.Replace(sent, "LAB|NORTH", "LAB|SOUTH", 1),
		"type":          strings.Replace(sent, "R01", "R30", 1),
		"note":          strings.Replace(sent, "fasting", "", 1),
		"precision":     strings.Replace(sent, "4.10", "4.1", 1),
		"blank":         strings.Replace(sent, "fasting", "fasting ", 1),
		"nothing known": strings.Replace(sent, "4.10", `""`, 1),
		"order":         strings.Replace(sent, "PID|1||0042^^^NORTH\rNTE|1||fasting", "NTE|1||fasting\rPID|1||0042^^^NORTH", 1),
		"unlisted Z":    strings.Replace(sent, "ZZZ|x", "ZZZ|y", 1),
	} {
		if semantic(t, text, "ZRT") == want {
			t.Errorf("%s: the form is the same", name)
		}
	}
	if semantic(t, sent, "OBX", "PID") != semantic(t, sent) {
		t.Error("a segment of the standard was dropped")
	}
	if diff := cmp.Diff(semantic(t, want, "ZRT"), want); diff != "" {
		t.Errorf("the semantic form of a semantic form: %s", diff)
	}
}

// reencode writes an exact form with other delimiters and line ends.
func reencode(canonical string) string {
	head, rest, _ := strings.Cut(canonical, `MSH|^~\&`)
	letters := map[byte]string{'F': "|", 'S': "^", 'R': "~", 'E': `\`, 'T': "&"}
	swap := map[byte]string{'|': "$", '^': "%", '~': "@", '&': "*", '\r': "\r\n", '$': "!F!", '%': "!S!", '@': "!R!", '!': "!E!", '*': "!T!"}
	var out strings.Builder
	out.WriteString(head + `MSH$%@!*`)
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		for _, name := range []string{"MSH", "BHS", "FHS"} {
			after, ok := strings.CutPrefix(rest[min(i+1, len(rest)):], name+`|^~\&`)
			if c == '\r' && ok && (after == "" || after[0] == '|' || after[0] == '\r') {
				out.WriteString("\n" + name + "$%@!*")
				i += len(name + `|^~\&`)
				c = 0
				break
			}
		}
		switch {
		case c == 0:
		case c == '\\':
			end := strings.IndexByte(rest[i+1:], '\\')
			s := rest[i+1 : i+1+end]
			if text, ok := letters[s[0]]; ok && len(s) == 1 {
				out.WriteString(text)
			} else {
				out.WriteString("!" + s + "!")
			}
			i += end + 1
		case swap[c] != "":
			out.WriteString(swap[c])
		default:
			out.WriteByte(c)
		}
	}
	return out.String() + "\n"
}

// holds checks what is true of the canonical forms of every message.
func holds(t *testing.T, m *hl7.Message) {
	t.Helper()
	form := m.AppendExact([]byte("before"))
	text, ok := strings.CutPrefix(string(form), "before")
	again, err := hl7.Parse([]byte(text), hl7.Limits{Bytes: 16 << 20, Segments: 1 << 16})
	if !ok || err != nil {
		t.Fatalf("the exact form is no message: %v", err)
	}
	if diff := cmp.Diff(string(again.AppendExact(nil)), text); diff != "" {
		t.Fatalf("the exact form of an exact form: %s", diff)
	}
	other, err := hl7.Parse([]byte(reencode(text)), hl7.Limits{Bytes: 16 << 20, Segments: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(other.AppendExact(nil)), text); diff != "" {
		t.Fatalf("with other delimiters: %s", diff)
	}
	dropped := []string{"ZZA"}
	meaning := string(m.AppendSemantic(nil, dropped))
	for name, way := range map[string]*hl7.Message{"exact": &again, "re-encoded": &other} {
		if diff := cmp.Diff(string(way.AppendSemantic(nil, dropped)), meaning); diff != "" {
			t.Fatalf("the semantic form of the %s: %s", name, diff)
		}
	}
	saysTheSame(t, m, &again)
}

// saysTheSame looks values up before and after.
func saysTheSame(t *testing.T, m, canonical *hl7.Message) {
	t.Helper()
	n := 0
	for _, s := range canonical.Segments[:min(len(canonical.Segments), 50)] {
		// Lines that became empty are gone: find the one that this was.
		for n < len(m.Segments) && exactLine(m, n) == "" {
			n++
		}
		before := m.Segments[n]
		n++
		if s.Name() != before.Name() || s.Name() == "" {
			continue
		}
		first := 1
		if s.Name() == "MSH" || s.Name() == "BHS" || s.Name() == "FHS" {
			first = 3
		}
		for f := first; f <= min(m.Fields(before), 30); f++ {
			old, _ := m.FieldText(before, f)
			now, _ := canonical.FieldText(s, f)
			for r := 1; r <= min(m.Repetitions(old), 3); r++ {
				a, _ := m.RepetitionText(old, r)
				b, _ := canonical.RepetitionText(now, r)
				for c := 1; c <= min(m.Components(a), 5); c++ {
					a, _ := m.ComponentText(a, c)
					b, _ := canonical.ComponentText(b, c)
					a, _ = m.SubcomponentText(a, 1)
					b, _ = canonical.SubcomponentText(b, 1)
					got, want := string(canonical.Unescape(nil, b)), string(m.Unescape(nil, a))
					// Unescape leaves sequences that stand for no character, and takes their ends for the beginnings of others.
					if got != want && (m.Escape == 0 || strings.IndexByte(want, m.Escape) < 0) {
						t.Fatalf("%s-%d[%d].%d says another thing in the exact form", s.Name(), f, r, c)
					}
				}
			}
		}
	}
}

// exactLine is what becomes of one line.
func exactLine(m *hl7.Message, n int) string {
	one := *m
	one.Segments = []hl7.Segment{m.Segments[0], m.Segments[n]}
	if n == 0 {
		one.Segments = one.Segments[:1]
	}
	_, line, _ := strings.Cut(string(one.AppendExact(nil)), "\r")
	if n == 0 {
		return "header"
	}
	return line
}

// FuzzCanonical holds that the exact form is its own, is the same however the message is encoded, says what the message says, and
// costs in proportion.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte(admit))
	f.Add([]byte("MSH$%@!*$LAB\n\nPID$1$$0042%%%NORTH*$$\r\nOBX$1$ST$GLU$$a|b!F!!X263C0d!!.br!!.in+4!5.0 $\"\"$\nMSH$%@!*$\nBHS$%@!*$\n$$\n"))
	f.Add([]byte("MSH|^~\\&#||||||||||||||||8859/1\rZZA|\\X1B\\\xeb\\XFF\\|C:\\dir\\f#\\P\\\\\\"))
	f.Add([]byte("MSH|^~\\&||||||||||||||||ISO IR87\rPID|\x1b$B;3ED\x1b(B\xff|\\X1B24423B3345441B2842\\"))
	f.Add([]byte("MSH+-.\\&+A\rNTE+\\.in+4\\+-.a-.-"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := hl7.Parse(text, hl7.Limits{Bytes: 1 << 20, Segments: 1000})
		if err != nil {
			return
		}
		cost.Check(t, len(text), func() { m.AppendExact(nil) })
		holds(t, &m)
	})
}

// All messages of the corpus are stable, and say afterwards what two parsers read before.
func TestCanonicalCorpus(t *testing.T) {
	dir := formattest.Corpora(t, "hl7v2")
	index, err := os.Open(filepath.Join(dir, "index.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	messages, values := 0, 0
	lines := bufio.NewScanner(index)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var want struct {
			File   string
			Agreed map[string]any
		}
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, want.File))
		if err != nil {
			t.Fatal(err)
		}
		reader := hl7.NewReader(bytes.NewReader(text), hl7.DefaultLimits())
		for n := 0; ; n++ {
			m, _, err := reader.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			holds(t, &m)
			messages++
			if n > 0 {
				continue
			}
			first := parse(t, string(m.AppendExact(nil)))
			for place, value := range want.Agreed {
				// An empty value at the end is no value, which two parsers tell apart and the exact form does not.
				if got, _ := first.Get(place); agrees(first, place, value) || got == "" && (value == nil || value == "") {
					values++
				} else {
					t.Errorf("%s: %s differs in the exact form", want.File, place)
				}
			}
		}
	}
	t.Logf("%d messages, %d values as two parsers read them before", messages, values)
}

func TestCanonicalStream(t *testing.T) {
	for _, m := range stream(t) {
		holds(t, &m)
	}
}

// stream is what a simulated hospital says.
func stream(t testing.TB) (list []hl7.Message) {
	t.Helper()
	f, err := os.Open(formattest.Corpora(t, "hl7v2", "simhospital", "stream.mllp.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	reader := mllp.NewReader(unpacked, 1<<20)
	for {
		frame, err := reader.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		m, err := hl7.Parse(bytes.Clone(frame.Payload), hl7.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
}

// BenchmarkCanonical writes the forms of a stream of messages, and hashes the messages as they came beside.
func BenchmarkCanonical(b *testing.B) {
	const line = "OBX|3|NM|2823-3^Potassium^LN||4.10|mmol/L|3.5-5.1|N|||F|||20260301101500||LAB^INVENTED^TECH\r"
	text := []byte(admit + strings.Repeat(line, 40))
	m, err := hl7.Parse(text, hl7.DefaultLimits())
	if err != nil {
		b.Fatal(err)
	}
	var out []byte
	for name, run := range map[string]func(){
		"parse":    func() { _, _ = hl7.Parse(text, hl7.DefaultLimits()) },
		"exact":    func() { out = m.AppendExact(out[:0]) },
		"semantic": func() { out = m.AppendSemantic(out[:0], nil) },
		"sha256":   func() { sha256.Sum256(text) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}
