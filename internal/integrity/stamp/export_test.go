package stamp

import "time"

// Wait is for how long nothing is due.
func (k *Keeper) Wait(now time.Time) time.Duration { return k.wait(now) }
