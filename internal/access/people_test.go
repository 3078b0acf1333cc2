package access_test

import (
	"slices"
	"testing"

	"github.com/wardline/wardline/internal/access"
)

func TestSomebodyWhoLostTheDevice(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		omar := h.hire(ines, "omar", access.Analyst)
		link, err := h.ResetFactor(h.as(ines), omar.Actor.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Resume(ctx, omar.Cookie)
		want(t, "a session from before", err, access.ErrSession)
		_, err = h.Login(ctx, omar.name, omar.pass, h.code(omar), desk)
		want(t, "what was known before", err, access.ErrLogin)
		_, err = h.Login(ctx, omar.name, "", "", desk)
		want(t, "nothing at all", err, access.ErrLogin)
		_, err = h.Login(ctx, omar.name, omar.pass, omar.recovery[0], desk)
		want(t, "a recovery code from before", err, access.ErrLogin)
		users, err := h.Users(h.as(ines))
		if err != nil || users[1].Enrolled || !users[0].Enrolled {
			t.Errorf("%+v, %v", users, err)
		}
		again := h.join(link, "")
		if again.Actor.ID != omar.Actor.ID || !slices.Equal(again.Actor.Roles, omar.Actor.Roles) {
			t.Errorf("joined as another: %+v", again.Actor)
		}
		joined, err := h.Trail(h.as(ines), access.TrailFilter{Verb: "person.join", Actor: omar.Actor.ID})
		if err != nil || len(joined) != 2 || joined[0].Object.ID != omar.Actor.ID {
			t.Errorf("the trail knows two people: %+v, %v", joined, err)
		}
		h.login(again)
	})
}

func TestRescue(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		_, err := h.Rescue(ctx, "nobody")
		want(t, "nobody", err, access.ErrNobody)
		link, err := h.Rescue(ctx, "Ines.First")
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Resume(ctx, ines.Cookie)
		want(t, "a session from before", err, access.ErrSession)
		again := h.join(link, "")
		acts, err := h.Trail(h.as(again), access.TrailFilter{Verb: access.PeopleWrite, Actor: "operator"})
		if err != nil || len(acts) != 1 || acts[0].Object.ID != ines.Actor.ID || acts[0].Detail["change"] != "rescue" {
			t.Errorf("%+v, %v", acts, err)
		}
	})
}

func TestDisabled(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		omar := h.hire(ines, "omar", access.Analyst)
		if err := h.Disable(h.as(ines), omar.Actor.ID); err != nil {
			t.Fatal(err)
		}
		_, err := h.Login(ctx, omar.name, omar.pass, h.code(omar), desk)
		want(t, "disabled", err, access.ErrLogin)
		if err := h.Enable(h.as(ines), omar.Actor.ID); err != nil {
			t.Fatal(err)
		}
		h.login(omar)
		// A session that was opened at the very moment in which an admin disabled the person.
		if _, err := h.db.ExecContext(ctx, `UPDATE people SET disabled = 1 WHERE name = 'omar'`); err != nil {
			t.Fatal(err)
		}
		_, err = h.Resume(ctx, omar.Cookie)
		want(t, "a session of somebody disabled", err, access.ErrSession)
		if _, err := h.db.ExecContext(ctx, `UPDATE people SET disabled = 0 WHERE name = 'omar'`); err != nil {
			t.Fatal(err)
		}
		link, err := h.ResetFactor(h.as(ines), omar.Actor.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Disable(h.as(ines), omar.Actor.ID); err != nil {
			t.Fatal(err)
		}
		e, err := h.Begin(ctx, link, "", "", goodPass)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Confirm(ctx, e.ID, h.code(&member{device: e.TOTPSecret}))
		want(t, "a link of somebody disabled", err, access.ErrInvited)
		if link, err = h.Rescue(ctx, "omar"); err != nil {
			t.Fatal(err)
		}
		h.login(h.join(link, ""))
	})
}

func TestPeopleAreChangedByAdminsOnly(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		omar := h.hire(ines, "omar", access.Analyst, access.Senior, access.Privacy, access.Biomed, access.Auditor)
		lena := h.hire(ines, "lena", access.Auditor)
		wantDenied(t, "roles", h.SetRoles(h.as(omar), lena.Actor.ID, []access.Role{access.Admin}))
		wantDenied(t, "disable", h.Disable(h.as(omar), lena.Actor.ID))
		wantDenied(t, "enable", h.Enable(h.as(omar), lena.Actor.ID))
		_, err := h.ResetFactor(h.as(omar), lena.Actor.ID)
		wantDenied(t, "reset", err)
		wantDenied(t, "sessions", h.LogoutAll(h.as(omar), lena.Actor.ID))
		if _, err := h.Users(h.as(lena)); err != nil {
			t.Error("an auditor reads: ", err)
		}
		_, err = h.Users(t.Context())
		wantDenied(t, "nobody reads", err)
		if err := h.SetRoles(h.as(ines), ines.Actor.ID, access.PeopleRoles()); err == nil {
			t.Error("an admin took all roles")
		}
		if err := h.Disable(h.as(ines), ines.Actor.ID); err == nil {
			t.Error("an admin locked out the admin")
		}
		want(t, "nobody", h.Disable(h.as(ines), "no-such-id"), access.ErrNobody)
	})
}

// TestAnAdminIsLeft: two admins who each take the role from the other.
func TestAnAdminIsLeft(t *testing.T) {
	each(t, func(h *hospital) {
		t := h.t
		ines := h.first()
		omar := h.hire(ines, "omar", access.Admin)
		if err := h.SetRoles(h.as(ines), omar.Actor.ID, []access.Role{access.Analyst}); err != nil {
			t.Fatal(err)
		}
		// Omar's request was on its way when he was still admin.
		want(t, "roles", h.SetRoles(h.as(omar), ines.Actor.ID, []access.Role{access.Analyst}), access.ErrLastAdmin)
		want(t, "disable", h.Disable(h.as(omar), ines.Actor.ID), access.ErrLastAdmin)
		_, err := h.ResetFactor(h.as(omar), ines.Actor.ID)
		want(t, "reset", err, access.ErrLastAdmin)
		if _, err := h.Resume(t.Context(), ines.Cookie); err != nil {
			t.Error(err)
		}
	})
}

func TestChangePassphrase(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx := h.t, h.t.Context()
		ines := h.first()
		_, err := h.ChangePassphrase(h.as(ines), "wrong", "seven violet kettles dancing")
		want(t, "without the old one", err, access.ErrLogin)
		if _, err = h.ChangePassphrase(h.as(ines), ines.pass, "short"); err == nil {
			t.Error("a short one was taken")
		}
		if ines.Session, err = h.ChangePassphrase(h.as(ines), ines.pass, "seven violet kettles dancing"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Resume(ctx, ines.Cookie); err != nil {
			t.Error("the new session: ", err)
		}
		_, err = h.Login(ctx, ines.name, ines.pass, h.code(ines), desk)
		want(t, "the old passphrase", err, access.ErrLogin)
		ines.pass = "seven violet kettles dancing"
		h.login(ines)
	})
}
