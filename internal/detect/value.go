package detect

import "github.com/wardline/wardline/format/jsonl"

// value is one value of a field of the present event.
type value struct {
	owner *Matcher
	known uint64 // what memo tells it by, if it has been there before
	index int32  // in the event's Index
	next  int32  // value of the same field, or -1
	made  int32  // in Matcher.texts; 0 until one is asked for
	kind  jsonl.Kind
}

// texts are the forms in which tests look at a value. Each is made when first asked for, and kept.
type texts struct {
	plain, folded []byte
	grams         grams // of the folded one
	sought        int32 // literals looked for in it
}

func isScalar(k jsonl.Kind) bool { return k != jsonl.Null && k <= jsonl.String }

func (v *value) texts() *texts {
	m := v.owner
	if v.made == 0 {
		v.made = int32(len(m.texts))
		m.texts = append(m.texts, texts{})
	}
	return &m.texts[v.made]
}

// raw is the value as it stands in the event.
func (v *value) raw() (text []byte, marks jsonl.Marks) {
	x := &v.owner.event.Index.Values[v.index]
	return v.owner.event.Fields[x.Start:x.End:x.End], x.Marks
}

// plain is the value's text without quotes and escapes.
func (v *value) plain() []byte {
	t := v.texts()
	if t.plain != nil {
		return t.plain
	}
	raw, marks := v.raw()
	t.plain = raw
	if m := v.owner; marks&jsonl.Escaped != 0 {
		from := len(m.scratch)
		m.scratch = jsonl.AppendUnescaped(m.scratch, raw)
		t.plain = m.scratch[from:len(m.scratch):len(m.scratch)]
	}
	return t.plain
}

// folded is the value's text in the form that ignores case.
func (v *value) folded() []byte {
	t := v.texts()
	if t.folded != nil {
		return t.folded
	}
	m := v.owner
	raw, marks := v.raw()
	from := len(m.scratch)
	if marks&jsonl.Escaped != 0 {
		m.scratch = appendFoldedJSON(m.scratch, raw)
	} else {
		m.scratch = appendFolded(m.scratch, raw)
	}
	t.folded = m.scratch[from:len(m.scratch):len(m.scratch)]
	return t.folded
}

// grams lists the windows of the folded text, once it has been worth it: who asks says how many literals
// will be looked for.
func (v *value) grams(literals int) *grams {
	text, t := v.folded(), v.texts()
	if t.sought += int32(literals); t.grams.bits == nil && t.sought >= worthGrams {
		t.grams, v.owner.windows = newGrams(text, v.owner.windows)
	}
	return &t.grams
}
