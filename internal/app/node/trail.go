package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/triage"
)

const (
	mendEvery = time.Minute
	// lostFor is for how long the doctor and the metrics speak of an act that was lost.
	lostFor = 7 * 24 * time.Hour
)

// mendTrail has the trail put right at the start, and then every minute, until ctx is done.
func (n *Node) mendTrail(ctx context.Context) error {
	tick := time.NewTicker(mendEvery)
	defer tick.Stop()
	for {
		if err := n.house.Mend(ctx, n.journal, n.lostAct); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lostAct files a finding for an act of which nothing says how it ended.
func (n *Node) lostAct(ctx context.Context, a access.Act) error {
	rule := finding.Rule{
		ID: "4f0c7f0e-7a0b-4b39-8a7e-2f6f0d3f9c21", Title: "It is not known how an act ended", Level: "high", Author: "Wardline", Source: "node", Type: "trail",
		Summary:        "Somebody was about to do something, which was sealed, and nothing says what came of it: the node stopped in the middle. Whoever wants to hide an act may stop it on purpose.",
		CareImpact:     "If it changed who may enter or what is hidden, see whether it was done.",
		FalsePositives: []string{"The machine lost power, or the node was killed, just then"},
	}
	who := a.Actor.Name
	if who == "" {
		who = "nobody who is known"
	}
	// What was done to what is for those who may read the trail; the act's id leads there.
	fields, err := json.Marshal(map[string]string{"act": a.ID, "verb": string(a.Verb)})
	if err != nil {
		return fmt.Errorf("file an act without an end: %w", err)
	}
	at := finding.Place{Entry: a.Intent.Entry, Line: a.Intent.Line}
	sum := sha256.Sum256([]byte(rule.ID + "\x00" + a.Actor.ID))
	line, err := triage.LineOf(&triage.Filed{
		Finding: finding.Finding{
			ID: hex.EncodeToString(sum[:12]), Kind: finding.Policy, Rule: rule, Count: 1, First: a.At, Last: a.At, Entities: map[string][]string{"user": {who}},
			Events: []finding.Evidence{{Source: "access", Record: 1, Time: a.At, Fields: fields, Place: &at}}, Places: []finding.Place{at},
		},
		Watcher: "trail/" + a.ID, From: journal.Place(at), // so each act counts once, however often it is filed
	})
	if err != nil {
		return err
	}
	line.Source = "trail"
	if _, err := n.journal.Append(ctx, line); err != nil {
		return fmt.Errorf("file an act without an end: %w", err)
	}
	n.log.WarnContext(ctx, "nothing says how an act ended; a finding was filed", "act", a.ID, "verb", a.Verb)
	return nil
}

// withoutEnd counts the acts of the last days of which nothing says how they ended. It is -1 when that cannot be told.
func (n *Node) withoutEnd() int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	count, err := n.house.WithoutEnd(ctx, time.Now().Add(-lostFor))
	if err != nil {
		return -1
	}
	return count
}
