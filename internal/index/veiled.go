package index

import (
	"bytes"
	"iter"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/vault/veil"
)

const (
	mostTokens      = 4000 // of one field
	mostAuthorities = 4    // for which a patient's number has a token each
	mostNames       = 4    // of each part, of which names are made
	mostAddresses   = 64
)

// values yields the places of a column's values.
func (r *rows) values(fields int, c col) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := c.first; yield(i) && i != c.last; {
			i = int(r.next[i-fields-1])
		}
	}
}

// valuesOf yields the values of the column of that name, each until the next is asked for.
func (r *rows) valuesOf(text []byte, fields int, name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		at, ok := r.byName[name]
		if !ok {
			return
		}
		for i := range r.values(fields, r.columns[at]) {
			if !yield(r.plain(text, i)) {
				return
			}
		}
	}
}

// plain is a value without escapes, until the next is asked for.
func (r *rows) plain(text []byte, i int) []byte {
	if v := &r.index.Values[i]; v.Marks&jsonl.Escaped == 0 {
		return text[v.Start:v.End]
	}
	r.scratch = r.index.Text(text, i, r.scratch)
	return r.scratch
}

// hear learns from a line whose row the index has already, as after an unclean end.
func (r *rows) hear(text []byte) {
	if r.index.Scan(text, jsonl.DefaultLimits()) != nil {
		return
	}
	if h, ok := r.head(text); ok && veil.Clinical(r.text(text, h.class)) {
		r.gather(text, h.fields)
		r.learn(text, h.fields)
	}
}

// learn notes by which numbers and names a clinical event knows patients.
func (r *rows) learn(text []byte, fields int) {
	for _, name := range [...]string{"access.patient", "access.encounter", "PID-2.1", "PID-3.1", "PID-13.1", "PID-13.12", "PID-14.1", "PID-18.1", "PID-19", "MRG-1.1",
		"identifier.value", "telecom.value"} {
		for v := range r.valuesOf(text, fields, name) {
			r.veil.Number(v)
			if i := bytes.LastIndexByte(v, '/'); i >= 0 { // Patient/0042
				r.veil.Number(v[i+1:])
			}
		}
	}
	for _, name := range [...][2]string{{"PID-5.1", "PID-5.2"}, {"MRG-7.1", "MRG-7.2"}, {"name.family", "name.given"}} {
		if _, ok := r.byName[name[0]]; ok {
			r.learnNames(text, fields, name[0], name[1])
		}
	}
	for _, name := range [...]string{"patient.display", "PatientName", "PAT_NAME", "PATIENT_NAME", "patient_name"} {
		for v := range r.valuesOf(text, fields, name) {
			if i := bytes.IndexAny(v, " ,^"); i > 0 {
				r.veil.Name(v[:i], v[i+1:])
			}
		}
	}
}

func (r *rows) learnNames(text []byte, fields int, family, given string) {
	var families [][]byte
	for f := range r.valuesOf(text, fields, family) {
		if families = append(families, bytes.Clone(f)); len(families) == mostNames {
			break
		}
	}
	n := 0
	for g := range r.valuesOf(text, fields, given) {
		for _, f := range families {
			r.veil.Name(f, g)
		}
		if n++; n == mostNames {
			break
		}
	}
}

// appendClinical writes what may be seen of a clinical event. Fields that are left out because of their names are not cut:
// colVeiled says that there are some.
func (r *rows) appendClinical(dst []byte, limit int, text []byte, fields int) (row []byte, cut int) {
	veiled := false
	r.addresses = r.addresses[:0]
	for _, c := range r.columns {
		before := len(dst)
		switch veil.Of(c.name) {
		case veil.Kept:
			if !r.fits(text, fields, c) {
				cut++
				r.note(text, fields, c)
				continue
			}
			dst = r.appendColumn(dst, text, fields, c)
		case veil.Tokens:
			veiled = true
			r.note(text, fields, c)
			var all bool
			if dst, all = r.appendTokens(dst, text, fields, c); !all {
				cut++
			}
		default:
			veiled = true
			r.note(text, fields, c)
			continue
		}
		if len(dst) > limit {
			dst = dst[:before]
			cut++
		}
	}
	if len(r.addresses) >= mostAddresses {
		cut++ // there may be more
	}
	if veiled {
		dst = append(dst, `,"@veiled":"1"`...)
	}
	if len(r.addresses) > 0 {
		dst = append(dst, `,"@addresses":`...)
		dst = appendTexts(dst, r.addresses)
	}
	return dst, cut
}

// fits tells whether all values of a column may be seen. A message of HL7 that lost a part has names of people where names of
// systems belong.
func (r *rows) fits(text []byte, fields int, c col) bool {
	name := c.name
	_, hl7 := r.byName["MSH-3"]
	if hl7 && name == "access.native_action" {
		name = "MSH-9" // which it repeats
	}
	for i := range r.values(fields, c) {
		v := r.plain(text, i)
		if !veil.Fits(name, v) || r.index.Values[i].Kind == jsonl.String && r.veil.Hides(v) || hl7 && veil.NamesSystem(name) && r.veil.IsName(v) {
			return false
		}
	}
	return true
}

// appendTokens writes a column of tokens. all is false when there were too many.
func (r *rows) appendTokens(dst, text []byte, fields int, c col) (row []byte, all bool) {
	r.authorities = r.authorities[:0]
	for a := range r.valuesOf(text, fields, "access.patient_authority") {
		if len(r.authorities) < mostAuthorities {
			r.authorities = append(r.authorities, string(a))
		}
	}
	tokens := r.tokens[:0]
	for i := range r.values(fields, c) {
		if len(tokens) >= mostTokens {
			break
		}
		tokens = r.veil.Tokens(tokens, c.name, string(r.plain(text, i)), r.authorities)
	}
	r.tokens = tokens
	dst = append(dst, ',')
	dst = jsonl.AppendString(dst, c.name)
	dst = append(dst, ':')
	return appendTexts(dst, tokens), len(tokens) < mostTokens
}

// note gathers the addresses of machines in what is left out: indicators are looked for by them.
func (r *rows) note(text []byte, fields int, c col) {
	for i := range r.values(fields, c) {
		v := r.plain(text, i)
		if len(r.addresses) < mostAddresses && bytes.Count(v, []byte{'.'}) >= 3 {
			r.addresses = appendAddresses(r.addresses, v)
			r.addresses = r.addresses[:min(len(r.addresses), mostAddresses)]
		}
	}
}

// appendAddresses appends what may be IPv4 addresses: four numbers with dots between them, by themselves. The first may have two digits of
// an escape before it.
func appendAddresses(addresses []string, text []byte) []string {
	for len(text) > 0 {
		start := bytes.IndexAny(text, "0123456789")
		if start < 0 {
			break
		}
		text = text[start:]
		end := 0
		for end < len(text) && (text[end] == '.' || '0' <= text[end] && text[end] <= '9') {
			end++
		}
		if run := bytes.TrimRight(text[:end], "."); bytes.Count(run, []byte{'.'}) == 3 && len(run) <= len("20255.255.255.255") {
			addresses = append(addresses, string(run))
		}
		text = text[end:]
	}
	return addresses
}

// hidden returns the values of a column of a machine's event without the patients in it; false when there are none.
func (r *rows) hidden(text []byte, fields int, c col) ([]string, bool) {
	patient := r.namesPatient(c.name)
	hides := patient
	for i := range r.values(fields, c) {
		if hides = hides || r.index.Values[i].Kind == jsonl.String && r.veil.Hides(r.plain(text, i)); hides {
			break
		}
	}
	if !hides {
		return nil, false
	}
	all := []string{}
	for i := range r.values(fields, c) {
		switch v := r.plain(text, i); {
		case patient:
			all = r.veil.Tokens(all, c.name, string(v), nil)
		default:
			v, _ = r.veil.Hide(v)
			all = append(all, string(v))
		}
	}
	return all, true
}

// namesPatient remembers what veil.NamesPatient says of the names that come again and again.
func (r *rows) namesPatient(name string) bool {
	says, ok := r.patients[name]
	if !ok {
		if len(r.patients) > maxStream {
			clear(r.patients)
		}
		says = veil.NamesPatient(name)
		r.patients[name] = says
	}
	return says
}

// appendTexts writes one value as it is kept, and several as a string that holds a JSON array.
func appendTexts(dst []byte, values []string) []byte {
	if len(values) == 1 {
		return jsonl.AppendString(dst, keep(values[0]))
	}
	list := []byte{'['}
	for i, v := range values {
		if i > 0 {
			list = append(list, ',')
		}
		list = jsonl.AppendString(list, v)
	}
	return jsonl.AppendString(dst, append(list, ']'))
}
