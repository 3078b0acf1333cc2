package detect

import (
	"hash/maphash"
)

// memo remembers which rules wait at what stands in a value at a path: for most values none, and most values
// of a log have been there before, such as paths of programs, names of machines and users. It is a table of fixed
// size in which the newer value takes the place of the older.
//
// Values are told by 61 bits of a hash alone. It is keyed by chance, anew for every matcher, so that nobody can
// make up a value that is taken for a harmless one.
type memo struct {
	seed    maphash.Seed
	entries []uint64 // 48 bits of the hash, then the number of a list
	lists   []span
	rules   []int32 // of all lists, one behind the other
}

// span is where a list stands.
type span struct{ from, to int32 }

const (
	memoBits  = 13 // 8192 values, 64 KiB
	listBits  = 16
	listMask  = 1<<listBits - 1
	maxListed = 1 << 20 // rules in all lists
	unknown   = 0       // instead of a list
	none      = 1       // the list of no rules
)

func newMemo() memo {
	return memo{seed: maphash.MakeSeed(), entries: make([]uint64, 1<<memoBits), lists: make([]span, none+1)}
}

// key is what a value at the path of a slot is told by: the place of its entry by the first bits, the entry
// by those that follow.
func (m *memo) key(v *view, slot *wantedSlot, raw []byte) uint64 {
	return (maphash.Bytes(m.seed, raw) ^ (v.salt + slot.hash)) * 0x9e3779b97f4a7c15
}

// get returns the rules that wait at a value, if it is known.
func (m *memo) get(key uint64) (rules []int32, known bool) {
	e := m.entries[key>>(64-memoBits)]
	if (e^key<<memoBits)&^listMask != 0 || e&listMask == unknown {
		return nil, false
	}
	if e&listMask == none {
		return nil, true
	}
	list := m.lists[e&listMask]
	return m.rules[list.from:list.to], true
}

// put notes the rules that wait at a value.
func (m *memo) put(key uint64, rules []int32) {
	list := uint64(none)
	if len(rules) > 0 {
		if len(m.lists) > listMask || len(m.rules) > maxListed {
			clear(m.entries)
			m.lists, m.rules = m.lists[:none+1], m.rules[:0]
		}
		list = uint64(len(m.lists))
		from := int32(len(m.rules))
		m.rules = append(m.rules, rules...)
		m.lists = append(m.lists, span{from, int32(len(m.rules))})
	}
	m.entries[key>>(64-memoBits)] = key<<memoBits&^listMask | list
}

// verdicts remembers whether values passed tests, in the same way. It is asked about values that memo knew:
// of a value that comes once there is nothing to remember.
type verdicts []uint64 // 63 bits of a hash, then whether the value passed

const verdictBits = 15 // 32768 verdicts, 256 KiB

func newVerdicts() verdicts { return make(verdicts, 1<<verdictBits) }

// of returns what a value and a test are told by, and the place of their verdict.
func (v verdicts) of(key uint64, pred int32) (mixed uint64, entry *uint64) {
	mixed = (key ^ uint64(pred+1)*0xd6e8feb86659fd93) * 0x9e3779b97f4a7c15
	return mixed &^ 1, &v[mixed>>(64-verdictBits)]
}
