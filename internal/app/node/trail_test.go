package node_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/triage"
)

// TestAnActWithoutAnEndIsAFinding: the next start reads from the journal how an act ended; where it says nothing, a person learns
// of it, and the doctor and the metrics count it.
func TestAnActWithoutAnEndIsAFinding(t *testing.T) {
	dir := t.TempDir()
	n, _, stop := within(t, dir)
	reopen := func(ids string) {
		t.Helper()
		if _, err := n.IssueSender(t.Context(), "pacs-1"); err != nil {
			t.Fatal(err)
		}
		if err := n.Reopen(t.Context(), access.TokenWrite, ids); err != nil {
			t.Fatal(err)
		}
		stop()
		n, _, stop = within(t, dir)
	}
	ended := func(want access.Outcome) {
		t.Helper()
		eventually(t, "the act is "+string(want), func() bool {
			acts, err := n.Acts(t.Context(), access.TokenWrite)
			if err != nil || len(acts) == 0 {
				t.Fatal(acts, err)
			}
			return acts[0].Outcome == want
		})
	}
	reopen("")
	ended(access.Done)
	if s := n.Status(); s.WithoutEnd != 0 {
		t.Errorf("%d acts without an end", s.WithoutEnd)
	}
	if items, err := n.Desk().List(t.Context(), triage.Filter{}); err != nil || len(items) != 0 {
		t.Errorf("a finding of an act that ended: %+v, %v", items, err)
	}
	if err := n.Expire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	ended(access.Done) // it is of today

	reopen("unheard-of-") // both acts
	ended(access.Lost)
	eventually(t, "it is a finding", func() bool {
		items, err := n.Desk().List(t.Context(), triage.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return len(items) == 1 && items[0].Kind == finding.Policy && items[0].Count == 2 && len(items[0].Events) == 2 &&
			strings.HasSuffix(items[0].Entities["user"][0], "on this machine")
	})
	if s := n.Status(); s.WithoutEnd != 2 {
		t.Errorf("%d acts without an end", s.WithoutEnd)
	}
	found := node.Doctor(t.Context(), n.Config()).Complaints
	if !slices.ContainsFunc(found, func(c node.Complaint) bool {
		return strings.HasPrefix(c.What, "Acts of the last seven days of which nothing says how they ended: 2")
	}) {
		t.Errorf("the doctor does not say it: %+v", found)
	}
}

// TestTheTrailFollowsTheJournal forgets acts when their time in the journal is over.
func TestTheTrailFollowsTheJournal(t *testing.T) {
	n, _, _ := within(t, t.TempDir())
	for _, age := range []time.Duration{47 * time.Hour, 49 * time.Hour} {
		if _, err := n.IssueSender(t.Context(), "pacs-1"); err != nil {
			t.Fatal(err)
		}
		if err := n.Age(t.Context(), access.TokenWrite, age); err != nil {
			t.Fatal(err)
		}
		for _, days := range []int{0, 2} { // 0 is for good
			if err := n.Expire(t.Context(), days); err != nil {
				t.Fatal(err)
			}
			acts, err := n.Acts(t.Context(), access.TokenWrite)
			if gone := age > 48*time.Hour && days > 0; err != nil || (len(acts) == 0) != gone {
				t.Errorf("after %v, kept for %d days: %d acts, %v", age, days, len(acts), err)
			}
		}
	}
}
