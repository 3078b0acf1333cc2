package retain

import (
	"errors"
	"fmt"
	"time"
)

// maxJump is how far the wall clock may be from where it should be.
const maxJump = time.Hour

// ErrClock says that the clock cannot be trusted enough to delete by it.
var ErrClock = errors.New("the clock of this machine has jumped: nothing is deleted until a person has checked the date and confirmed it")

// Clock watches the wall clock: with a wrong date a journal would delete everything at once. While the process
// runs it compares with the monotonic clock; over a restart, with where the clock was last. A machine that was off for
// more than an hour looks the same as one whose clock jumped, so that has to be confirmed too.
type Clock struct {
	Wall    time.Time `json:"wall"`              // last seen
	Suspect bool      `json:"suspect,omitempty"` // it jumped since it was confirmed

	up time.Duration // when Wall was seen, since the process began; 0 after a restart
}

// See takes note of the wall clock and of how long the process runs by the monotonic clock.
func (c *Clock) See(now time.Time, up time.Duration) {
	now = now.Round(0)
	if !c.Wall.IsZero() {
		passed := time.Duration(0)
		if c.up > 0 {
			passed = up - c.up
		}
		if jump := now.Sub(c.Wall.Add(passed)); jump.Abs() > maxJump {
			c.Suspect = true
		}
	}
	c.Wall, c.up = now, up
}

// Confirm takes the word of a person that the clock is right.
func (c *Clock) Confirm(now time.Time, up time.Duration) {
	c.Wall, c.up, c.Suspect = now.Round(0), up, false
}

// Check tells whether one may delete by now, which may come from elsewhere than the clock.
func (c *Clock) Check(now time.Time) error {
	if c.Suspect {
		return ErrClock
	}
	if jump := now.Round(0).Sub(c.Wall); jump.Abs() > maxJump {
		return fmt.Errorf("%w (the clock says %s)", ErrClock, c.Wall.UTC().Format(time.RFC3339))
	}
	return nil
}
