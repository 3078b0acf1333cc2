package hl7_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/hl7"
	"github.com/wardline/wardline/internal/collect/hl7/tap"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/journal"
)

// system listens as the system that receives, and answers each message by answer.
func system(t testing.TB, answer func(message []byte) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for r := mllp.NewReader(c, 1<<20); ; {
					f, err := r.Next()
					if err != nil {
						return
					}
					if _, err := io.WriteString(c, answer(f.Payload)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// accepts answers each message with AA, as a receiver of its own kind writes it.
func accepts(message []byte) string {
	id := strings.Split(string(message), "|")[9]
	return frame("MSH|^~\\&|WARD|SOUTH|ADT|NORTH|20260301102030||ACK|A" + id + "|P|2.5.1\rMSA|AA|" + id + "\r")
}

// place is where a tap and a node meet: a spool, and what the node remembers of it.
type place struct {
	t          testing.TB
	spool, key string

	mu    sync.Mutex
	marks map[string][]byte // guarded by mu
}

func newPlace(t testing.TB) *place {
	dir := t.TempDir()
	p := &place{t: t, spool: filepath.Join(dir, "spool"), key: filepath.Join(dir, "tap.key"), marks: map[string][]byte{}}
	if err := os.Mkdir(p.spool, 0o700); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) setup() hl7.TapSetup {
	return hl7.TapSetup{
		KeyFile: p.key,
		Load: func(context.Context, string) (map[string][]byte, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			return maps.Clone(p.marks), nil
		},
		Save: func(_ context.Context, _ string, changed map[string][]byte, gone []string) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			maps.Copy(p.marks, changed)
			for _, id := range gone {
				delete(p.marks, id)
			}
			return nil
		},
	}
}

// node runs the source of a node that reads the spool.
func (p *place) node(more string) *collecttest.Running {
	p.t.Helper()
	r := collecttest.Run(p.t, hl7.Tap(p.setup()), "spool: "+p.spool+"\n"+more, options(p.t))
	p.until("the node has put its key there", func() bool {
		_, err := os.Stat(filepath.Join(p.spool, "node.pub"))
		return err == nil
	})
	return r
}

func (p *place) until(what string, holds func() bool) {
	p.t.Helper()
	for late := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			p.t.Fatalf("it never came to it that %s", what)
		}
	}
}

// files are the files of copies in the spool.
func (p *place) files() []string {
	files, err := filepath.Glob(filepath.Join(p.spool, "*.tap"))
	if err != nil {
		p.t.Fatal(err)
	}
	return files
}

// tap runs a tap in front of to, and returns where it listens and what stops it.
func (p *place) tap(to string, change ...func(*tap.Config)) (address string, stop func()) {
	p.t.Helper()
	c := tap.Config{Spool: p.spool, Feeds: []tap.Feed{{
		Stream: collect.Stream{Listen: "127.0.0.1:0", From: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, To: to,
	}}}
	for _, f := range change {
		f(&c)
	}
	if err := c.Complete(); err != nil {
		p.t.Fatal(err)
	}
	said, log := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- tap.Run(ctx, c, slog.New(slog.NewTextHandler(log, nil)), nil); log.Close() }()
	listens := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if _, rest, ok := strings.Cut(lines.Text(), "address="); ok {
				address, _, _ := strings.Cut(rest, " ")
				listens <- address
			}
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			p.t.Error(err)
		}
	})
	p.t.Cleanup(stop)
	select {
	case address = <-listens:
	case <-time.After(20 * time.Second):
		p.t.Fatal("the tap does not listen")
	}
	return address, stop
}

// send sends messages numbered from first on one connection, each after the answer to the one before.
func send(t testing.TB, address string, first, n int, text string) {
	t.Helper()
	c := connect(t, address)
	defer c.Close()
	for i := first; i < first+n; i++ {
		c.write(frame(admission(fmt.Sprint(i)) + text))
		if got, want := c.answer(), fmt.Sprintf("AA %d", i); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// Messages and their answers pass as they are, and both become events. What was taken in is removed from the spool.
func TestTap(t *testing.T) {
	p := newPlace(t)
	to := system(t, accepts)
	r := p.node("")
	address, stop := p.tap(to)
	send(t, address, 0, 3, "")
	r.AwaitEvents(6)
	var sources []string
	for _, ev := range r.Events(t, options(t).Taxonomy) {
		sources = append(sources, ev.Source)
	}
	slices.Sort(sources)
	if diff := cmp.Diff(slices.Compact(sources), slices.Sorted(slices.Values([]string{"tap/127.0.0.1", "tap/" + to}))); diff != "" {
		t.Error(diff)
	}
	stop()
	p.until("the spool is empty and forgotten", func() bool {
		rest, err := os.ReadDir(p.spool)
		if err != nil {
			t.Fatal(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(rest) == 1 && rest[0].Name() == "node.pub" && len(p.marks) == 0
	})
	collecttest.Balanced(t, r.Intake)
}

// What passes while no node runs is taken in by the next, once.
func TestTapWhileTheNodeIsDown(t *testing.T) {
	p := newPlace(t)
	to := system(t, accepts)
	first := p.node("")
	address, _ := p.tap(to)
	open := connect(t, address)
	open.write("\x0b" + admission("cut")[:20]) // its end comes to the second node
	send(t, address, 0, 10, "")
	first.AwaitEvents(20)
	first.Stop()
	send(t, address, 10, 10, "")
	open.write(admission("cut")[20:] + "\x1c\r")
	if got := open.answer(); got != "AA cut" {
		t.Errorf("got %s", got)
	}
	second := p.node("")
	second.AwaitEvents(22)
	send(t, address, 20, 1, "")
	second.AwaitEvents(24)
	different := map[event.ID]bool{}
	for _, r := range []*collecttest.Running{first, second} {
		for _, ev := range r.Events(t, options(t).Taxonomy) {
			different[ev.ID] = true
		}
	}
	if n := len(second.Lines(journal.Events)); n != 24 || len(different) != 44 {
		t.Errorf("the second node took in %d events, want 24; %d are different, want 44", n, len(different))
	}
	for id, counts := range collecttest.Balanced(t, second.Intake) {
		if counts.Received != counts.Stored {
			t.Errorf("%s: %+v", id, counts)
		}
	}
}

// Whatever passes, and however it is cut, no byte of it changes.
func TestTapPassesEveryByte(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := newPlace(t)
	r := p.node("")
	address, _ := p.tap(l.Addr().String())
	stream := bytes.Repeat([]byte("noise\x0b\x1c\r\x06\x0bMSH|half\x0b"+admission("1")+"\x1c\r\x0b\xff\x00\x1c\r"), 2000)
	c := connect(t, address)
	receiver, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	for _, way := range [][2]net.Conn{{c.Conn, receiver}, {receiver, c.Conn}} {
		from, to := way[0], way[1]
		go func() {
			for rest := stream; len(rest) > 0; {
				n := min(len(rest), 1+len(rest)%977)
				_, _ = from.Write(rest[:n])
				rest = rest[n:]
			}
			_ = from.(*net.TCPConn).CloseWrite() // one side may end while the other goes on
		}()
		got, err := io.ReadAll(to)
		if err != nil || !bytes.Equal(got, stream) {
			t.Fatalf("%d bytes of %d came out, or others: %v", len(got), len(stream), err)
		}
	}
	counts := r.Received("tap/127.0.0.1", 6000)
	if counts.Stored != 2000 || counts.Quarantined != 4000 {
		t.Errorf("got %+v", counts)
	}
}

// While the journal takes nothing, all waits in the spool. What has no room there is lost and counted, and the feed goes on.
func TestTapFailsOpen(t *testing.T) {
	p := newPlace(t)
	r := p.node("")
	address, stop := p.tap(system(t, accepts), func(c *tap.Config) { c.SpoolBytes = 1 << 20 })
	r.Hold()
	const messages = 600
	send(t, address, 0, messages, strings.Repeat("NTE|"+strings.Repeat("x", 1000)+"\r", 8))
	stop()
	r.Release()
	sent := r.Received("tap/127.0.0.1", messages)
	if sent.Received != messages || sent.Stored == 0 || sent.Dropped == 0 || sent.Stored+sent.Dropped+sent.Quarantined != messages {
		t.Errorf("got %+v for %d messages", sent, messages)
	}
	for _, st := range r.Intake.Standings() {
		if st.Sender == "tap/127.0.0.1" && st.Reasons["the tap's spool was full"] != sent.Dropped {
			t.Errorf("got %v", st.Reasons)
		}
	}
	collecttest.Balanced(t, r.Intake)
}

// Before a node was ever there nothing can be sealed for it: what passes is lost, and said to the node when it comes.
func TestTapBeforeTheNode(t *testing.T) {
	p := newPlace(t)
	address, _ := p.tap(system(t, accepts))
	send(t, address, 0, 3, "")
	if len(p.files()) > 0 {
		t.Error("something lies in the spool that no key protects")
	}
	r := p.node("")
	if got := r.Received("tap/127.0.0.1", 3); got.Dropped != 3 {
		t.Errorf("got %+v", got)
	}
	send(t, address, 3, 1, "")
	r.AwaitEvents(2)
}

// When the receiver is down its sender sees that.
func TestTapReceiverDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	address, _ := newPlace(t).tap(l.Addr().String())
	c, err := net.Dial("tcp", address)
	if err == nil {
		defer c.Close()
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the sender is told %v, not that the connection is reset", err)
	}
}

// When one side breaks off the other does.
func TestTapBreaks(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := newPlace(t)
	r := p.node("")
	address, _ := p.tap(l.Addr().String())
	c := connect(t, address)
	c.write("\x0bMSH|half")
	receiver, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = receiver.(*net.TCPConn).SetLinger(0)
	_, _ = io.ReadFull(receiver, make([]byte, 9))
	receiver.Close()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the sender's connection is open")
	}
	r.Received("tap/127.0.0.1", 1)
	if d := r.Damages(t)[0]; string(d.Bytes) != "MSH|half" || d.Reason != "connection ended inside a frame" {
		t.Errorf("got %+v", d)
	}
}

// A bit that turned over in the spool costs the block that it is in, and that is counted.
func TestTapDamagedSpool(t *testing.T) {
	p := newPlace(t)
	first := p.node("")
	address, stop := p.tap(system(t, accepts))
	send(t, address, 0, 1, "")
	first.AwaitEvents(2)
	first.Stop()
	send(t, address, 1, 30, "")
	stop()
	files := p.files()
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 0x10
	if err := os.WriteFile(files[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
	second := p.node("")
	counts := second.Received("tap/spool", 1)
	p.until("all is read", func() bool { return len(p.files()) == 0 })
	total := counts.Dropped
	for _, c := range collecttest.Balanced(t, second.Intake) {
		total += c.Stored
	}
	if counts.Dropped == 0 || total < 60 || total > 62 {
		t.Errorf("of 60 messages %d are accounted for, %d as lost", total, counts.Dropped)
	}
}

func TestTapConfig(t *testing.T) {
	for config, want := range map[string]string{
		"name: x":                       "name the folder",
		"spool: tap":                    "whole path",
		"spool: /x\nlargest_message: 1": "largest_message",
		"taps: [{listen: ':1', to: '10.0.0.1:2575'}]\nspool: /x": "not found",
	} {
		_, err := hl7.Tap(hl7.TapSetup{}).New(func(into any) error {
			d := yaml.NewDecoder(strings.NewReader(config))
			d.KnownFields(true)
			return d.Decode(into)
		}, options(t), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", config, err, want)
		}
	}
}
