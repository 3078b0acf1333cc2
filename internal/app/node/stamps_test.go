package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/rfc3161"
	"github.com/wardline/wardline/format/rfc3161/rfc3161test"
	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/integrity/stamp"
	"github.com/wardline/wardline/internal/journal"
)

// TestTheJournalIsStamped has an authority stamp a node's journal at the start and when evidence is exported. When the authority is away
// evidence is exported all the same, and it is said.
func TestTheJournalIsStamped(t *testing.T) {
	dir := t.TempDir()
	authority := rfc3161test.New(t)
	web := authority.Serve()
	ca := filepath.Join(dir, "authority.pem")
	if err := os.WriteFile(ca, authority.Chain, 0o600); err != nil {
		t.Fatal(err)
	}
	n, syslog, _ := within(t, dir, fmt.Sprintf("integrity: {off: true, timestamps: {url: %q, ca: %q}}\n", web.URL, ca))
	eventually(t, "it is stamped", func() bool { return n.Status().Stamps.Size > 0 || !n.Status().Stamps.At.IsZero() })
	say(t, n, syslog, 3)
	c := node.Config{Data: filepath.Join(dir, "data"), Integrity: n.Config().Integrity}
	export := func(entry uint64) (made node.Evidence) {
		t.Helper()
		made = node.Evidence{Places: []journal.Place{{Entry: entry}}, Reason: "inquiry 17"}
		if err := node.Control(t.Context(), &c, "/evidence", made, &made); err != nil {
			t.Fatal(err)
		}
		return made
	}
	var key node.PublicKey
	if err := node.Control(t.Context(), &c, "/key", nil, &key); err != nil {
		t.Fatal(err)
	}
	trust, err := rfc3161.ParseTrust(authority.Root)
	if err != nil {
		t.Fatal(err)
	}
	demanding := evidence.Trust{Key: key.Key, Stamp: stamp.Check(&trust), Stamped: true}
	latest := n.Entries() - 1
	made := export(latest)
	if r, err := evidence.Verify(made.Bundle, demanding); err != nil || made.Unstamped != 0 || made.Trouble != "" {
		t.Error(err, made.Unstamped, made.Trouble, r.Checks)
	}
	if got := n.Status().Stamps.Size; got <= latest {
		t.Errorf("entry %d was exported, and the journal is stamped up to %d", latest, got)
	}
	var all node.Neighbours
	if err := node.Control(t.Context(), &c, "/neighbours", nil, &all); err != nil || all.Stamps == nil || all.Stamps.Size <= latest || all.Stamps.URL != web.URL {
		t.Errorf("%v, %+v", err, all.Stamps)
	}
	if age := measured(t, n, "wardline_stamp_age_seconds"); age < 0 || age > 600 {
		t.Errorf("the metric says that the stamp is %v s old", age)
	}
	if checkup := node.Doctor(t.Context(), &c); !strings.Contains(strings.Join(checkup.Healthy, "\n"), "the journal was stamped") {
		t.Errorf("the doctor does not tell: %+v", checkup)
	}

	web.Close()
	made = export(n.Entries() - 1)
	if _, err := evidence.Verify(made.Bundle, demanding); err == nil || made.Unstamped != 1 || made.Trouble == "" {
		t.Error("nobody is told that the authority is away", made.Unstamped, made.Trouble)
	}
	demanding.Stamped = false
	if r, err := evidence.Verify(made.Bundle, demanding); err != nil {
		t.Error(err, r.Checks)
	}
	if made := export(latest); made.Unstamped != 0 {
		t.Error("what was stamped before is stamped no longer")
	}
	if err := os.Remove(ca); err != nil {
		t.Fatal(err)
	}
	if checkup := fmt.Sprint(node.Doctor(t.Context(), &c).Complaints); !strings.Contains(checkup, "authority of time stamps cannot be read") {
		t.Error(checkup)
	}
}

// measured is a number of a node's metrics.
func measured(t *testing.T, n *node.Node, name string) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(n)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}
