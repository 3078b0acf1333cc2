package witness_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/integrity/witness"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/store/storetest"
)

// TestAnswers is the table of the protocol: a witness that signed 5 leaves is asked for all kinds of things.
func TestAnswers(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		log := newChain(t)
		fork := log.forked(2, " changed")
		stranger := log
		stranger.signer = key(t, "stranger.example", tlog.Ed25519)
		impostor := log
		seed := sha256.Sum256([]byte("another seed"))
		var err error
		if impostor.signer, err = tlog.NewSigner(log.signer.Key().Name, tlog.Ed25519, seed[:]); err != nil {
			t.Fatal(err)
		}
		garbled := log.request(t, 5, 8)
		garbled.Hashes[0][3] ^= 1
		spoiled := log.request(t, 5, 8)
		spoiled.Checkpoint = bytes.Replace(spoiled.Checkpoint, []byte("\n8\n"), []byte("\n9\n"), 1)
		both := log.request(t, 5, 8)
		both.Checkpoint = append(both.Checkpoint, impostor.checkpoint(t, 8)[bytes.Index(impostor.checkpoint(t, 8), []byte("—")):]...)
		extra := log.request(t, 5, 5)
		extra.Hashes = []tlog.Hash{{}}
		old0 := log.request(t, 0, 8)
		for name, test := range map[string]struct {
			body   []byte
			status int
			told   string
		}{
			"what continues it":                     {body: log.request(t, 5, 8).Bytes(), status: 200},
			"the same again":                        {body: log.request(t, 5, 5).Bytes(), status: 200},
			"another's signature beside the log's":  {body: both.Bytes(), status: 200},
			"nothing":                               {status: 400},
			"a garbled request":                     {body: []byte("old five\n\n"), status: 400},
			"a garbled checkpoint":                  {body: []byte("old 5\n\nlog.st-example.org\n8\n"), status: 400},
			"64 hashes":                             {body: tlog.Request{Old: 5, Hashes: make([]tlog.Hash, 64), Checkpoint: old0.Checkpoint}.Bytes(), status: 400},
			"too much":                              {body: append(old0.Bytes(), bytes.Repeat([]byte("x"), tlog.MaxRequest)...), status: 400},
			"an unknown log":                        {body: stranger.request(t, 5, 8).Bytes(), status: 404},
			"a log's name with another's key":       {body: impostor.request(t, 5, 8).Bytes(), status: 403},
			"a signature that does not hold":        {body: spoiled.Bytes(), status: 403},
			"smaller than it says it was":           {body: log.request(t, 5, 4).Bytes(), status: 400},
			"an old size that is smaller":           {body: log.request(t, 3, 8).Bytes(), status: 409, told: "out of step"},
			"an old size that is larger":            {body: log.request(t, 6, 8).Bytes(), status: 409, told: "out of step"},
			"no old size":                           {body: old0.Bytes(), status: 409, told: "out of step"},
			"a smaller log":                         {body: log.request(t, 4, 4).Bytes(), status: 409, told: "older"},
			"a smaller log, from nothing":           {body: log.request(t, 0, 0).Bytes(), status: 409, told: "older"},
			"a fork of the same size, from nothing": {body: fork.request(t, 0, 5).Bytes(), status: 409, told: "forked"},
			"a fork of the same size":               {body: fork.request(t, 5, 5).Bytes(), status: 422, told: "forked"},
			"a fork":                                {body: fork.request(t, 5, 8).Bytes(), status: 422, told: "rewritten"},
			"a proof that does not hold":            {body: garbled.Bytes(), status: 422, told: "rewritten"},
			"a proof of nothing":                    {body: extra.Bytes(), status: 422, told: "rewritten"},
		} {
			t.Run(name, func(t *testing.T) {
				db, told := open(), &alarms{}
				_, web := serve(t, db, "witness.example", newClock(), told.tell, log.log())
				reset(t, db)
				if status, _, _ := post(t, web, log.request(t, 0, 5).Bytes()); status != 200 {
					t.Fatalf("status %d", status)
				}
				status, kind, answer := post(t, web, test.body)
				if status != test.status {
					t.Errorf("status %d, want %d", status, test.status)
				}
				if diff := cmp.Diff(strings.Join(told.take(), " "), test.told); diff != "" {
					t.Error(diff)
				}
				switch status {
				case 200:
					signed(t, test.body, answer)
				case 409:
					if kind != "text/x.tlog.size" || answer != "5\n" {
						t.Errorf("%s: %q", kind, answer)
					}
				default:
					if strings.Contains(answer, "—") {
						t.Error("it was signed")
					}
				}
			})
		}
	})
}

// TestWhoSendsAnOlderCheckpoint: a stranger that got hold of one raises no grave alarm while the log goes on, and is told of a few times only. A log that does not go
// on, and sends such itself, was put back.
func TestWhoSendsAnOlderCheckpoint(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		log, db, c, told := newChain(t), open(), newClock(), &alarms{}
		_, web := serve(t, db, "witness.example", c, told.tell, log.log())
		send := func(request tlog.Request, want int, alarm ...string) {
			t.Helper()
			if status, _, _ := post(t, web, request.Bytes()); status != want {
				t.Errorf("status %d, want %d", status, want)
			}
			if diff := cmp.Diff(strings.Join(told.take(), " "), strings.Join(alarm, " ")); diff != "" {
				t.Error(diff)
			}
		}
		send(log.request(t, 0, 5), 200)
		for n := range 9 {
			c.add(witness.Every)
			send(log.request(t, 5, 5), 200)
			if n&(n+1) == 0 { // the first, the second, the fourth, the eighth time
				send(log.request(t, 4, 4), 409, "older")
			} else {
				send(log.request(t, 4, 4), 409)
			}
		}
		c.add(3 * witness.Every)
		send(log.request(t, 3, 3), 409, "older")
		c.add(time.Second)
		send(log.request(t, 3, 3), 409, "rolled back")
		send(log.request(t, 3, 3), 409, "rolled back")
		send(log.request(t, 5, 6), 200) // it was found again
		send(log.request(t, 2, 2), 409, "older")
	})
}

// reset empties the tables, for each case begins anew in one database.
func reset(t *testing.T, db *store.DB) {
	t.Helper()
	for _, table := range []string{"logs", "evidence", "peers", "checkpoints", "cosignatures"} {
		if _, err := db.ExecContext(t.Context(), `DELETE FROM witness_`+table); err != nil {
			t.Fatal(err)
		}
	}
}

// signed checks that an answer is a cosignature of the witness on what was asked for.
func signed(t *testing.T, body []byte, answer string) tlog.Checkpoint {
	t.Helper()
	request, err := tlog.ParseRequest(body)
	if err != nil {
		t.Fatal(err)
	}
	c, note, err := tlog.ReadCheckpoint(request.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	signatures, err := tlog.ParseSignatures([]byte(answer))
	if err != nil || len(signatures) != 1 {
		t.Fatalf("%q: %v", answer, err)
	}
	at, ok := key(t, "witness.example", tlog.CosignatureV1).Key().Verify(note.Text, signatures[0])
	if !ok || !at.Equal(newClock().now()) {
		t.Errorf("the signature holds: %t, of %v", ok, at)
	}
	return c
}

// TestTheFirstCheckpoint may be of any size, but must come without a proof; and nothing has one root only.
func TestTheFirstCheckpoint(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		log, db, told := newChain(t), open(), &alarms{}
		_, web := serve(t, db, "witness.example", newClock(), told.tell, log.log())
		proof := log.request(t, 0, 8)
		proof.Hashes = log.proof(5, 0, 8, true)
		if status, _, _ := post(t, web, proof.Bytes()); status != 422 {
			t.Errorf("a proof from nothing: status %d", status)
		}
		text := tlog.Checkpoint{Origin: log.log().Origin}.Text()
		s, err := log.signer.Sign(text, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		empty := tlog.Request{Checkpoint: tlog.Note{Text: text, Signatures: []tlog.Signature{s}}.Bytes()}
		if status, _, _ := post(t, web, empty.Bytes()); status != 422 {
			t.Errorf("nothing with another root: status %d", status)
		}
		if status, kind, answer := post(t, web, log.request(t, 3, 8).Bytes()); status != 409 || kind != tlog.SizeType || answer != "0\n" {
			t.Errorf("from 3: %d, %s, %q", status, kind, answer)
		}
		for _, size := range []int{0, 0, 6} {
			if status, _, _ := post(t, web, log.request(t, 0, size).Bytes()); status != 200 {
				t.Errorf("%d leaves: status %d", size, status)
			}
		}
		if diff := cmp.Diff(told.take(), []string{"rewritten", "forked", "out of step"}); diff != "" {
			t.Error(diff)
		}
	})
}

// TestWhatWasSignedOutlivesTheProcess: another one goes on where it was, and shows what was signed.
func TestWhatWasSignedOutlivesTheProcess(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		log, told := newChain(t), &alarms{}
		_, web := serve(t, open(), "witness.example", newClock(), told.tell, log.log())
		address := fmt.Sprintf("/%x/checkpoint", sha256.Sum256([]byte(log.log().Origin)))
		if status, _, _ := get(t, web.URL+address); status != 404 {
			t.Errorf("before: status %d", status)
		}
		request := log.request(t, 0, 7)
		request.Checkpoint = append(request.Checkpoint, "— somebody.example AAAAAAA=\n"...)
		if status, _, _ := post(t, web, request.Bytes()); status != 200 {
			t.Fatalf("status %d", status)
		}
		web.Close()
		_, web = serve(t, open(), "witness.example", newClock(), told.tell, log.log())
		status, kind, text := get(t, web.URL+address)
		if status != 200 || kind != "text/plain; charset=utf-8" {
			t.Errorf("status %d, %s", status, kind)
		}
		if strings.Contains(text, "somebody.example") {
			t.Error("what anybody signed is shown")
		}
		policy := tlog.Policy{Logs: []tlog.Log{log.log()}, Witnesses: []tlog.Witness{{Name: "w", Key: key(t, "witness.example", tlog.CosignatureV1).Key()}}, Quorum: "w"}
		if c, err := policy.Verify([]byte(text), tlog.Window{}); err != nil || c.Size != 7 {
			t.Errorf("%v, %v", c, err)
		}
		if status, _, answer := post(t, web, log.request(t, 0, 9).Bytes()); status != 409 || answer != "7\n" {
			t.Errorf("status %d, %q", status, answer)
		}
		if status, _, _ := post(t, web, log.request(t, 7, 9).Bytes()); status != 200 {
			t.Errorf("status %d", status)
		}
		for _, path := range []string{"/checkpoint", "/abc/checkpoint", "/add-checkpoint"} {
			if status, _, _ := get(t, web.URL+path); status == 200 {
				t.Errorf("%s: status %d", path, status)
			}
		}
	})
}

func get(t *testing.T, address string) (status int, kind, body string) {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, r)
}

// TestEvidenceIsWhole: who gets it can see with public keys alone that the log has two pasts.
func TestEvidenceIsWhole(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		log, db, told := newChain(t), open(), &alarms{}
		_, web := serve(t, db, "witness.example", newClock(), told.tell, log.log())
		post(t, web, log.request(t, 0, 5).Bytes())
		fork := log.forked(2, " changed").request(t, 5, 5)
		post(t, web, fork.Bytes())
		post(t, web, fork.Bytes())
		if len(told.told) != 2 || told.told[0].Evidence != told.told[1].Evidence || told.told[1].Times != 2 {
			t.Fatalf("%+v", told.told)
		}
		e, err := witness.ReadEvidence(t.Context(), db, told.told[0].Evidence)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(e.Request, fork.Bytes()) || e.Kind != witness.Forked || e.Times != 2 || !e.Kind.Grave() {
			t.Errorf("%+v", e)
		}
		request, err := tlog.ParseRequest(e.Request)
		if err != nil {
			t.Fatal(err)
		}
		one, err := log.log().Verify(request.Checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		two, err := log.log().Verify(e.Answer)
		if err != nil {
			t.Fatal(err)
		}
		if one.Size != two.Size || one.Root == two.Root {
			t.Error("these do not contradict each other")
		}
		if _, err := witness.ReadEvidence(t.Context(), db, "none"); !errors.Is(err, witness.ErrNoEvidence) {
			t.Error(err)
		}
	})
}

// TestEvidenceIsBounded: a log that goes wrong for ever does not fill the disk, and what is harmless does not crowd out what is grave.
func TestEvidenceIsBounded(t *testing.T) {
	log, told := newChain(t), &alarms{}
	db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, web := serve(t, db, "witness.example", newClock(), told.tell, log.log())
	post(t, web, log.request(t, 0, 5).Bytes())
	for n := range 210 {
		post(t, web, log.request(t, 6, 6+n).Bytes())
	}
	post(t, web, log.forked(2, " changed").request(t, 5, 5).Bytes())
	var kept int
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM witness_evidence`).Scan(&kept); err != nil || kept != 201 {
		t.Errorf("%d are kept, %v", kept, err)
	}
	if last := told.told[len(told.told)-1]; len(told.told) != 211 || last.Evidence == "" || last.Kind != witness.Forked {
		t.Errorf("%d were told, the last is %+v", len(told.told), last)
	}
}

// TestNothingIsSignedThatIsNotKept: when the database fails there is no signature.
func TestNothingIsSignedThatIsNotKept(t *testing.T) {
	log := newChain(t)
	db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	_, web := serve(t, db, "witness.example", newClock(), nil, log.log())
	if _, err := db.ExecContext(t.Context(), `CREATE TRIGGER full BEFORE INSERT ON witness_logs BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`); err != nil {
		t.Fatal(err)
	}
	if status, _, answer := post(t, web, log.request(t, 0, 5).Bytes()); status != 500 || strings.Contains(answer, "—") {
		t.Errorf("status %d, %q", status, answer)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _, answer := post(t, web, log.request(t, 0, 5).Bytes()); status != 500 || strings.Contains(answer, "—") {
		t.Errorf("status %d, %q", status, answer)
	}
}

// TestForksAtOnceAreNotBothSigned lets many ask at once, through two processes, for three pasts of one log. What is signed in
// the end must be one past: of each size one root, and each the begin of the next.
func TestForksAtOnceAreNotBothSigned(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		log := newChain(t)
		pasts := []chain{log, log.forked(3, " a"), log.forked(6, " b")}
		_, one := serve(t, open(), "witness.example", newClock(), nil, log.log())
		_, two := serve(t, open(), "witness.example", newClock(), nil, log.log())
		var mu sync.Mutex
		seen := map[tlog.Checkpoint]chain{}
		var all sync.WaitGroup
		for n := range 24 {
			all.Go(func() {
				past, web := pasts[n%len(pasts)], one
				if n%2 == 1 {
					web = two
				}
				old := 0
				for size := 1 + n%4; size < 24; size++ {
					request := past.request(t, min(old, size), size)
					status, _, answer := post(t, web, request.Bytes())
					switch status {
					case 200:
						mu.Lock()
						seen[signed(t, request.Bytes(), answer)] = past
						mu.Unlock()
						old = size
					case 409:
						if _, err := fmt.Sscan(answer, &old); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		all.Wait()
		roots := map[uint64]tlog.Hash{}
		largest := tlog.Checkpoint{}
		for c := range seen {
			if other, there := roots[c.Size]; there && other != c.Root {
				t.Errorf("two roots of %d leaves were signed", c.Size)
			}
			roots[c.Size] = c.Root
			if c.Size > largest.Size {
				largest = c
			}
		}
		past := seen[largest]
		for size, root := range roots {
			if past.hash(0, int(size)) != root {
				t.Errorf("what was signed of %d leaves is not the begin of what was signed of %d", size, largest.Size)
			}
		}
		t.Logf("%d checkpoints were signed", len(seen))
	})
}

// TestALogThatFallsSilent is told of once, and again when it was back and falls silent again.
func TestALogThatFallsSilent(t *testing.T) {
	storetest.Run(t, func(t *testing.T, open func() *store.DB) {
		log, told, c := newChain(t), &alarms{}, newClock()
		s, web := serve(t, open(), "witness.example", c, told.tell, log.log())
		look := func(after time.Duration, want ...string) {
			t.Helper()
			c.add(after)
			if err := s.Silent(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(told.take(), want); diff != "" {
				t.Error(diff)
			}
		}
		look(2 * time.Hour)
		post(t, web, log.request(t, 0, 5).Bytes())
		look(59 * time.Minute)
		look(2*time.Minute, "silent")
		look(24 * time.Hour)
		post(t, web, log.request(t, 5, 5).Bytes())
		look(time.Minute)
		look(61*time.Minute, "silent")
	})
}

func TestServersThatAreNotSetUp(t *testing.T) {
	log := newChain(t).log()
	for name, cfg := range map[string]witness.ServerConfig{
		"no key":       {Logs: []tlog.Log{log}},
		"a log's key":  {Signer: key(t, "x", tlog.Ed25519), Logs: []tlog.Log{log}},
		"a log twice":  {Signer: key(t, "x", tlog.CosignatureV1), Logs: []tlog.Log{log, log}},
		"without keys": {Signer: key(t, "x", tlog.CosignatureV1), Logs: []tlog.Log{{Origin: "x"}}},
	} {
		if s, err := witness.NewServer(t.Context(), nil, cfg); err == nil || s != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkAddCheckpoint(b *testing.B) {
	log := newChain(b)
	db, err := store.Open(b.Context(), "sqlite:"+b.TempDir()+"/state.db")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	s, err := witness.NewServer(b.Context(), db, witness.ServerConfig{Signer: key(b, "w", tlog.CosignatureV1), Logs: []tlog.Log{log.log()}, Now: newClock().now})
	if err != nil {
		b.Fatal(err)
	}
	first, again := log.request(b, 0, 5).Bytes(), log.request(b, 5, 5).Bytes()
	ask := func(body []byte) {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/add-checkpoint", bytes.NewReader(body)))
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
	ask(first)
	for b.Loop() {
		ask(again)
	}
}
