package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/access"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/console"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/stamp"
)

// controlSocket is where commands on the machine reach a node that runs. Only the owner of the data folder can.
func (c *Config) controlSocket() string { return filepath.Join(c.Data, "control.sock") }

// serveControl answers commands until ctx is done.
func (n *Node) serveControl(ctx context.Context) error {
	socket := n.config.controlSocket()
	// The journal's lock is ours, so a socket that lies there is that of a node that died.
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("open control socket: %w", err)
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("open control socket: %w", err)
	}
	if err := os.Chmod(socket, 0o600); err != nil { // the folder is closed to others in any case
		return errors.Join(fmt.Errorf("open control socket: %w", err), listener.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", n.answer(func(context.Context, *http.Request) (any, error) { return n.Status(), nil }))
	mux.HandleFunc("GET /senders", n.answer(func(context.Context, *http.Request) (any, error) { return n.intake.Standings(), nil }))
	mux.HandleFunc("POST /senders", n.answer(n.addSender))
	mux.HandleFunc("GET /holds", n.answer(func(context.Context, *http.Request) (any, error) { return n.journal.Holds(), nil }))
	mux.HandleFunc("POST /holds", n.answer(n.hold))
	mux.HandleFunc("POST /clock", n.answer(n.confirmClock))
	mux.HandleFunc("POST /rotations", n.answer(n.rotateKey))
	mux.HandleFunc("POST /rescue", n.answer(n.rescue))
	mux.HandleFunc("POST /hunts", n.hunt)
	mux.HandleFunc("POST /rules/look", n.answer(n.lookAtRules))
	mux.HandleFunc("POST /rules/try", n.tryRules)
	mux.HandleFunc("POST /rules/activate", n.activateRules)
	mux.HandleFunc("POST /rules/resume", n.answer(n.resumeRule))
	mux.HandleFunc("POST /backups", n.answer(n.backup))
	mux.HandleFunc("POST /packs", n.answer(n.askPacks))
	mux.HandleFunc("GET /decoys", n.answer(n.listDecoys))
	mux.HandleFunc("POST /decoys", n.answer(n.changeDecoys))
	mux.HandleFunc("POST /packs/recover", n.answer(n.askRecovery))
	mux.HandleFunc("POST /score", n.answer(n.score))
	mux.HandleFunc("GET /neighbours", n.answer(n.askNeighbours))
	mux.HandleFunc("POST /neighbours", n.answer(n.introduce))
	mux.HandleFunc("POST /evidence", n.answer(n.evidence))
	mux.HandleFunc("GET /proof", n.answer(n.proof))
	mux.HandleFunc("GET /mark", n.answer(func(ctx context.Context, _ *http.Request) (any, error) { return sentinel(n.db).Load(ctx) }))
	mux.HandleFunc("GET /key", n.answer(func(context.Context, *http.Request) (any, error) { return PublicKey{n.journal.PublicKey()}, nil }))
	return serve(ctx, listener, mux, n.log)
}

// answer runs what a command asks for in the name of the operator and writes the outcome as JSON.
func (n *Node) answer(do func(context.Context, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := do(operator(r.Context()), r)
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusUnprocessableEntity)
			out = controlError{err.Error()}
		}
		_ = json.NewEncoder(w).Encode(out) // the command may have been broken off
	}
}

type controlError struct {
	Error string `json:"error"`
}

// Status is how a node does.
type Status struct {
	Site     string             `json:"site"`
	Version  string             `json:"version"`
	Uptime   float64            `json:"uptime_seconds"`
	Entries  uint64             `json:"journal_entries"`
	Indexed  uint64             `json:"indexed_entries"`
	Judged   uint64             `json:"judged_entries"`
	Rebuilds uint64             `json:"index_rebuilds"` // since the start
	Refused  int                `json:"rules_refused"`
	Rules    string             `json:"rules"`                 // version of what events are judged by
	Going    string             `json:"rules_going"`           // version of what is about to go live; "" when nothing is
	Trouble  string             `json:"rules_trouble"`         // what is wrong with what is kept of them
	Map      string             `json:"map_trouble,omitempty"` // why the house's map is not taken as its files say it now
	Unread   int64              `json:"unread"`                // lines of the journal that the watcher or the desk could not read, since the start
	Damaged  int64              `json:"damaged"`               // entries
	Troubles map[string]string  `json:"troubles"`
	Senders  []collect.Standing `json:"senders"`
	// House is what is known of the hospital, by which accesses are explained; nil when that is off.
	House *HouseStatus `json:"house,omitempty"`
	// Stamps is when an authority stamped the journal last; nil when none is asked.
	Stamps *stamp.Standing `json:"time_stamps,omitempty"`
	// WithoutEnd counts the acts of the last seven days of which nothing says how they ended; -1: that cannot be told.
	WithoutEnd int `json:"acts_without_end"`
}

// HouseStatus says how much is known of the hospital, and how far what is said of it was read.
type HouseStatus struct {
	Overview hospital.Overview      `json:"overview"`
	Follower hospital.FollowerState `json:"follower"`
}

// NewSender is a sender that is to be made known, and that was: then it has a token.
type NewSender struct {
	Name  string    `json:"name"`
	For   string    `json:"for,omitempty"` // product that is to be set up: one of console.GuideKinds
	Token string    `json:"token,omitempty"`
	Ends  time.Time `json:"ends,omitzero"`
	Setup string    `json:"setup,omitempty"` // how the product is set up
}

func (n *Node) addSender(ctx context.Context, r *http.Request) (any, error) {
	var s NewSender
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<10)).Decode(&s); err != nil {
		return nil, errors.New("say {\"name\": ...}")
	}
	if kinds := console.GuideKinds(); s.For != "" && !slices.Contains(kinds, s.For) {
		return nil, fmt.Errorf("there is no guide for %q: name one of %s", s.For, strings.Join(kinds, ", "))
	}
	var err error
	s.Ends = time.Now().Add(access.TokenLife)
	s.Token, err = n.IssueSender(ctx, s.Name)
	s.Setup = console.Guide(s.For, n.doors(), s.Name, s.Token)
	return s, err
}

// ErrDown says that no node runs on these data.
var ErrDown = errors.New("no node runs on these data: start it with wardline up")

// Control speaks to the node that runs on the data that c names: it posts in, or gets when in is nil, and decodes
// what comes back into out.
func Control(ctx context.Context, c *Config, path string, in, out any) error {
	res, err := c.call(ctx, path, in)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var failed controlError
		if err := json.NewDecoder(res.Body).Decode(&failed); err != nil {
			return fmt.Errorf("the node answered %s", res.Status)
		}
		return errors.New(failed.Error)
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// call asks the node that runs. Whoever calls closes the body.
func (c *Config) call(ctx context.Context, path string, in any) (*http.Response, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", c.controlSocket())
	}}}
	method, body := http.MethodGet, []byte(nil)
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, err
		}
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://node"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil && ctx.Err() == nil {
		return nil, ErrDown
	}
	return res, err
}
