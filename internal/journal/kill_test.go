package journal_test

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestKilledAtAnyInstantNothingAcknowledgedIsLost is promise P2, and P1 as far as a process can break it.
func TestKilledAtAnyInstantNothingAcknowledgedIsLost(t *testing.T) {
	rounds := 10
	if long() {
		rounds = 200
	}
	dir := journalDir(t)
	var all []ack
	var c tally
	first := 0
	for round := range rounds {
		p := start(t, orders{Dir: dir, First: first, Senders: 100, Ahead: 40, Ballast: -1})
		p.answered(t)
		acks := p.kill(t, time.Duration(rand.IntN(300))*time.Millisecond)
		all = append(all, acks...)
		first += 1_000_000
		c.account(t, dir, acks)
		if t.Failed() {
			t.Fatalf("after kill %d", round+1)
		}
	}
	var total tally
	total.account(t, dir, all) // what was there after a kill is there after all
	t.Logf("%d kills: acknowledged %d lines, lost %d; %d entries, %d orphaned parts of segments", rounds, total.acked, total.lost, total.entries, total.orphans)
}
