package watch

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/index"
)

// counted is what the index knows of the events in a span of time.
type counted struct {
	n           int64
	first, last time.Time
}

// candidates asks the index which entries may hold what a question looks for, among those below through. through is 0
// when the index cannot rule anything out, or not enough to be worth it: then all entries have to be read.
func (h *Hunter) candidates(ctx context.Context, q Question) (entries map[uint64]bool, through uint64, events counted) {
	x := h.cfg.Index
	if x == nil || x.Healthy() != nil {
		return nil, 0, counted{}
	}
	needs, ok := q.Set.needs()
	if !ok || len(needs) == 0 {
		return nil, 0, counted{}
	}
	before, at := x.Counts(), x.Through()
	if before.Dropped > 0 || before.Unreadable > 0 {
		return nil, 0, counted{} // it does not have all that it should
	}
	a := asking{Hunter: h, question: q, entries: map[uint64]bool{}, most: max(1000, int(at)/4)}
	if err := a.ask(ctx, needs); err != nil {
		h.cfg.Log.WarnContext(ctx, "the index could not be asked, the whole journal is read instead", "error", err)
		return nil, 0, counted{}
	}
	// A process that died in between has forgotten the latest of what it had.
	if after := x.Counts(); after.Restarts != before.Restarts || after.Rebuilds != before.Rebuilds || x.Through() < at || a.tooMany() {
		return nil, 0, counted{}
	}
	return a.entries, at, a.events
}

// asking puts the questions to the index.
type asking struct {
	*Hunter
	question Question
	entries  map[uint64]bool
	most     int
	events   counted
}

func (a *asking) tooMany() bool { return len(a.entries) > a.most }

func (a *asking) ask(ctx context.Context, needs []need) error {
	span := index.Query{From: a.question.From, To: a.question.To, By: "hunt"}
	n, first, last, err := a.cfg.Index.Count(ctx, span)
	if err != nil {
		return err
	}
	a.events = counted{int64(n), first, last}
	for _, filter := range a.filters(needs) {
		q := span
		q.Expert = filter
		if err := a.collect(ctx, q); err != nil {
			return err
		}
		// What claims a time that is far off is found under the time when it was received.
		q.From, q.To = time.Time{}, time.Time{}
		q.Expert = strconv.Quote("@claimed") + ":* (" + filter + ")"
		if err := a.collect(ctx, q); err != nil {
			return err
		}
	}
	// What was too long for the index may hold anything.
	q := span
	q.From, q.To = time.Time{}, time.Time{}
	q.Expert = strconv.Quote("@cut") + ":*"
	return a.collect(ctx, q)
}

// maxFilter bounds a filter, in bytes: less than the index takes, for what stands around it.
const maxFilter = 3800

// filters writes needs as filters of the index, as few as will do. Needs of one field become one expression.
func (a *asking) filters(needs []need) []string {
	var filters []string
	var filter strings.Builder
	flush := func() {
		if filter.Len() > 0 {
			filters = append(filters, filter.String())
			filter.Reset()
		}
	}
	for len(needs) > 0 {
		field := needs[0].field
		names := columns(a.cfg.Taxonomy, field)
		n, size := 0, 0
		var any []string
		for ; n < len(needs) && needs[n].field == field && (n == 0 || (size+len(needs[n].pattern()))*len(names) < maxFilter/2); n++ {
			any = append(any, needs[n].pattern())
			size += len(needs[n].pattern()) + 1
		}
		needs = needs[n:]
		text := strconv.Quote("(?i)" + strings.Join(any, "|"))
		for _, name := range names {
			if name != "*" {
				name = strconv.Quote(name)
			}
			part := name + ":~" + text
			if filter.Len()+len(part) > maxFilter {
				flush()
			}
			if filter.Len() > 0 {
				filter.WriteString(" or ")
			}
			filter.WriteString(part)
		}
	}
	flush()
	return filters
}

// page is how many hits are asked for at a time.
const page = 10_000

func (a *asking) collect(ctx context.Context, q index.Query) error {
	q.Limit, q.Oldest = page, true
	for !a.tooMany() {
		var last *index.Cursor
		stats, err := a.cfg.Index.Search(ctx, q, func(hit index.Hit) error {
			a.entries[hit.Entry] = true
			last = hit.Cursor()
			return nil
		})
		if err != nil {
			return err
		}
		if !stats.More || last == nil {
			return nil
		}
		q.After = last
	}
	return nil
}

// below lists the entries of a set that come before one, in order.
func below(set map[uint64]bool, end uint64) []uint64 {
	var list []uint64
	for n := range set {
		if n < end {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list
}
