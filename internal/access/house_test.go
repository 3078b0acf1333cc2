package access_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
)

// sealer keeps lines as the journal would, and fails as it may.
type sealer struct {
	mu    sync.Mutex
	lines []map[string]any
	fail  func(context.Context) error // nil while all is well
}

func (s *sealer) Append(ctx context.Context, lines ...journal.Line) (journal.Place, error) {
	s.mu.Lock()
	fail := s.fail
	s.mu.Unlock()
	if fail != nil {
		if err := fail(ctx); err != nil {
			return journal.Place{}, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range lines {
		var m map[string]any
		if err := json.Unmarshal(l.JSON, &m); err != nil || l.Kind != journal.Acts || l.Time.IsZero() {
			return journal.Place{}, errors.New("not an act")
		}
		s.lines = append(s.lines, m)
	}
	return journal.Place{Entry: 1000 + uint64(len(s.lines)), Line: 0}, nil
}

func (s *sealer) breakBy(fail func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

// steps lists what was sealed of a verb.
func (s *sealer) steps(v access.Verb) (steps []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		if l["verb"] == string(v) {
			step := l["step"].(string)
			if o, ok := l["outcome"].(string); ok {
				step += " " + o
			}
			steps = append(steps, step)
		}
	}
	return steps
}

// hospital is a house with a clock that only tests move.
type hospital struct {
	*access.House
	t    *testing.T
	db   *store.DB
	seal *sealer
	mu   sync.Mutex
	time time.Time
}

func newHospital(t *testing.T, open func() *store.DB) *hospital {
	t.Helper()
	h := &hospital{t: t, db: open(), seal: &sealer{}, time: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}
	house, err := access.Open(t.Context(), h.db, veiltest.Vault(), h.seal, h.now)
	if err != nil {
		t.Fatal(err)
	}
	house.HashCheaply()
	h.House = house
	return h
}

func (h *hospital) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.time
}

func (h *hospital) wait(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.time = h.time.Add(d)
}

// member is a person who joined, with what the person knows and has.
type member struct {
	access.Session
	name, pass, device string
	recovery           []string
}

const goodPass = "copper lantern sings quietly"

// code reads the device, which has just changed to a new code.
func (h *hospital) code(m *member) string {
	h.t.Helper()
	h.wait(30 * time.Second)
	code, err := totp.GenerateCode(m.device, h.now())
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// join follows a link to its end.
func (h *hospital) join(link, name string) *member {
	h.t.Helper()
	e, err := h.Begin(h.t.Context(), link, name, "", goodPass)
	if err != nil {
		h.t.Fatal(err)
	}
	m := &member{name: e.Name, pass: goodPass, device: e.TOTPSecret}
	if m.Session, m.recovery, err = h.Confirm(h.t.Context(), e.ID, h.code(m)); err != nil {
		h.t.Fatal(err)
	}
	return m
}

// first sets the house up.
func (h *hospital) first() *member {
	h.t.Helper()
	link, open, err := h.SetupSecret(h.t.Context())
	if err != nil || !open {
		h.t.Fatal(open, err)
	}
	return h.join(link, "ines.first")
}

// hire lets admin invite somebody, who joins.
func (h *hospital) hire(admin *member, name string, roles ...access.Role) *member {
	h.t.Helper()
	link, err := h.Invite(h.as(admin), name, "", roles)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.join(link, "")
}

// login logs m in anew.
func (h *hospital) login(m *member) {
	h.t.Helper()
	var err error
	if m.Session, err = h.Login(h.t.Context(), m.name, m.pass, h.code(m), "192.0.2.1"); err != nil {
		h.t.Fatal(err)
	}
}

// as returns a context of a request that m makes.
func (h *hospital) as(m *member) context.Context {
	return access.WithActor(h.t.Context(), m.Actor)
}

// each runs a test over both databases.
func each(t *testing.T, test func(h *hospital)) {
	t.Helper()
	storetest.Run(t, func(t *testing.T, open func() *store.DB) { test(newHospital(t, open)) })
}

func want(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, not %v", what, got, want)
	}
}

func wantDenied(t *testing.T, what string, err error) {
	t.Helper()
	var denied *access.Denied
	if !errors.As(err, &denied) {
		t.Errorf("%s: %v, not denied", what, err)
	}
}
