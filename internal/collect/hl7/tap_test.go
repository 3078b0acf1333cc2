package hl7_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/hl7"
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

func tapped(t testing.TB, to, more string) (*collecttest.Running, string) {
	t.Helper()
	config := "taps:\n- listen: 127.0.0.1:0\n  from: [127.0.0.0/8]\n  to: " + to + "\n" + more
	r := collecttest.Run(t, hl7.Tap(), config, options(t))
	return r, r.Addresses(1)[0]
}

// Messages and their answers pass as they are, and both become events.
func TestTap(t *testing.T) {
	to := system(t, accepts)
	r, address := tapped(t, to, "")
	c := connect(t, address)
	for i := range 3 {
		c.write(frame(admission(fmt.Sprint(i))))
		if got, want := c.answer(), fmt.Sprintf("AA %d", i); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	r.AwaitEvents(6)
	var sources []string
	for _, ev := range r.Events(t, options(t).Taxonomy) {
		sources = append(sources, ev.Source)
	}
	slices.Sort(sources)
	if diff := cmp.Diff(slices.Compact(sources), slices.Sorted(slices.Values([]string{"tap/127.0.0.1", "tap/" + to}))); diff != "" {
		t.Error(diff)
	}
	collecttest.Balanced(t, r.Intake)
}

// Whatever passes, and however it is cut, no byte of it changes.
func TestTapPassesEveryByte(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r, address := tapped(t, l.Addr().String(), "")
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

// While the journal takes nothing the feed goes on, and what there is no room for is counted.
func TestTapFailsOpen(t *testing.T) {
	r, address := tapped(t, system(t, accepts), "buffer: 1048576\n")
	r.Hold()
	c := connect(t, address)
	const messages = 600
	text := strings.Repeat("NTE|"+strings.Repeat("x", 1000)+"\r", 8)
	for i := range messages {
		id := fmt.Sprint(i)
		c.write(frame(admission(id) + text))
		if got := c.answer(); got != "AA "+id {
			t.Fatalf("got %s", got)
		}
	}
	r.Release()
	c.Close()
	var sent, answers = r.Received("tap/127.0.0.1", messages), collecttest.Balanced(t, r.Intake)
	if sent.Received < messages || sent.Stored == 0 || sent.Dropped == 0 || sent.Stored+sent.Dropped < messages {
		t.Errorf("got %+v for %d messages", sent, messages)
	}
	for id, c := range answers {
		if c.Difference() != 0 || c.Refused > 0 {
			t.Errorf("%s: %+v", id, c)
		}
	}
}

// When the receiver is down its sender sees that.
func TestTapReceiverDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, address := tapped(t, l.Addr().String(), "")
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
	r, address := tapped(t, l.Addr().String(), "")
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

func TestTapConfig(t *testing.T) {
	const tap = "taps: [{listen: ':1', from: [10.0.0.0/8], to: '10.0.0.1:2575'}]\n"
	for config, want := range map[string]string{
		"name: x": "name at least one feed",
		"taps: [{listen: ':1', to: '10.0.0.1:2575'}]": "from: name the networks",
		"taps: [{listen: ':1', from: [10.0.0.0/8]}]":  "to: name the address",
		tap + "buffer: 1":          "buffer",
		tap + "largest_message: 1": "largest_message",
		strings.Replace(tap, "to:", "tls: {certificate: a, key: b}, to:", 1): "without it",
	} {
		_, err := hl7.Tap().New(func(into any) error {
			d := yaml.NewDecoder(strings.NewReader(config))
			d.KnownFields(true)
			return d.Decode(into)
		}, options(t), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", config, err, want)
		}
	}
}

// BenchmarkTap is the time from a message to its answer, of a thousand in a second, with a tap between the systems and without.
func BenchmarkTap(b *testing.B) {
	to := system(b, accepts)
	_, address := tapped(b, to, "")
	text := frame(admission("1") + strings.Repeat("OBX|1|NM|x|||\r", 40))
	for _, way := range []struct{ name, address string }{{"direct", to}, {"tapped", address}} {
		b.Run(way.name, func(b *testing.B) {
			c := connect(b, way.address)
			took := make([]time.Duration, 0, b.N)
			pace := time.NewTicker(time.Millisecond)
			defer pace.Stop()
			for range b.N {
				<-pace.C
				begin := time.Now()
				_, _ = io.WriteString(c.Conn, text)
				if _, err := c.answers.Next(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-us")
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-us")
		})
	}
}
