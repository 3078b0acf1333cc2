package hl7

import (
	"strconv"

	"github.com/wardline/wardline/format/hl7"
	"github.com/wardline/wardline/internal/event"
)

// What is written out of one message: enough for the widest segment of the standard, and
// bounded for a hostile one.
const (
	maxSegments    = 64 // of one name
	maxFields      = 64
	maxComponents  = 24
	maxRepetitions = 64
	maxValues      = 8 << 10 // in all
)

// segmentNames names the segments whose fields are written out.
func segmentNames() [11]string {
	return [...]string{"MSH", "EVN", "PID", "PV1", "MRG", "ORC", "OBR", "TXA", "MSA", "ERR", "QPD"}
}

type count struct {
	name string
	n    int
}

// cell is one repetition of one field, as written.
type cell struct {
	field int
	text  []byte
}

func (w *writer) segments(m *hl7.Message, b *event.Builder) {
	w.written = 0
	for _, name := range segmentNames() {
		w.gather(m, name)
		w.write(m, name, b)
	}
	w.count(m)
	b.Object("segments")
	for _, c := range w.counts {
		b.Int(c.name, int64(c.n))
	}
	b.End()
}

// gather lists the filled repetitions of all segments of one name, in w.cells.
func (w *writer) gather(m *hl7.Message, name string) {
	w.cells = w.cells[:0]
	found := 0
	for _, s := range m.Segments {
		if s.Name() != name {
			continue
		}
		if found++; found > maxSegments || len(w.cells) > maxValues {
			return
		}
		for n, field := range m.AllFields(s) {
			if n > maxFields {
				break
			}
			if name == "MSH" && n <= 2 { // the delimiters themselves
				w.cells = append(w.cells, cell{n, field})
				continue
			}
			for r := 1; r <= maxRepetitions; r++ {
				text, ok := m.RepetitionText(field, r)
				if !ok {
					break
				}
				if len(text) > 0 {
					w.cells = append(w.cells, cell{n, text})
				}
			}
		}
	}
}

// write adds the fields of w.cells: each as written, and its components.
func (w *writer) write(m *hl7.Message, name string, b *event.Builder) {
	for n := 1; n <= maxFields; n++ {
		w.values = w.values[:0]
		widest := 0
		for _, c := range w.cells {
			if c.field == n {
				w.values = append(w.values, string(c.text))
				widest = max(widest, m.Components(c.text))
			}
		}
		if len(w.values) == 0 {
			continue
		}
		key := name + "-" + strconv.Itoa(n)
		w.add(b, key)
		if name == "MSH" && n <= 2 {
			continue
		}
		for k := 1; k <= min(widest, maxComponents); k++ {
			w.component(m, n, k)
			w.add(b, key+"."+strconv.Itoa(k))
		}
	}
}

// component lists component k of field n in w.values.
func (w *writer) component(m *hl7.Message, n, k int) {
	w.values = w.values[:0]
	for _, c := range w.cells {
		if c.field != n {
			continue
		}
		if text, ok := m.ComponentText(c.text, k); ok && len(text) > 0 {
			w.values = append(w.values, string(m.Unescape(nil, text)))
		}
	}
}

// add writes w.values under key: one value as it is, several as an array.
func (w *writer) add(b *event.Builder, key string) {
	if w.written += len(w.values); w.written > maxValues {
		return
	}
	switch len(w.values) {
	case 0:
	case 1:
		b.String(key, w.values[0])
	default:
		b.Strings(key, w.values)
	}
}

// count counts the segments by name, in the order in which they first occur.
func (w *writer) count(m *hl7.Message) {
	w.counts = w.counts[:0]
next:
	for _, s := range m.Segments {
		name := s.Name()
		if name == "" {
			continue
		}
		for i := range w.counts {
			if w.counts[i].name == name {
				w.counts[i].n++
				continue next
			}
		}
		if len(w.counts) < maxSegments {
			w.counts = append(w.counts, count{name, 1})
		}
	}
}
