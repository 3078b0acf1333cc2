// Package courier brings what watchers of decoys see to a node, and keeps it on disk until the node has it.
//
// A report is durable before it is sent. Reports lie in numbered files: one file is one request, and is never changed once it was
// first tried, so that a request that is repeated, even after a crash, is the same for the node (Idempotency-Key). What the node took is removed.
// Heartbeats are not kept: that they do not come is what a node is to notice.
package courier

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/wardline/wardline/content/strict"
	"github.com/wardline/wardline/internal/continuity/canary"
)

// Config says where reports go.
type Config struct {
	// Node is the address of the node's source of kind http, and the path /events: https://wardline.example:8088/events.
	Node string `yaml:"node"`
	// Token is a file with the token of this sender (wardline source).
	Token string `yaml:"token"`
	// CA is a PEM file of the authority that the node's certificate is from (wardline ca show); the system's own are asked when it is left out.
	CA string `yaml:"ca"`
	// Spool is a folder of its own for reports that are not sent yet.
	Spool string `yaml:"spool"`
	// SpoolBytes is how much may lie there: 8388608 when it is left out. What there is no room for is lost, and counted.
	SpoolBytes int64 `yaml:"spool_bytes"`
}

const (
	mostToken = 4 << 10
	mostCA    = 1 << 20
	mostReply = 64 << 10
	mostBatch = 256 << 10 // bytes of one request
	patience  = 20 * time.Second
	firstWait = time.Second // after a failure, and twice as long after each further one
	lastWait  = time.Minute
)

// Check says what is wrong with a configuration, before anything is opened.
func (c *Config) Check() error {
	u, err := url.Parse(c.Node)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("node: name its address, such as https://wardline.example:8088/events")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return errors.New("node: it has to begin with https: whoever sees the network would see the token")
	case c.Token == "":
		return errors.New("token: name the file with this sender's token")
	case !filepath.IsAbs(c.Spool):
		return errors.New("spool: name the folder by its whole path")
	case c.SpoolBytes != 0 && c.SpoolBytes < 64<<10:
		return errors.New("spool_bytes must be at least 65536")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Courier takes reports from any goroutine and sends them from its own.
type Courier struct {
	c      Config
	watch  string // the watcher's name
	client *http.Client
	log    *slog.Logger
	wake   chan struct{}
	beat   chan []byte // the latest heartbeat, if it was not sent yet

	mu      sync.Mutex
	spool   spool  // guarded by mu
	dropped uint64 // guarded by mu
	refused uint64 // guarded by mu
}

// New opens the spool. watcher is the name that reports bear.
func New(c Config, watcher string, log *slog.Logger) (*Courier, error) {
	if c.SpoolBytes == 0 {
		c.SpoolBytes = 8 << 20
	}
	transport := &http.Transport{TLSHandshakeTimeout: patience, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true, IdleConnTimeout: 3 * time.Minute}
	if c.CA != "" {
		pem, err := strict.ReadFile(c.CA, mostCA)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca: %s: no certificate in PEM", c.CA)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	s, err := openSpool(c.Spool, c.SpoolBytes)
	if err != nil {
		return nil, err
	}
	return &Courier{
		c: c, watch: watcher, log: log, wake: make(chan struct{}, 1), beat: make(chan []byte, 1), spool: s,
		client: &http.Client{Transport: transport, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// Put keeps a report and has it sent; it is durable when Put returns. One that cannot be kept is sent all the same if the node is there, and counted
// as dropped if not.
func (c *Courier) Put(r canary.Report) {
	r.Watcher = c.watch
	line, err := r.Line()
	if err != nil {
		panic("wardline: internal error: a report cannot be written as JSON")
	}
	c.mu.Lock()
	err = c.spool.put(line)
	if err != nil {
		c.dropped++
	}
	c.mu.Unlock()
	if err != nil {
		c.log.Error("a report of a decoy cannot be kept until it is sent: make room, or see that the node can be reached", "canary", r.Canary, "act", string(r.Act), "error", err)
		c.offer(line)
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Beat has a heartbeat sent, if the node can be reached now.
func (c *Courier) Beat(h canary.Health) {
	c.mu.Lock()
	h.Waiting, h.Dropped, h.Refused = c.spool.lines, c.dropped, c.refused
	c.mu.Unlock()
	line, err := canary.Report{Time: time.Now().UTC(), Type: canary.HeartbeatType, Watcher: c.watch, Health: &h}.Line()
	if err != nil {
		panic("wardline: internal error: a heartbeat cannot be written as JSON")
	}
	c.offer(line)
}

// offer puts what is not kept in the place of what was not sent.
func (c *Courier) offer(line []byte) {
	for {
		select {
		case c.beat <- line:
			return
		default:
		}
		select {
		case <-c.beat:
		default:
		}
	}
}

// Waiting is how many reports are not sent yet.
func (c *Courier) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spool.lines
}

// Run sends until ctx is done.
func (c *Courier) Run(ctx context.Context) error {
	retry := time.NewTimer(0) // what an earlier run left
	defer retry.Stop()
	wait, told := time.Duration(0), time.Time{}
	for {
		var beat []byte
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.wake:
		case <-retry.C:
		case beat = <-c.beat:
		}
		sent, err := c.send(ctx, beat)
		if err == nil {
			if sent && wait > 0 {
				c.log.InfoContext(ctx, "the node takes reports again")
				wait = 0
			}
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(told) > lastWait {
			told = time.Now()
			c.log.WarnContext(ctx, "reports of decoys cannot be sent: they are kept, and tried again", "waiting", c.Waiting(), "error", err)
		}
		wait = min(max(2*wait, firstWait), lastWait)
		retry.Reset(wait)
	}
}

// send sends all that waits, and then a heartbeat. It tells whether the node took or refused anything.
func (c *Courier) send(ctx context.Context, beat []byte) (sent bool, err error) {
	for {
		c.mu.Lock()
		batch, name, err := c.spool.next()
		c.mu.Unlock()
		if err != nil || batch == nil {
			if err == nil && beat != nil {
				_, err = c.post(ctx, beat, rand.Text())
				sent = err == nil
			}
			return sent, err
		}
		taken, err := c.post(ctx, batch, "canary/"+name)
		if err != nil {
			return sent, err
		}
		sent = true
		c.mu.Lock()
		if !taken {
			c.refused += uint64(bytes.Count(batch, []byte("\n")))
		}
		err = c.spool.done(name, taken)
		c.mu.Unlock()
		if err != nil {
			return sent, err
		}
	}
}

// post sends one request. It is false when the node will never take it.
func (c *Courier) post(ctx context.Context, body []byte, key string) (taken bool, err error) {
	token, err := strict.ReadFile(c.c.Token, mostToken)
	if err != nil {
		return false, fmt.Errorf("token: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.c.Node, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("send reports: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Idempotency-Key", key)
	answer, err := c.client.Do(req)
	if err != nil {
		return false, fmt.Errorf("send reports: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, mostReply)) // so that the connection can be used again
	_ = answer.Body.Close()
	switch s := answer.StatusCode; {
	case s == http.StatusOK:
		return true, nil
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		return false, fmt.Errorf("send reports: the node answers %d: does it know the token, and may it send from here?", s)
	case s == http.StatusBadRequest || s == http.StatusRequestEntityTooLarge || s == http.StatusUnprocessableEntity:
		c.log.ErrorContext(ctx, "the node does not take a report of a decoy, which is kept beside the others", "status", s)
		return false, nil
	default:
		return false, fmt.Errorf("send reports: the node answers %d", s)
	}
}

// Close sends what waits, as long as ctx lets it, and closes the spool: what is not sent then stays there for the next run. It is called when Run has ended.
func (c *Courier) Close(ctx context.Context) error {
	defer c.client.CloseIdleConnections()
	_, err := c.send(ctx, nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spool.seal()
	return err
}

// folderMode keeps what is on its way from other people of the machine.
const folderMode = os.FileMode(0o700)
