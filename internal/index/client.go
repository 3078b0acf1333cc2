package index

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Errors that the index answers with. None says what was asked or found.
var (
	ErrDown  = errors.New("search is starting: try again in some seconds")
	ErrFull  = errors.New("the search index's disk is full: free some space, it goes on by itself")
	ErrQuery = errors.New("the question is not valid: check the expert filter")
	ErrSlow  = errors.New("the search took too long: ask for a shorter time or a rarer word")
)

// errReach says that a request got no answer.
var errReach = errors.New("reach the search process")

// client speaks to one VictoriaLogs, a child process or a cluster.
type client struct {
	base          string
	authorization string
	http          *http.Client
}

// dialChild returns the client of a process that listens on a Unix socket.
func dialChild(socket string) *client {
	var d net.Dialer
	return &client{base: "http://index", http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return d.DialContext(ctx, "unix", socket)
		},
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     30 * time.Second,
		DisableCompression:  true,
	}}}
}

// dialCluster returns the client of a cluster.
func dialCluster(base, authorization string) (*client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the index's URL is not of the form https://host:port")
	}
	if u.User != nil {
		return nil, errors.New("the index's URL holds a password: put it into the file that Authorization names")
	}
	c := &client{base: strings.TrimSuffix(base, "/"), http: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: time.Minute,
	}}}
	if authorization != "" {
		secret, err := os.ReadFile(authorization)
		if err != nil {
			return nil, fmt.Errorf("read the index's authorization: %w", err)
		}
		c.authorization = strings.TrimSpace(string(secret))
	}
	return c, nil
}

func (c *client) close() { c.http.CloseIdleConnections() }

// insert sends rows, one JSON object a line. They are taken when it returns nil, neither searchable nor durable yet.
func (c *client) insert(ctx context.Context, rows []byte) error {
	ctx, done := lingering(ctx)
	defer done()
	path := "/insert/jsonline?_stream_fields=" + url.QueryEscape(colStream+","+colFormat)
	body, err := c.post(ctx, path, "application/stream+json", bytes.NewReader(rows))
	if err != nil {
		return err
	}
	return discard(body)
}

// linger is how long an insert may go on after its context has ended.
const linger = 2 * time.Second

// lingering is a context that ends a little later than ctx: an insert that is cut off leaves half a row, of which the process
// complains, and of which nobody knows which rows were taken.
func lingering(ctx context.Context) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(linger, cancel) })
	return late, func() { stop(); cancel() }
}

// flush makes all rows searchable that were taken.
func (c *client) flush(ctx context.Context) error {
	body, err := c.post(ctx, "/internal/force_flush", "application/json", http.NoBody)
	if err != nil {
		return err
	}
	return discard(body)
}

// books reads what a child counted.
func (c *client) books(ctx context.Context) (Books, error) {
	var b Books
	body, err := c.post(ctx, "/books", "application/json", http.NoBody)
	if err != nil {
		return b, err
	}
	defer body.Close()
	if err := json.NewDecoder(io.LimitReader(body, 4096)).Decode(&b); err != nil {
		return Books{}, fmt.Errorf("read the index's books: %w", err)
	}
	return b, nil
}

func (c *client) healthy(ctx context.Context) error {
	body, err := c.post(ctx, "/health", "application/json", http.NoBody)
	if err != nil {
		return err
	}
	return discard(body)
}

// ask puts a question to one of the routes below /select/logsql and returns the answer, which the caller closes.
// Values travel in the body: an address may be logged.
func (c *client) ask(ctx context.Context, route string, args url.Values) (io.ReadCloser, error) {
	return c.post(ctx, "/select/logsql/"+route, "application/x-www-form-urlencoded", strings.NewReader(args.Encode()))
}

func (c *client) post(ctx context.Context, path, kind string, body io.Reader) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, body)
	if err != nil {
		return nil, errors.New("the index's URL is not usable")
	}
	req.Header.Set("Content-Type", kind)
	if c.authorization != "" {
		req.Header.Set("Authorization", c.authorization)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: %w", errReach, errors.Unwrap(err)) // without the address
	}
	if resp.StatusCode/100 == 2 {
		return resp.Body, nil
	}
	// The text of an answer quotes the question, so that only its number is looked at.
	_ = discard(resp.Body)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests && strings.HasPrefix(path, "/insert"):
		return nil, ErrFull
	case resp.StatusCode == http.StatusBadRequest && strings.HasPrefix(path, "/select"):
		return nil, ErrQuery
	}
	return nil, fmt.Errorf("the search process answered with status %d", resp.StatusCode)
}

func discard(body io.ReadCloser) error {
	_, err := io.Copy(io.Discard, io.LimitReader(body, 1<<20))
	return errors.Join(err, body.Close())
}
