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
	before := c.engine.State().Counts
	if before.Rows != 50 || before.Crowded != 45 {
		t.Errorf("%+v", before)
	}
	if alarms := c.engine.Alarms(); len(alarms) != 1 || !alarms[0].Crowd {
		t.Errorf("a person is told of it once: %+v", alarms)
	} else if f := c.engine.Finding(&alarms[0]); f.Rule.ID != "privacy-crowd" || len(f.Entities["user"]) > 0 {
		t.Errorf("%+v", f)
	}
	c.opens("ann", "1002", monday.Add(time.Hour))
	c.does(monday.Add(time.Hour), look{User: "nobody3", Verb: "read", Native: "Chart review", Patient: []string{"1003"}, Station: "WS-1"})
	if after := c.engine.State().Counts; after.Crowded != before.Crowded {
		t.Errorf("somebody whom the house knows is one too many: %+v", after)
	}
	c.does(monday.AddDate(0, 0, 1), look{User: "nobody60", Verb: "read", Native: "Chart review", Patient: []string{"1003"}, Station: "WS-1"})
	if alarms := c.engine.Alarms(); len(alarms) != 1 {
		t.Errorf("and again on the next day: %+v", alarms)
	}
}
