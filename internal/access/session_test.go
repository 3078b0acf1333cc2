package access_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"github.com/wardline/wardline/internal/access"
)

const desk = "192.0.2.1"

func TestLogin(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		before := ines.Cookie
		s, err := h.Login(ctx, " INES.first ", ines.pass, h.code(ines), desk)
		if err != nil {
			t.Fatal(err)
		}
		if s.Cookie == before || !s.Expires.Equal(h.now().Add(10*time.Hour)) || !s.Actor.Proved.Equal(h.now()) {
			t.Errorf("%v, %v", s.Expires, s.Actor.Proved)
		}
		a, err := h.Resume(ctx, s.Cookie)
		if diff := cmp.Diff(s.Actor, a); diff != "" || err != nil {
			t.Error(diff, err)
		}
		for what, try := range map[string][3]string{
			"another passphrase":      {ines.name, "copper lantern sings loudly", h.code(ines)},
			"another name":            {"nobody", ines.pass, h.code(ines)},
			"another code":            {ines.name, ines.pass, "12345x"},
			"no code":                 {ines.name, ines.pass, ""},
			"no passphrase":           {ines.name, "", h.code(ines)},
			"a recovery code for all": {ines.name, ines.recovery[0], ines.recovery[0]},
		} {
			_, err := h.Login(ctx, try[0], try[1], try[2], desk)
			want(t, what, err, access.ErrLogin)
			h.wait(15 * time.Minute)
		}
		_, err = h.Resume(ctx, "")
		want(t, "no cookie", err, access.ErrSession)
	})
}

func TestACodeIsTakenOnce(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		now, err := totp.GenerateCode(ines.device, h.now())
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Login(ctx, ines.name, ines.pass, now, "192.0.2.70")
		want(t, "the code that one joined with", err, access.ErrLogin)
		code := h.code(ines)
		// Many at once: the code is good for one of them.
		var all sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			all.Go(func() { _, errs[i] = h.Login(ctx, ines.name, ines.pass, code, fmt.Sprintf("192.0.2.%d", i)) })
		}
		all.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
			} else if !errors.Is(err, access.ErrLogin) {
				t.Error(err)
			}
		}
		if in != 1 {
			t.Errorf("%d got in with one code", in)
		}
		h.wait(30 * time.Second) // it is the code before now, and would be taken
		_, err = h.Login(ctx, ines.name, ines.pass, code, "192.0.2.77")
		want(t, "a code again", err, access.ErrLogin)

		later, err := totp.GenerateCode(ines.device, h.now().Add(30*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Login(ctx, ines.name, ines.pass, later, "192.0.2.78"); err != nil {
			t.Errorf("a device that is half a minute fast: %v", err)
		}
		for _, off := range []time.Duration{-time.Minute, time.Minute} {
			h.wait(5 * time.Minute)
			code, err := totp.GenerateCode(ines.device, h.now().Add(off))
			if err != nil {
				t.Fatal(err)
			}
			_, err = h.Login(ctx, ines.name, ines.pass, code, "192.0.2.80")
			want(t, "a device that is a minute off", err, access.ErrLogin)
		}
		if _, err := h.Login(ctx, ines.name, ines.pass, h.code(ines), "192.0.2.81"); err != nil {
			t.Error(err)
		}
		h.wait(-30 * time.Second)
		_, err = h.Login(ctx, ines.name, ines.pass, h.code(ines), "192.0.2.79")
		want(t, "a code of a step before the one that was used", err, access.ErrLogin)
	})
}

func TestARecoveryCodeIsTakenOnce(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		if _, err := h.Login(ctx, ines.name, ines.pass, " "+ines.recovery[3][:4]+ines.recovery[3][5:]+" ", desk); err != nil {
			t.Error(err)
		}
		_, err := h.Login(ctx, ines.name, ines.pass, ines.recovery[3], desk)
		want(t, "a recovery code again", err, access.ErrLogin)
		omar := h.hire(ines, "omar", access.Analyst)
		_, err = h.Login(ctx, ines.name, ines.pass, omar.recovery[0], desk)
		want(t, "somebody else's recovery code", err, access.ErrLogin)
		renewed, err := h.RenewRecovery(h.as(ines))
		if err != nil || len(renewed) != 10 {
			t.Fatal(len(renewed), err)
		}
		_, err = h.Login(ctx, ines.name, ines.pass, ines.recovery[1], desk)
		want(t, "a code of the old list", err, access.ErrLogin)
		if _, err := h.Login(ctx, ines.name, ines.pass, renewed[0], "192.0.2.9"); err != nil {
			t.Error(err)
		}
	})
}

func TestFiveTriesForAnAccount(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		omar := h.hire(ines, "omar", access.Analyst)
		for i := range 5 {
			_, err := h.Login(ctx, ines.name, ines.pass, "000000x", fmt.Sprintf("192.0.2.%d", i))
			want(t, "a wrong code", err, access.ErrLogin)
		}
		var many *access.TooMany
		if _, err := h.Login(ctx, ines.name, ines.pass, h.code(ines), "192.0.2.99"); !errors.As(err, &many) || many.Wait <= 0 || many.Wait > 15*time.Minute {
			t.Errorf("the right code after five wrong ones: %v", err)
		}
		if _, err := h.Login(ctx, omar.name, omar.pass, h.code(omar), "192.0.2.99"); err != nil {
			t.Errorf("another account: %v", err)
		}
		h.wait(many.Wait)
		if _, err := h.Login(ctx, ines.name, ines.pass, h.code(ines), "192.0.2.99"); err != nil {
			t.Errorf("after the time: %v", err)
		}
	})
}

func TestFiveTriesForAnAddress(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		for i := range 5 {
			// A good login of one's own between does not give the address more tries at others.
			_, err := h.Login(ctx, fmt.Sprintf("guess%d", i), goodPass, "123456", fmt.Sprintf("2001:db8::%d", i))
			want(t, "a wrong name", err, access.ErrLogin)
			if i == 2 {
				if _, err := h.Login(ctx, ines.name, ines.pass, h.code(ines), "2001:db8::5"); err != nil {
					t.Fatal(err)
				}
			}
		}
		var many *access.TooMany
		if _, err := h.Login(ctx, ines.name, ines.pass, h.code(ines), "2001:db8::ffff"); !errors.As(err, &many) {
			t.Errorf("the same network: %v", err)
		}
		if _, err := h.Login(ctx, ines.name, ines.pass, h.code(ines), "2001:db8:1::1"); err != nil {
			t.Errorf("another network: %v", err)
		}
	})
}

// TestTriesAtOnceAreCounted: the limit is for tries, not for those that have ended.
func TestTriesAtOnceAreCounted(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		var all sync.WaitGroup
		errs := make([]error, 16)
		for i := range errs {
			all.Go(func() { _, errs[i] = h.Login(ctx, ines.name, "wrong", "000000", fmt.Sprintf("192.0.2.%d", i)) })
		}
		all.Wait()
		tried := 0
		for _, err := range errs {
			if errors.Is(err, access.ErrLogin) {
				tried++
			}
		}
		if tried != 5 {
			t.Errorf("%d of 16 tries were made", tried)
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		alive := func(what string, cookie string, want bool) {
			t.Helper()
			if _, err := h.Peek(ctx, cookie); errors.Is(err, access.ErrSession) == want || err != nil && want {
				t.Errorf("%s: %v", what, err)
			}
		}
		h.wait(14 * time.Minute)
		alive("idle for 14 minutes", ines.Cookie, true)
		h.wait(2 * time.Minute) // looking did not prolong it
		alive("idle for 16 minutes", ines.Cookie, false)

		h.login(ines)
		for range 10 * 6 {
			if _, err := h.Resume(ctx, ines.Cookie); err != nil {
				t.Fatal(err)
			}
			h.wait(10 * time.Minute)
		}
		alive("used for 10 hours", ines.Cookie, true)
		h.wait(time.Second)
		alive("used for more than 10 hours", ines.Cookie, false)

		h.login(ines)
		h.wait(-2 * time.Minute)
		alive("opened in what is now the future", ines.Cookie, false)
		h.wait(2 * time.Minute)
		omar := h.hire(ines, "omar", access.Analyst)
		if err := h.Logout(ctx, omar.Cookie); err != nil {
			t.Error(err)
		}
		alive("logged out", omar.Cookie, false)
		alive("somebody else", ines.Cookie, true)
		if err := h.Logout(ctx, omar.Cookie); err != nil {
			t.Error("a second time: ", err)
		}

		for what, end := range map[string]func() error{
			"all ended by an admin": func() error { return h.LogoutAll(h.as(ines), omar.Actor.ID) },
			"all ended by oneself":  func() error { return h.LogoutAll(h.as(omar), omar.Actor.ID) },
			"other roles":           func() error { return h.SetRoles(h.as(ines), omar.Actor.ID, []access.Role{access.Auditor}) },
			"disabled":              func() error { return h.Disable(h.as(ines), omar.Actor.ID) },
			"another passphrase": func() error {
				_, err := h.ChangePassphrase(h.as(omar), goodPass, goodPass+" twice")
				omar.pass += " twice"
				return err
			},
		} {
			if what == "another passphrase" {
				omar.pass = goodPass
			}
			h.login(ines)
			_ = h.Enable(h.as(ines), omar.Actor.ID)
			h.login(omar)
			first := omar.Cookie
			h.login(omar)
			if err := end(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			alive(what, first, false)
			alive(what, omar.Cookie, false)
		}
	})
}

func TestSomeActsNeedTheFactorAnew(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		h.wait(4 * time.Minute)
		if _, err := h.Invite(h.as(ines), "omar", "", []access.Role{access.Analyst}); err != nil {
			t.Error(err)
		}
		h.wait(2 * time.Minute)
		_, err := h.Invite(h.as(ines), "omar", "", []access.Role{access.Analyst})
		want(t, "after six minutes", err, access.ErrProve)
		if err := h.Do(h.as(ines), access.RuleWrite, access.Object{}, nil, nothing); err != nil {
			t.Error("what does not need it: ", err)
		}
		_, err = h.Prove(ctx, ines.Cookie, "000000x", desk)
		want(t, "a wrong code", err, access.ErrCode)
		s, err := h.Prove(ctx, ines.Cookie, h.code(ines), desk)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Resume(ctx, ines.Cookie)
		want(t, "the cookie from before", err, access.ErrSession)
		a, err := h.Resume(ctx, s.Cookie)
		if err != nil {
			t.Fatal(err)
		}
		ines.Session = access.Session{Cookie: s.Cookie, Actor: a}
		if _, err := h.Invite(h.as(ines), "omar", "", []access.Role{access.Analyst}); err != nil {
			t.Error(err)
		}
		for range 5 {
			_, err = h.Prove(ctx, s.Cookie, "000000x", "192.0.2.2")
			want(t, "a wrong code", err, access.ErrCode)
		}
		var many *access.TooMany
		if _, err = h.Prove(ctx, s.Cookie, h.code(ines), "192.0.2.3"); !errors.As(err, &many) {
			t.Errorf("after five wrong codes: %v", err)
		}
	})
}
