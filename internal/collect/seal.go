package collect

import (
	"context"
	"encoding/json"
	"time"

	"github.com/wardline/wardline/internal/journal"
)

// Run seals the books of every minute, and says which senders fell silent, until ctx ends; then it seals what is left.
func (in *Intake) Run(ctx context.Context) error {
	for {
		now := in.now()
		select {
		case <-time.After(now.Truncate(time.Minute).Add(time.Minute).Sub(now)):
			in.sealBooks(ctx)
			in.listen()
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
			defer cancel()
			in.settled(last)
			in.sealBooks(last)
			return ctx.Err()
		}
	}
}

// closing is how long the books may take at the end.
const closing = 5 * time.Second

// settled waits until nothing is on its way, or ctx ends.
func (in *Intake) settled(ctx context.Context) {
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		waiting := int64(0)
		for _, s := range in.all() {
			s.mu.Lock()
			waiting += s.books.waiting
			s.mu.Unlock()
		}
		if waiting == 0 {
			tick.Stop()
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return
		}
	}
}

// sheet is a page on its way into the journal.
type sheet struct {
	Books
	sender  *Sender // nil when it was forgotten
	receipt *journal.Receipt
}

// sealBooks seals one page for each sender that there is something to say of. What the journal does not take stays for the next.
func (in *Intake) sealBooks(ctx context.Context) {
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sheets := in.sheets()
	var failure error
	for i := range sheets {
		if err := in.addSheet(ctx, &sheets[i]); err != nil {
			failure = err
		}
	}
	for i := range sheets {
		if err := in.endSheet(ctx, &sheets[i]); err != nil {
			failure = err
		}
	}
	if failure != nil {
		in.log.WarnContext(ctx, "books are not sealed yet: they are tried again within a minute", "error", failure)
	}
}

// sheets are the pages to be sealed now.
func (in *Intake) sheets() []sheet {
	now := in.now()
	in.mu.Lock()
	parted := in.parted
	in.parted = nil
	in.mu.Unlock()
	var list []sheet
	for _, b := range parted {
		list = append(list, sheet{Books: b})
	}
	for _, s := range in.all() {
		s.mu.Lock()
		b := s.page(now)
		s.mu.Unlock()
		if b.Counts != (Counts{}) {
			list = append(list, sheet{Books: b, sender: s})
		}
	}
	return list
}

func (in *Intake) addSheet(ctx context.Context, p *sheet) error {
	if p.Difference != 0 {
		in.log.ErrorContext(ctx, "the books of a sender do not balance: please report this as a mistake of Wardline",
			"sender", p.Sender, "difference", p.Difference)
	}
	text, err := json.Marshal(p.Books)
	if err != nil {
		return err
	}
	p.receipt, err = in.seal.Add(ctx, journal.Line{Kind: journal.Books, Source: p.Sender, Time: p.To, JSON: text})
	return err
}

// endSheet turns the page when it is durable, and else keeps it.
func (in *Intake) endSheet(ctx context.Context, p *sheet) error {
	err := error(nil)
	if p.receipt != nil {
		if _, err = p.receipt.Wait(ctx); err == nil {
			if p.sender != nil {
				p.sender.turn(p.Books)
			}
			return nil
		}
	}
	if p.sender == nil {
		in.mu.Lock()
		defer in.mu.Unlock()
		in.part(p.Books)
	}
	return err
}

// page is what is not sealed yet. s.mu is held.
func (s *Sender) page(now time.Time) Books {
	l := &s.books
	b := Books{
		Sender: s.id.name, Unauthenticated: s.id.unauthenticated, From: l.sealedAt.UTC(), To: now.UTC(),
		Counts: l.now().minus(l.sealed), First: l.first.UTC(), Last: l.last.UTC(), UsualGap: l.rhythm.usual(),
	}
	b.Difference = b.Counts.Difference()
	for reason, n := range l.reasons {
		if n -= l.sealedWhy[reason]; n > 0 {
			if b.Reasons == nil {
				b.Reasons = map[string]int64{}
			}
			b.Reasons[reason] = n
		}
	}
	return b
}

// turn notes that a page is sealed.
func (s *Sender) turn(b Books) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books.sealed = s.books.sealed.Plus(b.Counts)
	s.books.sealedAt = b.To
	if s.books.sealedWhy == nil && b.Reasons != nil {
		s.books.sealedWhy = map[string]int64{}
	}
	for reason, n := range b.Reasons {
		s.books.sealedWhy[reason] += n
	}
}
