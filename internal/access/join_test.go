package access_test

import (
	"bytes"
	"database/sql"
	"errors"
	"image/png"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/access/passphrase"
)

func TestTheFirstPersonJoins(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		old, _, err := h.SetupSecret(ctx)
		if err != nil {
			t.Fatal(err)
		}
		link, open, err := h.SetupSecret(ctx)
		if err != nil || !open || link == old {
			t.Fatal(link == old, open, err)
		}
		_, err = h.Begin(ctx, old, "ines.first", "", goodPass)
		want(t, "an older link", err, access.ErrInvited)
		_, err = h.Begin(ctx, link, "Inés", "", goodPass)
		want(t, "a name that cannot be", err, access.ErrName)
		var weak *passphrase.Weak
		if _, err = h.Begin(ctx, link, "ines.first", "", "ines first loves this"); !errors.As(err, &weak) {
			t.Errorf("a passphrase with the name: %v", err)
		}
		e, err := h.Begin(ctx, link, " Ines.First ", " Inés  First ", goodPass)
		if err != nil {
			t.Fatal(err)
		}
		key, err := otp.NewKeyFromURL(e.OTPAuthURL)
		if err != nil || key.Secret() != e.TOTPSecret || key.Issuer() != "Wardline" || key.AccountName() != "ines.first" {
			t.Error(err)
		}
		if _, err := png.Decode(bytes.NewReader(e.QR)); err != nil {
			t.Error(err)
		}
		if _, open, err := h.SetupSecret(ctx); err != nil || !open {
			t.Error("the house is closed before anybody joined", err)
		}
		link, _, err = h.SetupSecret(ctx)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Confirm(ctx, e.ID, h.code(&member{device: e.TOTPSecret}))
		want(t, "an enrolment by a link that was replaced", err, access.ErrInvited)

		ines := h.join(link, "ines.first")
		if len(ines.recovery) != 10 || len(ines.Cookie) < 43 {
			t.Errorf("%d recovery codes, a cookie of %d", len(ines.recovery), len(ines.Cookie))
		}
		if diff := cmp.Diff([]access.Role{access.Senior, access.Privacy, access.Admin}, ines.Actor.Roles); diff != "" {
			t.Error(diff)
		}
		if again, open, err := h.SetupSecret(ctx); err != nil || open || again != "" {
			t.Errorf("the house is still open: %v, %v", open, err)
		}
		_, err = h.Begin(ctx, link, "second", "", goodPass)
		want(t, "the link a second time", err, access.ErrInvited)
		users, err := h.Users(h.as(ines))
		if err != nil || len(users) != 1 || users[0].Name != "ines.first" || users[0].Display != "ines.first" {
			t.Errorf("%+v, %v", users, err)
		}
	})
}

// TestOnlyOneIsFirst: two people with the same link, at the same time.
func TestOnlyOneIsFirst(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		link, _, err := h.SetupSecret(ctx)
		if err != nil {
			t.Fatal(err)
		}
		one, err := h.Begin(ctx, link, "one", "", goodPass)
		if err != nil {
			t.Fatal(err)
		}
		two, err := h.Begin(ctx, link, "two", "", goodPass)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Confirm(ctx, one.ID, h.code(&member{device: one.TOTPSecret}))
		want(t, "who began first", err, access.ErrInvited)
		if _, _, err = h.Confirm(ctx, two.ID, h.code(&member{device: two.TOTPSecret})); err != nil {
			t.Error(err)
		}
	})
}

func TestLinksGrowOld(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		link, _, err := h.SetupSecret(ctx)
		if err != nil {
			t.Fatal(err)
		}
		e, err := h.Begin(ctx, link, "one", "", goodPass)
		if err != nil {
			t.Fatal(err)
		}
		h.wait(31 * time.Minute)
		_, _, err = h.Confirm(ctx, e.ID, h.code(&member{device: e.TOTPSecret}))
		want(t, "an enrolment after half an hour", err, access.ErrInvited)
		h.wait(24 * time.Hour)
		_, err = h.Begin(ctx, link, "one", "", goodPass)
		want(t, "a setup link after a day", err, access.ErrInvited)
		ines := h.first()
		invited, err := h.Invite(h.as(ines), "omar", "", []access.Role{access.Analyst})
		if err != nil {
			t.Fatal(err)
		}
		h.wait(73 * time.Hour)
		_, err = h.Begin(ctx, invited, "", "", goodPass)
		want(t, "an invitation after three days", err, access.ErrInvited)
	})
}

func TestAnEnrolmentTakesFiveCodes(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		link, _, err := h.SetupSecret(ctx)
		if err != nil {
			t.Fatal(err)
		}
		e, err := h.Begin(ctx, link, "one", "", goodPass)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			_, _, err = h.Confirm(ctx, e.ID, "000000x")
			want(t, "a wrong code", err, access.ErrCode)
		}
		_, _, err = h.Confirm(ctx, e.ID, h.code(&member{device: e.TOTPSecret}))
		want(t, "the right code after five wrong ones", err, access.ErrInvited)
	})
}

func TestInvitation(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		old, err := h.Invite(h.as(ines), "Omar", "Omar N.", []access.Role{access.Analyst})
		if err != nil {
			t.Fatal(err)
		}
		link, err := h.Invite(h.as(ines), "omar", "Omar N.", []access.Role{access.Analyst, access.Biomed})
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Begin(ctx, old, "", "", goodPass)
		want(t, "an invitation that was replaced", err, access.ErrInvited)
		omar := h.join(link, "admin") // who may not choose another name
		if omar.name != "omar" {
			t.Error(omar.name)
		}
		if diff := cmp.Diff([]access.Role{access.Analyst, access.Biomed}, omar.Actor.Roles); diff != "" {
			t.Error(diff)
		}
		_, err = h.Invite(h.as(ines), "omar", "", []access.Role{access.Admin})
		want(t, "a name that is taken", err, access.ErrName)
		for _, roles := range [][]access.Role{nil, {access.Sender}, {access.Analyst, "root"}, {""}} {
			_, err = h.Invite(h.as(ines), "lena", "", roles)
			want(t, "roles that people do not have", err, access.ErrRoles)
		}
		_, err = h.Invite(h.as(omar), "lena", "", []access.Role{access.Admin})
		wantDenied(t, "an invitation by an analyst", err)
	})
}

// TestSecretsAreKeptAsHashes looks for what was handed out in the whole database.
func TestSecretsAreKeptAsHashes(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		link, err := h.Invite(h.as(ines), "omar", "", []access.Role{access.Analyst})
		if err != nil {
			t.Fatal(err)
		}
		token, err := h.Issue(h.as(ines), access.TokenSpec{Name: "gateway", Role: access.Sender, Source: "gateway"})
		if err != nil {
			t.Fatal(err)
		}
		secrets := append([]string{ines.Cookie, ines.pass, link, token, token[len("wl_0123456789abcdef_"):]}, ines.recovery...)
		columns := map[string][]string{
			"people": {"passphrase", "totp"}, "invitations": {"hash"}, "recovery": {"hash"},
			"sessions": {"id", "hash"}, "tokens": {"id", "hash"}, "acts": {"detail", "object", "session"},
		}
		for table, names := range columns {
			for _, name := range names {
				for _, kept := range texts(t, h, `SELECT `+name+` FROM `+table) {
					for _, s := range secrets {
						if bytes.Contains([]byte(kept), []byte(s)) {
							t.Errorf("%s.%s holds a secret", table, name)
						}
					}
				}
			}
		}
	})
}

func texts(t *testing.T, h *hospital, query string) (all []string) {
	t.Helper()
	err := h.db.Do(t.Context(), func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(t.Context(), query)
		if err != nil {
			return err
		}
		for rows.Next() {
			all = append(all, "")
			if err := rows.Scan(&all[len(all)-1]); err != nil {
				return err
			}
		}
		return errors.Join(rows.Err(), rows.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Errorf("%s: nothing", query)
	}
	return all
}
