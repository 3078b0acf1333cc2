package hl7_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/format/hl7"
)

var answered = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestAppendAck(t *testing.T) {
	refused := &hl7.Fault{Code: hl7.UnsupportedType, Text: "kind | of message", Segment: "MSH", Field: 9}
	for _, tt := range []struct {
		name, in string
		ack      hl7.Ack
		want     string
	}{
		{
			"accepted", `MSH|^~\&|LAB|NORTH|WARD|SOUTH|20260501||ORU^R01^ORU_R01|4711|P|2.5.1|||||DE|UNICODE UTF-8` + "\rPID|1", hl7.Ack{Code: hl7.AA},
			`MSH|^~\&|WARD|SOUTH|LAB|NORTH|20260501120000.000+0000||ACK^R01^ACK|A1|P|2.5.1||||||UNICODE UTF-8` + "\rMSA|AA|4711\r",
		},
		{
			"another's delimiters", "MSH$*~%!$LAB$$$$$$ADT*A01$4711$P$2.3", hl7.Ack{Code: hl7.AA},
			"MSH$*~%!$$$LAB$$20260501120000.000+0000$$ACK*A01$A1$P$2.3\rMSA$AA$4711\r",
		},
		{
			"refused, from version 2.5 on", `MSH|^~\&|LAB|NORTH|WARD|SOUTH|20260501||ADT^A01|4711|P|2.5`, hl7.Ack{Code: hl7.AR, Fault: refused},
			`MSH|^~\&|WARD|SOUTH|LAB|NORTH|20260501120000.000+0000||ACK^A01^ACK|A1|P|2.5` + "\r" +
				`MSA|AR|4711|kind \F\ of message` + "\r" + `ERR||MSH^1^9|200^Unsupported message type^HL70357|E||||kind \F\ of message` + "\r",
		},
		{
			"refused, before", `MSH|^~\&|LAB|NORTH|WARD|SOUTH|20260501||ADT^A01|4711|P|2.3`, hl7.Ack{Code: hl7.AR, Fault: refused},
			`MSH|^~\&|WARD|SOUTH|LAB|NORTH|20260501120000.000+0000||ACK^A01|A1|P|2.3` + "\r" +
				`MSA|AR|4711|kind \F\ of message` + "\r" + `ERR|MSH^1^9^200&Unsupported message type&HL70357` + "\r",
		},
		{
			"enhanced mode", `MSH|^~\&|||||||ADT^A01|4711|P|2.5|||AL|NE`, hl7.Ack{Code: hl7.CA},
			`MSH|^~\&|||||20260501120000.000+0000||ACK^A01^ACK|A1|P|2.5|||NE|NE` + "\rMSA|CA|4711\r",
		},
		{
			"no header", "PID|1", hl7.Ack{Code: hl7.AR, Fault: &hl7.Fault{Code: hl7.SegmentSequence, Text: "no header"}},
			`MSH|^~\&|||||20260501120000.000+0000||ACK|A1||` + "\rMSA|AR||no header\r" + `ERR|^^^100&Segment sequence error&HL70357` + "\r",
		},
		{
			"a header that would break the answer", "MSH|^~\\&|A\x1c||||||ADT|" + strings.Repeat("4", 300) + "|P|2.5", hl7.Ack{Code: hl7.AA},
			"MSH|^~\\&|||||20260501120000.000+0000||ACK|A1|P|2.5\rMSA|AA|\r",
		},
	} {
		h, _ := hl7.ReadHeader([]byte(tt.in))
		tt.ack.ID, tt.ack.Time = "A1", answered
		if diff := cmp.Diff(string(h.AppendAck(nil, tt.ack)), tt.want); diff != "" {
			t.Errorf("%s: got -, want +:\n%s", tt.name, diff)
		}
	}
}

func TestBatchAnswer(t *testing.T) {
	h, ok := hl7.ReadHeader([]byte(`BHS|^~\&|LAB|NORTH|WARD|SOUTH|20260501||name|comment|77` + "\rMSH"))
	got := string(h.AppendBatchEnd(h.AppendBatch(nil, "A1", answered), 2))
	if want := `BHS|^~\&|WARD|SOUTH|LAB|NORTH|20260501120000.000+0000||||A1|77` + "\rBTS|2\r"; !ok || got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for in, want := range map[string]string{
		"BHS|^~\\&\rMSH|": "BHS", "FHS|^~\\&\r\nBHS|^~\\&\r\nMSH|": "FHSBHS", "FHS|^~\\&\rMSH|\rBHS|": "FHS", "FHS|\rFHS|\r": "FHS", "MSH|": "",
	} {
		names := ""
		for _, h := range hl7.BatchHeaders([]byte(in)) {
			names += h.Name
		}
		if names != want {
			t.Errorf("%q: headers %s, want %s", in, names, want)
		}
	}
	h, ok = hl7.ReadHeader([]byte("FHS|^~\\&\r"))
	if got := string(h.AppendBatchEnd(nil, 1)); !ok || got != "FTS|1\r" {
		t.Errorf("got %q", got)
	}
}

func TestMessages(t *testing.T) {
	for in, want := range map[string][]string{
		"":                                 nil,
		"BHS|x\rBTS|0\r":                   nil,
		"BHS|x\rMSH|1\rPID|1\rMSH|2":       {"MSH|1\rPID|1\r", "MSH|2"},
		"FHS|x\r\nBHS|x\r\nMSH|1\r\nBTS|1": {"MSH|1\r\n"},
		"BHS|x\n\nMSH|1\n\nBTS|1\nFTS|1\n": {"MSH|1\n\n"},
		"BHS|x\rNTE|MSH|\rMSH|1\r":         {"MSH|1\r"},
	} {
		var got []string
		for at, m := range hl7.Messages([]byte(in)) {
			got = append(got, string(m))
			if !strings.HasPrefix(in[at:], string(m)) {
				t.Errorf("%q: not at %d", in, at)
			}
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%q: got -, want +:\n%s", in, diff)
		}
		if got := hl7.IsBatch([]byte(in)); got != (in != "") {
			t.Errorf("%q: batch %v", in, got)
		}
	}
}

// TestEveryLineOfABatchIsSomething: a line is part of a message, or of the envelope, or a stray.
func TestEveryLineOfABatchIsSomething(t *testing.T) {
	for in, want := range map[string][]string{
		"BHS|x\rMSH|1\rPID|1\rBTS|1\r":           nil,
		"BHS|x\rMSX|1\rPID|1\rMSH|2\rBTS|1\r":    {"MSX|1\rPID|1\r"},
		"BHS|x\rMSX|1\rBTS|1\rNTE|a\rFTS|1\rZZZ": {"MSX|1\r", "NTE|a\r", "ZZZ"},
		"FHS|x\n\nBHS|x\n\nBTS|0":                nil,
	} {
		var got []string
		for at, s := range hl7.Strays([]byte(in)) {
			got = append(got, string(s))
			if !strings.HasPrefix(in[at:], string(s)) {
				t.Errorf("%q: not at %d", in, at)
			}
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("%q: got -, want +:\n%s", in, diff)
		}
	}
}

// FuzzAck: whatever the message, its answer can be put into a frame, is a message, says who answers what in the
// places where the standard has it, and repeats nothing beyond the header.
func FuzzAck(f *testing.F) {
	f.Add([]byte(`MSH|^~\&|LAB|NORTH|WARD|SOUTH|20260501||ADT^A01|4711|P|2.5|||AL|AL||UNICODE UTF-8`+"\rPID|0042"), "no | room", 200)
	f.Add([]byte("MSH$*~%!$LAB\x1c$$$$$$ADT*A01$4711$P$2.3\rPID$0042"), "x", 1)
	f.Add([]byte("MSH.\r"), "a.b^c", 1)
	f.Add([]byte("MSH|MMMM|"), "MSH", 1)
	f.Fuzz(func(t *testing.T, in []byte, text string, code int) {
		if len(text) > 100 || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' }) {
			return
		}
		in = formattest.Plant(in)
		var out []byte
		h, ok := hl7.ReadHeader(in)
		formattest.Cost{Fixed: 64 << 10, PerByte: 32}.Check(t, len(in), func() {
			h, ok = hl7.ReadHeader(in)
			out = h.AppendAck(nil, hl7.Ack{Code: hl7.AE, ID: "A1", Time: answered, Fault: &hl7.Fault{Code: code, Text: text, Segment: "MSH", Field: 9}})
		})
		if bytes.ContainsAny(out, "\x0b\x1c\n") || bytes.Contains(out, []byte("\r\r")) {
			t.Fatal("the answer breaks its frame")
		}
		m, err := hl7.Parse(out, hl7.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(m.Segments); n < 2 || n > 3 || m.Segments[1].Name() != "MSA" {
			t.Fatalf("%d segments", n)
		}
		if code, _ := m.Get("MSA-1"); ok && code != "AE" {
			t.Fatalf("MSA-1 is %s", code)
		}
		if !ok {
			return
		}
		for from, to := range map[int]int{3: 5, 4: 6, 5: 3, 6: 4, 11: 11, 12: 12, 18: 18} {
			got, _ := m.FieldText(m.Segments[0], to)
			if utf8Same(h.Text(from)) && !bytes.Equal(got, h.Text(from)) {
				t.Fatalf("MSH-%d of the answer is not MSH-%d", to, from)
			}
		}
		if got, _ := m.FieldText(m.Segments[1], 2); utf8Same(h.Text(10)) && !bytes.Equal(got, h.Text(10)) {
			t.Fatal("MSA-2 is not MSH-10")
		}
		header, _, _ := bytes.Cut(bytes.ReplaceAll(in, []byte("\n"), []byte("\r")), []byte("\r"))
		if !bytes.Contains(header, []byte("0042canary")) && bytes.HasPrefix(in, []byte("MSH")) && bytes.Contains(out, []byte("0042canary")) {
			t.Fatal("the answer repeats what is not in the header")
		}
	})
}

// utf8Same tells a text that stays as it is when a message is read.
func utf8Same(text []byte) bool {
	for _, c := range text {
		if c >= 0x80 || c == 0x1b {
			return false
		}
	}
	return true
}
