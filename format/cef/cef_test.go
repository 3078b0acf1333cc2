package cef_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/cef"
	"github.com/wardline/wardline/format/formattest"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     cef.Message
	}{
		{
			"the example of the specification",
			`CEF:0|security|threatmanager|1.0|100|detected a \| in message|10|src=10.0.0.1 act=blocked a | dst=1.1.1.1`,
			cef.Message{Kind: cef.CEF, Version: "0", Vendor: "security", Product: "threatmanager", ProductVersion: "1.0", EventID: "100", Name: "detected a | in message", Severity: "10", Attributes: []cef.Attribute{
				{"src", "10.0.0.1"}, {"act", "blocked a |"}, {"dst", "1.1.1.1"},
			}},
		},
		{
			"escapes",
			`CEF:1|a\\b|c|d|e|f|High|filePath=/user/a\=b fname=C:\Windows\x msg=one\ntwo\\n  cs1Label=x`,
			cef.Message{Kind: cef.CEF, Version: "1", Vendor: `a\b`, Product: "c", ProductVersion: "d", EventID: "e", Name: "f", Severity: "High", Attributes: []cef.Attribute{
				{"filePath", "/user/a=b"}, {"fname", `C:\Windows\x`}, {"msg", "one\ntwo\\n"}, {"cs1Label", "x"},
			}},
		},
		{"no extension", "CEF:0|a|b|c|d|e|5", cef.Message{Kind: cef.CEF, Version: "0", Vendor: "a", Product: "b", ProductVersion: "c", EventID: "d", Name: "e", Severity: "5"}},
		{"empty values", "CEF:0|||||||a= b=2 c=", cef.Message{Kind: cef.CEF, Version: "0", Attributes: []cef.Attribute{{"a", ""}, {"b", "2"}, {"c", ""}}}},
		{"twice the same name", "CEF:0|||||||a=1 a=2", cef.Message{Kind: cef.CEF, Version: "0", Attributes: []cef.Attribute{{"a", "1"}}}},
		{"an equals sign that was not escaped", "CEF:0|||||||url=x?a=b&c=d act=no", cef.Message{Kind: cef.CEF, Version: "0", Attributes: []cef.Attribute{{"url", "x?a=b&c=d"}, {"act", "no"}}}},
		{"more than asked for", "CEF:0|||||||a=1 b=2 c=3 d=4 e=5", cef.Message{Kind: cef.CEF, Version: "0", Attributes: []cef.Attribute{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}}, More: true}},
		{
			"LEEF 1", "LEEF:1.0|Microsoft|MSExchange|4.0 SP1|15345|src=192.0.2.0\tdst=172.50.123.1\tmsg=a = b",
			cef.Message{Kind: cef.LEEF, Version: "1.0", Vendor: "Microsoft", Product: "MSExchange", ProductVersion: "4.0 SP1", EventID: "15345", Attributes: []cef.Attribute{
				{"src", "192.0.2.0"}, {"dst", "172.50.123.1"}, {"msg", "a = b"},
			}},
		},
		{"LEEF 2", "LEEF:2.0|a|b|c|d|^|x=1^y=2", cef.Message{Kind: cef.LEEF, Version: "2.0", Vendor: "a", Product: "b", ProductVersion: "c", EventID: "d", Attributes: []cef.Attribute{{"x", "1"}, {"y", "2"}}}},
		{"LEEF 2, in hexadecimal", "LEEF:2.0|a|b|c|d|0x5E|x=1^y=2", cef.Message{Kind: cef.LEEF, Version: "2.0", Vendor: "a", Product: "b", ProductVersion: "c", EventID: "d", Attributes: []cef.Attribute{{"x", "1"}, {"y", "2"}}}},
		{"LEEF 2 without a delimiter", "LEEF:2.0|a|b|c|d|x=1\ty=2|3", cef.Message{Kind: cef.LEEF, Version: "2.0", Vendor: "a", Product: "b", ProductVersion: "c", EventID: "d", Attributes: []cef.Attribute{{"x", "1"}, {"y", "2|3"}}}},
	} {
		got, ok := cef.Parse([]byte(c.in), 4)
		if diff := cmp.Diff(got, c.want); diff != "" || !ok {
			t.Errorf("%s: ok %v, got -, want +:\n%s", c.name, ok, diff)
		}
	}
	for _, in := range []string{"", "CEF", "CEF:", "CEF:0|a|b|c|d|e", "CEF:x|a|b|c|d|e|f|", "LEEF:1.0|a|b|c|d", "LEEF:|a|b|c|d|", "cef:0|a|b|c|d|e|f|"} {
		if got, ok := cef.Parse([]byte(in), 4); ok || !cmp.Equal(got, cef.Message{}) {
			t.Errorf("%q: got %+v", in, got)
		}
	}
}

// render writes a message as its specification has it.
func render(m cef.Message) string {
	var b strings.Builder
	if m.Kind == cef.LEEF {
		b.WriteString("LEEF:" + strings.Join([]string{m.Version, m.Vendor, m.Product, m.ProductVersion, m.EventID, ""}, "|"))
		if m.Version[0] >= '2' {
			b.WriteString("x01|")
		}
		for i, a := range m.Attributes {
			if i > 0 {
				b.WriteByte(map[bool]byte{true: '\x01', false: '\t'}[m.Version[0] >= '2'])
			}
			b.WriteString(a.Name + "=" + a.Value)
		}
		return b.String()
	}
	b.WriteString("CEF:")
	for _, part := range []string{m.Version, m.Vendor, m.Product, m.ProductVersion, m.EventID, m.Name, m.Severity} {
		b.WriteString(strings.NewReplacer(`\`, `\\`, "|", `\|`).Replace(part) + "|")
	}
	for i, a := range m.Attributes {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(a.Name + "=" + strings.NewReplacer(`\`, `\\`, "=", `\=`, "\n", `\n`, "\r", `\r`).Replace(a.Value))
	}
	return b.String()
}

// FuzzCEF: what was read and is written as the specification has it reads the same again.
func FuzzCEF(f *testing.F) {
	f.Add([]byte(`CEF:0|a|b|1.0|100|n \| m|10|src=10.0.0.1 msg=x\=y z=C:\a\n`))
	f.Add([]byte("LEEF:2.0|a|b|c|d|^|x=0042^y=2^=3^x=4"))
	f.Add([]byte("LEEF:1.0|a|b|c|d|x=1\ty=2"))
	f.Fuzz(func(t *testing.T, in []byte) {
		in = formattest.Plant(in)
		var m cef.Message
		var ok bool
		formattest.Cost{Fixed: 64 << 10, PerByte: 100}.Check(t, len(in), func() { m, ok = cef.Parse(in, 64) })
		if !ok {
			return
		}
		if m.Kind == cef.LEEF && strings.ContainsAny(string(in), "\x01\t") {
			return // what delimits may stand in values, and LEEF has no escapes
		}
		for _, a := range m.Attributes {
			if m.Kind == cef.CEF && (strings.ContainsAny(a.Name, "= \t\r\n\\") || strings.HasSuffix(a.Value, " ") || strings.HasSuffix(a.Value, "\t")) {
				return // no names, and no values, of the specification
			}
		}
		m.More = false
		again, ok := cef.Parse([]byte(render(m)), 64)
		if diff := cmp.Diff(again, m); diff != "" || !ok {
			t.Errorf("ok %v, again -, at first +:\n%s", ok, diff)
		}
	})
}
