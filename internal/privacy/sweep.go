package privacy

import (
	"slices"

	"github.com/wardline/wardline/internal/privacy/judge"
)

// Runs of searches that are no accident, and numbers that are not there.
const (
	longRun    = 10
	mostMisses = 30
)

// searches counts them, and those of which nothing was opened. A record that was opened is what the last search before it found.
func searches(rows []row, opened []int64) (all, unopened int) {
	const soon = 2 * 60 * 1000 // milliseconds
	var at []int64
	for i := range rows {
		if rows[i].act == judge.Search && rows[i].marks&failed == 0 {
			at = append(at, rows[i].at)
		}
	}
	for i, t := range at {
		until := t + soon
		if i+1 < len(at) {
			until = min(until, at[i+1])
		}
		if n, _ := slices.BinarySearch(opened, t); n == len(opened) || opened[n] > until || opened[n] == until && i+1 < len(at) {
			unopened++
		}
	}
	return len(at), unopened
}

// guessed tells how many records were asked for by numbers that nobody has, by one who goes through numbers: along a row of which
// half or more are not there, or so many that it is no slip.
func guessed(rows []row) int {
	missed, asked, run, missing := 0, 0, 0, 0
	guess := false
	var before uint64
	for i := range rows {
		r := &rows[i]
		if r.act != judge.Open || r.query>>62 == 0 || r.query == before {
			continue
		}
		if r.query < before || r.query-before > 3 {
			run, missing = 0, 0
		}
		before = r.query
		run, asked = run+1, asked+1
		if r.marks&absent != 0 {
			missing, missed = missing+1, missed+1
		}
		guess = guess || run >= longRun && 2*missing >= run
	}
	if guess || missed >= mostMisses && 2*missed > asked {
		return missed
	}
	return 0
}

// inOrder tells whether searches went through the house in an order.
func inOrder(rows []row) string {
	alphabet, sequence := 1, 1
	var before uint64
	for i := range rows {
		q := rows[i].query
		number := q>>62 != 0
		if q == 0 || q == before || rows[i].act != judge.Search && (rows[i].act != judge.Open || !number) {
			continue
		}
		switch {
		case number && before>>62 != 0 && q > before && q-before <= 3:
			sequence++
		case !number && before>>62 == 0 && before != 0 && q > before:
			alphabet++
		default:
			alphabet, sequence = 1, 1
		}
		before = q
		if sequence >= longRun {
			return "sequence"
		}
		if alphabet >= longRun {
			return "alphabet"
		}
	}
	return ""
}
