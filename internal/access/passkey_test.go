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
		keys, err := p.List(h.as(ines))
		if err != nil || len(keys) != 1 || keys[0].Name != "blue key" || !keys[0].Used.Equal(h.now()) {
			t.Errorf("%+v, %v", keys, err)
		}
		if err := p.Remove(h.as(ines), keys[0].ID); err != nil {
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
		if keys, err := p.List(h.as(omar)); err != nil || len(keys) != 0 {
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
