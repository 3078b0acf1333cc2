package charset_test

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/wardline/wardline/format/charset"
)

func TestUTF8(t *testing.T) {
	tests := []struct {
		text, declared, want string
		honest               bool
	}{
		{"plain", "anything", "plain", true},
		{"Grün", "UTF-8", "Grün", true},
		{"Grün", "ISO-8859-1", "Grün", false},
		{"Grün", "", "Grün", true},
		{"Gr\xfcn", "8859/1", "Grün", true},
		{"Gr\xfcn", "UNICODE UTF-8", "Grün", false},
		{"Gr\xfcn", "", "Grün", false},
		{"\xb3\xf3d\xbc", "ISO-8859-2", "łódź", true},
		{"\xb0\xa1", "EUC-KR", "가", true},
		{"\x1b$B;3ED\x1b(B", "ISO IR87", "山田", true},
		{"\x8eR\x93c", "Shift_JIS", "山田", true},
		{"\xff\xfeG\x00r\x00\xfc\x00", "", "Grü", true},
		{"\xfe\xff\x00G\x00r", "UTF-8", "Gr", false},
	}
	for i, tt := range tests {
		got, honest := charset.UTF8([]byte(tt.text), tt.declared)
		if string(got) != tt.want || honest != tt.honest {
			t.Errorf("case %d: got %q %v, want %q %v", i, got, honest, tt.want, tt.honest)
		}
	}
}

func TestReader(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		"x":                          "x",
		"plain\xfc":                  "plain\xfc",
		"\xff\xfea\x00\xfc\x00":      "aü",
		"\xfe\xff\x00a\x00\xfc":      "aü",
		"\xff\xfe=\xd8\xe5\xdfa\x00": "🟥a",
	} {
		got, err := io.ReadAll(charset.NewReader(iotest.OneByteReader(strings.NewReader(in))))
		if err != nil || string(got) != want {
			t.Errorf("%q: got %q %v, want %q", in, got, err, want)
		}
	}
}

func FuzzUTF8(f *testing.F) {
	f.Add([]byte("Gr\xfcn"), "8859/1")
	f.Add([]byte("\x1b$B;3ED\x1b(B"), "ISO IR87")
	f.Add([]byte("\xff\xfea\x00\xd8"), "UTF-16")
	f.Fuzz(func(t *testing.T, text []byte, declared string) {
		got, _ := charset.UTF8(text, declared)
		if !utf8.Valid(got) {
			t.Fatal("not UTF-8")
		}
		if len(got) > 16+4*len(text) {
			t.Fatalf("%d bytes became %d", len(text), len(got))
		}
	})
}
