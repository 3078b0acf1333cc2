package console_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/index/child"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/triage"
	"github.com/wardline/wardline/internal/vault/veil"
	"github.com/wardline/wardline/internal/vault/veil/veiltest"
	"github.com/wardline/wardline/internal/watch"
)

// TestMain lets the test binary be the search process, as the product's binary is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == index.Command {
		if err := child.Run(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// node is a whole node with its console, without listeners for senders: tests hand events in themselves.
type node struct {
	veil    *veil.Veil
	t       *testing.T
	srv     *httptest.Server
	origin  string // by the name at which passkeys can be used; srv.URL is an address
	house   *access.House
	desk    *triage.Desk
	journal *journal.Journal
	intake  *collect.Intake
	index   *index.Index
	live    *watch.Live
	db      *store.DB
	tax     *event.Taxonomy
	seal    *sealer
	rules   string // file that the node is told to judge by
	book    *watch.Rulebook
	link    string // that sets up the first person

	mu   sync.Mutex
	skew time.Duration // guarded by mu
}

// sealer is the journal as far as acts go. It can be told to fail.
type sealer struct {
	*journal.Journal
	broken atomic.Bool
}

func (s *sealer) Append(ctx context.Context, lines ...journal.Line) (journal.Place, error) {
	if s.broken.Load() {
		return journal.Place{}, journal.ErrFailed
	}
	return s.Journal.Append(ctx, lines...)
}

// rules are what the node looks for. The first two are of level critical and high.
const rules = `
title: Virus protection stopped
id: 5e5a9d2e-0c0f-4a55-9b35-0c4f5c3ad001
status: test
description: The service that looks for malware was stopped. Attackers do that before they encrypt.
author: A. Lindqvist
license: Apache-2.0
references: [https://example.org/defender]
logsource: {product: windows, service: system}
detection: {s: {EventID: 7036, param2: stopped}, condition: s}
falsepositives: [A vendor visit with a ticket]
level: critical
tags: [attack.t1562.001]
custom: {}
---
title: Chart opened by somebody without a shift
id: 5e5a9d2e-0c0f-4a55-9b35-0c4f5c3ad002
description: A record was read from a terminal that is not on the roster.
author: Wardline
logsource: {product: ehr}
detection: {s: {access.verb: read, access.workstation: kiosk-7}, condition: s}
level: high
---
title: Many names asked
id: 5e5a9d2e-0c0f-4a55-9b35-0c4f5c3ad003
author: Wardline
logsource: {product: windows, service: system}
detection: {s: {EventID: 5000}, condition: s}
level: medium
`

func newNode(t *testing.T, more ...func(*node, *console.Config)) *node {
	t.Helper()
	n := &node{t: t, veil: veiltest.New()}
	ctx := t.Context()
	dir := t.TempDir()
	quiet := slog.New(slog.DiscardHandler)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	n.tax, err = event.LoadTaxonomy(content.Taxonomy())
	must(err)
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "state.db"))
	must(err)
	t.Cleanup(func() { db.Close() })
	n.journal, err = journal.Open(ctx, journal.Config{Dir: filepath.Join(dir, "journal"), Origin: "journal.alder.example", Ballast: -1}, quiet)
	must(err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := n.journal.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	n.seal = &sealer{Journal: n.journal}
	n.house, err = access.Open(ctx, db, n.veil.Vault(), n.seal, n.now)
	must(err)
	n.desk, err = triage.Open(ctx, db, n.veil)
	must(err)
	n.rules = filepath.Join(dir, "test.yml")
	must(os.WriteFile(n.rules, []byte(rules), 0o600))
	n.book = newRulebook(t, n, db, filepath.Join(dir, "rules"))
	n.live, err = watch.NewLive(ctx, watch.LiveConfig{Journal: n.journal, DB: db, Vault: n.veil.Vault(), Taxonomy: n.tax, Set: n.book.Set(), Log: quiet, Checkpoint: 50 * time.Millisecond})
	must(err)
	cfg := index.DefaultConfig(filepath.Join(dir, "index"), n.veil)
	cfg.MinFree = 1 << 20
	n.index, err = index.Open(cfg, quiet)
	must(err)
	n.srv = httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(n.srv.Listener.Addr().String())
	must(err)
	n.origin = "https://localhost:" + port
	passkeys, err := n.house.Passkeys(n.origin)
	must(err)
	n.intake = collect.NewIntake(n.journal, collect.DefaultConfig(), n.now, quiet)
	hunter := newHunter(t, n, db)
	n.book.Serve(hunter)
	n.db = db
	all := n.console(db, hunter, dir)
	all.Passkeys = passkeys
	for _, change := range more {
		change(n, &all)
	}
	c, err := console.New(ctx, all)
	must(err)
	n.link, _, err = n.house.SetupSecret(ctx)
	must(err)
	n.run(func(ctx context.Context) error { return n.desk.Run(ctx, n.journal) }, n.live.Run, n.book.Run, n.intake.Run, c.Run,
		func(ctx context.Context) error { return n.index.Run(ctx, follow(n.journal)) })
	n.srv.Config.Handler = c.Handler()
	n.srv.StartTLS()
	t.Cleanup(n.srv.Close)
	return n
}

// console is what the console is told of the node.
func (n *node) console(db *store.DB, hunter *watch.Hunter, dir string) console.Config {
	return console.Config{
		Site: "Alder Valley Hospital", Zone: time.UTC, Now: n.now, House: n.house, Desk: n.desk, Live: n.live, Hunter: hunter, Index: n.index,
		Journal: n.journal, JournalDir: filepath.Join(dir, "journal"), Taxonomy: n.tax, DB: db, Veil: n.veil, Senders: n.intake.Standings,
		Rulebook: n.book,
		Doors:    console.Doors{HTTP: "https://wardline.alder.example:8443", Syslog: "wardline.alder.example:6514", MLLP: "wardline.alder.example:2575"},
		Log:      slog.New(slog.NewTextHandler(n.t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
	}
}

// run runs the rooms until the test ends.
func (n *node) run(rooms ...func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	for _, room := range rooms {
		work.Go(func() {
			if err := room(ctx); err != nil && ctx.Err() == nil {
				n.t.Error(err)
			}
		})
	}
	n.t.Cleanup(func() {
		cancel()
		work.Wait()
	})
}

// follow hands the journal to the index, as the node does.
func follow(j *journal.Journal) index.Follow {
	return func(ctx context.Context, from uint64, handle func(context.Context, index.Batch) error) error {
		return j.Follow(ctx, from, func(ctx context.Context, e *journal.Entry) error {
			b := index.Batch{Entry: e.Index}
			if e.Header.Kind == journal.Events && e.Gone.IsZero() {
				b.Lines = e.Lines()
			}
			return handle(ctx, b)
		})
	}
}

func (n *node) now() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return time.Now().Add(n.skew)
}

// pass lets time go by, for those who look at the clock.
func (n *node) pass(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.skew += d
}

// wait polls until ok says so.
func (n *node) wait(what string, ok func() bool) {
	n.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			n.t.Fatal("waited in vain until " + what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// send hands in an event of a sender and waits until it is durable.
func (n *node) send(sender, product, service, code string, at time.Time, fields map[string]any) {
	n.t.Helper()
	text, err := json.Marshal(fields)
	if err != nil {
		n.t.Fatal(err)
	}
	ev := event.Event{Time: at, Format: "test", Class: n.tax.Class(product, service, code), Fields: text}
	if err := ev.Index.Scan(text, jsonl.DefaultLimits()); err != nil {
		n.t.Fatal(err)
	}
	ev.Class = ev.Class.Refine(&ev)
	receipt, err := n.intake.Sender(sender, false).Put(n.t.Context(), &ev, text)
	if err != nil {
		n.t.Fatal(err)
	}
	if _, err := receipt.Wait(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
}

// night sends what an invented night brings: protection that stops, a chart that is opened, names that are asked.
//
// more is how many findings come from elsewhere.
func (n *node) night(more int) {
	n.t.Helper()
	start := n.now().Add(-2 * time.Hour).UTC()
	for i := range 3 {
		host := fmt.Sprintf("PACS-%d.alder.example", i+1)
		n.send("winlogbeat", "windows", "System", "7036", start.Add(time.Duration(i)*time.Minute), map[string]any{
			"EventID": "7036", "Channel": "System", "Computer": host, "param1": "Windows Defender Antivirus Service", "param2": "stopped", "SubjectUserName": "svc-vendor",
		})
	}
	n.send("ehr-app-1", "ehr", "", "", start.Add(20*time.Minute), map[string]any{
		"access": map[string]any{"verb": "read", "user": "r.clerk", "patient": []string{"4471-0099-7720"}, "workstation": "kiosk-7", "object_kind": "chart"},
		"PID-5":  "Doe^Jane", "note": "asked for 4471-0099-7720 by phone",
	})
	n.send("winlogbeat", "windows", "System", "5000", start.Add(30*time.Minute), map[string]any{
		"EventID": "5000", "Channel": "System", "Computer": "door-ctl-7.alder.example", "param1": "names\u202easked\x1b[31m",
	})
	n.wait("all findings wait", func() bool {
		c, err := n.desk.Counts(n.t.Context())
		return err == nil && c.States[triage.New] == 5+more
	})
	n.wait("search has all", func() bool { return n.index.Healthy() == nil && n.index.Through() >= n.journal.Size() })
}

const passphrase = "copper lantern sings quietly"

// person is somebody with a browser that has no script.
type person struct {
	n      *node
	id     string
	name   string
	device string // secret of the second factor
	c      *http.Client
}

func (n *node) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		n.t.Fatal(err)
	}
	return &http.Client{
		Jar:           jar,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// code reads the device, which has just changed to a new code.
func (n *node) code(device string) string {
	n.t.Helper()
	n.pass(30 * time.Second)
	code, err := totp.GenerateCode(device, n.now())
	if err != nil {
		n.t.Fatal(err)
	}
	return code
}

// first sets the node up.
func (n *node) first() *person {
	n.t.Helper()
	e, err := n.house.Begin(n.t.Context(), n.link, "a.lindqvist", "A. Lindqvist", passphrase)
	if err != nil {
		n.t.Fatal(err)
	}
	return n.join(e)
}

func (n *node) join(e access.Enrolment) *person {
	n.t.Helper()
	s, _, err := n.house.Confirm(n.t.Context(), e.ID, n.code(e.TOTPSecret))
	if err != nil {
		n.t.Fatal(err)
	}
	p := &person{n: n, id: s.Actor.ID, name: e.Name, device: e.TOTPSecret, c: n.browser()}
	p.login()
	return p
}

// hire has admin invite somebody, who joins.
func (n *node) hire(admin *person, name, display string, roles ...access.Role) *person {
	n.t.Helper()
	ctx := access.WithActor(n.t.Context(), access.Actor{ID: admin.id, Name: "A. Lindqvist", Roles: access.FirstRoles()})
	link, err := n.house.Invite(ctx, name, display, roles)
	if err != nil {
		n.t.Fatal(err)
	}
	e, err := n.house.Begin(n.t.Context(), link, "", "", passphrase)
	if err != nil {
		n.t.Fatal(err)
	}
	return n.join(e)
}

func (p *person) login() {
	p.n.t.Helper()
	status, body := p.post("/login", url.Values{"name": {p.name}, "passphrase": {passphrase}, "code": {p.n.code(p.device)}})
	if status != http.StatusSeeOther {
		p.n.t.Fatalf("login of %s: status %d\n%s", p.name, status, body)
	}
}

func (p *person) get(path string) (int, string) {
	p.n.t.Helper()
	return p.do(http.MethodGet, path, nil)
}

func (p *person) post(path string, form url.Values) (int, string) {
	p.n.t.Helper()
	return p.do(http.MethodPost, path, strings.NewReader(form.Encode()))
}

// do asks, and returns the status and the body, or where it leads.
func (p *person) do(method, path string, body io.Reader) (int, string) {
	p.n.t.Helper()
	ctx, cancel := context.WithTimeout(p.n.t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, p.n.srv.URL+path, body)
	if err != nil {
		p.n.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	resp, err := p.c.Do(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			p.n.t.Fatalf("%s %s: no answer in a minute", method, path)
		}
		p.n.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		p.n.t.Fatal(err)
	}
	if to := resp.Header.Get("Location"); to != "" {
		return resp.StatusCode, to
	}
	return resp.StatusCode, string(text)
}
