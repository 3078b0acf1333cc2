package access_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/access"
)

func TestASenderSendsAsOneSource(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		token, err := h.Issue(h.as(ines), access.TokenSpec{Name: "  lab  gateway ", Role: access.Sender, Source: "lab-gateway", CIDR: "10.1.0.0/16 192.0.2.7 2001:db8::/32"})
		if err != nil {
			t.Fatal(err)
		}
		if parts := strings.Split(token, "_"); len(parts) != 3 || parts[0] != "wl" || len(parts[1]) != 16 || len(parts[2]) != 52 {
			t.Error("not of the form wl_<id>_<secret>")
		}
		for ip, fine := range map[string]bool{
			"10.1.255.255": true, "10.2.0.1": false, "192.0.2.7": true, "192.0.2.8": false, "::ffff:192.0.2.7": true,
			"2001:db8::1%eth0": true, "2001:db9::1": false, "": false, "10.1.2.3:99": false,
		} {
			if _, err := h.Bearer(ctx, token, ip); (err == nil) != fine {
				t.Errorf("from %q: %v", ip, err)
			}
		}
		a, err := h.Bearer(ctx, token, "10.1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		if err := access.Check(a, access.EventAppend, access.Object{Kind: "source", Owner: "lab-gateway"}); err != nil {
			t.Error(err)
		}
		wantDenied(t, "as another source", access.Check(a, access.EventAppend, access.Object{Kind: "source", Owner: "ehr"}))
		wantDenied(t, "read", access.Check(a, access.TodayRead, access.Object{}))
		for what, bad := range map[string]string{
			"nothing": "", "no prefix": token[3:], "cut": token[:len(token)-1], "longer": token + "a", "no secret": token[:20],
			"another id": "wl_" + strings.Repeat("a", 16) + token[19:], "a zero byte": "wl_\x00_" + token[20:],
		} {
			_, err := h.Bearer(ctx, bad, "10.1.2.3")
			want(t, what, err, access.ErrToken)
		}
	})
}

func TestTokensEnd(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		issue := func(ttl time.Duration) string {
			t.Helper()
			token, err := h.Issue(h.as(ines), access.TokenSpec{Name: "gateway", Role: access.Sender, Source: "gateway", TTL: ttl})
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		short, long, gone := issue(time.Hour), issue(0), issue(0)
		if _, err := h.Bearer(ctx, gone, desk); err != nil {
			t.Error(err)
		}
		if err := h.Revoke(h.as(ines), gone[3:19]); err != nil {
			t.Error(err)
		}
		_, err := h.Bearer(ctx, gone, desk)
		want(t, "revoked", err, access.ErrToken)
		if err := h.Revoke(h.as(ines), gone[3:19]); err == nil {
			t.Error("revoked twice")
		}
		h.wait(time.Hour)
		_, err = h.Bearer(ctx, short, desk)
		want(t, "an hour later", err, access.ErrToken)
		h.wait(90*24*time.Hour - time.Hour - time.Second)
		if _, err := h.Bearer(ctx, long, desk); err != nil {
			t.Error("before 90 days: ", err)
		}
		h.wait(time.Second)
		_, err = h.Bearer(ctx, long, desk)
		want(t, "after 90 days", err, access.ErrToken)

		h.login(ines)
		tokens, err := h.Tokens(h.as(ines))
		if err != nil || len(tokens) != 3 {
			t.Fatal(tokens, err)
		}
		for _, tok := range tokens {
			if tok.ID == gone[3:19] && (tok.Revoked.IsZero() || tok.Used.IsZero()) || tok.ID == short[3:19] && !tok.Used.IsZero() {
				t.Errorf("%+v", tok)
			}
		}
	})
}

// TestAReaderIsHeldToItsMaker: whatever happens to who made it happens to the token.
func TestAReaderIsHeldToItsMaker(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first() // senior, privacy, admin
		omar := h.hire(ines, "omar", access.Admin)
		_, err := h.Issue(h.as(omar), access.TokenSpec{Name: "siem", Role: access.Reader, Scope: []access.Verb{access.FindingRead}})
		if err == nil {
			t.Error("an admin, who sees no finding, made a token that does")
		}
		narrow, err := h.Issue(h.as(omar), access.TokenSpec{Name: "siem", Role: access.Reader})
		if err != nil {
			t.Fatal(err)
		}
		wide, err := h.Issue(h.as(ines), access.TokenSpec{Name: "siem", Role: access.Reader})
		if err != nil {
			t.Fatal(err)
		}
		scoped, err := h.Issue(h.as(ines), access.TokenSpec{Name: "siem", Role: access.Reader, Scope: []access.Verb{access.FindingRead}})
		if err != nil {
			t.Fatal(err)
		}
		asking, err := h.Issue(h.as(ines), access.TokenSpec{Name: "siem", Role: access.Reader, Scope: []access.Verb{access.SourceRead, access.SearchRun, access.AnswerRead}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Issue(h.as(omar), access.TokenSpec{Name: "siem", Role: access.Reader, Scope: []access.Verb{access.SearchRun}}); err == nil {
			t.Error("an admin, who sees no event, made a token that searches")
		}
		may := func(token string) (verbs []access.Verb) {
			t.Helper()
			a, err := h.Bearer(ctx, token, desk)
			if err != nil {
				return nil
			}
			for _, v := range access.Verbs() {
				if access.Check(a, v, access.Object{Kind: "access", ID: "1", Owner: a.ID, State: "closed"}) == nil {
					verbs = append(verbs, v)
				}
			}
			return verbs
		}
		steps := []struct {
			what   string
			token  string
			before func() error
			want   []access.Verb
		}{
			{"made by an admin", narrow, nil, []access.Verb{access.TodayRead, access.SourceRead, access.RuleRead, access.JournalVerify}},
			{"made by a senior", wide, nil, []access.Verb{access.TodayRead, access.FindingRead, access.SourceRead, access.RuleRead, access.JournalVerify}},
			{"whose scope names what must be named", asking, nil, []access.Verb{access.SearchRun, access.AnswerRead, access.SourceRead}},
			{"held to a scope", scoped, nil, []access.Verb{access.FindingRead}},
			{"its maker may less", scoped, func() error { return h.SetRoles(h.as(omar), ines.Actor.ID, []access.Role{access.Admin}) }, nil},
			{"its maker may less", wide, nil, []access.Verb{access.TodayRead, access.SourceRead, access.RuleRead, access.JournalVerify}},
			{"its maker does not search any more", asking, nil, []access.Verb{access.SourceRead}},
			{"its maker is disabled", wide, func() error { return h.Disable(h.as(omar), ines.Actor.ID) }, nil},
		}
		for _, s := range steps {
			if s.before != nil {
				if err := s.before(); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(s.want, may(s.token)); diff != "" {
				t.Error(s.what, diff)
			}
		}
	})
}

// TestASenderOutlivesItsMaker: what a hospital sends does not stop when an admin leaves.
func TestASenderOutlivesItsMaker(t *testing.T) {
	each(t, func(h *hospital) {
		ines := h.first()
		omar := h.hire(ines, "omar", access.Admin)
		token, err := h.Issue(h.as(omar), access.TokenSpec{Name: "gateway", Role: access.Sender, Source: "gateway"})
		if err != nil {
			h.t.Fatal(err)
		}
		if err := h.Disable(h.as(ines), omar.Actor.ID); err != nil {
			h.t.Fatal(err)
		}
		if _, err := h.Bearer(h.t.Context(), token, desk); err != nil {
			h.t.Error(err)
		}
	})
}

func TestTokensThatCannotBe(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		for what, spec := range map[string]access.TokenSpec{
			"no name":                {Role: access.Sender, Source: "a1"},
			"no source":              {Name: "n", Role: access.Sender},
			"a source with a space":  {Name: "n", Role: access.Sender, Source: "a b"},
			"a sender with a scope":  {Name: "n", Role: access.Sender, Source: "a1", Scope: []access.Verb{access.TodayRead}},
			"a reader with a source": {Name: "n", Role: access.Reader, Source: "a1"},
			"a role of people":       {Name: "n", Role: access.Admin},
			"no role":                {Name: "n"},
			"91 days":                {Name: "n", Role: access.Sender, Source: "a1", TTL: 91 * 24 * time.Hour},
			"no time":                {Name: "n", Role: access.Sender, Source: "a1", TTL: -1},
			"not a network":          {Name: "n", Role: access.Sender, Source: "a1", CIDR: "10.0.0.0/33"},
			"more than a reader":     {Name: "n", Role: access.Reader, Scope: []access.Verb{access.RuleWrite}},
		} {
			if _, err := h.Issue(h.as(ines), spec); err == nil {
				t.Errorf("%s: made", what)
			}
		}
		lena := h.hire(ines, "lena", access.Auditor)
		_, err := h.Issue(h.as(lena), access.TokenSpec{Name: "n", Role: access.Sender, Source: "a1"})
		wantDenied(t, "made by an auditor", err)
		wantDenied(t, "revoked by an auditor", h.Revoke(h.as(lena), "x"))
	})
}
