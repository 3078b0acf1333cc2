package node

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/index"
	"github.com/wardline/wardline/internal/triage"
)

// Forget tells the node that the journal has deleted entries with events; it returns how many the index owes then.
func (n *Node) Forget(ctx context.Context, entries int) (owed int64, err error) {
	if err := n.forget(ctx, entries); err != nil {
		return 0, err
	}
	err = n.db.QueryRowContext(ctx, `SELECT gone FROM index_debt WHERE id = 1`).Scan(&owed)
	return owed, err
}

// FellSilent tells the node that a sender fell silent, as the intake does.
func (n *Node) FellSilent(st collect.Standing) { n.silence.tell(st) }

// Desk and Entries tell what came of it.
func (n *Node) Desk() *triage.Desk { return n.desk }

// Entries is the size of the journal.
func (n *Node) Entries() uint64 { return n.journal.Size() }

// Indexed is how many entries can be searched.
func (n *Node) Indexed() uint64 { return n.index.Through() }

// Standings tells what the intake knows of senders.
func (n *Node) Standings() []collect.Standing { return n.intake.Standings() }

// Count is how many events are found that hold a word.
func (n *Node) Count(ctx context.Context, word string) (uint64, error) {
	found, _, _, err := n.index.Count(ctx, index.Query{Text: word, To: time.Now().Add(time.Hour), From: time.Now().AddDate(-1, 0, 0)})
	return found, err
}
