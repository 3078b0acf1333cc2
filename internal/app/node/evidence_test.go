package node_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/internal/app/node"
)

// exports has the operator export a doubt, and checks the bundle as an outsider does: it shows the message of before and the one of after, and says
// where in the journal stands that it was about to be made.
func exports(t *testing.T, dir string, n *node.Node, doubt string) {
	t.Helper()
	c := node.Config{Data: filepath.Join(dir, "data")}
	made := node.Evidence{Doubt: doubt, Reason: "inquiry 621"}
	if err := node.Control(t.Context(), &c, "/evidence", made, &made); err != nil {
		t.Fatal(err)
	}
	var key node.PublicKey
	if err := node.Control(t.Context(), &c, "/key", nil, &key); err != nil {
		t.Fatal(err)
	}
	r, err := evidence.Verify(made.Bundle, evidence.Trust{Key: key.Key})
	if err != nil || len(r.Manifest.Objects) != 2 || r.Manifest.Reason != "inquiry 621" {
		t.Fatal(err, r.Checks)
	}
	for _, o := range r.Manifest.Objects {
		if o.Message != evidence.FromFields || o.Shown != evidence.ByOpening {
			t.Errorf("object %s: %q, %q", o.Name, o.Message, o.Shown)
		}
	}
	z, err := zip.NewReader(bytes.NewReader(made.Bundle), int64(len(made.Bundle)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("custody.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var custody evidence.Custody
	if err := json.NewDecoder(f).Decode(&custody); err != nil {
		t.Fatal(err)
	}
	e, err := n.JournalEntry(t.Context(), custody.Act.Entry)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range e.Lines() {
		if i != custody.Act.Line {
			continue
		}
		var act struct {
			Step, Verb, Kind, Object string
			Detail                   map[string]string
		}
		if err := json.Unmarshal(line, &act); err != nil {
			t.Fatal(err)
		}
		got := []string{act.Step, act.Verb, act.Kind, act.Object, act.Detail["reason"]}
		if diff := cmp.Diff(got, []string{"intent", "journal.read", "evidence", doubt, "inquiry 621"}); diff != "" {
			t.Error(diff)
		}
		return
	}
	t.Error("the act is not where the bundle says")
}
