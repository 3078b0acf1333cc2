package files

import (
	"encoding/binary"
	"io"
	"log/slog"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wardline/wardline/internal/continuity/canary"
)

// How opening is seen.
const (
	byProcess = "process" // fanotify, which needs root
	byFile    = "yes"     // inotify
	notAtAll  = "no"
)

// opens tells of decoys that are opened or written, and by whom if it can.
type opens struct {
	how  string
	seen chan opening
	log  *slog.Logger
	in   *os.File // of the system's notices; nil when there are none
	done chan struct{}
	own  int32

	mu    sync.Mutex
	paths map[mark]string      // guarded by mu
	known map[string]mark      // the other way round; guarded by mu
	read  map[string]time.Time // decoys that we open ourselves, where processes cannot be told apart; guarded by mu
}

// mark is how the system names a file: by device and number, or by the number of a watch.
type mark struct{ dev, ino uint64 }

const openings = 1024 // that may wait: more are lost, and all are of files that are told of already

func newOpens(log *slog.Logger, processes bool) *opens {
	o := &opens{
		how: notAtAll, seen: make(chan opening, openings), log: log, own: int32(os.Getpid()),
		paths: map[mark]string{}, known: map[string]mark{}, read: map[string]time.Time{},
	}
	if processes {
		if fd, err := unix.FanotifyInit(unix.FAN_CLASS_NOTIF|unix.FAN_CLOEXEC|unix.FAN_NONBLOCK, unix.O_RDONLY|unix.O_LARGEFILE|unix.O_CLOEXEC); err == nil {
			o.how, o.in = byProcess, os.NewFile(uintptr(fd), "fanotify")
		}
	}
	if o.in == nil {
		fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
		if err != nil {
			log.Warn("that decoys are opened cannot be seen here; that they are changed can", "error", err)
			return o
		}
		o.how, o.in = byFile, os.NewFile(uintptr(fd), "inotify")
	}
	o.done = make(chan struct{})
	go o.run()
	return o
}

func (o *opens) close() {
	if o.in == nil {
		return
	}
	_ = o.in.Close() // it ends the reading
	<-o.done
}

// watch begins to watch a file, or goes on when another one took its name.
func (o *opens) watch(path string) {
	if o.in == nil {
		return
	}
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil {
		return
	}
	file := mark{uint64(st.Dev), st.Ino}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.how == byProcess {
		if o.known[path] == file {
			return
		}
		if err := unix.FanotifyMark(o.fd(), unix.FAN_MARK_ADD|unix.FAN_MARK_DONT_FOLLOW, unix.FAN_OPEN|unix.FAN_MODIFY, unix.AT_FDCWD, path); err != nil {
			o.log.Warn("that a decoy is opened cannot be seen", "error", err)
			return
		}
	} else {
		wd, err := unix.InotifyAddWatch(o.fd(), path, unix.IN_OPEN|unix.IN_DONT_FOLLOW)
		if err != nil {
			o.log.Warn("that a decoy is opened cannot be seen", "error", err)
			return
		}
		file = mark{ino: uint64(wd)}
	}
	o.paths[file], o.known[path] = path, file
}

func (o *opens) fd() int {
	fd := -1
	if raw, err := o.in.SyscallConn(); err == nil {
		_ = raw.Control(func(n uintptr) { fd = int(n) }) // a file that is closed has none
	}
	return fd
}

// ours says that we are about to open a file ourselves.
func (o *opens) ours(path string) {
	if o.how == byFile {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.read[path] = time.Now()
	}
}

func (o *opens) run() {
	defer close(o.done)
	buf := make([]byte, 16<<10)
	for {
		n, err := o.in.Read(buf)
		if err != nil || n == 0 {
			if err != nil && err != io.EOF && !strings.Contains(err.Error(), os.ErrClosed.Error()) {
				o.log.Error("that decoys are opened is not seen any more", "error", err)
			}
			return
		}
		if o.how == byProcess {
			o.processes(buf[:n])
		} else {
			o.files(buf[:n])
		}
	}
}

// tell never waits: whoever watches may be busy with the same cause.
func (o *opens) tell(e opening) {
	select {
	case o.seen <- e:
	default:
	}
}

// processes reads notices of fanotify (fanotify(7)).
func (o *opens) processes(b []byte) {
	const size = 24 // of struct fanotify_event_metadata
	for len(b) >= size {
		length := int(binary.NativeEndian.Uint32(b))
		fd, pid := int32(binary.NativeEndian.Uint32(b[16:])), int32(binary.NativeEndian.Uint32(b[20:]))
		if length < size || length > len(b) {
			return
		}
		b = b[length:]
		if fd < 0 {
			continue // some were lost
		}
		var st unix.Stat_t
		err := unix.Fstat(int(fd), &st)
		_ = unix.Close(int(fd)) // it was only lent
		if err != nil || pid == o.own {
			continue
		}
		o.mu.Lock()
		path := o.paths[mark{uint64(st.Dev), st.Ino}]
		o.mu.Unlock()
		if path != "" {
			o.tell(opening{path, processOf(int(pid))})
		}
	}
}

// files reads notices of inotify (inotify(7)).
func (o *opens) files(b []byte) {
	for len(b) >= unix.SizeofInotifyEvent {
		wd, mask := binary.NativeEndian.Uint32(b), binary.NativeEndian.Uint32(b[4:])
		length := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(b[12:]))
		if length > len(b) {
			return
		}
		b = b[length:]
		if mask&unix.IN_OPEN == 0 {
			continue
		}
		o.mu.Lock()
		path := o.paths[mark{ino: uint64(wd)}]
		own := time.Since(o.read[path]) < settle
		delete(o.read, path)
		o.mu.Unlock()
		if path != "" && !own {
			o.tell(opening{path: path})
		}
	}
}

// processOf says who a process is, as long as it runs.
func processOf(pid int) *canary.ProcessReport {
	if pid <= 0 {
		return nil // it is outside of what we can see
	}
	p := &canary.ProcessReport{ID: pid}
	folder := "/proc/" + strconv.Itoa(pid)
	if name, err := os.ReadFile(folder + "/comm"); err == nil {
		p.Name = strings.TrimSpace(string(name))
	}
	p.Path, _ = os.Readlink(folder + "/exe")
	var st unix.Stat_t
	if unix.Stat(folder, &st) == nil {
		p.User = strconv.FormatUint(uint64(st.Uid), 10)
		if u, err := user.LookupId(p.User); err == nil {
			p.User = u.Username
		}
	}
	return p
}
