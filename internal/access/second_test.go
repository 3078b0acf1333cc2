package access_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/access"
)

// rule is what the tests hide.
var rule = access.Object{Kind: "rule", ID: "late-logins"}

type terms struct {
	Rule string
	Days int
}

// propose lets m propose to hide a rule, and returns the proposal as lena sees it.
func (h *hospital) propose(m *member) access.Proposal {
	h.t.Helper()
	if err := h.Propose(h.as(m), access.FindingSuppress, rule, map[string]string{"rule": rule.ID}, terms{rule.ID, 7}); err != nil {
		h.t.Fatal(err)
	}
	all, err := h.Proposals(h.as(m))
	if err != nil || len(all) == 0 {
		h.t.Fatal(all, err)
	}
	return all[len(all)-1]
}

func never(context.Context, access.Proposal) error { return errors.New("it was done") }

func TestTwoPeopleAgree(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		lena := h.hire(ines, "lena", access.Senior)
		omar := h.hire(ines, "omar", access.Analyst)
		p := h.propose(ines)
		want := access.Proposal{
			ID: p.ID, At: h.now(), Ends: h.now().Add(24 * time.Hour), By: ines.Actor.ID, Display: "ines.first", Verb: access.FindingSuppress,
			Object: rule, Detail: map[string]string{"rule": rule.ID}, Terms: []byte(`{"Rule":"late-logins","Days":7}`),
		}
		all, err := h.Proposals(h.as(lena))
		if diff := cmp.Diff(all, []access.Proposal{want}); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if all, err := h.Proposals(h.as(omar)); len(all) != 0 || err != nil {
			t.Errorf("an analyst sees %v, %v", all, err)
		}
		if err := h.Agree(h.as(ines), p.ID, never); !errors.Is(err, access.ErrOwn) {
			t.Errorf("one agreed to the own proposal: %v", err)
		}
		wantDenied(t, "an analyst agrees", h.Agree(h.as(omar), p.ID, never))
		wantDenied(t, "an analyst declines", h.Decline(h.as(omar), p.ID))
		var done []access.Proposal
		act := func(_ context.Context, p access.Proposal) error {
			done = append(done, p)
			return nil
		}
		if err := h.Agree(h.as(lena), p.ID, act); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(done, []access.Proposal{want}); diff != "" {
			t.Error(diff)
		}
		if err := h.Agree(h.as(lena), p.ID, never); !errors.Is(err, access.ErrProposal) {
			t.Errorf("agreed twice: %v", err)
		}
		acts, err := h.Trail(h.as(ines), access.TrailFilter{Verb: access.FindingSuppress})
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(acts, func(a access.Act) bool { return a.Detail["agrees to"] == p.ID }); i < 0 || acts[i].Actor.ID != lena.Actor.ID {
			// The first that is found is the last one, which was lena's.
			t.Errorf("the trail does not say who agreed: %+v", acts)
		}
	})
}

// TestAProposalEnds: when it was declined, when a day has passed, and when who proposed may not do it any more.
func TestAProposalEnds(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		lena := h.hire(ines, "lena", access.Senior)
		ends := map[string]func(access.Proposal) error{
			"declined":  func(p access.Proposal) error { return h.Decline(h.as(lena), p.ID) },
			"withdrawn": func(p access.Proposal) error { return h.Decline(h.as(ines), p.ID) },
			"a failure": func(p access.Proposal) error {
				if err := h.Agree(h.as(lena), p.ID, never); err == nil {
					t.Error("a failure was swallowed")
				}
				return nil
			},
			"a day": func(access.Proposal) error {
				h.wait(24 * time.Hour)
				h.login(ines)
				h.login(lena)
				return nil
			},
		}
		for name, end := range ends {
			p := h.propose(ines)
			if err := end(p); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			want(t, name, h.Agree(h.as(lena), p.ID, never), access.ErrProposal)
			if all, err := h.Proposals(h.as(lena)); len(all) != 0 || err != nil {
				t.Errorf("%s: %v waits, %v", name, all, err)
			}
		}
		h.login(ines)
		p := h.propose(lena)
		if err := h.SetRoles(h.as(ines), lena.Actor.ID, []access.Role{access.Analyst}); err != nil {
			t.Fatal(err)
		}
		want(t, "who proposed may not", h.Agree(h.as(ines), p.ID, never), access.ErrProposal)
		noor := h.hire(ines, "noor", access.Senior)
		p = h.propose(noor)
		if err := h.Disable(h.as(ines), noor.Actor.ID); err != nil {
			t.Fatal(err)
		}
		want(t, "who proposed is not let in", h.Agree(h.as(ines), p.ID, never), access.ErrProposal)
	})
}

// TestTheLastOneActsAlone: a house is not held up by people who are not there.
func TestTheLastOneActsAlone(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		second := func() bool {
			t.Helper()
			ok, err := h.Second(h.as(ines), access.FindingSuppress, rule)
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		h.hire(ines, "omar", access.Analyst)
		if second() {
			t.Error("an analyst may not agree")
		}
		lena := h.hire(ines, "lena", access.Senior)
		if !second() {
			t.Error("lena could agree")
		}
		if err := h.Disable(h.as(ines), lena.Actor.ID); err != nil {
			t.Fatal(err)
		}
		if second() {
			t.Error("lena is not let in")
		}
		if err := h.Enable(h.as(ines), lena.Actor.ID); err != nil {
			t.Fatal(err)
		}
		h.wait(31 * 24 * time.Hour)
		if second() {
			t.Error("lena was not here for a month")
		}
		h.login(lena)
		if !second() {
			t.Error("lena is here again")
		}
		if _, err := h.ResetFactor(h.as(h.again(ines)), lena.Actor.ID); err != nil {
			t.Fatal(err)
		}
		if second() {
			t.Error("lena cannot sign in before she joined anew")
		}
	})
}

// again logs m in anew.
func (h *hospital) again(m *member) *member {
	h.t.Helper()
	h.login(m)
	return m
}

func TestTwoDecideAtOnce(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		deciders := []*member{h.hire(ines, "lena", access.Senior), h.hire(ines, "noor", access.Senior), h.hire(ines, "abel", access.Senior)}
		p := h.propose(ines)
		var mu sync.Mutex
		done := 0
		var all sync.WaitGroup
		for _, m := range deciders {
			all.Go(func() {
				err := h.Agree(h.as(m), p.ID, func(context.Context, access.Proposal) error {
					mu.Lock()
					defer mu.Unlock()
					done++
					return nil
				})
				if err != nil && !errors.Is(err, access.ErrProposal) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if done != 1 {
			t.Errorf("it was done %d times", done)
		}
	})
}

func TestProposalsAreBounded(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		h.hire(ines, "lena", access.Senior)
		for range 100 {
			h.propose(ines)
		}
		want(t, "one more", h.Propose(h.as(ines), access.FindingSuppress, rule, nil, nil), access.ErrProposals)
		h.wait(24 * time.Hour)
		h.propose(h.again(ines))
	})
}
