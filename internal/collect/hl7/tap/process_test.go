//go:build linux

package tap_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/collect/hl7/tap"
	"github.com/wardline/wardline/internal/collect/hl7/tap/spool"
)

// TestMain lets the test binary be a tap: a process that can be killed and replaced.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "tap" {
		if err := process(os.Args[3], len(os.Args) > 4); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// process is `wardline tap --config FILE`, or with --check.
func process(config string, check bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	c, err := tap.ReadConfig(config)
	if err == nil {
		err = c.Complete()
	}
	if err != nil || check {
		return err
	}
	upgrade := make(chan os.Signal, 1)
	signal.Notify(upgrade, syscall.SIGHUP)
	return tap.Run(ctx, c, slog.New(slog.NewTextHandler(os.Stderr, nil)), upgrade)
}

// house is a tap in a process of its own.
type house struct {
	t                             testing.TB
	dir, config, address, logFile string
	key                           *spool.Key
	cmd                           *exec.Cmd
	socket                        *os.File // that the test keeps for the tap, as systemd does; nil when the tap opens its own
}

func newHouse(t testing.TB, to string) *house {
	t.Helper()
	return houseThatListens(t, free(t), to)
}

func houseThatListens(t testing.TB, address, to string) *house {
	t.Helper()
	dir := t.TempDir()
	h := &house{t: t, dir: filepath.Join(dir, "spool"), config: filepath.Join(dir, "tap.yml"), address: address, logFile: filepath.Join(dir, "log")}
	if err := os.Mkdir(h.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("spool: %s\nfeeds: [{listen: %q, from: [127.0.0.0/8], to: %q}]\n", h.dir, h.address, to)
	if err := os.WriteFile(h.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if h.key, err = spool.LoadKey(filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	if err := h.key.Publish(h.dir); err != nil {
		t.Fatal(err)
	}
	return h
}

// free is an address that nobody listens at.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (h *house) start() {
	h.t.Helper()
	log, err := os.OpenFile(h.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	defer log.Close()
	before := h.said("listening")
	binary := cmp.Or(os.Getenv("WARDLINE_BINARY"), os.Args[0]) // the product's own, for figures
	h.cmd = exec.Command(binary, "tap", "--config", h.config)
	if h.socket != nil {
		h.cmd = exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$@"`, "sh", binary, "tap", "--config", h.config)
		h.cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=lab")
		h.cmd.ExtraFiles = []*os.File{h.socket}
	}
	h.cmd.Stderr = log
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = h.cmd.Process.Kill(); _ = h.cmd.Wait() })
	h.until("the tap listens", func() bool { return h.said("listening") > before })
}

// said counts how often the tap has said something.
func (h *house) said(words string) int {
	text, err := os.ReadFile(h.logFile)
	if err != nil {
		h.t.Fatal(err)
	}
	return bytes.Count(text, []byte(words))
}

func (h *house) until(what string, holds func() bool) {
	h.t.Helper()
	for late := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			log, _ := os.ReadFile(h.logFile)
			h.t.Fatalf("it never came to it that %s; the tap said:\n%s", what, log)
		}
	}
}

func (h *house) stop(s os.Signal) {
	h.t.Helper()
	if err := h.cmd.Process.Signal(s); err != nil {
		h.t.Fatal(err)
	}
	if err := h.cmd.Wait(); err != nil && s == syscall.SIGTERM {
		log, _ := os.ReadFile(h.logFile)
		h.t.Fatalf("the tap did not stop well: %v\n%s", err, log)
	}
}

// stream is one direction of one connection of one run, as the spool has it.
type stream struct {
	run  string
	conn uint64
	back bool
}

// kept reads the spool: the bytes of each stream, without a gap, and which of them have not ended.
func (h *house) kept() (streams map[stream][]byte, open map[stream]bool, lost int) {
	h.t.Helper()
	runs, err := spool.List(h.dir)
	if err != nil {
		h.t.Fatal(err)
	}
	streams, open = map[stream][]byte{}, map[stream]bool{}
	for _, r := range runs {
		for _, n := range r.Files {
			f, err := spool.Open(h.dir, r.ID, n, h.key)
			if err != nil {
				h.t.Fatal(err)
			}
			for at := int64(0); ; {
				b, err := f.Block(at)
				if err != nil {
					break // a torn end
				}
				at = b.Next
				for _, p := range b.Pieces {
					s := stream{r.ID, p.Conn, p.Back}
					if open[s] = true; p.Kind == spool.End {
						delete(open, s)
					}
					if p.Kind == spool.Lost {
						lost += p.Messages
						p.Bytes = make([]byte, p.Size)
					} else if int64(len(streams[s])) != p.Offset {
						h.t.Fatalf("a piece at byte %d follows %d bytes", p.Offset, len(streams[s]))
					}
					streams[s] = append(streams[s], p.Bytes...)
				}
			}
			_ = f.Close()
		}
	}
	return streams, open, lost
}

// echoes listens as a system that answers each numbered message with its number.
func echoes(t testing.TB) string {
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
				for buf := make([]byte, messageSize); ; {
					if _, err := io.ReadFull(c, buf); err != nil {
						return
					}
					if _, err := c.Write(buf[1:9]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

const messageSize = 1000

// message is number n of a sender.
func message(n uint64) []byte {
	b := fmt.Appendf([]byte{0x0b}, "%08x", n)
	return append(append(b, bytes.Repeat([]byte{'x'}, messageSize-11)...), 0x1c, '\r')
}

// talk sends messages one after the other on one connection until stop is closed, and returns how many were answered, the longest
// time to an answer, and what broke it.
func talk(address string, stop <-chan struct{}) (answered uint64, slowest time.Duration, err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	pace := time.NewTicker(5 * time.Millisecond)
	defer pace.Stop()
	for answer := make([]byte, 8); ; answered++ {
		select {
		case <-pace.C:
		case <-stop:
			return answered, slowest, nil
		}
		m, began := message(answered), time.Now()
		_ = c.SetDeadline(began.Add(20 * time.Second))
		if _, err := c.Write(m); err != nil {
			return answered, slowest, err
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			return answered, slowest, err
		}
		if !bytes.Equal(answer, m[1:9]) {
			return answered, slowest, fmt.Errorf("message %d has the answer to another", answered)
		}
		slowest = max(slowest, time.Since(began))
	}
}

// A tap that is replaced while senders send loses no connection, no byte, and no copy; new connections are served too.
func TestUpgrade(t *testing.T) {
	h := newHouse(t, echoes(t))
	h.start()
	const senders, upgrades = 5, 5
	stop := make(chan struct{})
	var talking sync.WaitGroup
	var mu sync.Mutex
	sent := map[uint64]int{} // how many senders sent so many messages
	var slowest time.Duration
	for range senders {
		talking.Go(func() {
			n, slow, err := talk(h.address, stop)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			sent[n]++
			slowest = max(slowest, slow)
		})
	}
	half, err := net.Dial("tcp", h.address) // it has ended in one direction, and waits in the other
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	if _, err := half.Write(message(7)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 8)
	if _, err := io.ReadFull(half, answer); err != nil {
		t.Fatal(err)
	}
	for i := range upgrades {
		if err := h.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		h.until("the next process listens", func() bool { return h.said("listening") == i+2 })
	}
	if _, err := half.Write(message(8)); err != nil {
		t.Fatal(err)
	}
	_ = half.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(half); err != nil || !bytes.Equal(got, message(8)[1:9]) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	close(stop)
	talking.Wait()
	h.stop(syscall.SIGTERM)
	t.Logf("%d upgrades; the slowest answer took %v", upgrades, slowest.Round(time.Millisecond))
	streams, open, lost := h.kept()
	if lost > 0 || len(open) > 0 {
		t.Errorf("%d messages were lost, %d streams have no end", lost, len(open))
	}
	for s, got := range streams {
		n := uint64(len(got) / messageSize)
		if s.back || n == 2 {
			continue
		}
		if sent[n] == 0 {
			t.Errorf("a stream of %d messages was kept that nobody sent", n)
			continue
		}
		sent[n]--
		for i := range n {
			if !bytes.Equal(got[i*messageSize:(i+1)*messageSize], message(i)) {
				t.Fatalf("message %d differs in the spool", i)
			}
		}
	}
	for n, left := range sent {
		if left > 0 {
			t.Errorf("%d streams of %d messages are not in the spool", left, n)
		}
	}
}

// A tap that is killed breaks its connections, and the next takes new ones. What was answered lies in the spool, or its stream has no
// end there: from that the node knows that something is missing.
func TestKilled(t *testing.T) {
	kills := 5
	if os.Getenv("WARDLINE_TRUST") != "" {
		kills = 100
	}
	h := newHouse(t, echoes(t))
	answered, missing := uint64(0), 0
	for kill := range kills {
		h.start()
		const senders = 4
		var talking sync.WaitGroup
		var mu sync.Mutex
		var sent []uint64
		for range senders {
			talking.Go(func() {
				n, _, err := talk(h.address, nil)
				if err == nil {
					t.Error("a connection survived")
				}
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, n)
			})
		}
		time.Sleep(time.Duration(100+kill*37%200) * time.Millisecond) // any moment will do
		h.stop(syscall.SIGKILL)
		talking.Wait()
		streams, open, _ := h.kept()
		latest := ""
		for s := range streams {
			latest = max(latest, s.run)
		}
		kept, ends := uint64(0), 0
		for s, got := range streams {
			if s.run == latest && !s.back {
				kept += uint64(len(got) / messageSize)
			}
			if s.run == latest && open[s] {
				ends++
			}
		}
		total := uint64(0)
		for _, n := range sent {
			total += n
		}
		answered += total
		if kept < total {
			missing += int(total - kept)
			if ends == 0 {
				t.Errorf("%d messages were answered, %d are in the spool, and nothing tells that some are missing", total, kept)
			}
		}
	}
	t.Logf("%d kills; %d messages answered, of which %d are not in the spool", kills, answered, missing)
}

// While systemd keeps the socket of a tap, senders that connect after it was killed wait for the next process, and are not turned
// away. The same holds for an upgrade.
func TestKilledWithSocketKept(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := houseThatListens(t, "systemd:lab", echoes(t))
	h.address = l.Addr().String()
	if h.socket, err = l.(*net.TCPListener).File(); err != nil {
		t.Fatal(err)
	}
	defer h.socket.Close()
	l.Close()
	h.start()
	stop := make(chan struct{})
	var talking sync.WaitGroup
	var pauses []time.Duration
	talking.Go(func() { // a sender that connects again at once when its connection breaks
		for {
			if _, _, err := talk(h.address, stop); err == nil {
				return
			}
			broke := time.Now()
			c, err := net.Dial("tcp", h.address)
			if err != nil {
				t.Errorf("turned away: %v", err)
				return
			}
			if _, err := c.Write(message(1)); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadFull(c, make([]byte, 8)); err != nil {
				t.Errorf("the connection that waited: %v", err)
			}
			c.Close()
			pauses = append(pauses, time.Since(broke))
		}
	})
	for range 5 {
		time.Sleep(100 * time.Millisecond)
		h.stop(syscall.SIGKILL)
		h.start()
	}
	upgraded := h.said("listening") + 1
	if err := h.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	h.until("the next process listens", func() bool { return h.said("listening") == upgraded })
	close(stop)
	talking.Wait()
	if n, _, err := talk(h.address, closedAfter(50*time.Millisecond)); err != nil || n == 0 {
		t.Errorf("after the upgrade %d messages were answered: %v", n, err)
	}
	slices.Sort(pauses)
	t.Logf("killed and started %d times; from the break to the next answer %v", len(pauses), pauses)
}

func closedAfter(d time.Duration) <-chan struct{} {
	c := make(chan struct{})
	time.AfterFunc(d, func() { close(c) })
	return c
}

// BenchmarkTap is the time from a message to its answer, of a thousand in a second, directly and through a tap in a process of its own
// that writes its spool, in turns. Then what memory that process has.
func BenchmarkTap(b *testing.B) {
	to := echoes(b)
	h := newHouse(b, to)
	h.start()
	ways := []string{"direct", "tapped"}
	var took [2][]time.Duration
	var conns [2]net.Conn
	for i, address := range []string{to, h.address} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		conns[i] = c
	}
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	answer := make([]byte, 8)
	for n := 0; b.Loop(); n++ {
		<-pace.C
		for i := range ways {
			i = (i + n) % 2
			began := time.Now()
			if _, err := conns[i].Write(message(uint64(n))); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(conns[i], answer); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(began))
		}
	}
	for i, way := range ways {
		slices.Sort(took[i])
		b.ReportMetric(float64(took[i][len(took[i])/2].Nanoseconds())/1e3, way+"-p50-us")
		b.ReportMetric(float64(took[i][len(took[i])*99/100].Nanoseconds())/1e3, way+"-p99-us")
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"VmRSS", "RssAnon"} {
		_, rest, _ := strings.Cut(string(status), name+":")
		kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(kilobytes)/1024, name+"-MB")
	}
}

// What a receiver does not read while the tap is replaced reaches it afterwards, all of it and in order.
func TestUpgradeWhileTheReceiverIsBusy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	h := newHouse(t, l.Addr().String())
	h.start()
	c, err := net.Dial("tcp", h.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	receiver, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	const messages = 20_000 // more than the kernel keeps between two systems
	wrote := make(chan error, 1)
	go func() {
		for i := range uint64(messages) {
			if _, err := c.Write(message(i)); err != nil {
				wrote <- err
				return
			}
		}
		wrote <- c.(*net.TCPConn).CloseWrite()
	}()
	waiting := func() int { // bytes that the tap has passed on
		streams, _, _ := h.kept()
		n := 0
		for _, b := range streams {
			n += len(b)
		}
		return n
	}
	h.until("nothing passes any more", func() bool { n := waiting(); time.Sleep(100 * time.Millisecond); return n > 0 && n == waiting() })
	for i := range 2 {
		if err := h.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		h.until("the next process listens", func() bool { return h.said("listening") == i+2 })
	}
	got, err := io.ReadAll(receiver)
	if err != nil || len(got) != messages*messageSize {
		t.Fatalf("%d bytes of %d came: %v", len(got), messages*messageSize, err)
	}
	for i := range uint64(messages) {
		if !bytes.Equal(got[i*messageSize:(i+1)*messageSize], message(i)) {
			t.Fatalf("message %d is another", i)
		}
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

// What was lost before an upgrade is said after it.
func TestUpgradeKeepsLosses(t *testing.T) {
	h := newHouse(t, echoes(t))
	public := filepath.Join(h.dir, "node.pub")
	if err := os.Remove(public); err != nil {
		t.Fatal(err)
	}
	h.start()
	n, _, err := talk(h.address, closedAfter(100*time.Millisecond))
	if err != nil || n == 0 {
		t.Fatalf("%d messages were answered: %v", n, err)
	}
	if err := h.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	h.until("the next process listens", func() bool { return h.said("listening") == 2 })
	if err := h.key.Publish(h.dir); err != nil {
		t.Fatal(err)
	}
	h.stop(syscall.SIGTERM)
	if _, _, lost := h.kept(); uint64(lost) != n {
		t.Errorf("%d messages are said to be lost, want %d", lost, n)
	}
}

// A binary that cannot do it takes over nothing.
func TestUpgradeToABadConfiguration(t *testing.T) {
	h := newHouse(t, echoes(t))
	h.start()
	if err := os.WriteFile(h.config, []byte("spool: nowhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	h.until("the tap says so", func() bool { return h.said("goes on as it was") == 1 })
	if n, _, err := talk(h.address, closedAfter(50*time.Millisecond)); err != nil || n == 0 {
		t.Errorf("%d messages were answered: %v", n, err)
	}
}

// A tap that is told to end lets an answer through that is on its way, and then closes the connection in order.
func TestStop(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	h := newHouse(t, l.Addr().String())
	h.start()
	c, err := net.Dial("tcp", h.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	receiver, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	if _, err := c.Write(message(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(receiver, make([]byte, messageSize)); err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	h.until("it listens no more", func() bool {
		d, err := net.Dial("tcp", h.address)
		if err == nil {
			d.Close()
		}
		return err != nil
	})
	if _, err := receiver.Write([]byte("answered")); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil || string(got) != "answered" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := h.cmd.Wait(); err != nil {
		t.Error(err)
	}
}
