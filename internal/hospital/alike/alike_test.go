package alike_test

import (
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/hospital/alike"
)

func TestFamily(t *testing.T) {
	for _, same := range [][]string{
		{"Müller", "Mueller", "MUELLER", "Muller", "Mu\u0308ller", " müller "},
		{"O'Brien", "O’Brien", "OBrien", "OBRIEN"},
		{"van der Berg", "Van Der Berg", "Berg", "BERG, Dr."},
		{"Smith-Jones", "Smith Jones", "SmithJones"},
		{"Ångström", "Aangstroem", "Angstrom"},
		{"Sørensen", "Soerensen", "Sorensen"},
		{"Łukasiewicz", "Lukasiewicz"},
		{"Đorđević", "Dordevic"},
		{"Weiß", "Weiss"},
		{"Bauer", "BAUER"},
		{"Smith Jr.", "Smith"},
	} {
		for _, other := range same[1:] {
			if alike.Family(other) != alike.Family(same[0]) || alike.Family(other) == "" {
				t.Errorf("%s is %q, %s is %q", same[0], alike.Family(same[0]), other, alike.Family(other))
			}
		}
	}
	for _, other := range [][2]string{{"Bauer", "Bar"}, {"Berg", "Borg"}, {"Smith", "Smithson"}, {"Wang", "Wong"}} {
		if alike.Family(other[0]) == alike.Family(other[1]) {
			t.Errorf("%s and %s are told for the same", other[0], other[1])
		}
	}
	for _, nobody := range []string{"", "Unknown", "UNBEKANNT", "Doe", "Test, Patient", "Baby Boy", "---"} {
		if got := alike.Family(nobody); got != "" {
			t.Errorf("%q has the form %q: all who have no name would be one", nobody, got)
		}
	}
	if alike.Family("van der") == "" || alike.Family("Де Ла Крус") == "" || alike.Family("王") == "" {
		t.Error("a name is lost")
	}
}

func TestGiven(t *testing.T) {
	for _, other := range []string{"Anna Maria", "ANNA", "Anna-Maria", "Dr. Anna M."} {
		if alike.Given(other) != "anna" {
			t.Errorf("%q: %q", other, alike.Given(other))
		}
	}
	if alike.Given("Baby") != "" {
		t.Error("a filler is a name")
	}
}

// The codes of the first three stand in descriptions of the method.
func TestSound(t *testing.T) {
	for name, want := range map[string]string{
		"Müller-Lüdenscheidt": "65752682", "Wikipedia": "3412", "Breschnew": "17863",
		"Meier": "67", "Maier": "67", "Mayr": "67", "Meyer": "67",
		"Schmidt": "862", "Schmitt": "862", "Smith": "862", "Smyth": "862", "Schmid": "862",
		"Petrov": "1273", "Petroff": "1273", "Phillips": "3518", "Filips": "3518",
		"Clark": "4574", "Clarke": "4574", "Xaver": "4837", "Aaron": "076", "": "", "王": "",
	} {
		if got := alike.Sound(name); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
}

func TestStreet(t *testing.T) {
	for _, same := range [][]string{
		{"12 Mill Lane", "Mill Ln. 12", "12, mill lane", "MILL LANE 12"},
		{"12 Mill Lane Apt 4", "12 Mill Ln #4", "Apt. 4, 12 Mill Lane", "12 Mill Lane Flat 4"},
		{"Mühlstraße 7a", "Muehlstr. 7 A", "Mühl Strasse 7a", "MUEHLSTRASSE 7A"},
		{"Straße des 17. Juni 135", "Strasse des 17 Juni 135"},
		{"42 5th Avenue", "42 5th Ave"},
		{"Hauptstraße 12/4", "Hauptstr 12 / 4"},
		{"Kungsgatan 3", "KUNGSGATAN 3"},
	} {
		for _, other := range same[1:] {
			if got, want := alike.Street(other), alike.Street(same[0]); got != want || got.Street == "" || got.Number == 0 {
				t.Errorf("%s is %+v, %s is %+v", same[0], want, other, got)
			}
		}
	}
	for _, c := range []struct {
		line string
		want alike.Place
	}{
		{"12b Mill Lane", alike.Place{Street: "millln", Number: 12, House: "12b"}},
		{"Rose Cottage", alike.Place{Street: "rosecottage"}},
		{"Homeless", alike.Place{}},
		{"No fixed abode", alike.Place{}},
		{"", alike.Place{}},
		{"17", alike.Place{}},
	} {
		if got := alike.Street(c.line); got != c.want {
			t.Errorf("%s: %+v, not %+v", c.line, got, c.want)
		}
	}
	if alike.Street("12 Mill Lane Apt 4") == alike.Street("12 Mill Lane Apt 5") {
		t.Error("two flats are one")
	}
}

func TestPhone(t *testing.T) {
	for _, same := range [][]string{
		{"+49 89 5550142", "089/555 01 42", "0049895550142", "(089) 5550142"},
		{"212-555-0142", "+1 212 555 0142", "(212) 555-0142 x17", "1-212-555-0142 ext 3"},
	} {
		for _, other := range same[1:] {
			if alike.Phone(other) != alike.Phone(same[0]) || alike.Phone(other) == "" {
				t.Errorf("%q is %q, %q is %q", same[0], alike.Phone(same[0]), other, alike.Phone(other))
			}
		}
	}
	for _, none := range []string{"", "0", "000 000 0000", "999-999-9999", "123456789", "12345", "none"} {
		if alike.Phone(none) != "" {
			t.Errorf("%q is taken for a number", none)
		}
	}
}

func TestNumber(t *testing.T) {
	if alike.Number("123-45-6780") != alike.Number("123456780") || alike.Number("ab 12 34 5c") != "AB12345C" {
		t.Error("signs between make a difference")
	}
	for _, none := range []string{"", "000-00-0000", "123-45-6789", "999999999", "A1"} {
		if alike.Number(none) != "" {
			t.Errorf("%q is taken for a number", none)
		}
	}
}

func FuzzForms(f *testing.F) {
	f.Add("Müller-Lüdenscheidt")
	f.Add("Flat 3, 12 Mill Lane")
	f.Fuzz(func(t *testing.T, text string) {
		for _, form := range []string{alike.Family(text), alike.Given(text), alike.Text(text), alike.Sound(text), alike.Street(text).Street, alike.Phone(text), alike.Number(text)} {
			if len(form) > 20*256 || strings.ContainsAny(form, " \n") {
				t.Errorf("a form of %d bytes", len(form))
			}
		}
		if once := alike.Text(text); !strings.ContainsAny(once, "aou") && len(text) <= 256 && alike.Text(once) != once {
			t.Errorf("%q becomes %q", once, alike.Text(once))
		}
	})
}
