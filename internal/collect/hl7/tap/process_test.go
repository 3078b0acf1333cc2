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
