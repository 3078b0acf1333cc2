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
	needs, ok := q.Set.needs(h.cfg.Taxonomy)
	if !ok || len(needs) == 0 {
		return nil, 0, counted{}
	}
	before, at := x.Counts(), x.Through()
	if !x.Complete() {
		return nil, 0, counted{} // "not seen" would rest on what it has not
	}
	a := asking{Hunter: h, question: q, entries: map[uint64]bool{}, through: at, most: max(1000, int(at)/4)}
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
	through  uint64 // entries below are the index's to answer for
	most     int    // entries from which on reading all of them is quicker
	hopeless bool
	events   counted
}

func (a *asking) tooMany() bool { return a.hopeless || len(a.entries) > a.most }

func (a *asking) ask(ctx context.Context, needs []need) error {
	span := index.Query{From: a.question.From, To: a.question.To, By: "hunt"}
	// What is read besides is counted when it is read.
	below := span
	below.Fields = []index.Field{{Name: "@entry", Op: index.Less, Value: strconv.FormatUint(a.through, 10)}}
	n, first, last, err := a.cfg.Index.Count(ctx, below)
	if err != nil {
		return err
	}
	a.events = counted{int64(n), first, last}
	// What claims a time that is far off is found under the time when it was received, and what was too long for the
	// index may hold anything.
	always := index.Query{By: span.By}
	bounded := !span.From.IsZero() || !span.To.IsZero()
	filters, ok := a.filters(needs)
	if !ok {
		a.hopeless = true
		return nil
	}
	for _, filter := range filters {
		q := span
		q.Expert = filter
		if err := a.collect(ctx, q); err != nil {
			return err
		}
		if !bounded {
			continue
		}
		always.Expert = strconv.Quote("@claimed") + ":* (" + filter + ")"
		if err := a.collect(ctx, always); err != nil {
			return err
		}
	}
	always.Expert = strconv.Quote("@cut") + ":*"
	return a.collect(ctx, always)
}

// maxFilter bounds a filter, in bytes: less than the index takes, for what stands around it.
const maxFilter = 3800

// filters writes needs as filters of the index, as few as will do. Needs of one field become one expression. ok is
// false when the index cannot be asked for all of them.
func (a *asking) filters(needs []need) (filters []string, ok bool) {
	var filter strings.Builder
	add := func(part string) {
		if filter.Len() > 0 && filter.Len()+len(part) > maxFilter {
			filters = append(filters, filter.String())
			filter.Reset()
		}
		if filter.Len() > 0 {
			filter.WriteString(" or ")
		}
		filter.WriteString(part)
	}
	for len(needs) > 0 {
		field := needs[0].field
		if field == "" {
			add("*:" + strconv.Quote(needs[0].text))
			needs = needs[1:]
			continue
		}
		if field == veiled {
			add(strconv.Quote(veiled) + ":*")
			needs = needs[1:]
			continue
		}
		names, ok := columns(a.cfg.Taxonomy, field)
		if !ok {
			return nil, false
		}
		n, any := 0, ""
		for ; n < len(needs) && needs[n].field == field && len(any) < maxFilter/4; n++ {
			any += "|" + needs[n].pattern()
		}
		needs = needs[n:]
		for _, name := range names {
			add(strconv.Quote(name) + ":~" + strconv.Quote("(?i)"+any[1:]))
		}
	}
	return append(filters, filter.String()), true
}

// page is how many hits are asked for at a time.
const page = 10_000

// maxHits is from how many hits on a filter rules out too little.
const maxHits = 200_000

// collect notes the entries of all hits. It counts them first: mostly there are none, or all lie in a short time.
func (a *asking) collect(ctx context.Context, q index.Query) error {
	n, first, last, err := a.cfg.Index.Count(ctx, q)
	if err != nil || n == 0 {
		return err
	}
	if n > maxHits {
		a.hopeless = true
		return nil
	}
	q.From, q.To, q.Limit, q.Oldest, q.Places = first, last.Add(1), page, true, true
	for !a.tooMany() {
		var at *index.Cursor
		stats, err := a.cfg.Index.Search(ctx, q, func(hit index.Hit) error {
			a.entries[hit.Entry] = true
			at = hit.Cursor()
			return nil
		})
		if err != nil {
			return err
		}
		if !stats.More || at == nil {
			return nil
		}
		q.After = at
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
