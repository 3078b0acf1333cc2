package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/wardline/wardline/internal/vault/veil"
)

// Config says where the index lies and what it may take.
type Config struct {
	// Dir is the index's own folder. It is created, and deleted when it has to be rebuilt: nothing else may lie in it.
	Dir string
	// URL is where a VictoriaLogs cluster takes rows and questions. When it is set no process is started; Dir then
	// holds only how far the index came.
	URL string
	// Authorization is the path of a file that holds the Authorization header for URL.
	Authorization string
	// Executable is the program that is run as the search process, with Command as its first argument. Empty is
	// the running program itself.
	Executable string
	// Memory is how many bytes the search process may use for caches and for the state of a question.
	Memory int64
	// MinFree is how many bytes of the disk stay free: below, the index waits.
	MinFree int64
	// FlushInterval is how long rows may stay in the search process's memory only; at least 1 s. Three times as long
	// after they were sent they count as durable.
	FlushInterval time.Duration
	// Past and Future bound the time that an event may claim, against the time when it was received. Each day that
	// rows claim is a folder of its own, so that a sender with a wild clock could fill the disk with
	// folders. An event that claims another time is found under the time when it was received.
	Past, Future time.Duration
	// QueryTime is how long one question may take.
	QueryTime time.Duration
	// Veil hides who patients are. It must be given.
	Veil *veil.Veil
	// PerCaller is how many questions one caller may have answered at a time; others of his wait.
	PerCaller int
}

// Command is the hidden command by which a program becomes the search process: child.Run has the rest of the arguments.
const Command = "search-process"

// DefaultConfig is what suits one hospital. v hides who its patients are.
func DefaultConfig(dir string, v *veil.Veil) Config {
	return Config{
		Dir:           dir,
		Veil:          v,
		Memory:        128 << 20,
		MinFree:       256 << 20,
		FlushInterval: 5 * time.Second,
		Past:          400 * 24 * time.Hour,
		Future:        24 * time.Hour,
		QueryTime:     30 * time.Second,
		PerCaller:     2,
	}
}

// check fills in what only the running program knows, and refuses what cannot work.
func (c *Config) check() error {
	switch {
	case c.Dir == "":
		return errors.New("the index needs a folder")
	case c.Veil == nil:
		return errors.New("the index needs a veil, by which it hides patients")
	case c.Memory < 16<<20:
		return errors.New("the index needs at least 16 MiB of memory")
	case c.FlushInterval < time.Second:
		return errors.New("the index's flush interval is at least one second")
	case c.Past <= 0 || c.Future <= 0 || c.QueryTime <= 0 || c.PerCaller <= 0:
		return errors.New("the index needs bounds for past, future, time of a query and queries of a caller")
	}
	if c.Executable == "" && c.URL == "" {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find the running program: %w", err)
		}
		c.Executable = self
	}
	return nil
}

// ChildConfig is what the parent tells the search process.
type ChildConfig struct {
	Dir           string        // where it keeps its rows
	Socket        string        // path of the Unix socket that it listens on
	Memory        int64         // bytes that its caches and the state of a query may take
	MinFree       int64         // bytes of free disk below which it takes no rows
	FlushInterval time.Duration // how long rows may stay in memory only; at least 1 s
}

// Argument writes c as the one argument of the search process.
func (c ChildConfig) Argument() string {
	b, err := json.Marshal(c)
	if err != nil {
		panic("wardline: internal error: " + err.Error()) // strings and numbers only
	}
	return string(b)
}

// ParseChildConfig reads what Argument wrote.
func ParseChildConfig(text string) (ChildConfig, error) {
	var c ChildConfig
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return ChildConfig{}, fmt.Errorf("read the search process's argument: %w", err)
	}
	return c, nil
}

// Books is what the search process counted since it started.
type Books struct {
	Taken   uint64 `json:"taken"`   // rows that reached its storage
	Dropped uint64 `json:"dropped"` // of these, rows that it threw away
}
