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
	if c, ok := common(h.text); ok {
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

// common tells literals that rules ask for and that ordinary days are full of.
func common(text string) (chance float64, ok bool) {
	switch text {
	case "\\":
		return 0.9, true
	case "C:\\":
		return 0.8, true
	case ".EXE", "HKLM\\", "-", "GET", "200":
		return 0.7, true
	case "C:\\WINDOWS\\", "\\WINDOWS\\", " -":
		return 0.6, true
	case "C:\\WINDOWS\\SYSTEM32\\", "\\SYSTEM32\\", "TRUE", "FALSE", "SUCCESS", "SETVALUE", "/":
		return 0.5, true
	case ".DLL", "SYSTEM", " /", "NT AUTHORITY\\":
		return 0.4, true
	case "MICROSOFT", "POST":
		return 0.3, true
	case "C:\\USERS\\", "C:\\PROGRAM FILES\\", "\\USERS\\":
		return 0.2, true
	case "\\CMD.EXE", "CMD.EXE", "\\POWERSHELL.EXE", "POWERSHELL.EXE", "\\APPDATA\\":
		return 0.15, true
	case "\\SVCHOST.EXE", "\\EXPLORER.EXE", "\\CONHOST.EXE", "\\LSASS.EXE", "C:\\PROGRAM FILES (X86)\\", "\\APPDATA\\LOCAL\\", "\\TEMP\\", "HKCU\\", "\\SOFTWARE\\MICROSOFT\\WINDOWS\\CURRENTVERSION\\",
		"DELETEVALUE", "POWERSHELL", "HTTP":
		return 0.1, true
	case "\\RUNDLL32.EXE", "RUNDLL32.EXE", "\\SERVICES.EXE", "\\WMIPRVSE.EXE", "\\MSEDGE.EXE", "\\CHROME.EXE", "-EMBEDDING":
		return 0.05, true
	case "\\NET.EXE", "\\NET1.EXE", "\\REG.EXE", "\\WMIC.EXE", "\\SC.EXE", "\\SCHTASKS.EXE", "\\MSIEXEC.EXE":
		return 0.03, true
	case "\\PWSH.EXE", "PWSH.DLL", "\\REGSVR32.EXE", "\\W3WP.EXE", "\\WINWORD.EXE", "\\EXCEL.EXE", "\\OUTLOOK.EXE":
		return 0.02, true
	}
	return 0, false
}
