package charset_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/wardline/wardline/format/charset"
	"github.com/wardline/wardline/format/formattest"
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
		{"\ufeffGr\xfcn", "8859/1", "\ufeffGrün", true}, // the mark lies, and stays
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

// Names of IANA and of HL7 table 0211, in the ways in which people write them.
func TestNames(t *testing.T) {
	for name, tt := range map[string][2]string{
		"ISO-8859-2": {"\xb3", "ł"}, "8859/2": {"\xb3", "ł"}, "ISO IR101": {"\xb3", "ł"}, "8859/3": {"\xa1", "Ħ"}, "8859/4": {"\xb3", "ŗ"},
		"8859/5": {"\xb0", "А"}, "8859/6": {"\xc7", "ا"}, "8859/7": {"\xe1", "α"}, "8859/8": {"\xe0", "א"}, "8859/9": {"\xfe", "ş"},
		"ISO-8859-10": {"\xbf", "ŋ"}, "ISO-8859-13": {"\xe0", "ą"}, "ISO-8859-14": {"\xa1", "Ḃ"}, "8859/15": {"\xa4", "€"}, "ISO-8859-16": {"\xaa", "Ș"},
		"windows-1250": {"\x9a", "š"}, "cp1251": {"\xc0", "А"}, "windows-1252": {"\x80", "€"}, "latin1": {"\xe9", "é"}, "windows-1253": {"\xe1", "α"},
		"windows-1254": {"\xfe", "ş"}, "windows-1255": {"\xe0", "א"}, "windows-1256": {"\xc7", "ا"}, "windows-1257": {"\xe0", "ą"}, "KOI8-R": {"\xc1", "а"},
		"TIS-620": {"\xa1", "ก"}, "EUC-JP": {"\xb0\xa1", "亜"}, "GBK": {"\xb0\xa1", "啊"}, "GB 18030-2000": {"\xb0\xa1", "啊"}, "BIG-5": {"\xa4\x40", "一"},
		"KS X 1001": {"\xb0\xa1", "가"}, "ISO IR159": {"\x1b$B;3\x1b(B", "山"},
	} {
		if got, honest := charset.UTF8([]byte(tt[0]), name); string(got) != tt[1] || !honest {
			t.Errorf("%s: got %q %v, want %s", name, got, honest, tt[1])
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
	f.Add([]byte("\ufeff\x8eR\x93c"), "Shift_JIS")
	f.Fuzz(func(t *testing.T, text []byte, declared string) {
		var got []byte
		formattest.Cost{Fixed: 128 << 10, PerByte: 100}.Check(t, len(text), func() { got, _ = charset.UTF8(text, declared) })
		if !utf8.Valid(got) {
			t.Fatal("not UTF-8")
		}
		if len(got) > 16+4*len(text) {
			t.Fatalf("%d bytes became %d", len(text), len(got))
		}
		if bytes.HasPrefix(text, []byte("\ufeff")) && !bytes.HasPrefix(got, []byte("\ufeff")) {
			t.Fatal("the mark did not stay")
		}
	})
}

// FuzzReader: a stream in UTF-16 reads as the text does when it is all there; any other stays as it is.
func FuzzReader(f *testing.F) {
	f.Add([]byte("\xff\xfea\x00\xd8"))
	f.Add([]byte("\xfe\xff\x00a\xd8\x00\xdc"))
	f.Add([]byte("plain\xfc"))
	f.Fuzz(func(t *testing.T, text []byte) {
		want := text
		if len(text) > 1 && text[0]|text[1] == 0xff && text[0]&text[1] == 0xfe {
			want, _ = charset.UTF8(text, "")
		}
		for _, r := range []io.Reader{bytes.NewReader(text), iotest.OneByteReader(bytes.NewReader(text)), iotest.DataErrReader(bytes.NewReader(text))} {
			if got, err := io.ReadAll(charset.NewReader(r)); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes instead of %d, %v", len(got), len(want), err)
			}
		}
	})
}
