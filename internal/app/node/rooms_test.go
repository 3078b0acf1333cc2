package node_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/httpin"
	"github.com/wardline/wardline/internal/triage"
)

// within runs a node in this process until the test ends, and returns it and where syslog is received.
func within(t *testing.T, dir string, more ...string) (n *node.Node, syslog string, stop func()) {
	t.Helper()
	syslog = free(t)
	c, err := node.ReadConfig(write(t, fmt.Sprintf(`
site: example
data: %s
console: {listen: %q}
metrics: {listen: "off"}
journal: {ballast: -1}
sources:
- {kind: syslog, streams: [{listen: %q, from: [127.0.0.0/8]}]}
%s`, filepath.Join(dir, "data"), free(t), syslog, strings.Join(more, ""))))
	if err != nil {
		t.Fatal(err)
	}
	n, err = node.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ran := make(chan error, 1)
	go func() { ran <- n.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		if err := n.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return n, syslog, stop
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	patiently(t, 30*time.Second, what, holds)
}

// patiently waits longer, or less long.
func patiently(t *testing.T, most time.Duration, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(most); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to it that %s", what)
		}
	}
}

// say sends syslog messages and waits until they lie in the journal.
func say(t *testing.T, n *node.Node, address string, messages int) {
	t.Helper()
	var conn net.Conn
	eventually(t, "the node listens", func() (ok bool) {
		var err error
		conn, err = net.Dial("tcp", address)
		return err == nil
	})
	defer conn.Close()
	before := n.Standings()
	for i := range messages {
		if _, err := fmt.Fprintf(conn, "<14>1 2026-01-02T03:04:05Z host app - - - message %d\n", i); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all is stored", func() bool {
		stored := int64(0)
		for _, s := range n.Standings() {
			stored += s.Stored
		}
		for _, s := range before {
			stored -= s.Stored
		}
		return stored == int64(messages)
	})
}

// TestASilentSenderIsAFinding goes from the intake's word to the desk; a second silence is counted, the same one told
// again is not.
func TestASilentSenderIsAFinding(t *testing.T) {
	n, _, _ := within(t, t.TempDir())
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	first := collect.Standing{Sender: "pacs-1", Last: at, SilentAt: at.Add(10 * time.Minute)}
	again := collect.Standing{Sender: "pacs-1", Last: at.Add(20 * time.Minute), SilentAt: at.Add(30 * time.Minute)}
	for _, st := range []collect.Standing{first, first, again} {
		n.FellSilent(st)
	}
	eventually(t, "the sender's two silences are one finding", func() bool {
		items, err := n.Desk().List(t.Context(), triage.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return len(items) == 1 && items[0].Count == 2 && items[0].Entities["device"][0] == "pacs-1"
	})
}

// TestSendersAreKnownAfterARestart keeps what was learned of senders, so that one that stays away is missed; of those that
// were only just heard, whose addresses may be forged in any number, nothing is kept; and what is damaged stops nothing.
func TestSendersAreKnownAfterARestart(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	n, _, stop := within(t, dir)
	known := collect.Books{Sender: "pacs-1", First: now.Add(-48 * time.Hour), Last: now, From: now, To: now}
	forged := collect.Books{Sender: "syslog/203.0.113.7", Unauthenticated: true, First: now.Add(-time.Minute), Last: now, From: now, To: now}
	if kept, err := n.Remember(t.Context(), known, forged); err != nil || kept != 1 {
		t.Errorf("got %d senders remembered, %v; want 1", kept, err)
	}
	stop()
	heard := func(n *node.Node) bool {
		return slices.ContainsFunc(n.Standings(), func(s collect.Standing) bool { return s.Sender == "pacs-1" && !s.Last.IsZero() })
	}
	n, _, stop = within(t, dir)
	if !heard(n) {
		t.Errorf("got %+v", n.Standings())
	}
	if err := n.Damage(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop()
	if n, _, _ = within(t, dir); heard(n) {
		t.Error("a damaged page was believed")
	}
}

// TestATokenThatIsRevokedEnds within the seconds for which it is remembered.
func TestATokenThatIsRevokedEnds(t *testing.T) {
	n, _, _ := within(t, t.TempDir())
	token, err := n.IssueSender(t.Context(), "pacs-1")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	whose := n.Tokens(func() time.Time { return now })
	here := netip.MustParseAddr("127.0.0.1")
	ask := func(want string, wantErr error) {
		t.Helper()
		if got, err := whose(t.Context(), token, here); got != want || !errors.Is(err, wantErr) {
			t.Errorf("got %q, %v; want %q, %v", got, err, want, wantErr)
		}
	}
	ask("pacs-1", nil)
	if err := n.RevokeAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask("pacs-1", nil) // remembered
	now = now.Add(6 * time.Second)
	ask("", httpin.ErrSecret)
}

// TestWhatTheJournalDeletedIsNotFound: rows leave the index when bodies leave the journal, those of the same day that are kept stay,
// and an index that is filled anew has the same.
func TestWhatTheJournalDeletedIsNotFound(t *testing.T) {
	dir := t.TempDir()
	n, address, stop := within(t, dir)
	say(t, n, address, 7)
	stop() // its segment is complete then
	n, address, stop = within(t, dir)
	say(t, n, address, 3)
	found := func(n *node.Node, want uint64) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d messages are found", want), func() bool {
			got, err := n.Count(t.Context(), "message")
			return n.Indexed() == n.Entries() && err == nil && got == want
		})
	}
	found(n, 10)
	if deleted, err := n.ExpireEvents(t.Context()); err != nil || deleted == 0 {
		t.Fatalf("%d entries were deleted, %v", deleted, err)
	}
	found(n, 3)
	stop()
	if err := os.RemoveAll(filepath.Join(dir, "data", "index")); err != nil {
		t.Fatal(err)
	}
	n, _, _ = within(t, dir)
	found(n, 3)
}

// TestAcknowledgementsThatAreLost has a sender repeat every message, on another connection each time, as one does that
// never sees the answer (promise P4): each is acknowledged every time, and found once. Two messages that say the same
// under names of their own are two.
func TestAcknowledgementsThatAreLost(t *testing.T) {
	address := free(t)
	n, _, _ := within(t, t.TempDir(), fmt.Sprintf("- {kind: mllp, streams: [{listen: %q, from: [127.0.0.0/8]}]}\n", address))
	const messages, times = 20, 3
	for range times {
		for i := range messages {
			send(t, address, fmt.Sprintf("MSH|^~\\&|EHR|EXAMPLE|ENGINE|EXAMPLE|%s||ADT^A08|REPEATED%d|P|2.5.1\rPID|1||T9000001^^^EXAMPLE^MR\rPV1|1|I|WARDSEVEN\r",
				time.Now().UTC().Format("20060102"), i))
		}
	}
	eventually(t, "search has seen everything", func() bool { return n.Indexed() == n.Entries() })
	eventually(t, "each message is found once", func() bool {
		found, err := n.Count(t.Context(), "WARDSEVEN")
		if err != nil || found > messages {
			t.Fatalf("got %d found, %v; want %d", found, err, messages)
		}
		return found == messages
	})
}

// send sends one message on a connection of its own and waits for the answer.
func send(t *testing.T, address, message string) {
	t.Helper()
	var conn net.Conn
	eventually(t, "the node listens", func() bool {
		var err error
		conn, err = net.Dial("tcp", address)
		return err == nil
	})
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "\x0b%s\x1c\r", message); err != nil {
		t.Fatal(err)
	}
	frame, err := mllp.NewReader(conn, 1<<20).Next()
	if err != nil || !strings.Contains(string(frame.Payload), "\rMSA|AA|") {
		t.Fatalf("not acknowledged: %v", err)
	}
}

// acknowledged tells whether a message on a connection of its own is acknowledged.
func acknowledged(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "\x0bMSH|^~\\&|EHR|EXAMPLE|ENGINE|EXAMPLE|%s||ADT^A08|FIRST%d|P|2.5.1\rPV1|1|I|W7\r\x1c\r", time.Now().UTC().Format("20060102150405"), time.Now().UnixNano()); err != nil {
		return false
	}
	frame, err := mllp.NewReader(conn, 1<<20).Next()
	return err == nil && strings.Contains(string(frame.Payload), "\rMSA|AA|")
}
