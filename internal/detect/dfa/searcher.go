package dfa

import (
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// Budget is what the states of some searchers may take together.
type Budget struct{ left int }

// NewBudget allows so many bytes.
func NewBudget(bytes int) *Budget { return &Budget{left: bytes} }

// Searcher searches for one expression. It remembers the states that texts have led to and
// belongs to one goroutine.
type Searcher struct {
	re     *Regexp
	budget *Budget
	next   []int32          // rows of tables, by class: the row of the state that follows; see below
	states []string         // see key
	known  map[string]int32 // rows of states
	size   int              // bytes that states hold, roughly
	resets int
	tables int // classes of the expression, and one more for the end of the text

	set  []uint32 // instructions gathered so far
	mark []uint32 // by instruction: generation in which it was reached
	turn uint32
	key  []byte
}

// A state is what may be under way between two characters. It is kept as a text: the kind of the character
// just read, and the instructions to go on from, whose assertions have not been asked yet.
func (s *Searcher) keyOf(at []uint32, before kind) {
	s.key = append(s.key[:0], byte(before))
	for _, pc := range at {
		s.key = binary.LittleEndian.AppendUint32(s.key, pc)
	}
}

// What stands in a table instead of a state. A state is known by the place of its row, which is above 0.
const (
	unknown  = 0
	found    = -1
	rejected = -2
)

// maxResets is how often a searcher may begin anew before it gives up.
const maxResets = 8

// Searcher returns a new searcher, whose states count against a budget.
func (r *Regexp) Searcher(b *Budget) *Searcher {
	r.once.Do(r.classify)
	s := &Searcher{re: r, budget: b, tables: len(r.sample) + 1, mark: make([]uint32, len(r.prog.Inst))}
	if len(r.sample) > maxClasses {
		s.resets = maxResets + 1
	}
	s.forget()
	return s
}

// forget drops all states but the first.
func (s *Searcher) forget() {
	s.budget.left += s.size
	s.next, s.states, s.size, s.known = []int32{0}, nil, 0, map[string]int32{}
	s.keyOf([]uint32{uint32(s.re.prog.Start)}, edge)
	s.add()
}

// Match tells whether the expression is found anywhere in text. What is not UTF-8 reads as U+FFFD.
func (s *Searcher) Match(text []byte) bool {
	if len(text) < s.re.shortest {
		return false
	}
	if r := &s.re.run; r.length > 0 {
		if found, certain := r.in(text); !found || r.whole && certain {
			return found
		}
	}
	if s.resets > maxResets {
		return s.re.slow.Match(text)
	}
	row, table, ascii := int32(1), s.next, &s.re.ascii
	for i := 0; i < len(text); {
		class := int32(0)
		if c := text[i]; c < utf8.RuneSelf {
			class = int32(ascii[c])
			i++
		} else {
			r, n := utf8.DecodeRune(text[i:])
			class = int32(s.re.rangeClass(r))
			i += n
		}
		next := table[row+class]
		if next <= 0 {
			if next == unknown {
				next = s.follow(row, class)
				table = s.next
			}
			if next < 0 {
				return next == found
			}
		}
		row = next
	}
	end := int32(s.tables - 1)
	next := table[row+end]
	if next == unknown {
		next = s.follow(row, end)
	}
	return next == found
}

// follow works out where a class leads from a state, and notes it.
func (s *Searcher) follow(row, class int32) int32 {
	slot := row + class
	after, atEnd := edge, int(class) == s.tables-1
	if !atEnd {
		after = kindOf(s.re.sample[class])
	}
	if from := s.states[int(row)/s.tables]; s.closure(from[1:], assertions(kind(from[0]), after)) {
		s.next[slot] = found
		return found
	}
	if atEnd {
		s.next[slot] = rejected
		return rejected
	}
	goOn := s.step(s.re.sample[class])
	if len(goOn) == 0 {
		s.next[slot] = rejected
		return rejected
	}
	s.keyOf(goOn, after)
	if n, ok := s.known[string(s.key)]; ok {
		s.next[slot] = n
		return n
	}
	if s.budget.left <= 0 && s.size > 0 {
		return s.begunAnew()
	}
	n := s.add()
	s.next[slot] = n
	return n
}

// begunAnew forgets all states but the one that s.key holds, and returns its row.
func (s *Searcher) begunAnew() int32 {
	s.resets++
	key := slices.Clone(s.key)
	s.forget()
	s.key = key
	return s.add()
}

// closure gathers in s.set the instructions that read a character next, and tells whether the
// match is complete without one.
func (s *Searcher) closure(from string, holds syntax.EmptyOp) bool {
	s.begin()
	for ; from != ""; from = from[4:] {
		pc := uint32(from[0]) | uint32(from[1])<<8 | uint32(from[2])<<16 | uint32(from[3])<<24
		if s.reach(pc, holds) {
			return true
		}
	}
	return false
}

// begin empties s.set.
func (s *Searcher) begin() {
	s.set = s.set[:0]
	if s.turn++; s.turn == 0 {
		clear(s.mark)
		s.turn = 1
	}
}

func (s *Searcher) reach(pc uint32, holds syntax.EmptyOp) bool {
	for s.mark[pc] != s.turn {
		s.mark[pc] = s.turn
		inst := &s.re.prog.Inst[pc]
		switch inst.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstFail:
			return false
		case syntax.InstAlt, syntax.InstAltMatch:
			if s.reach(inst.Arg, holds) {
				return true
			}
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^holds != 0 {
				return false
			}
		case syntax.InstCapture, syntax.InstNop:
		default:
			s.set = append(s.set, pc)
			return false
		}
		pc = inst.Out
	}
	return false
}

// step lets the instructions in s.set read a character and returns where they go on, sorted.
func (s *Searcher) step(c rune) []uint32 {
	reading := s.set
	s.set = s.set[len(s.set):]
	if s.turn++; s.turn == 0 {
		clear(s.mark)
		s.turn = 1
	}
	for _, pc := range reading {
		if inst := &s.re.prog.Inst[pc]; inst.MatchRune(c) && s.mark[inst.Out] != s.turn {
			s.mark[inst.Out] = s.turn
			s.set = append(s.set, inst.Out)
		}
	}
	if start := uint32(s.re.prog.Start); !s.re.anchored && s.mark[start] != s.turn {
		s.set = append(s.set, start)
	}
	goOn := s.set
	s.set = reading[:0]
	slices.Sort(goOn)
	return goOn
}

// add makes the state that s.key holds, unless it is there, and returns its row.
func (s *Searcher) add() int32 {
	if n, ok := s.known[string(s.key)]; ok {
		return n
	}
	key := string(s.key)
	s.states = append(s.states, key)
	row := int32(len(s.next))
	s.known[key] = row
	s.next = append(s.next, make([]int32, s.tables)...)
	cost := 8*s.tables + len(key) + 64
	s.size += cost
	s.budget.left -= cost
	return row
}
