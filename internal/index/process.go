package index

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

const (
	startWithin = 2 * time.Minute  // a large index takes time to open
	stopWithin  = 25 * time.Second // the child gives up at 20
	maxSocket   = 100              // bytes of a Unix socket's path that every system takes
)

// process is a search process that was started. It ends with its parent: its standard input closes then.
type process struct {
	client *client
	stdin  io.Closer
	cmd    *exec.Cmd
	folder string        // made for the socket alone; empty when it lies in the index's folder
	done   chan struct{} // closed when the process has ended and state is set
	state  *os.ProcessState
	full   atomic.Bool // it said that the disk is full
}

// startProcess starts a search process and waits until it answers.
func startProcess(ctx context.Context, cfg Config, log *slog.Logger) (*process, error) {
	p := &process{done: make(chan struct{})}
	// Each process has a socket of its own: at the last one's, a process may still answer whose parent was killed.
	old, err := filepath.Glob(filepath.Join(cfg.Dir, "socket-*"))
	if err != nil {
		return nil, fmt.Errorf("look for old sockets: %w", err)
	}
	for _, path := range old {
		_ = os.Remove(path) // else it only lies there
	}
	socket := filepath.Join(cfg.Dir, "socket-"+rand.Text()[:8])
	if len(socket) > maxSocket {
		folder, err := os.MkdirTemp("", "wardline-search-")
		if err != nil {
			return nil, fmt.Errorf("make a folder for the search process's socket: %w", err)
		}
		p.folder, socket = folder, filepath.Join(folder, "socket")
	}
	p.cmd = exec.Command(cfg.Executable, Command, ChildConfig{
		Dir: cfg.Dir, Socket: socket, Memory: cfg.Memory, MinFree: cfg.MinFree,
		FlushInterval: cfg.FlushInterval,
	}.Argument())
	p.cmd.Env = append(os.Environ(), "GOTRACEBACK=single")
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the search process: %w", err)
	}
	p.stdin = stdin
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("start the search process: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the search process: %w", err)
	}
	go func() {
		p.listen(stderr, log)
		_ = p.cmd.Wait() // state tells how it ended
		p.state = p.cmd.ProcessState
		if p.folder != "" {
			_ = os.RemoveAll(p.folder)
		}
		close(p.done)
	}()
	p.client = dialChild(socket)
	if err := p.ready(ctx); err != nil {
		p.kill()
		return nil, err
	}
	log.InfoContext(ctx, "search process started", "pid", p.cmd.Process.Pid)
	return p, nil
}

// ready waits until the process answers.
func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if p.client.healthy(ctx) == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.ended()
		case <-ctx.Done():
			return fmt.Errorf("start the search process: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// errDamaged says that the process ended by itself, as it does when it finds its files damaged.
var errDamaged = errors.New("the search process gave up")

// errKilled says that something else ended the process.
var errKilled = errors.New("the search process was killed")

// ended tells how a process ended that nobody asked to. It is called after done.
func (p *process) ended() error {
	switch {
	case p.full.Load():
		return ErrFull
	case p.state.Exited():
		return fmt.Errorf("%w with exit code %d", errDamaged, p.state.ExitCode())
	}
	return errKilled
}

// stop lets the process write what it holds and waits for its end. It returns nil when all is on the disk.
func (p *process) stop() error {
	p.client.close()
	_ = p.stdin.Close()
	late := time.AfterFunc(stopWithin, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	<-p.done
	if !p.state.Success() {
		return p.ended()
	}
	return nil
}

// kill ends the process at once.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
	p.client.close()
	_ = p.stdin.Close()
}

// listen reads what the process logs. Its messages quote rows, so that only level and place in
// its code are kept.
func (p *process) listen(stderr io.Reader, log *slog.Logger) {
	r := bufio.NewReaderSize(stderr, 64<<10)
	panicked := false
	for {
		line, err := r.ReadSlice('\n')
		if bytes.Contains(line, []byte("no space left on device")) {
			p.full.Store(true)
		}
		for errors.Is(err, bufio.ErrBufferFull) { // of a line that long nothing is kept
			line = nil
			_, err = r.ReadSlice('\n')
		}
		var said struct{ Level, Caller string }
		switch {
		case json.Unmarshal(line, &said) == nil:
			log.Warn("search process logged", "its_level", level(said.Level), "code", code(said.Caller))
		case bytes.HasPrefix(line, []byte("panic:")), bytes.HasPrefix(line, []byte("fatal error:")):
			panicked = true
			log.Error("search process panicked")
		case panicked && bytes.HasPrefix(line, []byte("\t")) && bytes.Contains(line, []byte(".go:")):
			panicked = false
			place, _, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
			log.Error("search process panicked there", "code", code(place))
		}
		if err != nil {
			return
		}
	}
}

// code shortens the place in a program's code to what is the same on every machine, and lets through nothing else.
func code(place string) string {
	if at := strings.LastIndex(place, "!victoria!"); at >= 0 {
		place = place[at:]
	}
	if len(place) > 200 || strings.ContainsAny(place, " \"'{}=") || !strings.Contains(place, ".go:") {
		return "?"
	}
	return place
}

// level lets through one lower-case word.
func level(s string) string {
	if len(s) > 10 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") != "" {
		return "?"
	}
	return s
}
