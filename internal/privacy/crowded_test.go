package privacy_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/privacy"
)

// TestAccountsThatAreMadeUpFillNoMemory: beyond so many, accesses of accounts that nobody knows are counted, and those of everybody else are reviewed as ever.
func TestAccountsThatAreMadeUpFillNoMemory(t *testing.T) {
	c := newClinic(t, func(cfg *privacy.Config) { cfg.Accounts = 5 })
	for n := range 50 {
		c.does(monday.Add(time.Duration(n)*time.Second), look{User: fmt.Sprint("nobody", n), Verb: "read", Native: "Chart review", Patient: []string{"1001"}, Station: "WS-1"})
	}
	before := c.engine.Counts()
	if before.Rows != 50 || before.Crowded != 45 {
		t.Errorf("%+v", before)
	}
	c.opens("ann", "1002", monday.Add(time.Hour))
	c.does(monday.Add(time.Hour), look{User: "nobody3", Verb: "read", Native: "Chart review", Patient: []string{"1003"}, Station: "WS-1"})
	if after := c.engine.Counts(); after.Crowded != before.Crowded {
		t.Errorf("somebody whom the house knows is one too many: %+v", after)
	}
}
