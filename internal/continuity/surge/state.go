package surge

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// state is a Feed as it is written: fingerprints as four bytes each.
type state struct {
	Clock, Turned time.Time
	At            int64
	Minutes       [kept][2]int
	Young, Old    []byte
	Told          map[Kind][2]time.Time
	Day           int64
	Known         int
	Worst         [days + 1]int32
}

// Encode writes the feed, so that Decode goes on where it was.
func (f *Feed) Encode() []byte {
	s := state{Clock: f.clock, Turned: f.turned, At: f.at, Young: prints(f.young), Old: prints(f.old), Told: map[Kind][2]time.Time{}, Day: f.day, Known: f.known, Worst: f.worst}
	for i, m := range f.minutes {
		s.Minutes[i] = [2]int{m.all, m.again}
	}
	for k, t := range f.told {
		s.Told[k] = [2]time.Time{t.since, t.last}
	}
	b, err := json.Marshal(&s)
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // numbers and times can always be written
	}
	return b
}

// Decode takes up what Encode wrote.
func Decode(b []byte) (*Feed, error) {
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("what is known of repetitions is damaged: start it anew: %w", err)
	}
	if len(s.Young) > 4*mostPrints || len(s.Old) > 4*mostPrints || s.At < 0 || s.At > lastMinute {
		return nil, fmt.Errorf("what is known of repetitions is damaged: minute %d, %d bytes: start it anew", s.At, len(s.Young)+len(s.Old))
	}
	f := New()
	f.clock, f.turned, f.at, f.young, f.old = s.Clock, s.Turned, s.At, set(s.Young), set(s.Old)
	f.day, f.known, f.worst = s.Day, s.Known, s.Worst
	for i, m := range s.Minutes {
		f.minutes[i].all, f.minutes[i].again = m[0], m[1]
	}
	for k, t := range s.Told {
		f.told[k] = spell{t[0], t[1]}
	}
	return f, nil
}

// lastMinute is in the year 2260.
const lastMinute = 153_000_000

func prints(of map[uint32]struct{}) []byte {
	b := make([]byte, 0, 4*len(of))
	for _, p := range slices.Sorted(maps.Keys(of)) {
		b = binary.BigEndian.AppendUint32(b, p)
	}
	return b
}

func set(b []byte) map[uint32]struct{} {
	out := make(map[uint32]struct{}, len(b)/4)
	for ; len(b) >= 4; b = b[4:] {
		out[binary.BigEndian.Uint32(b)] = struct{}{}
	}
	return out
}
