package access_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
)

func nothing(context.Context) error { return nil }

func TestAnActIsSealedBeforeAndAfter(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		rule := access.Object{Kind: "rule", ID: "r1", Owner: "somebody"}
		var during []access.Act
		err := h.Do(h.as(ines), access.RuleWrite, rule, map[string]string{"change": "switch on"}, func(ctx context.Context) error {
			if diff := cmp.Diff([]string{"intent"}, h.seal.steps(access.RuleWrite)); diff != "" {
				t.Error(diff)
			}
			if at, ok := access.IntentOf(ctx); !ok || at != (journal.Place{Entry: 1003}) {
				t.Errorf("the act does not know where it was sealed: %v", at)
			}
			var err error
			during, err = h.Trail(ctx, access.TrailFilter{Open: true})
			h.wait(time.Minute)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(during) != 1 || during[0].Verb != access.RuleWrite || during[0].Intent != during[0].Result {
			t.Errorf("open while it goes on: %+v", during)
		}
		acts, err := h.Trail(h.as(ines), access.TrailFilter{Verb: access.RuleWrite})
		if err != nil || len(acts) != 1 {
			t.Fatal(acts, err)
		}
		actor := ines.Actor
		actor.Proved = time.Time{} // of no interest to the trail
		want := access.Act{
			ID: acts[0].ID, At: h.now().Add(-time.Minute), Actor: actor, Verb: access.RuleWrite, Object: rule,
			Detail: map[string]string{"change": "switch on"}, Outcome: access.Done, Ended: h.now(), Sealed: true,
			Intent: journal.Place{Entry: 1003}, Result: journal.Place{Entry: 1004}, // 1001 and 1002 are of joining
		}
		if diff := cmp.Diff(want, acts[0]); diff != "" {
			t.Error(diff)
		}
	})
}

func TestHowActsEnd(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		auditor := h.hire(ines, "lena", access.Auditor)
		boom := errors.New("boom")
		err := h.Do(h.as(ines), access.RuleWrite, access.Object{}, nil, func(context.Context) error { return boom })
		want(t, "an act that fails", err, boom)
		wantDenied(t, "an act that is not allowed", h.Do(h.as(auditor), access.RuleWrite, access.Object{}, nil, func(context.Context) error {
			t.Error("done by an auditor")
			return nil
		}))
		wantDenied(t, "an act of nobody", h.Do(t.Context(), access.RuleWrite, access.Object{}, nil, nothing))
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a panic was swallowed")
				}
			}()
			_ = h.Do(h.as(ines), access.RuleWrite, access.Object{}, nil, func(context.Context) error { panic("ours") })
		}()
		acts, err := h.Trail(h.as(auditor), access.TrailFilter{Verb: access.RuleWrite})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range acts {
			got = append(got, a.Actor.Name+": "+string(a.Outcome)+", "+a.Why)
		}
		wantActs := []string{
			"ines.first: failed, it broke off in the middle",
			": refused, no role allows it",
			"lena: refused, no role allows it",
			"ines.first: failed, boom",
		}
		if diff := cmp.Diff(wantActs, got); diff != "" {
			t.Error(diff)
		}
		sealed := []string{"intent", "outcome failed", "outcome refused", "outcome refused", "intent", "outcome failed"}
		if diff := cmp.Diff(sealed, h.seal.steps(access.RuleWrite)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhoGoesAwayLeavesNoDoubt(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		ctx, cancel := context.WithCancel(h.as(ines))
		h.seal.breakBy(func(ctx context.Context) error { cancel(); return ctx.Err() })
		err := h.Do(ctx, access.RuleWrite, access.Object{}, nil, func(ctx context.Context) error { return ctx.Err() })
		want(t, "cancelled while it is sealed", err, context.Canceled)
		if diff := cmp.Diff([]string{"intent", "outcome failed"}, h.seal.steps(access.RuleWrite)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhoReadsTheTrail(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		omar := h.hire(ines, "omar", access.Analyst)
		admin := h.hire(ines, "adam", access.Admin)
		auditor := h.hire(ines, "lena", access.Auditor)
		start := h.now()
		for range 5 {
			h.wait(time.Minute)
			if err := h.Do(h.as(omar), access.FindingJudge, access.Object{}, nil, nothing); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range []*member{omar, admin} {
			_, err := h.Trail(h.as(m), access.TrailFilter{})
			wantDenied(t, "everybody's, by "+m.name, err)
			_, err = h.Trail(h.as(m), access.TrailFilter{Actor: ines.Actor.ID})
			wantDenied(t, "another's, by "+m.name, err)
		}
		count := func(m *member, f access.TrailFilter) []access.Act {
			t.Helper()
			acts, err := h.Trail(h.as(m), f)
			if err != nil {
				t.Error(err)
			}
			return acts
		}
		// Two refusals just now, five judgements, and joining.
		if n := len(count(omar, access.TrailFilter{Actor: omar.Actor.ID})); n != 8 {
			t.Errorf("%d acts of one's own", n)
		}
		if n := len(count(auditor, access.TrailFilter{From: start.Add(2 * time.Minute), To: start.Add(4 * time.Minute)})); n != 2 {
			t.Errorf("%d acts in two minutes", n)
		}
		var pages []string
		before := ""
		for range 4 {
			page := count(auditor, access.TrailFilter{Verb: access.FindingJudge, Limit: 2, Before: before})
			for _, a := range page {
				pages = append(pages, a.ID)
				before = a.ID
			}
		}
		var all []string
		for _, a := range count(auditor, access.TrailFilter{Verb: access.FindingJudge}) {
			all = append(all, a.ID)
		}
		if diff := cmp.Diff(all, pages); diff != "" || len(all) != 5 {
			t.Error(diff)
		}
		if n := len(count(auditor, access.TrailFilter{Open: true})); n != 0 {
			t.Errorf("%d are open", n)
		}
	})
}

func TestTheTrailTakesAnyText(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		detail := map[string]string{"q": "\x00\xff" + strings.Repeat("ä", 5000)}
		for i := range 100 {
			detail[strings.Repeat("k", i)] = "v"
		}
		if err := h.Do(h.as(ines), access.RuleWrite, access.Object{ID: "\x00" + strings.Repeat("i", 5000)}, detail, nothing); err != nil {
			t.Fatal(err)
		}
		acts, err := h.Trail(h.as(ines), access.TrailFilter{Verb: access.RuleWrite})
		if err != nil || len(acts) != 1 || len(acts[0].Detail) > 32 || len(acts[0].Object.ID) > 210 {
			t.Error(len(acts), err)
		}
	})
}

// endpoints are all the ways to change something or to be let in.
func endpoints(h *hospital, ines, omar *member) map[string]func() error {
	ctx, id := h.t.Context(), omar.Actor.ID
	link := func() string { s, _ := h.Invite(h.as(ines), "extra", "", []access.Role{access.Analyst}); return s }()
	e, err := h.Begin(ctx, link, "", "", goodPass)
	if err != nil {
		h.t.Fatal(err)
	}
	token, err := h.Issue(h.as(ines), access.TokenSpec{Name: "gateway", Role: access.Sender, Source: "gateway"})
	if err != nil {
		h.t.Fatal(err)
	}
	roles := []access.Role{access.Senior}
	keys, blue, spare := h.passkeys(), newKey(h.t), newKey(h.t)
	if err := h.add(keys, ines, blue); err != nil {
		h.t.Fatal(err)
	}
	ask := func(ticket access.Ticket, err error) access.Ticket {
		if err != nil {
			h.t.Error(err)
		}
		return ticket
	}
	return map[string]func() error{
		"Do": func() error {
			return h.Do(h.as(ines), access.RuleWrite, access.Object{}, nil, func(context.Context) error { h.t.Error("done"); return nil })
		},
		"Do, denied":   func() error { return h.Do(h.as(omar), access.RuleWrite, access.Object{}, nil, nothing) },
		"Login":        func() error { _, err := h.Login(ctx, ines.name, ines.pass, h.code(ines), "192.0.2.50"); return err },
		"Login, wrong": func() error { _, err := h.Login(ctx, ines.name, "wrong", "", "192.0.2.51"); return err },
		"Prove":        func() error { _, err := h.Prove(ctx, ines.Cookie, h.code(ines), "192.0.2.52"); return err },
		"Confirm":      func() error { _, _, err := h.Confirm(ctx, e.ID, h.code(&member{device: e.TOTPSecret})); return err },
		"Logout":       func() error { return h.Logout(ctx, omar.Cookie) },
		"LogoutAll":    func() error { return h.LogoutAll(h.as(ines), id) },
		"Invite":       func() error { _, err := h.Invite(h.as(ines), "late", "", roles); return err },
		"SetRoles":     func() error { return h.SetRoles(h.as(ines), id, roles) },
		"Disable":      func() error { return h.Disable(h.as(ines), id) },
		"Enable":       func() error { return h.Enable(h.as(ines), id) },
		"ResetFactor":  func() error { _, err := h.ResetFactor(h.as(ines), id); return err },
		"Rescue":       func() error { _, err := h.Rescue(ctx, "omar"); return err },
		"Issue": func() error {
			_, err := h.Issue(h.as(ines), access.TokenSpec{Name: "n", Role: access.Sender, Source: "a1"})
			return err
		},
		"Revoke": func() error { return h.Revoke(h.as(ines), token[3:19]) },
		"ChangePassphrase": func() error {
			_, err := h.ChangePassphrase(h.as(omar), omar.pass, "seven violet kettles dancing")
			return err
		},
		"RenewRecovery": func() error { _, err := h.RenewRecovery(h.as(ines)); return err },
		"Passkeys.Finish": func() error {
			ticket := ask(keys.Begin(h.as(ines)))
			return keys.Finish(h.as(ines), ticket.Secret, "", spare.create(ticket.Options))
		},
		"Passkeys.FinishLogin": func() error {
			ticket := ask(keys.BeginLogin(ctx, ines.name, ines.pass, "192.0.2.53"))
			_, err := keys.FinishLogin(ctx, ticket.Secret, blue.get(ticket.Options), "192.0.2.53")
			return err
		},
		"Passkeys.FinishProve": func() error {
			ticket := ask(keys.BeginProve(ctx, ines.Cookie, "192.0.2.54"))
			_, err := keys.FinishProve(ctx, ines.Cookie, ticket.Secret, blue.get(ticket.Options))
			return err
		},
		"RemovePasskey": func() error { return h.RemovePasskey(h.as(ines), b64(blue.id)) },
		"Users, denied": func() error { _, err := h.Users(h.as(omar)); return err },
		"Trail, denied": func() error { _, err := h.Trail(h.as(omar), access.TrailFilter{}); return err },
	}
}

// state is all that acts may change. Tries are no acts.
func state(t *testing.T, h *hospital) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, query := range map[string]string{
		"people":      `SELECT name || ' ' || roles || ' ' || passphrase || totp || CAST(totp_step AS TEXT) || ' ' || CAST(disabled AS TEXT) || CAST(login AS TEXT) FROM people ORDER BY id`,
		"invitations": `SELECT hash || name FROM invitations ORDER BY hash`,
		"recovery":    `SELECT hash FROM recovery ORDER BY hash`,
		"sessions":    `SELECT hash || CAST(proved AS TEXT) FROM sessions ORDER BY id`,
		"passkeys":    `SELECT id || credential FROM passkeys ORDER BY id`,
		"tokens":      `SELECT hash || CAST(revoked AS TEXT) FROM tokens ORDER BY id`,
		"acts":        `SELECT id || outcome FROM acts WHERE outcome = 'done' ORDER BY id`,
	} {
		all[name] = strings.Join(texts(t, h, query), "\n")
	}
	return all
}

// TestNoTrailNoAct is P14: where the journal fails, nothing is done.
func TestNoTrailNoAct(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		omar := h.hire(ines, "omar", access.Analyst)
		calls := endpoints(h, ines, omar)
		idp := newProvider(t, h)
		o := idp.oidc()
		calls["OIDC.Finish"] = func() error { _, err := idp.login(o, false); return err }
		before := state(t, h)
		for _, failure := range []error{journal.ErrFull, journal.ErrFailed, journal.ErrClosed} {
			h.seal.breakBy(func(context.Context) error { return failure })
			for name, call := range calls {
				if _, err := h.db.ExecContext(t.Context(), `DELETE FROM tries`); err != nil { // which are counted all the same
					t.Fatal(err)
				}
				start := h.now()
				want(t, name, call(), access.ErrNoTrail)
				for _, err := range changes(t, h, before) {
					t.Errorf("%s: %v", name, err)
				}
				h.wait(start.Sub(h.now()))
			}
		}
		h.seal.breakBy(nil)
		acts, err := h.Trail(h.as(ines), access.TrailFilter{Verb: access.RuleWrite})
		if err != nil || len(acts) < 3 {
			t.Error("the trail does not show what was tried: ", len(acts), err)
		}
		for _, a := range acts {
			if a.Outcome != access.NotDone && a.Outcome != access.Refused || a.Sealed {
				t.Errorf("%+v", a)
			}
		}
		if err := calls["Do, denied"](); errors.Is(err, access.ErrNoTrail) {
			t.Error("it does not heal: ", err)
		}
	})
}

// changes compares with before.
func changes(t *testing.T, h *hospital, before map[string]string) (all []error) {
	t.Helper()
	for name, now := range state(t, h) {
		if now != before[name] {
			all = append(all, errors.New(name+" changed"))
		}
	}
	return all
}

// inBubble gives a house whose waiting takes no time. Only SQLite lives in it: a connection to a server would
// keep the bubble's clock from moving.
func inBubble(t *testing.T, test func(t *testing.T, h *hospital)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		test(t, newHospital(t, func() *store.DB { return db }))
		synctest.Wait()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestAJournalThatHangs: whoever waits for it is told after two seconds, and nothing was done.
func TestAJournalThatHangs(t *testing.T) {
	inBubble(t, func(t *testing.T, h *hospital) {
		ines := h.first()
		omar := h.hire(ines, "omar", access.Analyst)
		calls := endpoints(h, ines, omar)
		before := state(t, h)
		release := make(chan struct{})
		h.seal.breakBy(func(context.Context) error { <-release; return errors.New("gone") }) // deaf to its context
		for name, call := range calls {
			start := time.Now()
			want(t, name, call(), access.ErrNoTrail)
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("%s took %v", name, took)
			}
			for _, err := range changes(t, h, before) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// What hangs is bounded: after that many the answer is at once.
		for range 100 {
			want(t, "one more", calls["Do"](), access.ErrNoTrail)
		}
		start := time.Now()
		want(t, "one too many", calls["Do"](), access.ErrNoTrail)
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v", took)
		}
		close(release)
	})
}

// TestAnIntentThatWasSealedTooLate: the journal has it, and then says that it was not done.
func TestAnIntentThatWasSealedTooLate(t *testing.T) {
	inBubble(t, func(t *testing.T, h *hospital) {
		ines := h.first()
		h.seal.breakBy(func(context.Context) error { time.Sleep(3 * time.Second); h.seal.breakBy(nil); return nil })
		want(t, "too late", h.Do(h.as(ines), access.RuleWrite, access.Object{}, nil, func(context.Context) error { t.Error("done"); return nil }), access.ErrNoTrail)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"intent", "outcome not done"}, h.seal.steps(access.RuleWrite)); diff != "" {
			t.Error(diff)
		}
		acts, err := h.Trail(h.as(ines), access.TrailFilter{Verb: access.RuleWrite})
		if err != nil || len(acts) != 1 || acts[0].Outcome != access.NotDone || !acts[0].Sealed || acts[0].Result.Entry == acts[0].Intent.Entry {
			t.Errorf("%+v, %v", acts, err)
		}
	})
}

// TestAnOutcomeThatCannotBeSealed stays open in the trail; the act is done.
func TestAnOutcomeThatCannotBeSealed(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		err := h.Do(h.as(ines), access.RuleWrite, access.Object{}, nil, func(context.Context) error {
			h.seal.breakBy(func(context.Context) error { return journal.ErrFailed })
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		open, err := h.Trail(h.as(ines), access.TrailFilter{Open: true})
		if err != nil || len(open) != 1 || open[0].Verb != access.RuleWrite {
			t.Errorf("%+v, %v", open, err)
		}
	})
}
