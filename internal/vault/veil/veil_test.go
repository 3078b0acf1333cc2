package veil_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/vault/veil"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
)

func TestFieldsOfClinicalEvents(t *testing.T) {
	for name, want := range map[string]veil.Fate{
		"access.verb": veil.Kept, "access.user": veil.Kept, "access.patient": veil.Tokens, "access.encounter": veil.Tokens, "access.query": veil.LeftOut,
		"access.break_glass_reason": veil.LeftOut, "MSH-9.1": veil.Kept, "MSH-8": veil.LeftOut, "PID-3.1": veil.LeftOut, "PID-5": veil.LeftOut, "PV1-3": veil.LeftOut,
		"PV1-3.1": veil.Kept, "OBR-4.2": veil.LeftOut, "OBX-5": veil.LeftOut, "segments.PID": veil.Kept, "message": veil.LeftOut, "PAT_MRN_ID": veil.LeftOut,
		"wardline.flags": veil.Kept, "ParticipantObjectName": veil.LeftOut, "something.new": veil.LeftOut, "": veil.LeftOut,
	} {
		if got := veil.Of(name); got != want {
			t.Errorf("%s: fate %d, want %d", name, got, want)
		}
	}
}

func TestValuesThatDoNotBelong(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"access.origin_ip", "10.1.2.3", true}, {"access.origin_ip", "MRN-004713", false},
		{"MSH-12", "2.5.1", true}, {"MSH-12", "004713", false}, {"MSH-11", "P", true}, {"MSH-11", "004713", false}, {"MSH-11", "", true},
		{"PV1-10", "CAR", true}, {"PV1-10", "ÿþQuillfeather", false}, {"MSH-9", "ADT^A01^ADT_A01", true}, {"MSH-9", "Quillfeather", false},
		{"access.user", "u0042", true}, {"access.user", "Patient/0042", false}, {"access.user", "https://x.example.org/RelatedPerson/7", false},
		{"access.user_name", "Nurse A|PID|1", false}, {"access.verb", strings.Repeat("x", 129), false},
	} {
		if got := veil.Fits(c.name, []byte(c.value)); got != c.want {
			t.Errorf("%s = %s fits: %v", c.name, c.value, got)
		}
	}
}

func heard() *veil.Veil {
	v := veiltest.New()
	v.Number([]byte("MRN-004713"))
	v.Number([]byte("555-0142-77"))
	v.Number([]byte("42")) // too short to be looked for
	v.Name([]byte("Quillfeather"), []byte("Ottoline Mae"))
	v.Name([]byte("Ng"), []byte("Bo"))
	v.Name([]byte("Ørsted"), []byte("Søren"))
	return v
}

// TestWhoWasHeardOf looks for patients in what machines log.
func TestWhoWasHeardOf(t *testing.T) {
	v := heard()
	token := func(number string) string { return v.Vault().Token("", number) }
	name := v.Asked("Ottoline Quillfeather")[0]
	for text, want := range map[string]string{
		"GET /chart/MRN-004713/notes":                 "GET /chart/" + token("MRN-004713") + "/notes",
		"GET /chart?mrn=mrn%2D004713&x=1":             "GET /chart?mrn=" + token("mrn-004713") + "&x=1",
		"call (555) 0142 77 now":                      "call (" + token("555) 0142 77") + " now",
		"?family=Quillfeather&given=Ottoline":         "?family=" + name,
		"n=%C3%98rsted+S%c3%b8ren":                    "n=" + v.Asked("Søren Ørsted")[0],
		"QUILLFEATHER, OTTOLINE":                      name,
		"opened by Ottoline Quillfeather; MRN-004713": "opened by " + name + "; " + token("MRN-004713"),
		"Quillfeather and Ottoline":                   name,
		"Quillfeather, who came with Ottoline":        "Quillfeather, who came with Ottoline", // too far apart
		"Quillfeather Street 4":                       "Quillfeather Street 4",
		"port 42, MRN-0047131, xMRN-004713":           "port 42, MRN-0047131, xMRN-004713",
		"bo@ng.example.org and bo.ng":                 v.Asked("bo ng")[0] + ".example.org and " + v.Asked("bo ng")[0],
		"":                                            "",
		"%":                                           "%",
	} {
		got, hidden := v.Hide([]byte(text))
		if string(got) != want || hidden != (want != text) || hidden != v.Hides([]byte(text)) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestWhatIsTypedFindsTokens: whoever knows a number or a name finds its events.
func TestWhatIsTypedFindsTokens(t *testing.T) {
	v := heard()
	kept := v.Tokens(nil, "access.patient", "MRN-004713", []string{"ALDER"})
	if len(kept) != 2 || kept[1] != v.Vault().Token("ALDER", "MRN-004713") {
		t.Errorf("tokens %v", kept)
	}
	if !slices.Contains(v.Asked(" mrn-004713 "), kept[0]) || !slices.Contains(v.AskedOf("access.patient", "MRN-004713"), kept[0]) {
		t.Error("a number does not find its token")
	}
	if visit := v.Tokens(nil, "access.encounter", "MRN-004713", nil); slices.Contains(kept, visit[0]) || !slices.Contains(v.Asked("MRN-004713"), visit[0]) {
		t.Error("a visit is no patient, and is found")
	}
	if got := v.AskedOf("access.verb", "read"); got != nil {
		t.Errorf("a field without tokens is asked for %v", got)
	}
	if got := v.Asked(kept[0]); got != nil {
		t.Errorf("a token is asked for %v", got)
	}
}

func TestWhatWasHeardSurvives(t *testing.T) {
	v := heard()
	sealed, err := v.Fresh()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := v.Fresh(); again != nil || err != nil {
		t.Errorf("what was given is given again: %v", err)
	}
	later := veiltest.New()
	if err := later.Recall(sealed); err != nil {
		t.Fatal(err)
	}
	if !later.Hides([]byte("MRN-004713")) || !later.Hides([]byte("Ottoline Quillfeather")) {
		t.Error("forgotten")
	}
	if again, err := later.Fresh(); again != nil || err != nil {
		t.Errorf("what was recalled is given again: %v", err)
	}
	if err := later.Recall(append(sealed, 0)); err == nil {
		t.Error("something else was recalled")
	}
}

func TestEntities(t *testing.T) {
	v := heard()
	token := v.Vault().Token("", "MRN-1")
	for _, c := range [][3]string{
		{"patient", "MRN-1", token}, {"patient", token, token}, {"host", "WS-1", "WS-1"}, {"user", "Patient/7", v.Vault().Token("", "Patient/7")},
		{"file", `C:\Ottoline Quillfeather.docx`, `C:\` + v.Asked("ottoline quillfeather")[0] + ".docx"},
	} {
		if got := v.Entity(c[0], c[1]); got != c[2] {
			t.Errorf("%s %s: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

// FuzzHide looks for patients in any text: what is hidden is hidden whole, and the rest stays.
func FuzzHide(f *testing.F) {
	for _, text := range []string{"MRN-004713", "Ottoline Quillfeather", "%4d%52", "a\xffb 555", "Bo Bo Ng Ng 555-0142-77"} {
		f.Add([]byte(text))
	}
	v := heard()
	f.Fuzz(func(t *testing.T, text []byte) {
		before := string(text)
		got, hidden := v.Hide(text)
		if string(text) != before {
			t.Fatal("the text was changed in place")
		}
		if !hidden && string(got) != before {
			t.Fatal("changed without a patient in it")
		}
		if strings.Contains(strings.ToLower(string(got)), "mrn-004713") && v.Hides([]byte("MRN-004713")) && v.Hides(got) {
			t.Fatalf("still there: %q", got)
		}
	})
}

func BenchmarkHides(b *testing.B) {
	v := heard()
	text := []byte("Accepted publickey for u0042 from 10.3.17.201 port 51123 ssh2: RSA SHA256:4b1fd3c0a2 at 2026-06-16T07:42:11.123Z")
	b.ReportAllocs()
	for b.Loop() {
		v.Hides(text)
	}
}

// TestTheLatestAreRemembered: what was heard last is known, and what was heard before it for as long again.
func TestTheLatestAreRemembered(t *testing.T) {
	v := veiltest.New()
	v.Remember(3)
	for n := range 8 { // 0 to 2 go, 3 to 5 are old, 6 and 7 new
		v.Number(fmt.Appendf(nil, "MRN-00%d", n))
	}
	for n := range 8 {
		if got := v.Hides(fmt.Appendf(nil, "MRN-00%d", n)); got != (n >= 3) {
			t.Errorf("%d is known: %v", n, got)
		}
	}
}
