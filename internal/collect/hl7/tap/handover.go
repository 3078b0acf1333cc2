package tap

import (
	"errors"
	"io"
	"net"
	"os"

	"github.com/wardline/wardline/internal/collect/hl7/tap/spool"
)

// estate is what a process of a tap leaves to the one that replaces it, which has its number, its descriptors and nothing else of
// it. It travels as JSON in memory; sockets are descriptors.
type estate struct {
	Run       string
	Number    uint32 // of the spool's next file
	Lock      int
	Connected uint64
	Heirs     []heir
	Held      []spool.Piece // losses and ends that the spool did not take yet
	Listeners map[string]int

	lock        *os.File
	connections []*connection
	listeners   map[string]net.Listener
}

// heir is a connection in words.
type heir struct {
	ID               uint64
	Peer, To         string
	Sender, Receiver int // -1 when the receiver was not reached yet
	Offsets          [2]int64
	Ended            [2]bool
	Rest             [2][]byte
}

// keepListeners keeps the sockets on which senders wait: what serves them closes its own.
func (t *tap) keepListeners() *estate {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := &estate{listeners: map[string]net.Listener{}}
	for listen, l := range t.listeners {
		f, err := l.File()
		if err != nil {
			continue // then it is opened anew
		}
		again, err := net.FileListener(f)
		f.Close()
		if err == nil {
			e.listeners[listen] = again
		}
	}
	return e
}

// closeOthers closes the listeners of feeds that are no more: nobody should wait there.
func (e *estate) closeOthers(used map[string]*net.TCPListener) {
	if e == nil {
		return
	}
	for listen, l := range e.listeners {
		if used[listen] == nil {
			l.Close()
		}
	}
}

// hand keeps the sockets of a connection for the process that comes.
func (t *tap) hand(c *connection) bool {
	sender, err := again(c.sender)
	receiver, err2 := again(c.receiver)
	if errors.Join(err, err2) != nil {
		return false
	}
	c.close()
	c.sender, c.receiver = sender, receiver
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handed = append(t.handed, c)
	return true
}

// again is the same connection by a descriptor of its own: the other is closed by who accepted it.
func again(c *net.TCPConn) (*net.TCPConn, error) {
	if c == nil {
		return nil, nil
	}
	f, err := c.File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// isEnd tells an orderly end from a broken connection.
func isEnd(err error) bool { return errors.Is(err, io.EOF) }
