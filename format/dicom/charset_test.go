package dicom_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom"
)

// The names of PS3.5 annexes H to K, and what is like them.
func TestCharsets(t *testing.T) {
	const kanji = "\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"
	for _, tt := range []struct {
		declared, name string
		want           dicom.PersonName
	}{
		{"ISO_IR 100", "Buc^J\xe9r\xf4me", dicom.PersonName{Alphabetic: "Buc^Jérôme"}},
		{"ISO_IR 101", "Wa\xb3\xeasa", dicom.PersonName{Alphabetic: "Wałęsa"}},
		{"ISO_IR 109", "\xb1", dicom.PersonName{Alphabetic: "ħ"}},
		{"ISO_IR 110", "\xbf", dicom.PersonName{Alphabetic: "ŋ"}},
		{"ISO_IR 144", "\xbb\xee\xdace\xdc\xd1yp\xd3", dicom.PersonName{Alphabetic: "Люкceмбypг"}},
		{"ISO_IR 127", "\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", dicom.PersonName{Alphabetic: "قباني^لنزار"}},
		{"ISO_IR 126", "\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", dicom.PersonName{Alphabetic: "Διονυσιος"}},
		{"ISO_IR 138", "\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4", dicom.PersonName{Alphabetic: "שרון^דבורה"}},
		{"ISO_IR 148", "\xdd", dicom.PersonName{Alphabetic: "İ"}},
		{"ISO_IR 166", "\xb9\xd2\xc2", dicom.PersonName{Alphabetic: "นาย"}},
		{"ISO_IR 203", "\xa4", dicom.PersonName{Alphabetic: "€"}},
		{"ISO_IR 192", "Wang^XiaoDong=王^小東", dicom.PersonName{Alphabetic: "Wang^XiaoDong", Ideographic: "王^小東"}},
		{"GB18030", "Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab", dicom.PersonName{Alphabetic: "Wang^XiaoDong", Ideographic: "王^小东"}},
		{"GBK", "\xcd\xf5", dicom.PersonName{Alphabetic: "王"}},
		{`\ISO 2022 IR 87`, "Yamada^Tarou=" + kanji + "=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
			dicom.PersonName{Alphabetic: "Yamada^Tarou", Ideographic: "山田^太郎", Phonetic: "やまだ^たろう"}},
		{`ISO 2022 IR 13\ISO 2022 IR 87`, "\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J", dicom.PersonName{Alphabetic: "ﾔﾏﾀﾞ^ﾀﾛｳ", Ideographic: "山田^太郎"}},
		{`\ISO 2022 IR 149`, "Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
			dicom.PersonName{Alphabetic: "Hong^Gildong", Ideographic: "洪^吉洞", Phonetic: "홍^길동"}},
		{`\ISO 2022 IR 58`, "Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab", dicom.PersonName{Alphabetic: "Zhang^XiaoDong", Ideographic: "张^小东"}},
		{`\ISO 2022 IR 100\ISO 2022 IR 144`, "\x1b-A\xe9\x1b-L\xbb", dicom.PersonName{Alphabetic: "éЛ"}},
		{`\ISO 2022 IR 159`, "\x1b$(D0!\x1b(B", dicom.PersonName{Alphabetic: "丂"}},
		{`ISO_IR 13`, "~\xb1", dicom.PersonName{Alphabetic: "‾ｱ"}},
		{`ISO-IR-100`, "\xe9", dicom.PersonName{Alphabetic: "é"}},
		{"ISO 2022 IR 149", "\xc8\xab", dicom.PersonName{Alphabetic: "홍"}}, // alone, as some write
		{"ISO_IR 6", "DOE^JANE ", dicom.PersonName{Alphabetic: "DOE^JANE"}},
	} {
		ds := parse(t, el(0x00080005, "CS", tt.declared)+el(0x00100010, "PN", tt.name), dicom.ExplicitLE)
		if diff := cmp.Diff(ds.Name(0x00100010), tt.want); diff != "" {
			t.Errorf("%s: %s", tt.declared, diff)
		}
		e, _ := ds.Find(0x00100010)
		if _, ok := ds.Decode(&e); !ok {
			t.Errorf("%s: not all of it is text", tt.declared)
		}
	}
}

// Text begins anew with the declared tables behind every delimiter (PS3.5 6.1.2.5.3), and bytes of a character delimit nothing.
func TestDelimiters(t *testing.T) {
	for _, tt := range []struct{ declared, vr, value, want string }{
		{`\ISO 2022 IR 149`, "LO", "\x1b$)C\xc8\xab\\\xc8", "홍|\ufffd"},
		{`\ISO 2022 IR 149`, "PN", "\x1b$)C\xc8\xab^\xc8", "홍^\ufffd"},
		{`\ISO 2022 IR 149`, "LO", "\x1b$)C\xc8\xab^\xc8\xab", "홍^홍"},
		{`\ISO 2022 IR 149`, "LT", "\x1b$)C\xc8\xab\r\n\xc8", "홍\r\n\ufffd"},
		{`\ISO 2022 IR 149`, "LT", "\x1b$)C\xc8\xab\\\xc8\xab", `홍\홍`},
		{`\ISO 2022 IR 87`, "LO", "\x1b$B%\\\x1b(B\\B", "ボ|B"}, // whose second byte is a backslash
		{`\ISO 2022 IR 87`, "LO", "\x1b$B\\0\x1b(B\\B", "椣|B"}, // whose first byte is one
		{`\ISO 2022 IR 149`, "LO", "\x1b$)C\xc8\xab\\\xc8\xab", "홍|\ufffd\ufffd"},
		{`\ISO 2022 IR 149`, "PN", "\x1b$)C\xc8\xab^\xc8\xab=\xc8\xab", "홍^\ufffd\ufffd=\ufffd\ufffd"},
		{`\ISO 2022 IR 149`, "LT", "\x1b$)C\xc8\xab\r\n\xc8\xab", "홍\r\n\ufffd\ufffd"},
		{"GB18030", "LO", "\x81\x5c\\B", "乗|B"}, // likewise
		{"ISO_IR 13", "LO", `A\B`, "A|B"},
		{"ISO_IR 13", "ST", `A\B`, "A¥B"},
		{"ISO_IR 100", "CS", "\xe9", "\ufffd"}, // codes are ASCII
		{"ISO_IR 100", "LO", "A\x1bB", "A\x1bB"},
		{"ISO_IR 999", "LO", "A\xe9", "A\ufffd"},
		{"", "LO", "\xe9", "\ufffd"},
		{"ISO_IR 192", "LO", "\xe9A", "\ufffdA"},
		{"GB18030", "LO", "\xff", "\ufffd"},
		{"ISO_IR 127", "LO", "\xb1", "\ufffd"}, // no letter
		{`\ISO 2022 IR 87`, "LO", "\x1b$B;", "\ufffd"},
		{`\ISO 2022 IR 87`, "LO", "\x1b$B!\x1b(BA", "\ufffdA"},
	} {
		ds := parse(t, el(0x00080005, "CS", tt.declared)+el(0x00100010, tt.vr, tt.value), dicom.ExplicitLE)
		e, _ := ds.Find(0x00100010)
		if got := strings.Join(ds.Texts(&e), "|"); got != tt.want {
			t.Errorf("%s, %s: %q, want %q", tt.declared, tt.vr, got, tt.want)
		}
		if _, ok := ds.Decode(&e); ok != !strings.ContainsAny(tt.want, "\ufffd\x1b") {
			t.Errorf("%s, %q: all of it text: %v", tt.declared, tt.value, ok)
		}
	}
}

// An item has the character set of what it is in, unless it has its own.
func TestCharsetOfItem(t *testing.T) {
	name := el(0x00100010, "PN", "\xe9")
	ds := parse(t, el(0x00080005, "CS", "ISO_IR 100")+
		el(0x00081140, "SQ", item(name)+item(el(0x00080005, "CS", "ISO_IR 144")+name)+item(el(0x00080005, "CS", "")+name))+name, dicom.ExplicitLE)
	var got []string
	for _, item := range append(ds.Sequence(0x00081140), ds) {
		got = append(got, item.Text(0x00100010))
	}
	if diff := cmp.Diff(got, []string{"é", "щ", "\ufffd", "é"}); diff != "" {
		t.Error(diff)
	}
}
