package node_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestManyWhoSayNothing lets so many senders connect over TLS and say nothing (load L4), and then as many begin something and not end it
// (load L5), in every way that there is: others are served all the while. WARDLINE_CROWD says how many of each, such as 10000,5000.
func TestManyWhoSayNothing(t *testing.T) {
	idle, slow := 200, 200
	if _, err := fmt.Sscanf(os.Getenv("WARDLINE_CROWD"), "%d,%d", &idle, &slow); err != nil && os.Getenv("WARDLINE_CROWD") != "" {
		t.Fatal("WARDLINE_CROWD: two numbers, such as 10000,5000")
	}
	secure, plain := free(t), free(t)
	room := "connections: " + strconv.Itoa(idle+slow+100)
	h := newHouse(t, fmt.Sprintf(`- {kind: syslog, name: secure, streams: [{listen: %q, %s, from: [127.0.0.0/8], tls: {certificate: DIR/data/authority/node.pem, key: DIR/data/authority/node.key}}]}
- {kind: http, name: plain, listen: %q, plain: true, limits: {%s}}
`, secure, room, plain, room), usualShares)
	tokens := map[int]string{}
	for i := range 6 {
		tokens[i] = h.issue(fmt.Sprintf("victim-%d", i))
	}
	h.start()
	h.victims(t, "w", time.Second, tokens)
	alone, empty := h.victims(t, "alone", 2*time.Second, tokens), h.usage()
	t.Logf("alone: %s; node %d MB, search %d MB", alone, empty.node.rss>>20, empty.search.rss>>20)

	began := time.Now()
	conns, refused := connectAll(idle, func(i int) (net.Conn, error) {
		return tls.DialWithDialer(&net.Dialer{LocalAddr: loopback(i), Timeout: time.Minute}, "tcp", secure, &tls.Config{InsecureSkipVerify: true}) // no need to know whose it is
	})
	took := time.Since(began)
	beside, full := h.victims(t, "idle", 2*time.Second, tokens), h.usage()
	t.Logf("beside %d idle TLS connections (%d turned away), made in %v: %s; node %d MB, search %d MB, %d KB for each", len(conns), refused, took.Round(time.Second), beside,
		full.node.rss>>20, full.search.rss>>20, (full.node.rss-empty.node.rss)>>10/int64(max(1, len(conns))))
	if len(conns) != idle {
		t.Errorf("%d of %d connections were let in", len(conns), idle)
	}
	closeAll(conns)

	ways := []func(i int) (net.Conn, error){
		begun(secure, ""),             // a handshake
		begun(secure, "\x16\x03\x01"), // a record of one
		begun(plain, "POST /events HTTP/1.1\r\nHost: a\r\nX-Slow: "),                                                          // a header
		begun(plain, "POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\nAuthorization: Bearer "+h.token+"\r\n\r\n{"), // a body
		begun(h.mllp, "\x0bMSH|^~\\&|"),                        // a message
		begun(h.syslog, "9999 <86>1 "),                         // a count without its message
		begun(h.syslog, "<86>1 2026-01-02T03:04:05Z host app"), // a line
	}
	conns, refused = connectAll(slow, func(i int) (net.Conn, error) { return ways[i%len(ways)](i) })
	stop := trickle(conns)
	beside, full = h.victims(t, "slow", 2*time.Second, tokens), h.usage()
	t.Logf("beside %d slow peers (%d turned away): %s; p99 is %.1f times that of MLLP alone, %.1f times that of HTTP; node %d MB", len(conns), refused, beside,
		beside.times(alone, "mllp"), beside.times(alone, "http"), full.node.rss>>20)
	ended := stop()
	t.Logf("%d of them were let go meanwhile", ended)
	closeAll(conns)
	h.stop(syscall.SIGTERM)
}

// loopback is an address of this machine, another one for each connection.
func loopback(i int) *net.TCPAddr {
	return &net.TCPAddr{IP: net.IPv4(127, byte(10+i>>16), byte(i>>8), byte(i))}
}

// begun sends the beginning of something.
func begun(address, beginning string) func(i int) (net.Conn, error) {
	return func(i int) (net.Conn, error) {
		c, err := (&net.Dialer{LocalAddr: loopback(i), Timeout: time.Minute}).Dial("tcp", address)
		if err == nil {
			_, err = io.WriteString(c, beginning)
		}
		return c, err
	}
}

// connectAll makes connections, some at a time.
func connectAll(n int, dial func(i int) (net.Conn, error)) (conns []net.Conn, refused int) {
	var mu sync.Mutex // guards what is returned
	var all sync.WaitGroup
	var next atomic.Int64
	for range 64 {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				c, err := dial(i)
				mu.Lock()
				if err == nil {
					conns = append(conns, c)
				} else {
					refused++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return conns, refused
}

// trickle sends a byte on each connection every second until it is stopped, and then tells how many the node has closed.
func trickle(conns []net.Conn) (stop func() int) {
	done, ended := make(chan struct{}), make(chan int)
	go func() {
		closed := map[net.Conn]bool{}
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				for _, c := range conns {
					if _, err := io.WriteString(c, "x"); err != nil {
						closed[c] = true
					}
				}
			case <-done:
				ended <- len(closed)
				return
			}
		}
	}()
	return func() int { close(done); return <-ended }
}

func closeAll(conns []net.Conn) {
	for _, c := range conns {
		c.Close()
	}
}
