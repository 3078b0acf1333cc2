package node_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wardline/wardline/format/mllp"
	"github.com/wardline/wardline/internal/app/node"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/hl7/tap"
	"github.com/wardline/wardline/internal/integrity/route"
	"github.com/wardline/wardline/internal/triage"
)

// TestManInTheMiddle has a laboratory send 600 results to the record, through an engine that gives each a number of its own and through somebody who
// alters 12 of them on the wire. Taps stand at the laboratory and at the record.
func TestManInTheMiddle(t *testing.T) {
	const results, altered = 600, 12
	dir := t.TempDir()
	n := nodeOf(t, dir, "laboratory")
	record := wire(t, nil, "")                               // the record itself
	behind := tapAt(t, filepath.Join(dir, "record"), record) // the tap in front of it
	middle := wire(t, falsify(results/altered), behind)      // the one whom nobody knows of
	front := tapAt(t, filepath.Join(dir, "lab"), middle)     // the tap behind the laboratory

	began := time.Now()
	conn, err := net.Dial("tcp", front)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := mllp.NewReader(conn, 1<<20)
	for i := range results {
		if _, err := conn.Write(framed(resultOf(i))); err != nil {
			t.Fatal(err)
		}
		if _, err := answers.Next(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all that came out is compared", func() bool { return n.Compared() == results })
	var found []string
	deadline := time.Now().Add(time.Minute)
	for len(found) < altered && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
		found = found[:0]
		all, err := n.Doubts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			if d.Kind != string(route.Altered) || len(d.Changes) != 1 || d.Changes[0].Field != "OBX-5" || d.Changes[0].After != "4.0" {
				t.Errorf("got %s %s, want a changed value and nothing else", d.Kind, d.About)
			}
			found = append(found, d.ID)
		}
	}
	if len(found) != altered {
		t.Errorf("%d of %d changed values were found", len(found), altered)
	}
	t.Logf("%d of %d changed values among %d results were found, the last %.1f s after the first result was sent", len(found), altered, results, time.Since(began).Seconds())
	eventually(t, "they are one finding", func() bool {
		items, err := n.Desk().List(t.Context(), triage.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return len(items) == 1 && items[0].Count == altered && items[0].Rule.ID == "integrity-altered"
	})
	exports(t, dir, n, found[0])
}

// nodeOf is a node that reads the spools below dir and compares them. It lays the key there that taps seal with.
func nodeOf(t *testing.T, dir, name string) *node.Node {
	t.Helper()
	for _, spool := range []string{"lab", "record"} {
		if err := os.MkdirAll(filepath.Join(dir, spool), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	n, _, _ := within(t, dir, fmt.Sprintf("- {kind: tap, name: lab, spool: %q}\n- {kind: tap, name: record, spool: %q}\n", filepath.Join(dir, "lab"), filepath.Join(dir, "record")),
		fmt.Sprintf("integrity: {routes: [{name: %s, from: [lab], to: [record]}]}\n", name))
	eventually(t, "taps have a key", func() bool {
		keys, err := filepath.Glob(filepath.Join(dir, "*", "node.pub"))
		return err == nil && len(keys) == 2
	})
	return n
}

// tapAt runs a tap that passes on to an address, and returns where it listens.
func tapAt(t *testing.T, spool, to string) string {
	t.Helper()
	listen := free(t)
	c := tap.Config{Spool: spool, Feeds: []tap.Feed{{Stream: collect.Stream{Listen: listen, From: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, To: to}}}
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ran := make(chan error, 1)
	go func() { ran <- tap.Run(ctx, c, slog.New(slog.DiscardHandler), nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
	eventually(t, "the tap listens", func() bool {
		c, err := net.Dial("tcp", listen)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return listen
}

// wire takes messages, has them rewritten, answers, and passes them on if there is whom to.
func wire(t *testing.T, rewrite func([]byte) []byte, to string) string {
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
			go passOn(c, rewrite, to)
		}
	}()
	return l.Addr().String()
}

func passOn(c net.Conn, rewrite func([]byte) []byte, to string) {
	defer c.Close()
	var next net.Conn
	answers := bufio.NewReader(nil)
	for r := mllp.NewReader(c, 1<<20); ; {
		f, err := r.Next()
		if err != nil {
			return
		}
		text := f.Payload
		if to != "" {
			text = rewrite(text)
			if next == nil {
				if next, err = net.Dial("tcp", to); err != nil {
					return
				}
				defer next.Close()
				answers.Reset(next)
			}
			if _, err := next.Write(framed(text)); err != nil {
				return
			}
			if _, err := answers.ReadSlice('\x1c'); err != nil && err != bufio.ErrBufferFull {
				return
			}
		}
		id := strings.Split(string(f.Payload), "|")[9]
		if _, err := io.WriteString(c, "\x0bMSH|^~\\&|R|E|L|E|20260301||ACK|A"+id+"|P|2.5.1\rMSA|AA|"+id+"\r\x1c\r"); err != nil {
			return
		}
	}
}

func framed(text []byte) []byte { return slices.Concat([]byte{0x0b}, text, []byte{0x1c, '\r'}) }

// falsify gives each message another number, and every nth another value.
func falsify(every int) func([]byte) []byte {
	var n atomic.Int64
	return func(text []byte) []byte {
		i := n.Add(1)
		s := strings.Replace(string(text), "|LIS|", "|ENGINE|", 1)
		s = strings.Replace(s, "|L0", "|E9", 1)
		if i%int64(every) == 0 {
			s = strings.Replace(s, "|6.7|", "|4.0|", 1)
		}
		return []byte(s)
	}
}

func resultOf(i int) []byte {
	return []byte(strings.Join([]string{
		fmt.Sprintf(`MSH|^~\&|LIS|LAB|EHR|HOSP|20260302080000||ORU^R01^ORU_R01|L%07d|P|2.5.1`, i),
		fmt.Sprintf(`PID|1||%d^^^HOSP^MR||ROE^RITA||19560403|F`, 4000+i%97),
		fmt.Sprintf(`OBR|1|P%d|F%d|24323-8^Panel^LN|||20260302073000`, i, i),
		`OBX|1|NM|2823-3^Potassium^LN||6.7|mmol/L|3.5-5.1||||F`,
		`OBX|2|NM|2345-7^Glucose^LN||5.5|mmol/L|3.9-5.5||||F`,
	}, "\r") + "\r")
}
