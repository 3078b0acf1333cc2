package evtx

import "encoding/binary"

// A program is a compiled fragment of binary XML: steps that write fields from the values of
// an instance. All programs of a chunk share two arenas, and so do the texts they write.

// step is one instruction.
type step struct {
	do    action
	flags flags
	role  role
	place place
	index uint16 // of the value
	name  span   // of the field, as `,"Name":`
	text  span   // JSON, or for addText the inside of a string; for instance the token
	hash  uint32 // of the name
}

type action uint8

const (
	writeValue action = iota // a field of one value
	writeText                // a field of constant text
	beginField               // a field put together from the next steps ...
	addText
	addValue
	endField
	beginName // the name of the next field, put together from the next steps
	endName
	enterPart   // System, EventData and the like begin
	runInstance // an instance of a template inside of another
)

type flags uint8

const (
	skipNull  flags = 1 << iota // leave the field out when it has no value
	asNumber                    // text of digits is a number
	namedLate                   // the name comes from beginName
	namedOut                    // the name is that of the element around the fragment
)

// role marks the fields that Record has at hand.
type role uint8

const (
	noRole role = iota
	roleEventID
	roleChannel
	roleCreated
)

// place is where a fragment stands.
type place uint8

const (
	outside  place = iota // of the root element
	inEvent               // between the root and its parts
	inSystem              // anywhere in System
	inPart                // anywhere in EventData, UserData and the like
	places   = inPart + 1
)

// span is a piece of machine.texts.
type span struct{ from, to uint32 }

// program is a piece of machine.steps.
type program struct{ from, to uint32 }

// value is one value of a template instance.
type value struct {
	at   uint32 // in the chunk
	size uint16
	kind uint8
}

// fault says why a record cannot be read: constant text.
type fault string

// machine compiles and runs the fragments of one chunk and writes one record.
type machine struct {
	chunk    []byte
	limits   Limits
	steps    []step
	texts    []byte
	programs map[uint32]program // by place and offset of the template
	parts    []part             // of the text being compiled
	compiled int                // bytes compiled in this chunk, with the names they point to
	written  int                // bytes written in this chunk
	ran      int                // steps run in this record
	spent    int                // steps run in the records of this chunk before it

	json   []byte
	values []value
	name   []byte // built by beginName
	long   []byte // for names and values on the move
	owner  span   // name of the element around a fragment
	depth  int
	days   dayText
	fields []field
	seen   [8]uint64 // which hashes fields may hold
	fixed  int       // how many fields System has, which nothing joins
	moves  int       // fields moved together in this record
	joined int       // 1 + index of the field that the value being written is joined to
	from   int       // of the value being written

	eventID uint32
	channel span   // in json
	created uint64 // FILETIME
}

// What one chunk may cost. Real chunks need a hundredth: 64 KiB of UTF-16 and the names
// that templates add. A template may run others, and they others again, so that steps multiply.
const (
	maxCompiled = 1 << 20
	maxWritten  = 16 << 20
	maxSteps    = 1 << 20
	recordSteps = 1 << 17 // of one record
)

func (m *machine) open(chunk []byte, lim Limits) {
	m.chunk, m.limits = chunk, lim
	m.steps, m.texts = m.steps[:0], m.texts[:0]
	m.compiled, m.written, m.spent = 0, 0, 0
	if m.programs == nil {
		m.programs = make(map[uint32]program)
		m.steps = make([]step, 0, 512)
		m.texts = make([]byte, 0, 16<<10)
		m.json = make([]byte, 0, 8<<10)
		m.values = make([]value, 0, 64)
		m.fields = make([]field, 0, 64)
	}
	clear(m.programs)
}

// run writes the record whose binary XML is chunk[from:to] into m.json.
func (m *machine) run(from, to int) fault {
	m.json = m.json[:0]
	m.values, m.fields, m.seen = m.values[:0], m.fields[:0], [8]uint64{}
	m.fixed, m.moves, m.depth, m.joined = 0, 0, 0, 0
	m.owner, m.channel = span{}, span{}
	m.eventID, m.created, m.ran = 0, 0, 0
	if m.written > maxWritten || m.spent > maxSteps {
		return "chunk writes out to too much"
	}
	err := m.fragment(from, to, outside)
	m.written += len(m.json)
	m.spent += m.ran
	if err == "" && len(m.fields) == 0 {
		err = "record has no fields"
	}
	if err != "" {
		return err
	}
	m.json[0] = '{' // for the comma of the first field
	m.json = append(m.json, '}')
	return ""
}

// system fills in what Record has at hand.
func (m *machine) system(rec *Record) {
	rec.EventID, rec.JSON = m.eventID, m.json
	rec.Channel = m.json[m.channel.from:m.channel.to]
	rec.Created = rec.Written
	if m.created != 0 {
		rec.Created = filetime(m.created)
	}
}

// fragment runs binary XML that is written out in a record or a value ([MS-EVEN6] 2.2.12
// Fragment). Nearly always it is one template instance.
func (m *machine) fragment(from, to int, at place) fault {
	if m.depth++; m.depth > m.limits.Depth {
		return "templates nested too deep"
	}
	err := fault("")
	for from < to && err == "" {
		switch m.chunk[from] {
		case tokenHeader:
			from += 4
		case tokenEnd:
			from = to
		case tokenInstance:
			from, err = m.instance(from, to, at)
		default:
			err = m.plain(from, to, at)
			from = to
		}
	}
	m.depth--
	return err
}

// plain runs elements that stand in no template: compiled, run once and forgotten, unless a template
// was met in them for the first time and lies in the arenas behind them.
func (m *machine) plain(from, to int, at place) fault {
	steps, texts, programs := len(m.steps), len(m.texts), len(m.programs)
	p, err := m.compile(from, to, at, false)
	if err == "" {
		err = m.exec(p, len(m.values))
	}
	if len(m.programs) == programs {
		m.steps, m.texts = m.steps[:steps], m.texts[:texts]
	}
	return err
}

// u32 reads a number that says where something is or how much there is of it. What no chunk
// can hold is as good as too much.
func (m *machine) u32(at int) int {
	return int(min(binary.LittleEndian.Uint32(m.chunk[at:]), 1<<20))
}

// layout is a template instance taken apart ([MS-EVEN6] 2.2.12 TemplateInstance).
type layout struct {
	definition int // offset of the template
	values     int // of their descriptions
	count      int
	next       int
}

func (m *machine) layout(from, to int) (layout, fault) {
	c := m.chunk
	if from+14 > to {
		return layout{}, "template instance cut off"
	}
	l := layout{definition: m.u32(from + 6)}
	p := from + 10
	if l.definition == p { // it stands here, at its first use
		if p+templateHeaderSize > to {
			return layout{}, "template cut off"
		}
		size := m.u32(p + 20)
		p += templateHeaderSize
		if size > to-p {
			return layout{}, "template longer than its record"
		}
		p += size
	}
	if p+4 > to {
		return layout{}, "template instance cut off"
	}
	l.count = m.u32(p)
	l.values = p + 4
	if l.count > (to-l.values)/4 {
		return layout{}, "more values than the record holds"
	}
	l.next = l.values + 4*l.count
	for p := l.values; p < l.values+4*l.count; p += 4 {
		l.next += int(binary.LittleEndian.Uint16(c[p:]))
	}
	if l.next > to {
		return layout{}, "values longer than the record"
	}
	return l, ""
}

// instanceSteps is what an instance costs besides its steps and values.
const instanceSteps = 8

// instance runs one template with its values and returns what follows them.
func (m *machine) instance(from, to int, at place) (int, fault) {
	l, err := m.layout(from, to)
	if err != "" {
		return 0, err
	}
	if l.definition >= len(m.chunk) {
		return 0, "template outside of its chunk"
	}
	m.ran += instanceSteps + l.count/4
	base := len(m.values)
	at32 := uint32(l.values + 4*l.count)
	for p := l.values; p < l.values+4*l.count; p += 4 {
		size := binary.LittleEndian.Uint16(m.chunk[p:])
		m.values = append(m.values, value{at: at32, size: size, kind: m.chunk[p+2]})
		at32 += uint32(size)
	}
	key := uint32(l.definition)*uint32(places) + uint32(at)
	p, ok := m.programs[key]
	if !ok {
		if p, err = m.template(l.definition, at); err != "" {
			return 0, err
		}
		m.programs[key] = p
	}
	err = m.exec(p, base)
	m.values = m.values[:base]
	return l.next, err
}

// exec runs a program with the values from base on.
func (m *machine) exec(p program, base int) fault {
	values := m.values[base:]
	steps := m.steps[p.from:p.to] // later steps may move the arena; these stay
	if m.ran += len(steps); m.ran > recordSteps {
		return "record has too much in its templates"
	}
	for i := range steps {
		s := &steps[i]
		if len(m.json) > m.limits.Record {
			return "record writes out to too much"
		}
		switch s.do {
		case writeValue:
			v := value{}
			if int(s.index) < len(values) {
				v = values[s.index]
			}
			if err := m.value(s, v); err != "" {
				return err
			}
		case writeText, beginField:
			if err := m.begin(s); err != "" {
				return err
			}
			m.json = append(m.json, m.texts[s.text.from:s.text.to]...)
			if s.do == writeText {
				m.finish(s, 0)
			}
		case addText:
			m.json = append(m.json, m.texts[s.text.from:s.text.to]...)
		case addValue:
			if int(s.index) < len(values) {
				m.json = m.appendInside(m.json, values[s.index])
			}
		case endField:
			m.json = append(m.json, '"')
			m.finish(s, 0)
		case beginName:
			m.from = len(m.json)
			m.json = append(m.json, `,"`...)
		case endName:
			m.name = append(append(m.name[:0], m.json[m.from:]...), `":`...)
			m.json = m.json[:m.from]
		case enterPart:
			if s.place != inSystem && m.fixed == 0 {
				m.fixed = len(m.fields)
			}
		case runInstance:
			if err := m.nested(int(s.text.from), int(s.text.to), s); err != "" {
				return err
			}
		}
	}
	return ""
}

// value writes one field of one value.
func (m *machine) value(s *step, v value) fault {
	switch {
	case v.kind == typeBinXML:
		return m.nested(int(v.at), int(v.at)+int(v.size), s)
	case v.isNull():
		if s.flags&skipNull != 0 {
			return ""
		}
		if err := m.begin(s); err != "" {
			return err
		}
		m.json = append(m.json, "null"...)
	default:
		if err := m.begin(s); err != "" {
			return err
		}
		m.json = m.appendValue(m.json, v)
	}
	m.finish(s, v.kind)
	if s.role == roleCreated && v.kind == typeFileTime && v.size == 8 {
		m.created = binary.LittleEndian.Uint64(m.chunk[v.at:])
	}
	return ""
}

// nested runs a fragment that stands where step s would write a field.
func (m *machine) nested(from, to int, s *step) fault {
	owner := m.owner
	if s.flags&(namedOut|namedLate) == 0 {
		m.owner = s.name
	}
	err := m.fragment(from, to, s.place)
	m.owner = owner
	return err
}
