package witness

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/bits"
	"net/http"
	"strconv"
	"time"

	"github.com/wardline/wardline/format/tlog"
	"github.com/wardline/wardline/internal/store"
)

// ServerConfig says whose logs a node is a witness of.
type ServerConfig struct {
	// Signer is the node's key for cosignatures. It is another than the one of its own log.
	Signer *tlog.Signer
	// Logs are those of the peers, each with its own origin.
	Logs []tlog.Log
	Now  func() time.Time
	Tell Tell // may be nil
	Log  *slog.Logger
}

// Server is the witness's side: an http.Handler of POST /add-checkpoint and of GET /<log>/checkpoint, where <log> is the
// SHA-256 of the log's origin in hexadecimal digits. It asks nobody for a password: what a log did not sign is refused before
// the database is touched. Who got hold of an older checkpoint can send it again, which is Older as long as the log itself goes on; that it was put
// back is told when it does not. A prefix is for the caller to strip, as are limits on connections to set.
type Server struct {
	cfg  ServerConfig
	db   *store.DB
	logs map[string]watched // by origin
	mux  *http.ServeMux
}

// watched is a log, and whose turn it is to be judged: requests for one log go one after the other. That spares a
// database the conflicts; what makes the answers right is the transaction, for there may be other processes.
type watched struct {
	tlog.Log
	turn chan struct{}
}

// readTime is how long a request may take to arrive.
const readTime = 30 * time.Second

// goesOn is how long ago a log may have been signed last to count as one that goes on: three rounds. Whoever sends an older checkpoint meanwhile is
// told from a log that was put back, which cannot be signed any more.
const goesOn = 3 * Every

// NewServer prepares the witness's tables in db.
func NewServer(ctx context.Context, db *store.DB, cfg ServerConfig) (*Server, error) {
	if cfg.Signer == nil || cfg.Signer.Key().Algorithm != tlog.CosignatureV1 {
		return nil, errors.New("the witness needs a key for cosignatures")
	}
	if cfg.Tell == nil {
		cfg.Tell = func(context.Context, Alarm) {}
	}
	s := &Server{cfg: cfg, db: db, logs: map[string]watched{}, mux: http.NewServeMux()}
	for _, l := range cfg.Logs {
		if _, twice := s.logs[l.Origin]; twice || len(l.Keys) == 0 {
			return nil, fmt.Errorf("the witness is to watch the log %s twice, or without a key", l.Origin)
		}
		s.logs[l.Origin] = watched{l, make(chan struct{}, 1)}
	}
	if err := migrate(ctx, db); err != nil {
		return nil, err
	}
	s.mux.HandleFunc("POST /add-checkpoint", s.add)
	s.mux.HandleFunc("GET /{log}/checkpoint", s.latest)
	return s, nil
}

// ServeHTTP answers logs, and those who want to see what this node signed.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// answer is what a request gets.
type answer struct {
	status int
	size   bool // body is a size
	body   []byte
}

func (s *Server) add(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTime)) // where it can be set
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, tlog.MaxRequest))
	if err != nil {
		http.Error(w, "the request is too long or was cut off", http.StatusBadRequest)
		return
	}
	a, alarm, err := s.judge(r.Context(), body)
	if err != nil {
		s.cfg.Log.ErrorContext(r.Context(), "a checkpoint could not be witnessed, the log will ask again", "error", err)
		http.Error(w, "try again later", http.StatusInternalServerError)
		return
	}
	if alarm.Kind != "" {
		s.cfg.Tell(r.Context(), alarm)
	}
	kind := "text/plain; charset=utf-8"
	if a.size {
		kind = tlog.SizeType
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // who is gone asks again
}

// refuse is an answer without anything that a program reads.
func refuse(status int, why string) answer { return answer{status: status, body: []byte(why + "\n")} }

// judge answers a request, in the order of checks of the specification. An error says that it could not be
// judged; nothing was signed then.
func (s *Server) judge(ctx context.Context, body []byte) (answer, Alarm, error) {
	request, err := tlog.ParseRequest(body)
	if err != nil {
		return refuse(http.StatusBadRequest, "the request cannot be read"), Alarm{}, nil
	}
	c, note, err := tlog.ReadCheckpoint(request.Checkpoint)
	if err != nil {
		return refuse(http.StatusBadRequest, "the checkpoint cannot be read"), Alarm{}, nil
	}
	log, known := s.logs[c.Origin]
	if !known {
		return refuse(http.StatusNotFound, "the log is not known here"), Alarm{}, nil
	}
	if _, err := log.Verify(request.Checkpoint); err != nil {
		return refuse(http.StatusForbidden, "the checkpoint is not signed by the log"), Alarm{}, nil
	}
	if request.Old > c.Size {
		return refuse(http.StatusBadRequest, "the old size is larger than the new one"), Alarm{}, nil
	}
	select {
	case log.turn <- struct{}{}:
		defer func() { <-log.turn }()
	case <-ctx.Done():
		return answer{}, Alarm{}, ctx.Err()
	}
	var a answer
	var alarm Alarm
	err = s.db.Do(ctx, func(tx *sql.Tx) error { // may run more than once
		a, alarm, err = s.decide(ctx, tx, body, request, c, note)
		return err
	})
	if err != nil {
		return answer{}, Alarm{}, fmt.Errorf("witness the log %s: %w", c.Origin, err)
	}
	return a, alarm, nil
}

// decide compares a checkpoint that its log signed with the one before, and either signs it or keeps the evidence. What it
// returns must not leave the node before tx is committed.
func (s *Server) decide(ctx context.Context, tx *sql.Tx, body []byte, request tlog.Request, c tlog.Checkpoint, note tlog.Note) (answer, Alarm, error) {
	held, signed, last, err := load(ctx, tx, c.Origin)
	if err != nil {
		return answer{}, Alarm{}, err
	}
	at := s.cfg.Now()
	kind := verdict(held, c, request)
	if kind == "" {
		a, err := s.sign(ctx, tx, c, note, at)
		return a, Alarm{}, err
	}
	if kind == RolledBack && at.Sub(last) <= goesOn {
		kind = Older
	}
	e := Evidence{Kind: kind, Log: c.Origin, Request: body, Answer: signed, Size: c.Size, Held: held.Size, Seen: at, Last: at}
	if err := keep(ctx, tx, &e); err != nil {
		return answer{}, Alarm{}, err
	}
	alarm := Alarm{Kind: kind, At: at, Log: c.Origin, Size: c.Size, Held: held.Size, Evidence: e.ID, Times: e.Times}
	if kind == Older && bits.OnesCount(uint(e.Times)) != 1 { // who sends it a thousand times is told of ten times
		alarm = Alarm{}
	}
	if request.Old != held.Size {
		alarm.Status = http.StatusConflict
		return answer{http.StatusConflict, true, tlog.FormatSize(held.Size)}, alarm, nil
	}
	alarm.Status = http.StatusUnprocessableEntity
	return refuse(alarm.Status, "the checkpoint does not continue the one that was signed before"), alarm, nil
}

// verdict says what is wrong with a checkpoint, or nothing. https://c2sp.org/tlog-witness, add-checkpoint
func verdict(held, c tlog.Checkpoint, request tlog.Request) Kind {
	switch {
	case c.Size == held.Size && c.Root != held.Root:
		return Forked // even if the request has another old size
	case c.Size < held.Size:
		return RolledBack
	case request.Old != held.Size:
		return OutOfStep
	case held.Size == 0: // nothing was there that could be continued wrongly
		if len(request.Hashes) > 0 {
			return Rewritten
		}
		return ""
	case tlog.VerifyConsistency(held, c, request.Hashes) != nil:
		return Rewritten
	}
	return ""
}

// sign makes the cosignature durable as part of the transaction.
func (s *Server) sign(ctx context.Context, tx *sql.Tx, c tlog.Checkpoint, note tlog.Note, at time.Time) (answer, error) {
	signature, err := s.cfg.Signer.Sign(note.Text, at)
	if err != nil {
		return answer{}, err
	}
	note.Signatures = append(own(s.logs[c.Origin].Log, note), signature)
	_, err = tx.ExecContext(ctx, `INSERT INTO witness_logs (origin, size, root, checkpoint, signed, told) VALUES ($1, $2, $3, $4, $5, 0)
		ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root, checkpoint = excluded.checkpoint,
			signed = excluded.signed, told = 0`,
		c.Origin, int64(c.Size), c.Root[:], note.Bytes(), store.At(at))
	return answer{status: http.StatusOK, body: []byte(signature.String())}, err
}

// own returns the signatures of a note that are the log's own. Others might be anybody's.
func own(log tlog.Log, note tlog.Note) []tlog.Signature {
	var own []tlog.Signature
	for _, s := range note.Signatures {
		for _, k := range log.Keys {
			if k.Made(s) {
				own = append(own, s)
			}
		}
	}
	return own
}

// load returns what this node signed last of a log, and when: a tree without leaves if it never did.
func load(ctx context.Context, tx *sql.Tx, origin string) (tlog.Checkpoint, []byte, time.Time, error) {
	c := tlog.Checkpoint{Origin: origin, Root: tlog.EmptyRoot()}
	var size int64
	var root, signed []byte
	var last store.Time
	err := tx.QueryRowContext(ctx, `SELECT size, root, checkpoint, signed FROM witness_logs WHERE origin = $1`, origin).Scan(&size, &root, &signed, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return c, []byte{}, time.Time{}, nil
	}
	if err == nil && len(root) != len(c.Root) {
		err = store.ErrDamaged
	}
	if err != nil {
		return tlog.Checkpoint{}, nil, time.Time{}, err
	}
	c.Size, c.Root = uint64(size), tlog.Hash(root)
	return c, signed, last.Time, nil
}

// Run looks at each tick for logs that fell silent, until ctx ends: who wants to change a log's past may begin with
// keeping it from its witnesses. It returns an error when the database fails; called again it goes on.
func (s *Server) Run(ctx context.Context, ticks <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks:
			if err := s.Silent(ctx); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return err
			}
		}
	}
}

// Silent tells of logs of which nothing could be signed for an hour, once until something can.
func (s *Server) Silent(ctx context.Context) error {
	now := s.cfg.Now()
	var alarms []Alarm
	err := s.db.Do(ctx, func(tx *sql.Tx) error {
		alarms = nil
		rows, err := tx.QueryContext(ctx, `UPDATE witness_logs SET told = 1 WHERE told = 0 AND signed < $1 RETURNING origin, size`, store.At(now.Add(-silence)))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			a := Alarm{Kind: Silent, At: now, Times: 1}
			var size int64
			if err := rows.Scan(&a.Log, &size); err != nil {
				return err
			}
			a.Held = uint64(size)
			if _, watched := s.logs[a.Log]; watched {
				alarms = append(alarms, a)
			}
		}
		return rows.Err()
	})
	if err != nil {
		return fmt.Errorf("look for silent logs: %w", err)
	}
	for _, a := range alarms {
		s.cfg.Tell(ctx, a)
	}
	return nil
}

// latest shows the last checkpoint of a log that this node signed, with both signatures.
func (s *Server) latest(w http.ResponseWriter, r *http.Request) {
	for origin := range s.logs {
		sum := sha256.Sum256([]byte(origin))
		if hex.EncodeToString(sum[:]) != r.PathValue("log") {
			continue
		}
		var text []byte
		err := s.db.QueryRowContext(r.Context(), `SELECT checkpoint FROM witness_logs WHERE origin = $1`, origin).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err != nil {
			s.cfg.Log.ErrorContext(r.Context(), "a witnessed checkpoint could not be shown", "error", err)
			http.Error(w, "try again later", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text)
		return
	}
	http.Error(w, "nothing was signed here for such a log", http.StatusNotFound)
}
