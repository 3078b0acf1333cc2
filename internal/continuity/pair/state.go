package pair

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// state is a Book as it is written: what is open as fourteen bytes each, of its flow, minute and hash.
type state struct {
	At    int64
	Names []string
	Flows []flowState
	Open  []byte
}

type flowState struct {
	First, Last        int64
	Asked, Back        map[int]uint16 `json:",omitempty"` // by slot
	Came               map[int]sparse `json:",omitempty"` // by slot
	Past               map[int]sparse `json:",omitempty"` // by hour
	Day                int64
	Hours              map[int][3]float32 `json:",omitempty"`
	Median, Excess, Of float64
	Told               map[Kind][2]int64 `json:",omitempty"`
}

type sparse map[int]float32

const bytesOpen = 14

// Encode writes the book, so that Decode goes on where it was.
func (b *Book) Encode() []byte {
	s := state{At: b.at, Names: slices.Sorted(maps.Keys(b.flows))}
	index := map[*flow]uint16{}
	for i, name := range s.Names {
		f := b.flows[name]
		index[f] = uint16(i)
		s.Flows = append(s.Flows, f.state())
	}
	for _, number := range slices.Sorted(maps.Keys(b.open)) {
		a := b.open[number]
		if i, known := index[a.flow]; known {
			s.Open = binary.BigEndian.AppendUint16(s.Open, i)
			s.Open = binary.BigEndian.AppendUint32(s.Open, uint32(a.at))
			s.Open = binary.BigEndian.AppendUint64(s.Open, number)
		}
	}
	out, err := json.Marshal(&s)
	if err != nil {
		panic(fmt.Sprint("wardline: internal error: ", err)) // numbers can always be written
	}
	return out
}

func (f *flow) state() flowState {
	s := flowState{First: f.first, Last: f.last, Asked: filled(f.asked[:]), Back: filled(f.back[:]), Came: grid(f.came[:]), Past: grid(f.past[:]), Day: f.day, Median: f.median, Hours: map[int][3]float32{}, Excess: f.excess, Of: f.of, Told: map[Kind][2]int64{}}
	for i, h := range f.hours {
		if h != (hour{}) {
			s.Hours[i] = [3]float32{h.asked, h.back, float32(h.week)}
		}
	}
	for k, t := range f.told {
		s.Told[k] = [2]int64{t.since, t.last}
	}
	return s
}

// Decode takes up what Encode wrote.
func Decode(cfg Config, data []byte) (*Book, error) {
	b := New(cfg)
	if len(data) == 0 { // written before there were pairs
		return b, nil
	}
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("what is known of orders and results is damaged: start it anew: %w", err)
	}
	const lastSlot = 15_300_000 // in the year 2260
	if s.At < 0 || s.At > lastSlot || len(s.Names) != len(s.Flows) || len(s.Flows) > mostFlow || len(s.Open) > mostOpen*bytesOpen || len(s.Open)%bytesOpen != 0 {
		return nil, fmt.Errorf("what is known of orders and results is damaged: slot %d, %d flows, %d bytes of orders: start it anew", s.At, len(s.Flows), len(s.Open))
	}
	b.at = s.At
	for i := range s.Flows {
		b.flows[s.Names[i]] = s.Flows[i].flow()
	}
	for o := s.Open; len(o) > 0; o = o[bytesOpen:] {
		i, at := int(binary.BigEndian.Uint16(o)), int64(binary.BigEndian.Uint32(o[2:]))
		if i >= len(s.Names) || at/slot > s.At {
			return nil, fmt.Errorf("what is known of orders and results is damaged: an order of flow %d and minute %d: start it anew", i, at)
		}
		b.open[binary.BigEndian.Uint64(o[6:])] = asked{b.flows[s.Names[i]], at}
	}
	return b, nil
}

func (s *flowState) flow() *flow {
	f := newFlow(s.First)
	f.last, f.day, f.excess, f.of = s.Last, s.Day, max(-1e9, min(1e9, s.Excess)), max(0, min(1e9, s.Of))
	f.median = max(0, min(1e5, s.Median))
	spread(f.past[:], s.Past)
	spread(f.came[:], s.Came)
	fill(f.asked[:], s.Asked)
	fill(f.back[:], s.Back)
	for i, h := range s.Hours {
		if i >= 0 && i < len(f.hours) {
			f.hours[i] = hour{min(h[0], mostCount), min(h[1], mostCount), int32(h[2])}
		}
	}
	for k, t := range s.Told {
		f.told[k] = told{t[0], t[1]}
	}
	return f
}

// filled is what is not zero.
func filled[T uint16 | float32](all []T) map[int]T {
	out := map[int]T{}
	for i, n := range all {
		if n > 0 {
			out[i] = n
		}
	}
	return out
}

// mostCount is more than is ever counted, and no more than all counters hold.
const mostCount = 60_000

func fill[T uint16 | float32](all []T, from map[int]T) {
	for i, n := range from {
		if i >= 0 && i < len(all) && n > 0 && n <= mostCount {
			all[i] = n
		}
	}
}

func grid(all []lags) map[int]sparse {
	out := map[int]sparse{}
	for i := range all {
		if row := filled(all[i][:]); len(row) > 0 {
			out[i] = row
		}
	}
	return out
}

func spread(all []lags, from map[int]sparse) {
	for i, row := range from {
		if i >= 0 && i < len(all) {
			fill(all[i][:], row)
		}
	}
}
