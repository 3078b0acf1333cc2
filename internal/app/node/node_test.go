package node_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/index/child"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/sim/load"
	"github.com/wardline/wardline/internal/vault"
	"github.com/wardline/wardline/internal/vault/veil"
)

// TestMain lets the test binary be what a node starts, and a node itself that can be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case index.Command:
			exit(child.Run(os.Args[2:]))
		case "up":
			exit(up(os.Args[2]))
		case "tap":
			exit(tapProcess(os.Args[2]))
		case "attack":
			exit(attack(os.Args[2]))
		case "decoys":
			exit(watchDecoys(os.Args[2]))
		case "encrypt":
			exit(encrypt(os.Args[2]))
		}
	}
	os.Exit(m.Run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func up(config string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c, err := node.ReadConfig(config)
	if err != nil {
		return err
	}
	var level slog.Level
	if said := os.Getenv("WARDLINE_LOG"); said != "" {
		if err := level.UnmarshalText([]byte(said)); err != nil {
			return err
		}
	}
	n, err := node.Open(ctx, c, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})))
	if err != nil {
		return err
	}
	if profile := os.Getenv("WARDLINE_PROFILE"); profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Println("open")
	if err := n.Run(ctx); err != nil {
		return err
	}
	return n.Close(ctx)
}

// house is a node that runs as a process of its own, in a folder of its own.
type house struct {
	t                           *testing.T
	dir, config, token          string
	syslog, mllp, http, metrics string
	binary                      []string // what is run as a node, before its configuration
	process                     *exec.Cmd
	acked                       []string                  // marks of what was acknowledged, where a test notes them
	before                      map[string]collect.Counts // of senders, when a test looked last
}

// usualShares, said last, leaves senders the shares that they have by default.
const usualShares = "usual shares"

// newHouse makes a node with the usual doors, and those that more lists, or other parts of a configuration behind them.
func newHouse(t *testing.T, more ...string) *house {
	t.Helper()
	h := &house{t: t, before: map[string]collect.Counts{}, dir: t.TempDir(), syslog: free(t), mllp: free(t), http: free(t), metrics: free(t),
		binary: []string{os.Args[0], "up"}}
	h.config = filepath.Join(h.dir, "wardline.yml")
	shares := "intake: {limit: {events_per_second: 100000, bytes_per_second: 1e9, waiting_bytes: 1048576}}\n" // one sender stands for many
	if len(more) > 0 && more[len(more)-1] == usualShares {
		shares, more = "", more[:len(more)-1]
	}
	text := fmt.Sprintf(`
site: example
data: %s/data
console: {listen: %q}
metrics: {listen: %q}
journal: {ballast: -1}
%ssources:
- {kind: syslog, streams: [{listen: %q, from: [127.0.0.0/8]}]}
- {kind: mllp, streams: [{listen: %q, from: [127.0.0.0/8]}]}
- {kind: http, listen: %q, limits: {requests: 400, connections_per_address: 512}}
%s`, h.dir, free(t), h.metrics, shares, h.syslog, h.mllp, h.http, strings.ReplaceAll(strings.Join(more, ""), "DIR", h.dir))
	if err := os.WriteFile(h.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h.token = h.issue("load")
	return h
}

// issue makes a sender's token while the node is down.
func (h *house) issue(name string) string {
	h.t.Helper()
	ctx := h.t.Context()
	c, err := node.ReadConfig(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	n, err := node.Open(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		h.t.Fatal(err)
	}
	defer n.Close(ctx)
	secret, err := n.IssueSender(ctx, name)
	if err != nil {
		h.t.Fatal(err)
	}
	return secret
}

// veil is that of a node that is down.
func (h *house) veil() *veil.Veil {
	h.t.Helper()
	v, err := vault.Open(filepath.Join(h.dir, "data", "journal.vault"), false)
	if err != nil {
		h.t.Fatal(err)
	}
	return veil.New(v)
}

// free is an address that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// launch starts the node.
func (h *house) launch() {
	h.t.Helper()
	h.process = exec.Command(h.binary[0], append(h.binary[1:], h.config)...)
	log, err := os.OpenFile(filepath.Join(h.dir, "node.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	defer log.Close()
	h.process.Stdout, h.process.Stderr = log, log
	if err := h.process.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		h.process.Process.Kill()
		h.process.Wait()
		h.searchEnds()
	})
}

// searchEnds waits until the search process of a node that was killed has written what it held: it locks the index's folder until then, and the test's is removed next.
func (h *house) searchEnds() {
	f, err := os.Open(filepath.Join(h.dir, "data", "index", "lock"))
	if err != nil {
		return // none was started
	}
	defer f.Close()
	for deadline := time.Now().Add(20 * time.Second); syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
	}
}

// start starts the node and returns when it listens.
func (h *house) start() {
	h.t.Helper()
	h.launch()
	for _, address := range []string{h.syslog, h.mllp, h.http} {
		h.eventually(func() bool {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
	}
}

// eventually waits until it holds.
func (h *house) eventually(holds func() bool) { h.t.Helper(); h.patiently(30*time.Second, holds) }

func (h *house) patiently(most time.Duration, holds func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(most); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(h.dir, "node.log"))
			h.t.Fatalf("it never held; the node said:\n%s", log)
		}
	}
}

func (h *house) stop(s os.Signal) {
	h.t.Helper()
	if err := h.process.Process.Signal(s); err != nil {
		h.t.Fatal(err)
	}
	err := h.process.Wait()
	if s == syscall.SIGTERM && err != nil {
		log, _ := os.ReadFile(filepath.Join(h.dir, "node.log"))
		h.t.Fatalf("the node did not stop well: %v\n%s", err, log)
	}
}

// target is where the load goes.
func (h *house) target() load.Target {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, "data", "authority", "ca.pem"))
	if err != nil {
		h.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	url := "https://" + h.http
	return load.Target{
		Syslog: h.syslog, MLLP: h.mllp, FHIR: url + "/fhir", Bulk: url, HEC: url, OTLP: url, Lines: url, Token: h.token,
		Client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, MaxIdleConnsPerHost: 512}},
	}
}

// kept reads the whole journal and returns how often each marked record is in it: run, way, number.
func (h *house) kept() map[string]int {
	h.t.Helper()
	marks := regexp.MustCompile(`load-[a-z0-9]+-[a-z]+-[0-9]+\.`)
	found := map[string]int{}
	h.lines(func(line []byte) {
		if m := marks.Find(line); m != nil {
			found[string(m)]++
		}
	})
	return found
}

// lines gives all events that the journal of a node that is down holds to look.
func (h *house) lines(look func(line []byte)) {
	h.t.Helper()
	ctx := h.t.Context()
	j, err := journal.Open(ctx, journal.Config{Dir: filepath.Join(h.dir, "data", "journal")}, slog.New(slog.DiscardHandler))
	if err != nil {
		h.t.Fatal(err)
	}
	defer j.Close(ctx)
	for i := range j.Size() {
		e, err := j.Entry(ctx, i)
		if err != nil {
			h.t.Fatal(err)
		}
		if e.Header.Kind != journal.Events {
			continue
		}
		for _, line := range e.Lines() {
			look(line)
		}
	}
}

// caughtUp waits until all followers have seen the whole journal, and says how long that took.
func (h *house) caughtUp(t *testing.T) {
	t.Helper()
	c, err := node.ReadConfig(h.config)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var s node.Status
	h.patiently(5*time.Minute, func() bool { // after a load that is more than it can judge meanwhile
		err := node.Control(t.Context(), &c, "/status", nil, &s)
		return err == nil && s.Judged >= s.Entries && s.Indexed >= s.Entries
	})
	t.Logf("watching and search had caught up %v later, at entry %d", time.Since(began).Round(time.Millisecond), s.Entries)
}

// marks finds them.
var marks = regexp.MustCompile(`load-[a-z0-9]+-[a-z]+-[0-9]+\.`)

func mark(run string, way load.Way, n int) string { return fmt.Sprintf("load-%s-%s-%d.", run, way, n) }

// TestNothingAcknowledgedIsLost kills the node after sixty to a thousand acknowledgements while all kinds of senders send
// (promises P1 and P2): what was acknowledged lies in the journal once it has started again.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	kills := 3
	if os.Getenv("WARDLINE_TRUST") != "" {
		kills = 200
	}
	h := newHouse(t)
	acked := map[string]bool{}
	for kill := range kills {
		h.start()
		run := "k" + strconv.Itoa(kill)
		var got atomic.Int64
		books, _ := load.Run(t.Context(), load.Config{Target: h.target(), Run: run, Rate: 2000, For: time.Minute, Acked: func(n int) {
			if got.Add(int64(n)) >= int64(60+kill*137%900) {
				h.process.Process.Kill()
			}
		}})
		h.stop(syscall.SIGKILL)
		for way, b := range books {
			for _, n := range b.AckedNumbers() {
				acked[mark(run, way, n)] = true
			}
		}
	}
	found := h.kept()
	lost := 0
	for m := range acked {
		if found[m] == 0 {
			lost++
			t.Errorf("%s was acknowledged and is not there", m)
		}
	}
	if len(acked) < 50*kills {
		t.Errorf("only %d records were acknowledged", len(acked))
	}
	t.Logf("%d kills, %d records acknowledged, %d lost, %d kept", kills, len(acked), lost, len(found))
}

// TestBooksBalance sends from all kinds of senders, stops the node in order, and compares what they know with what the
// journal holds (promises P7 and P16): each record once, and each page of the books without a difference.
func TestBooksBalance(t *testing.T) {
	h := newHouse(t)
	h.start()
	rate, long := 2000, 3*time.Second
	books, err := load.Run(t.Context(), load.Config{Target: h.target(), Run: "b", Rate: rate, For: long})
	if err != nil {
		t.Fatal(err)
	}
	h.stop(syscall.SIGTERM)
	found := h.kept()
	total := 0
	t.Log(table(books))
	for _, way := range load.Ways() {
		b := books[way]
		there, twice := 0, 0
		for m, times := range found {
			if strings.HasPrefix(m, "load-b-"+string(way)+"-") {
				there++
				if times > 1 {
					twice++
				}
			}
		}
		if there == 0 || there != b.Sent-b.Refused || twice > 0 || way != load.Syslog && b.Acked != there {
			t.Errorf("%s: the books differ: kept %d, twice %d", way, there, twice)
		}
		total += there
	}
	if total < int(float64(rate)*long.Seconds())/2 {
		t.Errorf("only %d records came in", total)
	}
}
