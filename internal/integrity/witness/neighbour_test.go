package witness_test

import (
	"strings"
	"testing"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/integrity/witness"
)

// introduced is an invented hospital with keys of its own.
func introduced(t testing.TB, site string, seed byte) witness.Introduction {
	t.Helper()
	sign := func(name string, a tlog.Algorithm) tlog.Key {
		s, err := tlog.NewSigner(name, a, []byte(strings.Repeat(string(seed), 32)))
		if err != nil {
			t.Fatal(err)
		}
		return s.Key()
	}
	return witness.Introduction{Site: site, Log: sign("journal."+site, tlog.Ed25519), Witness: sign("witness."+site, tlog.CosignatureV1), URL: "https://" + site + ".example/witness/"}
}

func TestIntroductions(t *testing.T) {
	alder := introduced(t, "alder", 'a')
	got, err := witness.ParseIntroduction([]byte("\n  " + strings.ReplaceAll(string(alder.Text()), "\n", "\r\n") + "\n"))
	if err != nil || string(got.Text()) != string(alder.Text()) {
		t.Errorf("what was pasted is read as %q, %v", got.Text(), err)
	}
	whole := string(alder.Text())
	for name, text := range map[string]string{
		"nothing": "", "another version": strings.Replace(whole, "introduction 1", "introduction 2", 1), "cut off": whole[:len(whole)-40], "a line twice": whole + "site alder\n",
		"another line": whole + "note x\n", "the keys changed places": strings.NewReplacer("log ", "witness ", "witness ", "log ").Replace(whole), "plain HTTP": strings.Replace(whole, "https:", "http:", 1),
		"a password in the address": strings.Replace(whole, "https://", "https://a:b@", 1), "no certificate": whole + "authority AAAA\n", "a name with a blank": strings.Replace(whole, "site alder", "site al der", 1),
	} {
		if _, err := witness.ParseIntroduction([]byte(text)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// Whoever is admitted must leave the node able to start: all that is taken in is read again at each start.
func TestAdmit(t *testing.T) {
	own := introduced(t, "own", 'o')
	alder, birch := introduced(t, "alder", 'a'), introduced(t, "birch", 'b')
	beside := []witness.Introduction{alder}
	renamed := alder
	renamed.Site = "alder-2"
	reserved, none := introduced(t, "neighbours", 'n'), introduced(t, "none", 'm')
	moved := alder
	moved.URL = "https://elsewhere.example/witness/"
	for _, c := range []struct {
		name string
		i    witness.Introduction
		fine bool
	}{
		{"another hospital", birch, true},
		{"the same again, elsewhere", moved, true},
		{"this node itself", own, false},
		{"one that is there under another name", renamed, false},
		{"one named like the group of a policy", reserved, false},
		{"one named like no quorum", none, false},
	} {
		if err := witness.Admit(own.Log, beside, &c.i); (err == nil) != c.fine {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzParseIntroduction(f *testing.F) {
	alder := introduced(f, "alder", 'a')
	f.Add(alder.Text())
	f.Add([]byte("wardline introduction 1\nsite x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		i, err := witness.ParseIntroduction(text)
		if err != nil {
			return
		}
		again, err := witness.ParseIntroduction(i.Text())
		if err != nil || string(again.Text()) != string(i.Text()) {
			t.Fatalf("%q is read again as %q, %v", i.Text(), again.Text(), err)
		}
	})
}
