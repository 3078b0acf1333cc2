package privacy

import (
	"context"
	"errors"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// Room is the room of the privacy officer: what came in of accesses, the cases that wait, and what people concluded.
// It serves any number of goroutines.
type Room struct{}

var errLater = errors.New("not built yet")

// Cases lists cases, those to look at first before the others.
func (r *Room) Cases(ctx context.Context, f Filter) ([]Case, error) { return nil, errLater }

// Case returns one case with its evidence, and notes that by saw it. The case is ErrNoCase for whom it is about, and for
// who reports to them.
func (r *Room) Case(ctx context.Context, id string, by Viewer) (Case, error) {
	return Case{}, errLater
}

// Dispose notes what a person concluded. The decision is sealed in the journal before it counts.
func (r *Room) Dispose(ctx context.Context, id string, d Decision) error { return errLater }

// Undo takes a decision of the same viewer back, within 10 minutes.
func (r *Room) Undo(ctx context.Context, id string, by Viewer) error { return errLater }

// Assess keeps the four factors of a case that is a breach.
func (r *Room) Assess(ctx context.Context, id string, factors [4]string, by Viewer) error {
	return errLater
}

// Propose makes of what was missing in a case a reason of the site, and says what it would have done in the past 30
// days. Nothing is changed by it.
func (r *Room) Propose(ctx context.Context, id, fact string, by Viewer) (Proposal, error) {
	return Proposal{}, errLater
}

// Reveal says who is behind a case. Whoever calls it has sealed the intent before.
func (r *Room) Reveal(ctx context.Context, id string, by Viewer) (Revealed, error) {
	return Revealed{}, errLater
}

// Viewer finds who works here under one of these names.
func (r *Room) Viewer(ctx context.Context, name string, logins ...string) (Viewer, error) {
	return Viewer{}, errLater
}

// FindPatient finds a patient by a number as a person types it. It is 0 when nobody has it.
func (r *Room) FindPatient(ctx context.Context, number string) (hospital.PatientID, error) {
	return 0, errLater
}

// FindStaff finds who works here by login or staff number. It is 0 when nobody has it.
func (r *Room) FindStaff(ctx context.Context, name string) (hospital.StaffID, error) {
	return 0, errLater
}

// WhoSaw lists who opened a patient's record within a period, each with its reason.
func (r *Room) WhoSaw(ctx context.Context, p hospital.PatientID, from, to time.Time) ([]Seen, error) {
	return nil, errLater
}

// PersonsDay tells what one who works here did on a day, given as days since 1970-01-01.
func (r *Room) PersonsDay(ctx context.Context, s hospital.StaffID, day int32) (Day, error) {
	return Day{}, errLater
}

// Health tells how well accesses are explained, by department, in the last 30 days.
func (r *Room) Health(ctx context.Context) (Health, error) { return Health{}, errLater }

// Misses tells what the random audit says about what nobody sees.
func (r *Room) Misses(ctx context.Context) (Estimate, error) { return Estimate{}, errLater }

// Changes returns a channel on which something comes after cases have changed, and what ends it.
func (r *Room) Changes() (changes <-chan struct{}, stop func()) { return nil, func() {} }
