package dimse_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/format/formattest"
)

// A request with one of every item, and what cannot be told from a canonical form: reserved bytes, order, padding.
var everything = dimse.Associate{
	Reserved: 1, Version: 1, Rest: [2]byte{2, 3}, Called: dimse.NewTitle("ARCHIVE"), Calling: dimse.Title([]byte(" MODALITY\x00\x00\x00\x00\x00\x00\x00")), Spare: [32]byte{31: 9},
	Items: []dimse.Item{
		dimse.UserInformation{Reserved: 4, Items: []dimse.Item{
			dimse.ImplementationVersion{Name: "V1"},
			dimse.MaxLength{Bytes: 16384},
			dimse.ImplementationClass{UID: "1.2.3\x00"},
			dimse.AsyncWindow{Invoked: 1, Performed: 2},
			dimse.Role{Class: capture, SCU: 1, SCP: 0},
			dimse.ExtendedNegotiation{Class: studyFind, Info: []byte{1, 0, 1}},
			dimse.CommonNegotiation{Version: 5, Class: "1.2", Service: "1.2.840.10008.4.2", Related: []string{"1.3", ""}, Rest: []byte{6}},
			dimse.UserIdentity{Kind: dimse.Username, Respond: 1, User: "m.okafor"},
			dimse.Unknown{Type: 0x60, Value: []byte("x")},
			dimse.Unknown{Type: 0x50, Value: []byte("nested")},
		}},
		dimse.ApplicationContext{Name: dimse.ApplicationContextUID},
		dimse.ContextRequest{ID: 1, Rest: [3]byte{7, 0xff, 8}, Items: []dimse.Item{
			dimse.TransferSyntax{UID: explicitLittle}, dimse.AbstractSyntax{Reserved: 1, UID: capture + "\x00"}, dimse.TransferSyntax{UID: implicitLittle + " "},
		}},
		dimse.ContextAnswer{ID: 3, Before: 1, Result: dimse.AbstractUnknown, Behind: 2},
	},
}

func pdus() []dimse.PDU {
	accept := everything
	accept.Accept = true
	return []dimse.PDU{
		everything, accept,
		dimse.Reject{Reserved: 1, Rest: 2, Result: 1, Source: 2, Reason: 3},
		dimse.Data{Reserved: 1, Values: []dimse.Value{{Context: 1, Control: 3, Fragment: []byte("abcd")}, {Context: 255, Fragment: []byte{}}}},
		dimse.Release{Rest: [4]byte{1}}, dimse.Release{Response: true, Reserved: 2},
		dimse.Abort{Rest: [2]byte{1, 2}, Source: 2, Reason: 6},
	}
}

func TestPDUs(t *testing.T) {
	for _, p := range pdus() {
		text := dimse.AppendPDU([]byte("before"), p)[6:]
		got, err := dimse.Parse(text, dimse.DefaultLimits())
		if err != nil {
			t.Fatalf("%T: %v", p, err)
		}
		if diff := cmp.Diff(got, p, cmp.AllowUnexported(dimse.Secret{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%T: %s", p, diff)
		}
		if !bytes.Equal(dimse.AppendPDU(nil, got), text) {
			t.Errorf("%T is not written as it was read", p)
		}
		if _, ok := p.(dimse.Data); ok {
			continue // borrows its fragments
		}
		clear(text)
		if diff := cmp.Diff(got, p, cmp.AllowUnexported(dimse.Secret{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%T borrows: %s", p, diff)
		}
	}
}

// Bytes by hand, from the figures and tables of PS3.8 9.3.
func TestPDUBytes(t *testing.T) {
	for text, want := range map[string]dimse.PDU{
		"\x03\x00\x00\x00\x00\x04\x00\x01\x03\x02":               dimse.Reject{Result: 1, Source: dimse.ByPresentation, Reason: dimse.LimitExceeded},
		"\x04\x00\x00\x00\x00\x08\x00\x00\x00\x04\x05\x02XY":     dimse.Data{Values: []dimse.Value{{Context: 5, Control: 2, Fragment: []byte("XY")}}},
		"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00":               dimse.Release{},
		"\x06\x00\x00\x00\x00\x04\x00\x00\x00\x00":               dimse.Release{Response: true},
		"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x06":               dimse.Abort{Source: 2, Reason: 6},
		"\x02\x00\x00\x00\x00\x44\x00\x01\x00\x00" + sixtyFour(): dimse.Associate{Accept: true, Version: 1, Called: dimse.NewTitle("CALLED"), Calling: dimse.NewTitle("CALLING")},
	} {
		got, err := dimse.Parse([]byte(text), dimse.DefaultLimits())
		if diff := cmp.Diff(got, want); err != nil || diff != "" {
			t.Errorf("%T: %v %s", want, err, diff)
		}
	}
}

func sixtyFour() string { return "CALLED          " + "CALLING         " + strings.Repeat("\x00", 32) }

func TestParseRefuses(t *testing.T) {
	lim := dimse.Limits{PDU: 400, Items: 6, Contexts: 2, Command: 100, Elements: 3}
	associate := func(items string) []byte { return frame(1, []byte(strings.Repeat("\x00", 68)+items)) }
	item := func(kind byte, value string) string {
		return string([]byte{kind, 0, byte(len(value) >> 8), byte(len(value))}) + value
	}
	for name, tt := range map[string]struct {
		text   []byte
		offset int64
	}{
		"nothing":                       {nil, 0},
		"half a header":                 {[]byte{1, 0, 0, 0, 0}, 0},
		"shorter than it says":          {[]byte{5, 0, 0, 0, 0, 4, 0, 0, 0}, 2},
		"longer than it says":           {[]byte{5, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0}, 2},
		"longer than the limit":         {frame(1, make([]byte, 395)), 0},
		"no such type":                  {frame(8, make([]byte, 4)), 6},
		"release of five bytes":         {frame(5, make([]byte, 5)), 6},
		"abort of three bytes":          {frame(7, make([]byte, 3)), 6},
		"no fixed part":                 {frame(1, make([]byte, 67)), 6},
		"half an item":                  {associate("\x10\x00\x00"), 74},
		"item past the end":             {associate("\x10\x00\x00\x05abcd"), 74},
		"item past the end in another":  {associate(item(0x50, "\x51\x00\x00\x05\x00\x00\x00\x00")), 78},
		"context without fixed part":    {associate(item(0x20, "abc")), 78},
		"too many contexts":             {associate(item(0x20, "abcd") + item(0x20, "abcd") + item(0x21, "abcd")), 94},
		"too many items":                {associate(strings.Repeat(item(0x60, ""), 7)), 98},
		"too many items, in two levels": {associate(strings.Repeat(item(0x60, ""), 4) + item(0x50, item(0x60, "")+item(0x60, ""))), 98},
		"max length of three bytes":     {associate(item(0x50, item(0x51, "abc"))), 82},
		"max length of five bytes":      {associate(item(0x50, item(0x51, "abcde"))), 86},
		"role past the end":             {associate(item(0x50, item(0x54, "\x00\x05abcd"))), 84},
		"role without roles":            {associate(item(0x50, item(0x54, "\x00\x04abcd\x01"))), 89},
		"related class past the end":    {associate(item(0x50, item(0x57, "\x00\x00\x00\x00\x00\x03\x00\x02a"))), 91},
		"identity past the end":         {associate(item(0x50, item(0x58, "\x01\x00\x00\x03ab"))), 86},
		"identity and more":             {associate(item(0x50, item(0x58, "\x01\x00\x00\x01a\x00\x00z"))), 89},
		"data value of one byte":        {frame(4, []byte("\x00\x00\x00\x01\x01\x00")), 6},
		"data value past the end":       {frame(4, []byte("\x00\x00\x00\x02\x01\x03\x00\x00\x00\x03\x01\x03")), 12},
		"data value of nearly four GB":  {frame(4, []byte("\xff\xff\xff\xff\x01\x03")), 6},
		"half a header of a data value": {frame(4, []byte("\x00\x00\x00\x02\x01")), 6},
		"too many data values":          {frame(4, bytes.Repeat([]byte("\x00\x00\x00\x02\x01\x00"), 7)), 42},
	} {
		p, err := dimse.Parse(tt.text, lim)
		var broken *dimse.Error
		if p != nil || !errors.As(err, &broken) || broken.Offset != tt.offset || !strings.HasPrefix(err.Error(), "dimse: at byte ") {
			t.Errorf("%s: %T, %v, want an error at %d", name, p, err, tt.offset)
		}
		formattest.Quiet(t, err)
	}
}

// What proves who somebody is stays neither in a PDU nor in what is printed of it, and is sent all the same.
func TestSecret(t *testing.T) {
	for kind, want := range map[dimse.Identity]string{dimse.Username: "m.okafor", dimse.Passcode: "m.okafor", dimse.Kerberos: "", dimse.SAML: "", dimse.JWT: "", 99: ""} {
		identity := dimse.UserIdentity{Kind: kind, User: "m.okafor", Ticket: dimse.NewSecret([]byte("hush-ticket")), Passcode: dimse.NewSecret([]byte("hush-passcode"))}
		answer := dimse.IdentityAnswer{Response: dimse.NewSecret([]byte("hush-response"))}
		rq := dimse.Associate{Items: []dimse.Item{dimse.UserInformation{Items: []dimse.Item{identity, answer}}}}
		text := dimse.AppendPDU(nil, rq)
		if bytes.Count(text, []byte("hush")) < 2 {
			t.Errorf("kind %d: not sent", kind)
		}
		p, err := dimse.Parse(text, dimse.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		read := p.(dimse.Associate)
		got := read.Items[0].(dimse.UserInformation).Items[0].(dimse.UserIdentity)
		if got.User != want || got.Passcode.Len() != len("hush-passcode") || (got.Ticket.Len() > 0) != (want == "") {
			t.Errorf("kind %d: %v", kind, got)
		}
		again := dimse.AppendPDU(nil, read)
		if len(again) != len(text) || bytes.Contains(again, []byte("hush")) {
			t.Errorf("kind %d: written as %d bytes of %d", kind, len(again), len(text))
		}
		for _, p := range []dimse.Associate{read, rq} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				printed := fmt.Sprintf(verb, p)
				if strings.Contains(printed, "hush") || strings.Contains(printed, fmt.Sprintf("%x", "hush")) || strings.Contains(printed, "104 117 115 104") {
					t.Errorf("kind %d: printed by %s", kind, verb)
				}
			}
			if text, err := json.Marshal(p); err != nil || bytes.Contains(text, []byte("hush")) || bytes.Contains(text, []byte("aHVzaC")) {
				t.Errorf("kind %d: in JSON, %v", kind, err)
			}
		}
	}
}

func TestTitles(t *testing.T) {
	for text, want := range map[string]string{
		"ARCHIVE": "ARCHIVE", "": "", "SIXTEEN_LETTERS_": "SIXTEEN_LETTERS_", "SEVENTEEN_LETTERS": "SEVENTEEN_LETTER", " WARD 7 ": "WARD 7", "A\x00\x00": "A",
	} {
		if got := dimse.NewTitle(text).String(); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	got := []string{
		dimse.Reject{Result: 1, Source: 1, Reason: 3}.String(), dimse.Reject{Result: 2, Source: 3, Reason: 1}.String(), dimse.Reject{Result: 1, Source: 1, Reason: 1}.String(),
		dimse.Abort{}.String(), dimse.Abort{Source: 2, Reason: 2}.String(), dimse.Abort{Source: 2}.String(),
		dimse.CStore.String(), (dimse.CMove | dimse.ResponseBit).String(), dimse.CCancel.String(), (dimse.CCancel | dimse.ResponseBit).String(), dimse.Field(7).String(),
		dimse.Broken.String(), dimse.Kind(99).String(), dimse.Server.String(),
	}
	want := []string{
		"rejected: calling AE title not recognised", "rejected for now: temporary congestion", "rejected: no reason given",
		"aborted by the application", "aborted: unexpected PDU", "aborted: no reason given",
		"C-STORE-RQ", "C-MOVE-RSP", "C-CANCEL-RQ", "8FFF", "0007",
		"broken data set", "unknown", "server",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

// FuzzPDU holds that a PDU is written as it was read, but for secrets.
func FuzzPDU(f *testing.F) {
	for _, p := range pdus() {
		f.Add(dimse.AppendPDU(nil, p))
	}
	f.Add([]byte("\x01\x00\x00\x00\x00\x5e" + strings.Repeat("0042", 17) + "\x50\x00\x00\x16\x58\x00\x00\x12\x02\x010042secret\x00\x04hush"))
	f.Fuzz(func(t *testing.T, text []byte) {
		text = formattest.Plant(text)
		if len(text) >= 6 { // most of what a fuzzer makes has a wrong length, and would be refused for that
			text[2], text[3], text[4], text[5] = byte((len(text)-6)>>24), byte((len(text)-6)>>16), byte((len(text)-6)>>8), byte(len(text)-6)
		}
		var p dimse.PDU
		var err error
		formattest.Cost{Fixed: 64 << 10, PerByte: 200}.Check(t, len(text), func() {
			p, err = dimse.Parse(text, dimse.Limits{PDU: 1 << 16, Items: 500, Contexts: 128})
		})
		formattest.Quiet(t, err)
		if err != nil {
			if p != nil {
				t.Fatal("a PDU beside the error")
			}
			return
		}
		sameButSecrets(t, dimse.AppendPDU(nil, p), text, p)
		if a, ok := p.(dimse.Associate); ok {
			if association := dimse.Propose(a).Answer(a); len(association.Contexts) > 128 {
				t.Fatal("more contexts than were allowed")
			}
		}
	})
}

// sameButSecrets holds that p was written as it was read, with zeros where secrets were.
func sameButSecrets(t *testing.T, got, want []byte, p dimse.PDU) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d bytes were written as %d", len(want), len(got))
	}
	secrets := 0
	if a, ok := p.(dimse.Associate); ok {
		secrets = secretBytes(a.Items)
	}
	for i := range want {
		if want[i] == got[i] {
			continue
		}
		if secrets--; got[i] != 0 || secrets < 0 {
			t.Fatalf("not written as it was read, from byte %d on", i)
		}
	}
}

func secretBytes(items []dimse.Item) (n int) {
	for _, item := range items {
		switch i := item.(type) {
		case dimse.UserInformation:
			n += secretBytes(i.Items)
		case dimse.ContextRequest:
			n += secretBytes(i.Items)
		case dimse.ContextAnswer:
			n += secretBytes(i.Items)
		case dimse.UserIdentity:
			n += i.Ticket.Len() + i.Passcode.Len()
		case dimse.IdentityAnswer:
			n += i.Response.Len()
		}
	}
	return n
}
