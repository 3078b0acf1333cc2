package node_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	says "github.com/wardline/wardline/internal/sim/feed"
	"github.com/wardline/wardline/internal/sim/life"
	"github.com/wardline/wardline/internal/sim/score"
	sender "github.com/wardline/wardline/internal/sim/send"
	"github.com/wardline/wardline/internal/sim/story"
	"github.com/wardline/wardline/internal/sim/world"
)

// TestScore has a theft of images sent to a node, and asks it how much of what happened it found. A story that found nobody is
// not held against it.
func TestScore(t *testing.T) {
	h := newHouse(t, "privacy: {authority: ALDER, beds: 10}\n")
	h.start()
	stories, unknown := story.Named("T12", "T14")
	if unknown != "" {
		t.Fatal(unknown)
	}
	hospital, err := life.New(life.Config{Size: world.Clinic, Seed: 1, From: time.Now().AddDate(0, 0, -3), Days: 3, Learn: 1, Stories: stories})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(h.dir, "truth.ndjson")
	truth, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	rows := json.NewEncoder(truth)
	target := h.target()
	n := sender.To(t.Context(), sender.Receiver{Syslog: h.syslog, MLLP: h.mllp, HTTP: target.Lines + "/events", FHIR: target.FHIR, Token: h.token, Client: target.Client, Ahead: 64}, 0, time.Hour)
	err = hospital.Play(t.Context(), life.Sinks{
		Record: func(r *says.Record) error {
			if r.Story == "" && says.Describe(r.Feed).Way != says.MLLP {
				return nil // who comes is enough of ordinary life
			}
			return n.Record(r)
		},
		Truth: func(row *life.Truth) error { return rows.Encode(row) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := truth.Close(); err != nil {
		t.Fatal(err)
	}
	h.caughtUp(t)
	c, err := node.ReadConfig(h.config)
	if err != nil {
		t.Fatal(err)
	}
	var r score.Report
	h.eventually(func() bool { // cases are opened a little after what they rest on was judged
		if err := node.Control(t.Context(), &c, "/score", node.ScoreAsked{Truth: name}, &r); err != nil {
			t.Fatal(err)
		}
		found, _ := r.Recall()
		return found > 0
	})
	if found, all := r.Recall(); found != 1 || all != 1 || r.Untold != 1 || r.Right == 0 || r.Single {
		t.Errorf("%d of %d thefts: %+v", found, all, r)
	}
	if err := node.Control(t.Context(), &c, "/score", node.ScoreAsked{Truth: name, From: time.Now().AddDate(0, 0, 1)}, &r); err != nil || r.Cases != 0 {
		t.Errorf("%d cases of tomorrow, %v", r.Cases, err)
	}
	if err := node.Control(t.Context(), &c, "/score", node.ScoreAsked{Truth: h.config}, &r); err == nil {
		t.Error("a configuration was read as the truth")
	}
}
