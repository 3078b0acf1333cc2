package tlog_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/wardline/wardline/format/tlog"
)

func base64Bytes(text string) ([]byte, error) { return base64.StdEncoding.DecodeString(text) }

// TestThePolicyOfTheSpecification is its example: two of X and one of Y.
func TestThePolicyOfTheSpecification(t *testing.T) {
	tree := newTree(t, 4)
	text := "# two houses\nlog " + tree.publicKey + "\n\n"
	w := map[string]*tlog.Signer{}
	for _, name := range []string{"X1", "X2", "X3", "Y1", "Y2", "Y3"} {
		w[name] = witness(t, name+".example")
		text += fmt.Sprintf("  witness\t%s %s https://%s.example/\n", name, w[name].Key(), name)
	}
	text += "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
	policy, err := tlog.ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if policy.Witnesses[3].URL != "https://Y1.example/" || policy.Groups[2].Need != 2 {
		t.Errorf("%+v", policy)
	}
	for names, want := range map[string]bool{
		"": false, "X1 X2": false, "X1 X2 X3": false, "Y1 Y2 Y3": false, "X1 Y1": false, "X1 Y1 Y2 Y3": false,
		"X1 X3 Y2": true, "X1 X2 X3 Y1 Y2 Y3": true,
	} {
		checkpoint := tree.checkpoint(t, 4)
		for name := range strings.FieldsSeq(names) {
			checkpoint = cosign(t, checkpoint, noon, w[name])
		}
		if _, err := policy.Verify(checkpoint, tlog.Window{}); (err == nil) != want {
			t.Errorf("%s: %v", names, err)
		}
	}
}

func TestAPolicyMayAskForNobody(t *testing.T) {
	tree := newTree(t, 4)
	policy, err := tlog.ParsePolicy([]byte("quorum none\nlog " + tree.publicKey + " https://log.example/\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := policy.Verify(tree.checkpoint(t, 4), tlog.Window{}); err != nil || c.Size != 4 {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := policy.Verify(newTree(t, 4).checkpoint(t, 4), tlog.Window{}); !errors.Is(err, tlog.ErrProof) {
		t.Error(err)
	}
}

func TestPoliciesThatAreRefused(t *testing.T) {
	log, w, v := newTree(t, 1).publicKey, witness(t, "w.example").Key().String(), witness(t, "v.example").Key().String()
	other, err := tlog.NewSigner("other.example", tlog.CosignatureV1, secretSeed(t, witness(t, "w.example").Secret()))
	if err != nil {
		t.Fatal(err)
	}
	two := "witness a " + w + "\nwitness b " + v + "\n"
	for name, text := range map[string]string{
		"no quorum":                         "log " + log + "\n",
		"nothing":                           "",
		"two quorums":                       "quorum none\nquorum none\n",
		"a quorum of what comes later":      "quorum a\n" + two,
		"a quorum of two":                   two + "quorum a b\n",
		"an unknown word":                   "wittness a " + w + "\nquorum none\n",
		"a witness with a log's key":        "witness a " + log + "\nquorum none\n",
		"a log with a witness's key":        "log " + w + "\nquorum none\n",
		"a log twice":                       "log " + log + "\nlog " + log + "\nquorum none\n",
		"a witness twice":                   "witness a " + w + "\nwitness b " + w + "\nquorum none\n",
		"a witness twice by two names":      "witness a " + w + "\nwitness b " + other.Key().String() + "\nquorum none\n",
		"a name twice":                      "witness a " + w + "\nwitness a " + v + "\nquorum none\n",
		"the name none":                     "witness none " + w + "\nquorum none\n",
		"a group with a name that is taken": two + "group a any b\nquorum none\n",
		"a group of none":                   two + "group g any none\nquorum g\n",
		"a group of nobody":                 two + "group g any\nquorum none\n",
		"a group of itself":                 two + "group g any g\nquorum g\n",
		"a member twice":                    two + "group g 2 a a\nquorum g\n",
		"a member of two groups":            two + "group g any a\ngroup h all a g\nquorum h\n",
		"more than there are":               two + "group g 3 a b\nquorum g\n",
		"none of two":                       two + "group g 0 a b\nquorum g\n",
		"a sign":                            two + "group g +1 a b\nquorum g\n",
		"a zero in front":                   two + "group g 01 a b\nquorum g\n",
		"a carriage return":                 two + "quorum a\r\n",
		"a line that does not end":          two + "quorum a",
		"a word too many":                   "log " + log + " https://log.example/ yes\nquorum none\n",
		"too long":                          strings.Repeat("#\n", tlog.MaxPolicy/2) + "quorum none\n",
	} {
		if p, err := tlog.ParsePolicy([]byte(text)); !errors.Is(err, tlog.ErrPolicy) || p.Quorum != "" || p.Witnesses != nil {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
}

// FuzzParsePolicy reads a policy; what is printed of it is the same policy.
func FuzzParsePolicy(f *testing.F) {
	tree := newTree(f, 1)
	policy, _ := peers(f, tree, "2")
	f.Add(policy.Bytes())
	f.Add([]byte("# none\n\n quorum\tnone \n"))
	f.Add([]byte("witness 0042 0042+0042\nquorum 0042\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cheap(t, text, func(b []byte) error { _, err := tlog.ParsePolicy(b); return err })
		p, err := tlog.ParsePolicy(text)
		if err != nil {
			return
		}
		again, err := tlog.ParsePolicy(p.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(again, p, cmp.AllowUnexported(tlog.Key{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestRequestsThatAreRefused(t *testing.T) {
	hash := base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n"
	for name, text := range map[string]string{
		"nothing":            "",
		"no old size":        hash + "\nx\n",
		"a zero in front":    "old 01\n\nx\n",
		"no checkpoint":      "old 1\n\n",
		"no empty line":      "old 1\nx\n",
		"64 hashes":          "old 1\n" + strings.Repeat(hash, 64) + "\nx\n",
		"half a hash":        "old 1\n" + hash[:20] + "\n\nx\n",
		"a carriage return":  "old 1\r\n\nx\n",
		"another word":       "new 1\n\nx\n",
		"too long":           "old 1\n\n" + strings.Repeat("x", tlog.MaxRequest),
		"a number too large": "old 18446744073709551616\n\nx\n",
	} {
		if r, err := tlog.ParseRequest([]byte(text)); !errors.Is(err, tlog.ErrProof) || r.Checkpoint != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r, err := tlog.ParseRequest([]byte("old 7\n" + strings.Repeat(hash, 63) + "\nx\n")); err != nil || len(r.Hashes) != 63 || r.Old != 7 {
		t.Errorf("63 hashes are allowed: %v", err)
	}
	for _, text := range []string{"", "7", "07\n", "-7\n", "7\n\n", "7 \n"} {
		if n, err := tlog.ParseSize([]byte(text)); !errors.Is(err, tlog.ErrProof) || n != 0 {
			t.Errorf("%q: %v", text, err)
		}
	}
	if n, err := tlog.ParseSize(tlog.FormatSize(1 << 63)); err != nil || n != 1<<63 {
		t.Error(n, err)
	}
}

// FuzzParseRequest reads a request, which must come back as it was.
func FuzzParseRequest(f *testing.F) {
	tree := newTree(f, 6)
	f.Add(tlog.Request{Old: 4, Hashes: tree.consistency(4, 0, 6, true), Checkpoint: tree.checkpoint(f, 6)}.Bytes())
	f.Add(tlog.Request{Checkpoint: tree.checkpoint(f, 1)}.Bytes())
	f.Add([]byte("old 0042\n0042\n\n0042\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cheap(t, text, func(b []byte) error { _, err := tlog.ParseRequest(b); return err })
		r, err := tlog.ParseRequest(text)
		if err != nil {
			return
		}
		if again := r.Bytes(); !bytes.Equal(again, text) {
			t.Fatalf("printed %q", again)
		}
		if size, err := tlog.ParseSize(text); err == nil && !bytes.Equal(tlog.FormatSize(size), text) {
			t.Fatal("the size is printed otherwise")
		}
	})
}
