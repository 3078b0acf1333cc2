//go:build linux

package tap_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

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
	half, err := net.Dial("tcp", h.address) // it is quiet all the while, and then ends in one direction first
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
	h.keptAll(sent)
}

// keptAll fails unless the spool has all messages of as many streams of each length as sent says, and of others none.
func (h *house) keptAll(sent map[uint64]int) {
	h.t.Helper()
	streams, open, lost := h.kept()
	if lost > 0 || len(open) > 0 {
		h.t.Errorf("%d messages were lost, %d streams have no end", lost, len(open))
	}
	for s, got := range streams {
		n := uint64(len(got) / messageSize)
		if s.back || n == 2 {
			continue
		}
		if sent[n] == 0 {
			h.t.Errorf("a stream of %d messages was kept that nobody sent", n)
			continue
		}
		sent[n]--
		for i := range n {
			if !bytes.Equal(got[i*messageSize:(i+1)*messageSize], message(i)) {
				h.t.Fatalf("message %d differs in the spool", i)
			}
		}
	}
	for n, left := range sent {
		if left > 0 {
			h.t.Errorf("%d streams of %d messages are not in the spool", left, n)
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
