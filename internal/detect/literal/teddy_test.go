package literal_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/wardline/wardline/internal/detect/literal"
)

// Wherever a literal stands in a text, in whatever case, a place inside it is named.
func TestTeddyMissesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"MIMIKATZ", "SEKURLSA::LOGON", `C:\TEMP\X.DLL`, `"QUOTED"`, "2.DL", "KERBEROS", "DPAPI@[`{"}
	var b literal.Builder
	for id, w := range words {
		b.Add(w, literal.Anywhere, int32(id))
	}
	teddy := b.Teddy()
	if teddy == nil {
		t.Skip("this machine cannot look at many places together")
	}
	written := [][]byte{[]byte("mimikatz"), []byte("SekurLSA::logon"), []byte(`c:\\Temp\\x.dll`), []byte(`\"quoted\"`), []byte("2.dl"), []byte("kerBeros"), []byte("dpapi@[`{")}
	for n := range 6000 {
		text := bytes.Repeat([]byte("."), r.IntN(4200)) // more than one look at the longest
		word := written[n%len(written)]
		at := r.IntN(len(text) + 1)
		text = append(text[:at:at], append(bytes.Clone(word), text[at:]...)...)
		places := teddy.Find(text, nil)
		if len(places) == 0 || int(places[0]) < at || int(places[len(places)-1]) >= at+len(word) {
			t.Fatalf("%q at %d of %d bytes: %v", word, at, len(text), places)
		}
	}
	if places := teddy.Find(bytes.Repeat([]byte("an honest line of a log \x80\xff "), 100), nil); len(places) > 0 {
		t.Errorf("named for nothing: %v", places)
	}
}

// There is none where it could miss something, or would name too much.
func TestTeddyIsNotForAll(t *testing.T) {
	for name, add := range map[string]func(*literal.Builder){
		"short":    func(b *literal.Builder) { b.Add("ABC", literal.Anywhere, 0) },
		"anchored": func(b *literal.Builder) { b.Add("MIMIKATZ", literal.End, 0) },
		"many": func(b *literal.Builder) {
			for id := range 100 {
				b.Add("MIMIKATZ", literal.Anywhere, int32(id))
			}
		},
	} {
		var b literal.Builder
		add(&b)
		if b.Teddy() != nil {
			t.Error(name)
		}
	}
}
