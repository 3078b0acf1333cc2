package detect

import (
	"github.com/wardline/wardline/format/sigma"
	"github.com/wardline/wardline/internal/detect/literal"
	"github.com/wardline/wardline/internal/event"
)

// Engine is a compiled set of rules. It never changes and serves any number of
// matchers at once.
type Engine struct {
	rules      []*sigma.Rule
	programs   []program // by rule
	fields     []string  // by field number; fields[anyField] is ""
	predicates []predicate
	regexes    int     // among the predicates
	views      []*view // by event.Class.ID
}

// Options changes how rules are compiled.
type Options struct {
	// Unrouted asks every rule about every event, whatever its log source.
	Unrouted bool
}

// Rules lists the compiled rules; Matcher.Match speaks of them by position.
func (e *Engine) Rules() []*sigma.Rule { return e.rules }

// view is how events of one class look to a group of rules: which of their paths are
// which fields.
type view struct {
	group *group
	slots []wantedSlot // open addressing by path hash
	mask  uint64
	salt  uint64     // tells its values from those of other views
	mayBe [64]uint64 // one bit for each twelve bits of a hash: nothing else can be wanted
}

// wantedSlot is a path of which something is wanted.
type wantedSlot struct {
	hash    uint64
	wanted  []wanted
	indexes []int32 // of the group: those in which values at the path are looked up
}

// wanted says that values at a path belong to a field.
type wanted struct {
	path  string
	field int32
}

// slot returns what is wanted under a path's hash, or nil.
func (v *view) slot(hash uint64) *wantedSlot {
	if v.mayBe[hash>>58]>>(hash>>52&63)&1 == 0 { // few of an event's fields are wanted by any rule
		return nil
	}
	for at := hash & v.mask; ; at = (at + 1) & v.mask {
		switch s := &v.slots[at]; {
		case s.wanted == nil:
			return nil
		case s.hash == hash:
			return s
		}
	}
}

// group is the rules that serve the same log sources, and where each of them waits.
type group struct {
	rules    []int32
	always   []int32 // rules without a witness
	indexes  []fieldIndex
	keywords *fieldIndex // what stands in any field; nil when there is nothing. The indexes hold it too
}

// fieldIndex holds the witness literals of one field, or of values that are in no indexed one.
type fieldIndex struct {
	field    int32
	sieve    *literal.Sieve // for values as they lie in the event
	literals *literal.Set   // the same literals, for folded values
	rules    [][]int32      // by literal id
	numbers  bool           // some literals are numbers: look also for the shortest form of the value
	shortest int            // bytes of the shortest text in which anything can be found
	teddy    *literal.Teddy // looks at a whole event for the literals, where they are few; may be nil
}

// Compile makes an engine of rules for the classes of a taxonomy. A rule that
// cannot be honoured is left out and reported.
func Compile(rules []*sigma.Rule, tax *event.Taxonomy, o Options) (*Engine, []sigma.Problem) {
	c := newCompiler()
	problems := c.addRules(rules)
	e := &Engine{rules: c.rules, programs: c.programs, fields: c.fields, predicates: c.predicates, regexes: c.regexes}
	e.views = c.viewsOf(tax.Classes(), o)
	return e, problems
}
