package detect

import (
	"math"

	"github.com/wardline/wardline/internal/detect/literal"
)

// A witness is a set of literals, at least one of which stands in every event that a
// rule can match. Rules wait at their witness and are not looked at before it turns up.
// Among the sets that a rule's logic offers, the one expected to turn up least
// is taken.
type witness struct {
	marks  []mark
	chance float64 // expected share of events that hold it, very roughly
}

// mark is one literal of a witness, in one field.
type mark struct {
	field int32
	hint  hint
}

// never is the witness of what no event satisfies.
func never() *witness { return &witness{} }

// witnessOf returns the best witness of e, or of its opposite when negated; nil when it has none.
func (c *compiler) witnessOf(e expr, negated bool) *witness {
	switch {
	case e.kind == isNot:
		return c.witnessOf(*e.not, !negated)
	case e.kind == isNever && !negated:
		return never()
	case e.kind == isAnd && !negated:
		return c.bestOf(e.and, negated)
	case e.kind == isOr && negated: // not (a or b) is (not a) and (not b)
		return c.bestOf(e.or, negated)
	case e.kind == isOr:
		return c.unionOf(e.or, negated)
	case e.kind == isAnd:
		return c.unionOf(e.and, negated)
	case e.kind == isPredicate && !negated:
		return c.ownWitness(e.pred)
	}
	return nil
}

// bestOf serves a conjunction: the witness of any operand will do.
func (c *compiler) bestOf(es []expr, negated bool) *witness {
	var best *witness
	for _, e := range es {
		if w := c.witnessOf(e, negated); w != nil && (best == nil || w.chance < best.chance) {
			best = w
		}
	}
	return best
}

// unionOf serves a disjunction: the witnesses of all operands together.
func (c *compiler) unionOf(es []expr, negated bool) *witness {
	union := never()
	for _, e := range es {
		w := c.witnessOf(e, negated)
		if w == nil {
			return nil
		}
		union.marks = append(union.marks, w.marks...)
		union.chance += w.chance
	}
	return union
}

// ownWitness is that of a single predicate: its hints.
func (c *compiler) ownWitness(pred int32) *witness {
	p := &c.predicates[pred]
	if len(p.hints) == 0 {
		return nil
	}
	w := never()
	for _, h := range p.hints {
		w.marks = append(w.marks, mark{p.field, h})
		w.chance += chance(h)
	}
	if p.field == anyField { // every text of the event would have to be searched
		w.chance += 1
	}
	return w
}

// chance guesses how large a share of the events that reach a rule hold the literal in
// the field. Only speed depends on it.
func chance(h hint) float64 {
	if c, known := commonTexts()[h.text]; known {
		return c
	}
	bits := 0
	for i := 0; i < len(h.text); i++ {
		bits += literal.Rarity(h.text[i])
	}
	switch h.at {
	case literal.Whole:
		return max(0.002, math.Exp2(-float64(bits)/2))
	case literal.Anywhere:
		return max(0.0005, math.Exp2(-float64(bits)/4))
	default:
		return max(0.001, math.Exp2(-float64(bits)/4))
	}
}

// commonTexts lists literals that rules ask for and that ordinary days are full of.
func commonTexts() map[string]float64 {
	return map[string]float64{
		"\\CMD.EXE": 0.15, "CMD.EXE": 0.15, "\\POWERSHELL.EXE": 0.15, "POWERSHELL.EXE": 0.15, "\\PWSH.EXE": 0.02, "PWSH.DLL": 0.02,
		"\\SVCHOST.EXE": 0.1, "\\RUNDLL32.EXE": 0.05, "RUNDLL32.EXE": 0.05, "\\EXPLORER.EXE": 0.1, "\\CONHOST.EXE": 0.1,
		"\\NET.EXE": 0.03, "\\NET1.EXE": 0.03, "\\REG.EXE": 0.03, "\\WMIC.EXE": 0.03, "\\SC.EXE": 0.03, "\\SCHTASKS.EXE": 0.03,
		"\\SERVICES.EXE": 0.05, "\\LSASS.EXE": 0.1, "\\MSIEXEC.EXE": 0.03, "\\REGSVR32.EXE": 0.02, "\\WMIPRVSE.EXE": 0.05,
		"\\W3WP.EXE": 0.02, "\\WINWORD.EXE": 0.02, "\\EXCEL.EXE": 0.02, "\\OUTLOOK.EXE": 0.02, "\\MSEDGE.EXE": 0.05, "\\CHROME.EXE": 0.05,
		"C:\\": 0.8, "C:\\WINDOWS\\": 0.6, "C:\\WINDOWS\\SYSTEM32\\": 0.5, "\\WINDOWS\\": 0.6, "\\SYSTEM32\\": 0.5, "C:\\USERS\\": 0.2,
		"C:\\PROGRAM FILES\\": 0.2, "C:\\PROGRAM FILES (X86)\\": 0.1, "\\APPDATA\\": 0.15, "\\USERS\\": 0.2, ".EXE": 0.7, ".DLL": 0.4,
		"\\APPDATA\\LOCAL\\": 0.1, "\\TEMP\\": 0.1, "SYSTEM": 0.4, "HKLM\\": 0.7, "HKCU\\": 0.1, "\\SOFTWARE\\MICROSOFT\\WINDOWS\\CURRENTVERSION\\": 0.1,
		"TRUE": 0.5, "FALSE": 0.5, "SUCCESS": 0.5, "SETVALUE": 0.5, "DELETEVALUE": 0.1, "MICROSOFT": 0.3, "POWERSHELL": 0.1, "HTTP": 0.1,
		" -": 0.6, " /": 0.4, "-": 0.7, "/": 0.5, "\\": 0.9, "GET": 0.7, "POST": 0.3, "200": 0.7, "-EMBEDDING": 0.05, "NT AUTHORITY\\": 0.4,
	}
}
