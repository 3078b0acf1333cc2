package hl7_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/hl7"
)

const admit = "MSH|^~\\&|ADT|NORTH|LAB|NORTH|20260301102030+0100||ADT^A01^ADT_A01|M1|P|2.5.1||||||UNICODE UTF-8\r" +
	"EVN|A01|20260301102029|||m.okafor^Okafor^Miriam\r" +
	"PID|1||0042^^^NORTH&1.2.3&ISO^MR~77^^^STATE^SS||Invented^Zoë||19700101|F\r" +
	"OBX|1|ST|a^b||x\\T\\y\\.br\\z\\X41C3AB\\ C:\\dir\\f||\r" +
	"ZAA|own^words\r"

func TestGet(t *testing.T) {
	m, err := hl7.Parse([]byte(admit), hl7.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	for place, want := range map[string]string{
		"MSH-1": "|", "MSH-2": `^~\&`, "MSH-3": "ADT", "MSH-3.1": "ADT", "MSH-9.2": "A01", "MSH-10": "M1", "MSH-18": "UNICODE UTF-8",
		"EVN-5.3":       "Miriam",
		"PID-3.1":       "0042",
		"PID-3.4.2":     "1.2.3",
		"PID-3.4":       "NORTH",
		"PID-3.1.1":     "0042",
		"PID-3":         "0042",
		"PID-3[2].1":    "77",
		"PID[1]-3[2].5": "SS",
		"PID-5.2":       "Zoë",
		"PID-2":         "",
		"OBX-5":         "x&y\nzAë C:\\dir\\f",
		"OBX-3":         "a",
		"ZAA-1.2":       "words",
	} {
		if got, ok := m.Get(place); !ok || got != want {
			t.Errorf("%s is %q %v, want %q", place, got, ok, want)
		}
	}
	for _, place := range []string{"", "PID", "PID-0", "PID-99", "PID[2]-3", "PID-3[3].1", "PID-3.9", "PID-3.1.2", "PID-3.1.1.1", "PID-x", "NK1-1", "PID-3[1", "pid-3"} {
		if got, ok := m.Get(place); ok {
			t.Errorf("%s is there: %q", place, got)
		}
	}
}

// The delimiters are whatever the message says.
func TestDelimiters(t *testing.T) {
	tests := []struct{ header, pid, place, want string }{
		{"MSH$%@!*$A", "PID$1$$7%%%Y*Z@8", "PID-3.4.2", "Z"},
		{"MSH$%@!*$A", "PID$1$$7%%%Y*Z@8", "PID-3[2].1", "8"},
		{"MSH|^~\\&#|A", "PID|||7^a\\P\\b", "PID-3.2", "a#b"},
		{"MSH|^~\\\\&|A", "PID|||7^a&b", "PID-3.2.2", "b"},
		{"MSH|^|A", "PID|||7^a~b", "PID-3.2", "a~b"},
		{"MSH|", "PID|||7^a", "PID-3", "7^a"},
	}
	for _, tt := range tests {
		m, err := hl7.Parse([]byte(tt.header+"\r"+tt.pid), hl7.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := m.Get(tt.place); !ok || got != tt.want {
			t.Errorf("%s: %s is %q %v, want %q", tt.header, tt.place, got, ok, tt.want)
		}
	}
}

func TestCharsets(t *testing.T) {
	tests := []struct {
		declared, name, want string
		bad                  bool
	}{
		{"8859/1", "Zo\xeb", "Zoë", false},
		{"8859/1", "Zoë", "Zoë", true},
		{"", "Zo\xeb", "Zoë", true},
		{"UNICODE UTF-8", "Zo\xeb", "Zoë", true},
		{"GB 18030-2000", "\x8f\x7c\x81\x5e", "弢乛", false}, // its bytes hold | and ^
		{"ISO IR87", "\x1b$B;3ED\x1b(B", "山田", false},
	}
	for _, tt := range tests {
		text := []byte("MSH|^~\\&|||||||ADT^A08|1|P|2.5||||||" + tt.declared + "~X\rPID|||1||" + tt.name + "^B")
		m, err := hl7.Parse(text, hl7.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		got, _ := m.Get("PID-5.1")
		second, _ := m.Get("PID-5.2")
		if got != tt.want || second != "B" || m.BadCharset != tt.bad {
			t.Errorf("%s: %q, %q, bad %v", tt.declared, got, second, m.BadCharset)
		}
		if !bytes.Equal(m.Render(), text) {
			t.Errorf("%s: not written as it was read", tt.declared)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"", "PID|1", "MSH", "MSHA^~", "MSH\xa6^~\\&", "\ufeff", "FHS|^~\\&"} {
		_, err := hl7.Parse([]byte(text), hl7.DefaultLimits())
		var e *hl7.Error
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := hl7.Parse([]byte("MSH|\r\r\r\r"), hl7.Limits{Bytes: 100, Segments: 3}); err == nil {
		t.Error("four segments passed a limit of three")
	}
}

func TestReader(t *testing.T) {
	lines := "\ufeffFHS|^~\\&|A\nBHS|^~\\&|A\nMSH|^~\\&|1\nPID|1\nMSH|^~\\&|2\r\nPID|2\r\nBTS|2\nFTS|1\n\nnoise MSH|\n" +
		"MSH|^~\\&|3\rPID|3\r\rMSH|^~\\&|4\rMSHX\r"
	want := []string{"1 2", "2 2", "3 3", "4 2"}
	for _, r := range []io.Reader{strings.NewReader(lines), iotest.OneByteReader(strings.NewReader(lines))} {
		reader := hl7.NewReader(r, hl7.DefaultLimits())
		var got []string
		for {
			m, at, err := reader.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(lines[at:], "MSH|") {
				t.Errorf("no message at %d", at)
			}
			number, _ := m.Get("MSH-3")
			got = append(got, fmt.Sprint(number, " ", len(m.Segments)))
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Error(diff)
		}
	}
}

func TestReaderLimit(t *testing.T) {
	text := "MSH|^~\\&|1\rOBX|" + strings.Repeat("x", 500) + "\rNTE|" + strings.Repeat("y", 500) + "\rMSH|^~\\&|2\r"
	reader := hl7.NewReader(strings.NewReader(text), hl7.Limits{Bytes: 200, Segments: 10})
	_, _, err := reader.Next()
	var e *hl7.Error
	if !errors.As(err, &e) {
		t.Fatalf("a message over the limit: %v", err)
	}
	m, _, err := reader.Next()
	if number, _ := m.Get("MSH-3"); err != nil || number != "2" {
		t.Errorf("the next message: %s %v", number, err)
	}
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026":                     "2026-01-01T00:00:00Z",
		"202603":                   "2026-03-01T00:00:00Z",
		"20260301":                 "2026-03-01T00:00:00Z",
		"202603011020":             "2026-03-01T10:20:00Z",
		"20260301102030":           "2026-03-01T10:20:30Z",
		"20260301102030.25":        "2026-03-01T10:20:30.25Z",
		"20260301102030.1234-0530": "2026-03-01T15:50:30.1234Z",
		"20260301+0100":            "2026-02-28T23:00:00Z",
		"":                         "", "Aug 15, 2026": "", "20261301": "", "20260230": "", "2026030": "", "20260301240000": "",
		"20260301102030.": "", "20260301102030+1": "", "20260301102030+2500": "", "2026030110203a": "",
	} {
		got, zoned, ok := hl7.ParseTime(text)
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want || ok && zoned != strings.ContainsAny(text, "+-") {
			t.Errorf("%s: %v %v %v, want %s", text, got, zoned, ok, want)
		}
	}
}

// FuzzHL7 holds that a message is written as it was read, and that a place looked
// up is in the message.
func FuzzHL7(f *testing.F) {
	f.Add([]byte(admit))
	f.Add([]byte("\ufeff\r\nMSH$%@!*$A\nPID$1$$7%%%Y*Z@8\r\n\r\nZZZ$!X4!$!F!$!.sp3!"))
	f.Add([]byte("MSH|^~\\&#|||||||||||||||8859/1|ISO IR87\rPID|\x1b$B;3ED\x1b(B\xff|\\XFF\\"))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = formattest.Plant(text)
		var m hl7.Message
		var err error
		cost.Check(t, len(text), func() { m, err = hl7.Parse(text, hl7.Limits{Bytes: 1 << 20, Segments: 1000}) })
		formattest.Quiet(t, err)
		if err != nil {
			if len(m.Segments) > 0 || m.Field != 0 {
				t.Fatal("a message beside the error")
			}
			return
		}
		if !bytes.Equal(m.Render(), text) {
			t.Fatal("not written as it was read")
		}
		for _, s := range m.Segments[:min(len(m.Segments), 20)] {
			if s.Name() == "" {
				continue
			}
			for n := 1; n <= min(m.Fields(s), 20); n++ {
				field, ok := m.FieldText(s, n)
				if !ok {
					t.Fatalf("field %d of %d is not there", n, m.Fields(s))
				}
				got := m.Unescape(nil, field)
				if !utf8.Valid(got) || len(got) > 4*len(field)+4 {
					t.Fatal("not UTF-8 or too long without escapes")
				}
				m.Get(s.Name() + "-" + fmt.Sprint(n) + ".1.1")
			}
			fields := 0
			for n, text := range m.AllFields(s) {
				if field, ok := m.FieldText(s, n); n != fields+1 || !ok || !bytes.Equal(field, text) {
					t.Fatalf("field %d comes as field %d, and is another", fields+1, n)
				}
				fields++
			}
			if fields != m.Fields(s) {
				t.Fatalf("%d fields of %d", fields, m.Fields(s))
			}
		}
	})
}

// cost of a message: a segment of one byte takes some hundred.
var cost = formattest.Cost{Fixed: 256 << 10, PerByte: 300}

// FuzzReader holds that a file gives the same messages in whatever pieces it comes, each of which is in
// the file where the reader says.
func FuzzReader(f *testing.F) {
	f.Add([]byte("\ufeffFHS|^~\\&|A\nBHS|^~\\&|A\n" + admit + "\nBTS|2\nFTS|1\n\nnoise MSH|\n" + admit))
	f.Add([]byte("MSH|^~\\&|1\rOBX|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\rMSH|0042\r\rMSHX\r"))
	f.Add([]byte("\xff\xfeM\x00S\x00H\x00|\x00\r\x00P\x00I\x00D\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		file = formattest.Plant(file)
		lim := hl7.Limits{Bytes: 256, Segments: 20}
		var whole []string
		cost.Check(t, len(file), func() { whole = messages(t, bytes.NewReader(file), lim, file) })
		if diff := cmp.Diff(messages(t, iotest.OneByteReader(bytes.NewReader(file)), lim, file), whole); diff != "" {
			t.Fatalf("read byte by byte (-) the messages differ: %s", diff)
		}
	})
}

// messages lists what a reader gives: the place of each message and the message as written, or the error.
func messages(t *testing.T, r io.Reader, lim hl7.Limits, file []byte) (list []string) {
	reader := hl7.NewReader(r, lim)
	for range len(file) + 1 {
		m, at, err := reader.Next()
		var broken *hl7.Error
		switch {
		case err == io.EOF:
			return list
		case errors.As(err, &broken):
			formattest.Quiet(t, err)
			list = append(list, err.Error())
		case err != nil:
			t.Fatal(err)
		default:
			list = append(list, fmt.Sprintf("%d %s", at, m.Render()))
			marked := len(file) > 1 && file[0]|file[1] == 0xff // of UTF-16
			if !marked && !bytes.HasPrefix(file[at:], m.Render()) {
				t.Fatal("the message is not where the reader says")
			}
		}
	}
	t.Fatal("the reader does not come to an end")
	return nil
}

func FuzzTime(f *testing.F) {
	f.Add("20260301102030.1234-0530")
	f.Add("2026")
	f.Fuzz(func(t *testing.T, text string) {
		if got, _, ok := hl7.ParseTime(text); got.Location() != time.UTC || !ok && !got.IsZero() || ok && got.Year() == 0 && text[:2] != "00" {
			t.Fatalf("%v %v", got, ok)
		}
	})
}
