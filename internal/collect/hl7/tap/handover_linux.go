package tap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// estateVariable names the descriptor of the estate for the process that comes.
const estateVariable = "WARDLINE_TAP_ESTATE"

// ready lets the present binary say that it could do what this process does, before anything is handed over.
func ready(ctx context.Context) error {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	said, err := exec.CommandContext(ctx, binary, append(os.Args[1:len(os.Args):len(os.Args)], "--check")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// replace lets the present binary take the place of this process. It returns only when that failed.
func (e *estate) replace() error {
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	// A file in memory: what was not passed on yet is of patients.
	fd, err := unix.MemfdCreate("estate", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), "estate")
	defer f.Close()
	kept, err := e.open()
	if err == nil {
		err = json.NewEncoder(f).Encode(e)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err == nil {
		kept = append(kept, fd)
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0)
	}
	if err == nil {
		err = syscall.Exec(binary, os.Args, append(os.Environ(), estateVariable+"="+strconv.Itoa(fd)))
	}
	for _, fd := range kept {
		unix.CloseOnExec(fd)
	}
	return err
}

// open writes down the descriptors, and lets them stay open.
func (e *estate) open() (kept []int, err error) {
	keep := func(s syscall.Conn) int {
		number := -1
		raw, failed := s.SyscallConn()
		if failed == nil {
			failed = raw.Control(func(fd uintptr) {
				number = int(fd)
				_, err := unix.FcntlInt(fd, unix.F_SETFD, 0)
				failed = err
			})
		}
		kept = append(kept, number)
		err = errors.Join(err, failed)
		return number
	}
	e.Lock, e.Listeners, e.Heirs = -1, map[string]int{}, nil
	if e.lock != nil {
		e.Lock = keep(e.lock)
	}
	for listen, l := range e.listeners {
		e.Listeners[listen] = keep(l.(*net.TCPListener))
	}
	for _, c := range e.connections {
		h := heir{
			ID: c.id, Peer: c.there.about.Peer, To: c.there.about.To, Sender: keep(c.sender), Receiver: -1,
			Offsets: [2]int64{c.there.offset, c.back.offset}, Ended: c.ended, Rest: c.rest,
		}
		if c.receiver != nil {
			h.Receiver = keep(c.receiver)
		}
		e.Heirs = append(e.Heirs, h)
	}
	return kept, err
}

// inherit is the estate that the process before left; nil when there was none.
func inherit() (*estate, error) {
	text := os.Getenv(estateVariable)
	if text == "" {
		return nil, nil
	}
	if err := os.Unsetenv(estateVariable); err != nil {
		return nil, err
	}
	fd, err := strconv.Atoi(text)
	if err != nil {
		return nil, errors.New(estateVariable + " is for the tap itself: do not set it")
	}
	f := os.NewFile(uintptr(fd), "estate")
	defer f.Close()
	var e estate
	if err := json.NewDecoder(f).Decode(&e); err != nil {
		return nil, fmt.Errorf("what the tap before has left cannot be read: %w", err)
	}
	if e.Lock >= 0 {
		unix.CloseOnExec(e.Lock)
		e.lock = os.NewFile(uintptr(e.Lock), "lock")
	}
	e.listeners = map[string]net.Listener{}
	for listen, fd := range e.Listeners {
		f := os.NewFile(uintptr(fd), listen)
		l, err := net.FileListener(f) // has a descriptor of its own
		f.Close()
		if err == nil {
			e.listeners[listen] = l
		}
	}
	for _, h := range e.Heirs {
		c := newConnection(h.ID, h.Peer, h.To)
		c.there.offset, c.back.offset, c.ended, c.rest = h.Offsets[0], h.Offsets[1], h.Ended, h.Rest
		c.sender, err = connOf(h.Sender)
		if err == nil && h.Receiver >= 0 {
			c.receiver, err = connOf(h.Receiver)
		}
		if err != nil {
			return nil, fmt.Errorf("take over a connection: %w", err)
		}
		e.connections = append(e.connections, c)
	}
	return &e, nil
}

func connOf(fd int) (*net.TCPConn, error) {
	f := os.NewFile(uintptr(fd), "connection")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil
}
