package node_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/triage"
)

// TestTwoHospitalsVouchForEachOther exchanges the introductions of two nodes, and then has somebody put back an older copy of one of them: both are told.
func TestTwoHospitalsVouchForEachOther(t *testing.T) {
	dir, there := t.TempDir(), t.TempDir()
	n, syslog, stop := within(t, dir)
	other, _, _ := within(t, there, "integrity: {off: true}\n")
	say(t, n, syslog, 3)
	before := n.Introduction()
	stop()
	copied := filepath.Join(t.TempDir(), "copy")
	copyAll(t, filepath.Join(dir, "data"), copied)

	n, syslog, stop = within(t, dir)
	if key := n.Introduction(); key[:len("wardline introduction 1\nsite example\nlog ")+40] != before[:len("wardline introduction 1\nsite example\nlog ")+40] {
		t.Error("a node has another key after a start")
	}
	if err := n.Introduce(t.Context(), n.Introduction()); err == nil {
		t.Error("a node vouches for itself")
	}
	meet(t, n, other)
	say(t, n, syslog, 5)
	eventually(t, "each has signed all of the other", func() bool { return cosigned(t, n) > 3 && cosigned(t, other) > 0 })
	vouchedFor(t, dir)
	if grave(t, n, "witness-rolled-back") || grave(t, other, "witness-rolled-back") {
		t.Error("honest growth is told as something else")
	}
	stop()

	// Somebody puts the copy in the place of the data, with all that the node itself remembers.
	if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	copyAll(t, copied, filepath.Join(dir, "data"))
	n, _, _ = within(t, dir)
	if err := n.Introduce(t.Context(), other.Introduction()); err != nil { // the copy is from before they met
		t.Fatal(err)
	}
	eventually(t, "both are told", func() bool {
		if err := n.AskNeighbours(t.Context()); err != nil {
			t.Fatal(err)
		}
		return grave(t, n, "witness-rolled-back", "witness-rewritten", "witness-forked") && grave(t, other, "witness-older", "witness-rewritten", "witness-forked")
	})
}

// vouchedFor exports a record and checks it as an outsider does who has the policy of witnesses.
func vouchedFor(t *testing.T, dir string) {
	t.Helper()
	c := node.Config{Data: filepath.Join(dir, "data")}
	made := node.Evidence{Places: []journal.Place{{}}, Reason: "inquiry 17"}
	if err := node.Control(t.Context(), &c, "/evidence", made, &made); err != nil {
		t.Fatal(err)
	}
	var all node.Neighbours
	if err := node.Control(t.Context(), &c, "/neighbours", nil, &all); err != nil {
		t.Fatal(err)
	}
	policy, err := tlog.ParsePolicy([]byte(all.Policy))
	if err != nil {
		t.Fatal(err)
	}
	if policy.Quorum == "none" {
		t.Error("nobody is asked to vouch")
	}
	if r, err := evidence.Verify(made.Bundle, evidence.Trust{Policy: &policy}); err != nil {
		t.Errorf("%v: %v", err, r.Checks)
	}
}

// copyAll copies a folder with its rights and owners.
func copyAll(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func meet(t *testing.T, a, b *node.Node) {
	t.Helper()
	if err := a.Introduce(t.Context(), b.Introduction()); err != nil {
		t.Fatal(err)
	}
	if err := b.Introduce(t.Context(), a.Introduction()); err != nil {
		t.Fatal(err)
	}
}

// cosigned is how much of a node's journal its neighbour has signed, after asking.
func cosigned(t *testing.T, n *node.Node) uint64 {
	t.Helper()
	if err := n.AskNeighbours(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := n.Neighbours(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	return all[0].Size
}

// grave tells whether a node has a finding of one of the rules.
func grave(t *testing.T, n *node.Node, rules ...string) bool {
	t.Helper()
	items, err := n.Desk().List(t.Context(), triage.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(items, func(i triage.Item) bool { return slices.Contains(rules, i.Rule.ID) })
}
