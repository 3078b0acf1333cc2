package node

import (
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

	"github.com/wardline/wardline/internal/collect"
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
	mux.HandleFunc("GET /proof", n.answer(n.proof))
	mux.HandleFunc("GET /key", n.answer(func(context.Context, *http.Request) (any, error) { return PublicKey{n.journal.PublicKey()}, nil }))
	return serve(ctx, listener, mux)
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
	Refused  int                `json:"rules_refused"`
	Troubles map[string]string  `json:"troubles"`
	Senders  []collect.Standing `json:"senders"`
}

func (n *Node) addSender(ctx context.Context, r *http.Request) (any, error) {
	var asked struct {
		Name string `json:"name"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<10)).Decode(&asked); err != nil {
		return nil, errors.New("say {\"name\": ...}")
	}
	token, err := n.IssueSender(ctx, asked.Name)
	return NewSender{Name: asked.Name, Token: token, Site: n.config.Site}, err
}

// NewSender is a sender that was just made known.
type NewSender struct {
	Name  string `json:"name"`
	Token string `json:"token"`
	Site  string `json:"site"`
}

// ErrDown says that no node runs on these data.
var ErrDown = errors.New("no node runs on these data: start it with wardline up")

// Control speaks to the node that runs on the data that c names: it posts in, or gets when in is nil, and decodes
// what comes back into out.
func Control(ctx context.Context, c *Config, path string, in, out any) error {
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", c.controlSocket())
	}}}
	defer client.CloseIdleConnections()
	method, body := http.MethodGet, io.Reader(nil)
	if in != nil {
		r, w := io.Pipe()
		go func() { w.CloseWithError(json.NewEncoder(w).Encode(in)) }()
		method, body = http.MethodPost, r
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://node"+path, body)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return ErrDown
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
