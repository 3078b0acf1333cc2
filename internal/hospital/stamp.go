package hospital

import "time"

// stamp is a time as records hold it: milliseconds since 1970, UTC. 0 is none.
type stamp int64

func at(t time.Time) stamp {
	if t.IsZero() {
		return 0
	}
	if ms := t.UnixMilli(); ms != 0 {
		return stamp(ms)
	}
	return 1
}

func (s stamp) time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(s)).UTC()
}

func (s stamp) plus(d time.Duration) stamp { return s + stamp(d.Milliseconds()) }

const day = 24 * time.Hour

// earlier is the lesser of two stamps that are not none.
func earlier(a, b stamp) stamp {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
