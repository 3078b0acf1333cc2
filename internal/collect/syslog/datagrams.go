package syslog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/collect"
)

// Datagrams is a listener for UDP.
type Datagrams struct {
	// Listen is the address and port, such as ":514".
	Listen string `yaml:"listen"`
	// From lists the networks whose datagrams are taken in. Nothing proves where a datagram comes from.
	From []netip.Prefix `yaml:"from"`
	// Buffer is how many bytes the system is asked to keep for us in bursts: 8388608 when left out. Linux gives no more than
	// the sysctl net.core.rmem_max, and doubles it; raise that where books show datagrams dropped.
	Buffer int `yaml:"receive_buffer"`
}

func (d *Datagrams) complete() error {
	const usual = 8 << 20
	if d.Buffer == 0 {
		d.Buffer = usual
	}
	switch {
	case d.Listen == "":
		return errors.New("listen: name an address and port, such as \":514\"")
	case len(d.From) == 0:
		return errors.New("from: name the networks that may send datagrams, such as 10.1.0.0/16")
	case d.Buffer < 0:
		return errors.New("receive_buffer must be above zero")
	}
	return nil
}

func (d *Datagrams) allows(a netip.Addr) bool {
	for _, p := range d.From {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// datagrams takes in what comes over UDP: one datagram is one message (RFC 5426 section 3.1). What the system dropped
// before we could read it is booked on the listener, as nobody knows whose it was.
func (l *listener) datagrams(ctx context.Context, in *collect.Intake, d *Datagrams) error {
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(ctx, "udp", d.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", d.Listen, err)
	}
	conn := pc.(*net.UDPConn)
	defer conn.Close()
	if err := conn.SetReadBuffer(d.Buffer); err != nil {
		return fmt.Errorf("ask for a receive buffer: %w", err)
	}
	l.log.InfoContext(ctx, "listening", "listen", d.Listen, "address", conn.LocalAddr().String(), "udp", true)
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now().Add(rest)) })()
	r := &receiver{listener: l, stream: l.stream(late), d: d, in: in, own: l.c.Name + "/udp" + d.Listen[strings.LastIndexByte(d.Listen, ':'):]}
	lost := newLosses(conn)
	defer func() { r.drop(lost.since(), bufferFull) }()
	buf := make([]byte, 64<<10)
	for next := time.Now(); ; {
		if now := time.Now(); now.After(next) && ctx.Err() == nil {
			next = now.Add(time.Second)
			r.drop(lost.since(), bufferFull)
			_ = conn.SetReadDeadline(next)
		}
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		switch {
		case err == nil:
			r.take(from.Addr().Unmap().WithZone(""), buf[:n])
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("receive datagrams: %w", err)
		}
	}
}

// rest is how long what lies in the receive buffer is still read when the source ends.
const rest = 200 * time.Millisecond

// receiver takes in the datagrams of one socket.
type receiver struct {
	*listener
	stream
	d   *Datagrams
	in  *collect.Intake
	own string // id under which it is booked what is nobody's
}

func (r *receiver) drop(datagrams int, reason string) {
	if datagrams > 0 {
		r.in.Sender(r.own, true).Drop(datagrams, reason)
	}
}

func (r *receiver) take(from netip.Addr, msg []byte) {
	defer collect.Recover(r.log, func() { r.drop(1, "a mistake of Wardline") })
	msg = bytes.Trim(msg, "\r\n\x00")
	switch {
	case len(msg) == 0: // some senders let a datagram without content tell that they live
		return
	case !r.d.allows(from):
		r.drop(1, "from an address that is not in from")
		return
	}
	sender := r.in.Sender(r.c.Name+"/"+from.String(), true)
	if len(msg) > r.c.LargestMessage {
		sender.Drop(1, "message longer than the limit")
		return
	}
	_ = r.stream.take(sender, msg, 0, (*collect.Sender).Offer) // a failure is booked, and there is nobody to tell
}

const bufferFull = "the receive buffer of the socket was full"

// losses counts the datagrams that Linux dropped for one socket, which it tells in /proc/net/udp. Elsewhere it counts none.
type losses struct {
	inode string
	seen  int
}

func newLosses(conn *net.UDPConn) *losses {
	l := &losses{}
	raw, err := conn.SyscallConn()
	if err != nil {
		return l
	}
	_ = raw.Control(func(fd uintptr) {
		link, _ := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(fd)))
		l.inode, _ = strings.CutPrefix(strings.TrimSuffix(link, "]"), "socket:[")
	})
	return l
}

// since is how many were dropped since it was asked last.
func (l *losses) since() int {
	for _, table := range [...]string{"/proc/self/net/udp", "/proc/self/net/udp6"} {
		f, err := os.Open(table)
		if err != nil || l.inode == "" {
			continue
		}
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			const inode, drops, columns = 9, 12, 13
			row := strings.Fields(s.Text())
			if len(row) < columns || row[inode] != l.inode {
				continue
			}
			n, _ := strconv.Atoi(row[drops])
			fresh := n - l.seen
			l.seen = n
			return max(fresh, 0)
		}
	}
	return 0
}
