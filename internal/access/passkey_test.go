package access_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/access"
)

const consoleOrigin = "https://wardline.example.org:8443"

// securityKey is an authenticator in software, with the part of a browser that speaks to it.
type securityKey struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	counter uint32
	origin  string // of the page that the browser shows
	flags   byte   // user present 1, user verified 4
}

func newKey(t *testing.T) *securityKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &securityKey{t: t, key: key, id: []byte(rand.Text()), origin: consoleOrigin, flags: 5}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (k *securityKey) clone() *securityKey { c := *k; return &c }

// authData is what the authenticator signs (Web Authentication, level 3, 6.1).
func (k *securityKey) authData(flags byte, more ...byte) []byte {
	k.counter++
	host := sha256.Sum256([]byte("wardline.example.org"))
	data := append(host[:], k.flags|flags)
	return append(binary.BigEndian.AppendUint32(data, k.counter), more...)
}

func (k *securityKey) clientData(kind string, options json.RawMessage) []byte {
	k.t.Helper()
	var o struct{ PublicKey struct{ Challenge string } }
	if err := json.Unmarshal(options, &o); err != nil || o.PublicKey.Challenge == "" {
		k.t.Fatalf("no challenge: %v", err)
	}
	return k.marshal(map[string]any{"type": kind, "challenge": o.PublicKey.Challenge, "origin": k.origin, "crossOrigin": false})
}

func (k *securityKey) marshal(v any) []byte {
	k.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		k.t.Fatal(err)
	}
	return text
}

func (k *securityKey) answer(response map[string]string) []byte {
	return k.marshal(map[string]any{"id": b64(k.id), "rawId": b64(k.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
}

// create answers navigator.credentials.create.
func (k *securityKey) create(options json.RawMessage) []byte {
	k.t.Helper()
	point, err := k.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		k.t.Fatal(err)
	}
	cose := append([]byte{0xA5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20}, point[1:33]...) // ES256 on P-256
	cose = append(append(cose, 0x22, 0x58, 0x20), point[33:]...)
	attested := append(make([]byte, 16), 0, byte(len(k.id)))
	auth := k.authData(0x40, append(append(attested, k.id...), cose...)...)
	object := append([]byte("\xA3\x63fmt\x64none\x67attStmt\xA0\x68authData\x58"), byte(len(auth)))
	return k.answer(map[string]string{
		"clientDataJSON": b64(k.clientData("webauthn.create", options)), "attestationObject": b64(append(object, auth...)),
	})
}

// get answers navigator.credentials.get.
func (k *securityKey) get(options json.RawMessage) []byte {
	k.t.Helper()
	client, auth := k.clientData("webauthn.get", options), k.authData(0)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(auth[:len(auth):len(auth)], hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.key, sum[:])
	if err != nil {
		k.t.Fatal(err)
	}
	return k.answer(map[string]string{"clientDataJSON": b64(client), "authenticatorData": b64(auth), "signature": b64(signature)})
}

func (h *hospital) passkeys() *access.Passkeys {
	h.t.Helper()
	p, err := h.Passkeys(consoleOrigin)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// add gives m a key.
func (h *hospital) add(p *access.Passkeys, m *member, key *securityKey) error {
	h.t.Helper()
	ticket, err := p.Begin(h.as(m))
	if err != nil {
		h.t.Fatal(err)
	}
	return p.Finish(h.as(m), ticket.Secret, "  blue   key ", key.create(ticket.Options))
}

func TestPasskey(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx, p := h.t, h.t.Context(), h.passkeys()
		ines := h.first()
		_, err := p.BeginLogin(ctx, ines.name, ines.pass, desk)
		want(t, "without a key", err, access.ErrLogin)
		key := newKey(t)
		if err := h.add(p, ines, key); err != nil {
			t.Fatal(err)
		}
		want(t, "the same key again", h.add(p, ines, key), access.ErrPasskey)
		_, err = p.BeginLogin(ctx, ines.name, "wrong", desk)
		want(t, "without the passphrase", err, access.ErrLogin)
		login := func(key *securityKey) (access.Session, error) {
			t.Helper()
			ticket, err := p.BeginLogin(ctx, "INES.first", ines.pass, desk)
			if err != nil {
				t.Fatal(err)
			}
			return p.FinishLogin(ctx, ticket.Secret, key.get(ticket.Options), desk)
		}
		s, err := login(key)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := h.Resume(ctx, s.Cookie); err != nil || a.ID != ines.Actor.ID || !a.Proved.Equal(h.now()) {
			t.Error(a, err)
		}
		keys, err := h.OwnPasskeys(h.as(ines))
		if err != nil || len(keys) != 1 || keys[0].Name != "blue key" || !keys[0].Used.Equal(h.now()) {
			t.Errorf("%+v, %v", keys, err)
		}
		if err := h.RemovePasskey(h.as(ines), keys[0].ID); err != nil {
			t.Error(err)
		}
		_, err = p.BeginLogin(ctx, ines.name, ines.pass, desk)
		want(t, "a key that was removed", err, access.ErrLogin)
	})
}

func TestPasskeysThatAreRefused(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx, p := h.t, h.t.Context(), h.passkeys()
		ines := h.first()
		omar := h.hire(ines, "omar", access.Analyst)
		key, others := newKey(t), newKey(t)
		if err := errors.Join(h.add(p, ines, key), h.add(p, omar, others)); err != nil {
			t.Fatal(err)
		}
		copied := key.clone()
		begin := func() access.Ticket {
			t.Helper()
			h.wait(15 * time.Minute) // for the limit of tries
			ticket, err := p.BeginLogin(ctx, ines.name, ines.pass, desk)
			if err != nil {
				t.Fatal(err)
			}
			return ticket
		}
		refused := func(what string, ticket access.Ticket, answer []byte, reason error) {
			t.Helper()
			_, err := p.FinishLogin(ctx, ticket.Secret, answer, desk)
			want(t, what, err, reason)
		}
		old, ticket := begin(), begin()
		refused("an answer to another question", ticket, key.get(old.Options), access.ErrPasskey)
		refused("the same ticket again", ticket, key.get(ticket.Options), access.ErrCeremony)
		ticket = begin()
		refused("somebody else's key", ticket, others.get(ticket.Options), access.ErrPasskey)
		ticket = begin()
		forged := newKey(t)
		forged.id = key.id
		refused("another signature", ticket, forged.get(ticket.Options), access.ErrPasskey)
		ticket = begin()
		phished := key.clone()
		phished.origin = "https://wardline.example.com"
		refused("asked for by another site", ticket, phished.get(ticket.Options), access.ErrPasskey)
		ticket = begin()
		asleep := key.clone()
		asleep.flags = 0
		refused("nobody touched it", ticket, asleep.get(ticket.Options), access.ErrPasskey)
		ticket = begin()
		refused("no answer", ticket, []byte("{}"), access.ErrPasskey)
		ticket = begin()
		h.wait(6 * time.Minute)
		refused("after six minutes", ticket, key.get(ticket.Options), access.ErrCeremony)
		ticket = begin()
		if _, err := p.FinishLogin(ctx, ticket.Secret, key.get(ticket.Options), desk); err != nil {
			t.Error("the real one: ", err)
		}
		ticket = begin()
		refused("a copy whose counter is behind", ticket, copied.get(ticket.Options), access.ErrPasskey)

		h.login(ines)
		if ticket, err := p.BeginLogin(ctx, omar.name, omar.pass, "192.0.2.2"); err != nil {
			t.Error(err)
		} else {
			if err := h.Disable(h.as(ines), omar.Actor.ID); err != nil {
				t.Error(err)
			}
			refused("somebody who was disabled meanwhile", ticket, others.get(ticket.Options), access.ErrPasskey)
		}
	})
}

func TestAPasskeyProvesAgain(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx, p := h.t, h.t.Context(), h.passkeys()
		ines := h.first()
		omar := h.hire(ines, "omar", access.Analyst)
		key, others := newKey(t), newKey(t)
		if err := errors.Join(h.add(p, ines, key), h.add(p, omar, others)); err != nil {
			t.Fatal(err)
		}
		h.wait(6 * time.Minute)
		_, err := p.Begin(h.as(ines))
		want(t, "a new key with an old proof", err, access.ErrProve)
		ticket, err := p.BeginProve(ctx, ines.Cookie, desk)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.FinishLogin(ctx, ticket.Secret, key.get(ticket.Options), desk)
		want(t, "an answer to a proof, to log in", err, access.ErrCeremony)
		_, err = p.FinishProve(ctx, omar.Cookie, ticket.Secret, key.get(ticket.Options))
		want(t, "in somebody else's session", err, access.ErrPasskey)
		if ticket, err = p.BeginProve(ctx, ines.Cookie, desk); err != nil {
			t.Fatal(err)
		}
		s, err := p.FinishProve(ctx, ines.Cookie, ticket.Secret, key.get(ticket.Options))
		if err != nil || !s.Actor.Proved.Equal(h.now()) {
			t.Fatal(s.Actor, err)
		}
		_, err = h.Resume(ctx, ines.Cookie)
		want(t, "the cookie from before", err, access.ErrSession)
		ines.Session = s
		if _, err := p.Begin(h.as(ines)); err != nil {
			t.Error(err)
		}
		if _, err := h.ResetFactor(h.as(ines), omar.Actor.ID); err != nil {
			t.Fatal(err)
		}
		if keys, err := h.OwnPasskeys(h.as(omar)); err != nil || len(keys) != 0 {
			t.Errorf("keys that outlive a reset: %v, %v", keys, err)
		}
	})
}

func TestOriginsOfPasskeys(t *testing.T) {
	h := &access.House{}
	for origin, fine := range map[string]bool{
		consoleOrigin: true, "https://wardline.example.org": true, "http://localhost:8080": true,
		"http://wardline.example.org": false, "https://10.0.0.1:8443": false, "https://[2001:db8::1]": false, "wardline.example.org": false,
		"https://wardline.example.org/": false, "": false,
	} {
		if _, err := h.Passkeys(origin); (err == nil) != fine {
			t.Errorf("%s: %v", origin, err)
		}
	}
}

// joinWith follows a link to its end with a key in place of an app.
func (h *hospital) joinWith(p *access.Passkeys, key *securityKey, link, name string) (*member, error) {
	h.t.Helper()
	e, err := h.Begin(h.t.Context(), link, name, "", goodPass)
	if err != nil {
		h.t.Fatal(err)
	}
	ticket, err := p.BeginJoin(h.t.Context(), e.ID, desk)
	if err != nil {
		return nil, err
	}
	m := &member{name: e.Name, pass: goodPass}
	m.Session, m.recovery, err = p.FinishJoin(h.t.Context(), e.ID, ticket.Secret, "", key.create(ticket.Options))
	return m, err
}

// TestAPasskeyIsEnough: somebody joins with a key and no app, loses it, comes back by a recovery code, and takes another.
func TestAPasskeyIsEnough(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx, p := h.t, h.t.Context(), h.passkeys()
		link, _, err := h.SetupSecret(ctx)
		if err != nil {
			t.Fatal(err)
		}
		key := newKey(t)
		ines, err := h.joinWith(p, key, link, "ines.first")
		if err != nil {
			t.Fatal(err)
		}
		if len(ines.recovery) != 10 {
			t.Errorf("%d recovery codes", len(ines.recovery))
		}
		if f, err := h.Factors(h.as(ines)); err != nil || f != (access.Factors{Recovery: 10}) {
			t.Errorf("%+v, %v", f, err)
		}
		ticket, err := p.BeginLogin(ctx, ines.name, ines.pass, desk)
		if err != nil {
			t.Fatal(err)
		}
		if ines.Session, err = p.FinishLogin(ctx, ticket.Secret, key.get(ticket.Options), desk); err != nil {
			t.Fatal(err)
		}
		_, err = h.Login(ctx, ines.name, ines.pass, "", desk)
		want(t, "without any factor", err, access.ErrLogin)
		_, err = h.Login(ctx, ines.name, ines.pass, "000000", desk)
		want(t, "a code, and there is no app", err, access.ErrLogin)
		want(t, "to remove the only factor", h.RemovePasskey(h.as(ines), b64(key.id)), access.ErrLastFactor)
		want(t, "to remove what is not there", h.RemovePasskey(h.as(ines), "x"), access.ErrNoKey)

		if ines.Session, err = h.Login(ctx, ines.name, ines.pass, ines.recovery[4], desk); err != nil {
			t.Fatal("the key is lost, and the recovery code does not help: ", err)
		}
		spare := newKey(t)
		if err := h.add(p, ines, spare); err != nil {
			t.Fatal(err)
		}
		if err := h.RemovePasskey(h.as(ines), b64(key.id)); err != nil {
			t.Error(err)
		}
		want(t, "the last one, again", h.RemovePasskey(h.as(ines), b64(spare.id)), access.ErrLastFactor)
		if keys, err := h.OwnPasskeys(h.as(ines)); err != nil || len(keys) != 1 || keys[0].ID != b64(spare.id) {
			t.Errorf("%+v, %v", keys, err)
		}
	})
}

// TestAPasskeyIsTakenAway: a reset leaves nobody with half a second factor, and who joins anew chooses anew.
func TestAPasskeyIsTakenAway(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx, p := h.t, h.t.Context(), h.passkeys()
		ines := h.first()
		link, err := h.Invite(h.as(ines), "omar", "", []access.Role{access.Analyst})
		if err != nil {
			t.Fatal(err)
		}
		key := newKey(t)
		omar, err := h.joinWith(p, key, link, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, reset := range []func() (string, error){
			func() (string, error) { return h.ResetFactor(h.as(ines), omar.Actor.ID) },
			func() (string, error) { return h.Rescue(ctx, "omar") },
		} {
			if link, err = reset(); err != nil {
				t.Fatal(err)
			}
			h.wait(15 * time.Minute) // for the limit of tries
			h.login(ines)
			_, err = p.BeginLogin(ctx, omar.name, omar.pass, "192.0.2.8")
			want(t, "the passphrase from before", err, access.ErrLogin)
			_, err = h.Login(ctx, omar.name, omar.pass, omar.recovery[0], "192.0.2.8")
			want(t, "a recovery code from before", err, access.ErrLogin)
			again, err := h.joinWith(p, newKey(t), link, "")
			if err != nil || again.Actor.ID != omar.Actor.ID {
				t.Fatalf("%+v, %v", again, err)
			}
			if keys, err := h.OwnPasskeys(h.as(again)); err != nil || len(keys) != 1 || keys[0].ID == b64(key.id) {
				t.Errorf("%+v, %v", keys, err)
			}
		}
	})
}

func TestAnswersToJoinThatAreRefused(t *testing.T) {
	each(t, func(h *hospital) {
		t, ctx, p := h.t, h.t.Context(), h.passkeys()
		ines := h.first()
		begin := func(name string) access.Enrolment {
			t.Helper()
			link, err := h.Invite(h.as(ines), name, "", []access.Role{access.Analyst})
			if err != nil {
				t.Fatal(err)
			}
			e, err := h.Begin(ctx, link, "", "", goodPass)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		ask := func(e access.Enrolment) access.Ticket {
			t.Helper()
			ticket, err := p.BeginJoin(ctx, e.ID, desk)
			if err != nil {
				t.Fatal(err)
			}
			return ticket
		}
		finish := func(what string, e access.Enrolment, ticket access.Ticket, answer []byte, reason error) {
			t.Helper()
			_, _, err := p.FinishJoin(ctx, e.ID, ticket.Secret, "", answer)
			want(t, what, err, reason)
		}
		omar, lena := begin("omar"), begin("lena")
		key := newKey(t)
		_, err := p.BeginJoin(ctx, "guess", desk)
		want(t, "an enrolment that is none", err, access.ErrInvited)
		theirs := ask(lena)
		finish("somebody else's ticket", omar, theirs, key.create(theirs.Options), access.ErrPasskey)
		other, mine := ask(omar), ask(omar)
		finish("an answer to another question", omar, mine, key.create(other.Options), access.ErrPasskey)
		phished := newKey(t)
		phished.origin = "https://wardline.example.com"
		finish("made for another site", omar, other, phished.create(other.Options), access.ErrPasskey)
		mine = ask(omar)
		finish("the real one", omar, mine, key.create(mine.Options), nil)
		finish("the enrolment again", omar, mine, key.create(mine.Options), access.ErrInvited)
		mine = ask(lena)
		finish("a key that is somebody's already", lena, mine, key.create(mine.Options), access.ErrPasskey)
		h.wait(31 * time.Minute)
		_, err = p.BeginJoin(ctx, lena.ID, desk)
		want(t, "after half an hour", err, access.ErrInvited)
	})
}

// TestTenPasskeys: a person may have so many, and one who signs in elsewhere has none.
func TestTenPasskeys(t *testing.T) {
	each(t, func(h *hospital) {
		t, p := h.t, h.passkeys()
		ines := h.first()
		late, err := p.Begin(h.as(ines))
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if err := h.add(p, ines, newKey(t)); err != nil {
				t.Fatal(err)
			}
		}
		_, err = p.Begin(h.as(ines))
		want(t, "the eleventh", err, access.ErrManyKeys)
		want(t, "one that was begun before", p.Finish(h.as(ines), late.Secret, "", newKey(t).create(late.Options)), access.ErrManyKeys)

		idp := newProvider(t, h)
		idp.is(map[string]any{"auth_time": h.now().Unix()})
		s, err := idp.login(idp.oidc(), false)
		if err != nil {
			t.Fatal(err)
		}
		omar := &member{Session: s}
		if _, err := p.Begin(h.as(omar)); err == nil {
			t.Error("somebody without a passphrase here has a passkey")
		}
		if _, err := h.RenewRecovery(h.as(omar)); err == nil {
			t.Error("somebody without a passphrase here has recovery codes")
		}
		if f, err := h.Factors(h.as(omar)); err != nil || f != (access.Factors{Elsewhere: true}) {
			t.Errorf("%+v, %v", f, err)
		}
	})
}
