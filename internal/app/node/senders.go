package node

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/journal"
	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/triage"
)

// ledger seals what the intake hands in, and keeps the last page of each sender's books where the next start finds
// it: a sender that falls silent while the node is down is missed all the same.
type ledger struct {
	*journal.Journal
	db  *store.DB
	log *slog.Logger

	mu    sync.Mutex
	pages map[string][]byte // by sender, not kept yet; guarded by mu
}

var _ collect.Sealer = (*ledger)(nil)

// Add implements collect.Sealer.
func (l *ledger) Add(ctx context.Context, line journal.Line) (*journal.Receipt, error) {
	if line.Kind == journal.Books && settled(line.JSON) {
		l.mu.Lock()
		l.pages[line.Source] = append([]byte(nil), line.JSON...)
		l.mu.Unlock()
	}
	return l.Journal.Add(ctx, line)
}

// resident is how long a sender has to be known before it is remembered, and absent for how long it is then missed: forged
// addresses come and go in any number, and must not fill the database.
const (
	resident = time.Hour
	absent   = 90 * 24 * time.Hour
)

// settled tells whether a page is of a sender that is worth remembering.
func settled(page []byte) bool {
	var b collect.Books
	return json.Unmarshal(page, &b) == nil && b.Last.Sub(b.First) >= resident
}

// keep writes the pages down every minute until ctx is done. Whoever stops the intake writes once more.
func (l *ledger) keep(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := l.write(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *ledger) write(ctx context.Context) error {
	now := time.Now()
	l.mu.Lock()
	pages := l.pages
	l.pages = map[string][]byte{}
	l.mu.Unlock()
	err := l.db.Do(ctx, func(tx *sql.Tx) error {
		for sender, page := range pages {
			_, err := tx.ExecContext(ctx, `INSERT INTO senders (sender, page, kept) VALUES ($1, $2, $3)
				ON CONFLICT (sender) DO UPDATE SET page = excluded.page, kept = excluded.kept`, store.Text(sender), store.Text(string(page)), store.At(now))
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM senders WHERE kept < $1`, store.At(now.Add(-absent)))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the books of senders: %w", err)
	}
	return nil
}

// recall tells the intake what was known of senders before the start.
func (l *ledger) recall(ctx context.Context, in *collect.Intake) error {
	rows, err := l.db.QueryContext(ctx, `SELECT page FROM senders`)
	if err != nil {
		return fmt.Errorf("recall senders: %w", err)
	}
	defer rows.Close()
	damaged := 0
	for rows.Next() {
		var page string
		if err := rows.Scan(&page); err != nil {
			return fmt.Errorf("recall senders: %w", err)
		}
		if in.Recall([]byte(page)) != nil {
			damaged++ // such a sender is learned anew, which is no reason to receive nothing
		}
	}
	if damaged > 0 {
		l.log.WarnContext(ctx, "what was known of some senders is damaged and is learned anew", "senders", damaged)
	}
	return rows.Err()
}

// silence files a finding for each sender that falls silent.
type silence struct {
	journal *journal.Journal
	fallen  chan collect.Standing
}

// mostFallen bounds how many may wait. A network that fails takes all senders with it; the rest is on the page Sources.
const mostFallen = 1000

func newSilence(j *journal.Journal) *silence {
	return &silence{journal: j, fallen: make(chan collect.Standing, mostFallen)}
}

// tell is the intake's Silent: it does not block.
func (s *silence) tell(st collect.Standing) {
	select {
	case s.fallen <- st:
	default:
	}
}

func (s *silence) run(ctx context.Context) error {
	for {
		select {
		case st := <-s.fallen:
			if err := s.file(ctx, st); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *silence) file(ctx context.Context, st collect.Standing) error {
	rule := finding.Rule{
		ID: "b2a39b1e-5a0c-4d0e-9c0a-6f1d2f7c5a11", Title: "A sender fell silent", Level: "medium", Author: "Wardline", Source: "node", Type: "silence",
		Summary:    "It is quiet for longer than it usually is. What happens there is not seen any more.",
		CareImpact: "An attack on this system, or its failure, would go unnoticed. If it is a clinical feed, orders and results may be missing.",
	}
	sum := sha256.Sum256([]byte(rule.ID + "\x00" + st.Sender))
	f := triage.Filed{
		Finding: finding.Finding{
			ID: hex.EncodeToString(sum[:12]), Kind: finding.Disruption, Rule: rule, Count: 1, First: st.Last, Last: st.SilentAt,
			Entities: map[string][]string{"device": {st.Sender}}, Events: []finding.Evidence{},
		},
		Watcher: "silence", From: journal.Place{Entry: uint64(st.SilentAt.UnixMilli())}, // rises with each silence
	}
	line, err := triage.LineOf(&f)
	if err != nil {
		return err
	}
	_, err = s.journal.Append(ctx, line)
	if err != nil {
		return fmt.Errorf("file that a sender fell silent: %w", err)
	}
	return nil
}
