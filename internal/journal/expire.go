package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/journal/retain"
)

// ErrClock says that the clock of the machine has jumped, so that nothing may be deleted by it. See ConfirmClock.
var ErrClock = retain.ErrClock

// Hold keeps entries from being deleted: those of a kind, with lines of a source, with lines of a
// time. What is left empty does not matter. Entries are held by the segment.
type Hold = retain.Hold

// Expired says what Expire did.
type Expired struct {
	Segments int   // deleted
	Entries  int   // whose bodies are gone; their headers stay
	Bytes    int64 // that are free again
	Held     int   // segments that would have been deleted but for a hold
}

// Expire deletes the bodies of a kind that were received before a moment, segment by segment: a segment goes when its
// youngest entry is older, no hold keeps it and it is complete (see Config.SegmentAge). That they are
// deleted is sealed first, so that a body that is missing for another reason is found.
// now is the date by which the caller reckons; Expire refuses with ErrClock when it is not that of the clock, or when the
// clock has jumped.
func (j *Journal) Expire(ctx context.Context, kind Kind, before, now time.Time) (Expired, error) {
	if !kind.known() || kind == Keeping {
		return Expired{}, fmt.Errorf("expire %s: entries of this kind are not deleted", kind)
	}
	if before.After(now) {
		return Expired{}, errors.New("expire: the moment lies in the future")
	}
	j.keeper.deleting.Lock()
	defer j.keeper.deleting.Unlock()
	j.keeper.look(ctx, j, j.Size())
	done, left := j.sweep() // what an earlier call could not delete
	due, held, err := j.keeper.due(kind, before, now)
	done.Held = held
	if err != nil || len(due) == 0 {
		return done, errors.Join(left, err)
	}
	lines := make([]Line, 0, len(due))
	for _, d := range due {
		lines = append(lines, keepingLine(remark{
			Act: "deleted", Time: headerTime(now), Reason: "received before " + before.UTC().Format(time.RFC3339),
			Segment: d.name, Entries: d.Entries, First: d.First, Last: d.Last,
		}))
	}
	if _, err := j.Append(ctx, lines...); err != nil {
		return done, errors.Join(left, fmt.Errorf("expire: nothing more is deleted: %w", err))
	}
	// Crash here: the log says that the segments are gone, and the next start or the next call deletes them.
	swept, err := j.sweep()
	done.Segments, done.Entries, done.Bytes = done.Segments+swept.Segments, done.Entries+swept.Entries, done.Bytes+swept.Bytes
	return done, errors.Join(err, j.keeper.save())
}

// Deleted yields the first and the last entry of each segment of a kind that this entry deletes. No other entries of the kind lie between
// them. It yields nothing when the body was not read.
func (e *Entry) Deleted(kind Kind) iter.Seq2[uint64, uint64] {
	return func(yield func(first, last uint64) bool) {
		if len(e.Header.Deletes) == 0 {
			return
		}
		for _, line := range e.Lines() {
			var n remark
			if json.Unmarshal(line, &n) == nil && n.Act == "deleted" && strings.HasPrefix(n.Segment, string(kind)+"/") && !yield(n.First, n.Last) {
				return
			}
		}
	}
}

type dueSegment struct {
	name string
	retain.Segment
}

// due lists what Expire may delete.
func (k *keeper) due(kind Kind, before, now time.Time) (due []dueSegment, held int, err error) {
	k.see(time.Now())
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := errors.Join(k.blinded(), k.clock.Check(now)); err != nil {
		return nil, 0, fmt.Errorf("expire: %w", err)
	}
	names, held := k.book.Due(string(kind), before)
	names = slices.DeleteFunc(names, func(name string) bool { return k.open[name] || !segmentName.MatchString(name) })
	for _, name := range names {
		due = append(due, dueSegment{name, *k.book.Segments[name]})
	}
	return due, held, nil
}

// Hold keeps what h describes from being deleted until Release, and returns the id of the hold. It is sealed.
// h needs a reason and the name of who asked for it.
func (j *Journal) Hold(ctx context.Context, h Hold) (string, error) {
	if strings.TrimSpace(h.Reason) == "" || h.By == "" {
		return "", errors.New("hold: it needs a reason, and who asked for it")
	}
	if h.Kind != "" && !Kind(h.Kind).known() {
		return "", errors.New("hold: there is no such kind of entries")
	}
	h.ID, h.Placed = "hold-"+randomName(), headerTime(time.Now())
	j.keeper.deleting.RLock() // not while segments that it holds are being deleted
	defer j.keeper.deleting.RUnlock()
	if _, err := j.Append(ctx, keepingLine(remark{Act: "held", Time: h.Placed, By: h.By, Reason: h.Reason, Hold: &h})); err != nil {
		return "", fmt.Errorf("hold: %w", err)
	}
	return h.ID, j.keeper.save()
}

// ErrNoHold says that there is no hold with that id.
var ErrNoHold = errors.New("no such hold")

// Release ends a hold. It is sealed, with who did it and why.
func (j *Journal) Release(ctx context.Context, id, by, reason string) error {
	if strings.TrimSpace(reason) == "" || by == "" {
		return errors.New("release: it needs a reason, and who asked for it")
	}
	j.keeper.mu.Lock()
	_, found := j.keeper.book.Holds[id]
	j.keeper.mu.Unlock()
	if !found {
		return ErrNoHold
	}
	n := remark{Act: "released", Time: headerTime(time.Now()), By: by, Reason: reason, Hold: &Hold{ID: id}}
	if _, err := j.Append(ctx, keepingLine(n)); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	return j.keeper.save()
}

// Holds lists what is held, oldest first.
func (j *Journal) Holds() []Hold {
	j.keeper.mu.Lock()
	defer j.keeper.mu.Unlock()
	holds := make([]Hold, 0, len(j.keeper.book.Holds))
	for _, h := range j.keeper.book.Holds {
		holds = append(holds, h)
	}
	slices.SortFunc(holds, func(a, b Hold) int {
		return 2*a.Placed.Compare(b.Placed) + strings.Compare(a.ID, b.ID)
	})
	return holds
}

// ConfirmClock takes the word of a person that the date of the machine is right, so that Expire works again. It is sealed.
func (j *Journal) ConfirmClock(ctx context.Context, by string) error {
	now := time.Now()
	if _, err := j.Append(ctx, keepingLine(remark{Act: "clock confirmed", Time: headerTime(now), By: by})); err != nil {
		return fmt.Errorf("confirm the clock: %w", err)
	}
	j.keeper.mu.Lock()
	j.keeper.clock.Confirm(now, now.Sub(j.started)+1)
	j.keeper.mu.Unlock()
	return j.keeper.save()
}

func keepingLine(n remark) Line {
	text, err := json.Marshal(n)
	if err != nil {
		panic("wardline: internal error: a remark is not JSON: " + err.Error())
	}
	return Line{Kind: Keeping, Source: "journal", JSON: text, deletes: n.Segment}
}
