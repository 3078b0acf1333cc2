package evtx

import "encoding/binary"

// Tokens of binary XML ([MS-EVEN6] 2.2.12). Bit tokenMore says that another of the same
// kind follows, or that an element has attributes.
const (
	tokenEnd        = 0x00
	tokenOpen       = 0x01
	tokenClose      = 0x02 // of a start tag
	tokenCloseEmpty = 0x03
	tokenEndElement = 0x04
	tokenValue      = 0x05
	tokenAttribute  = 0x06
	tokenCDATA      = 0x07
	tokenChar       = 0x08
	tokenEntity     = 0x09
	tokenPITarget   = 0x0a
	tokenPIData     = 0x0b
	tokenInstance   = 0x0c
	tokenNormal     = 0x0d
	tokenOptional   = 0x0e
	tokenHeader     = 0x0f
	tokenMore       = 0x40

	templateHeaderSize = 24 // next, GUID, size
)

// part is a piece of the text of an element or an attribute.
type part struct {
	constant bool
	blank    bool   // constant, and nothing but white space
	kind     uint8  // of the constant
	index    uint16 // of the value that is not constant
	text     span   // of the constant, inside of a JSON string
	solid    uint32 // where it ends without white space
}

// compiler turns one fragment into steps.
type compiler struct {
	m        *machine
	pos, end int
	depends  bool // elements carry a dependency identifier, as they do in templates
	depth    int
}

// element is what the compiler knows of an open element.
type element struct {
	name    span // inside of a JSON string
	field   step // that its text would be, without what it says
	content place
	filled  bool // it has had text or elements
}

// template compiles the template at an offset of the chunk.
func (m *machine) template(at int, where place) (program, fault) {
	if at < chunkHeaderSize || at+templateHeaderSize > len(m.chunk) {
		return program{}, "template outside of its chunk"
	}
	size := m.u32(at + 20)
	if size == 0 {
		return program{}, "template is lost"
	}
	at += templateHeaderSize
	if size > len(m.chunk)-at {
		return program{}, "template longer than its chunk"
	}
	return m.compile(at, at+size, where, true)
}

func (m *machine) compile(from, to int, at place, depends bool) (program, fault) {
	steps, texts := len(m.steps), len(m.texts)
	if m.compiled += to - from; m.compiled > maxCompiled {
		return program{}, "chunk has too much in its templates"
	}
	m.parts = m.parts[:0]
	c := compiler{m: m, pos: from, end: to, depends: depends}
	outer := element{content: at, filled: true, field: step{flags: namedOut | skipNull, place: at}}
	if err := c.content(&outer); err != "" {
		m.steps, m.texts = m.steps[:steps], m.texts[:texts]
		return program{}, err
	}
	return program{uint32(steps), uint32(len(m.steps))}, ""
}

// content compiles what stands in an element, up to its end tag or the end of the fragment.
func (c *compiler) content(e *element) fault {
	for c.pos < c.end {
		token := c.m.chunk[c.pos]
		switch token &^ tokenMore {
		case tokenEnd:
			return c.flush(e)
		case tokenEndElement:
			c.pos++
			return c.flush(e)
		case tokenHeader:
			c.pos += 4
		case tokenOpen:
			if err := c.child(e, token&tokenMore != 0); err != "" {
				return err
			}
		case tokenInstance:
			if err := c.instance(e); err != "" {
				return err
			}
		case tokenPITarget, tokenPIData:
			if err := c.instruction(token); err != "" {
				return err
			}
		default:
			if err := c.piece(e); err != "" {
				return err
			}
		}
	}
	return c.flush(e)
}

// piece compiles one piece of the text of e. A value that is to hold elements stands alone.
func (c *compiler) piece(e *element) fault {
	if c.pos+4 <= c.end && c.m.chunk[c.pos+3] == typeBinXML && c.m.chunk[c.pos]&^tokenMore >= tokenNormal {
		if len(c.m.parts) > 0 {
			if err := c.flush(e); err != "" {
				return err
			}
		}
		if err := c.text(); err != "" {
			return err
		}
		return c.flush(e)
	}
	return c.text()
}

// child compiles one element inside of e.
func (c *compiler) child(e *element, attributes bool) fault {
	e.filled = true
	if err := c.flush(e); err != "" {
		return err
	}
	if c.depth >= c.m.limits.Depth {
		return "elements nested too deep"
	}
	name, err := c.openTag(attributes)
	if err != "" {
		return err
	}
	child := c.element(e.content, name)
	if attributes {
		if err := c.attributes(&child); err != "" {
			return err
		}
	}
	if c.pos >= c.end {
		return "element cut off"
	}
	c.pos++
	switch c.m.chunk[c.pos-1] {
	case tokenCloseEmpty:
		return c.flush(&child)
	case tokenClose:
		c.depth++
		err := c.content(&child)
		c.depth--
		return err
	default:
		return "unknown token in a start tag"
	}
}

// openTag reads the start of an element up to its attributes and returns its name.
func (c *compiler) openTag(attributes bool) (span, fault) {
	p := c.pos + 1
	if c.depends || c.seemsDependent(p) {
		p += 2
	}
	c.pos = p + 4 // the size of the element, which its tokens tell too
	name, err := c.name()
	if attributes {
		c.pos += 4 // the size of the attributes
	}
	return name, err
}

// seemsDependent tells whether an element outside of templates carries a dependency identifier
// all the same: some writers do. Whichever reading gives a name in place is right.
func (c *compiler) seemsDependent(p int) bool {
	if p+10 > c.end {
		return false
	}
	without := binary.LittleEndian.Uint32(c.m.chunk[p+4:])
	with := binary.LittleEndian.Uint32(c.m.chunk[p+6:])
	if int(without) == p+8 {
		return false
	}
	return int(with) == p+10 || !c.m.isName(without) && c.m.isName(with)
}

// element prepares for an element by where it stands.
func (c *compiler) element(at place, name span) element {
	m := c.m
	e := element{name: name, content: at, field: step{place: at, name: m.fieldName(name, span{})}}
	switch at {
	case outside:
		e.content, e.filled = inEvent, true
	case inEvent:
		e.content, e.filled = inPart, true
		if m.is(name, "System") {
			e.content = inSystem
		}
		m.steps = append(m.steps, step{do: enterPart, place: e.content})
	case inSystem:
		e.field.flags = skipNull
		if name.to > name.from {
			e.field.role, e.field.flags = systemRole(m.texts[name.from:name.to])
		}
	}
	if at == outside || at == inEvent {
		e.field.flags = skipNull
	}
	e.field.place = e.content
	e.field.hash = m.hash(e.field.name)
	return e
}

// systemRole tells what is special about a field of System.
func systemRole(name []byte) (role, flags) {
	switch string(name) {
	case "EventID":
		return roleEventID, skipNull | asNumber
	case "Channel":
		return roleChannel, skipNull
	case "TimeCreated_SystemTime":
		return roleCreated, skipNull
	case "Version", "Level", "Task", "Opcode", "EventRecordID", "EventID_Qualifiers",
		"Execution_ProcessID", "Execution_ThreadID":
		return noRole, skipNull | asNumber
	}
	return noRole, skipNull
}

// attributes compiles the attributes of e into fields, or into its name.
func (c *compiler) attributes(e *element) fault {
	m := c.m
	for c.pos < c.end && m.chunk[c.pos]&^tokenMore == tokenAttribute {
		c.pos++
		name, err := c.name()
		if err != "" {
			return err
		}
		for c.pos < c.end && isText(m.chunk[c.pos]) {
			if err := c.text(); err != "" {
				return err
			}
		}
		switch {
		case e.content <= inEvent, m.isXMLNS(name):
			m.parts = m.parts[:0]
		case e.field.place == inPart && m.is(e.name, "Data") && m.is(name, "Name"):
			c.dataName(e)
		default:
			f := step{name: m.fieldName(e.name, name), flags: skipNull, place: inPart}
			if e.content == inSystem {
				f.role, f.flags = systemRole(m.texts[f.name.from+2 : f.name.to-2])
			}
			f.hash = m.hash(f.name)
			c.emit(&f)
			e.filled = true // an element of attributes has no text to miss
		}
	}
	return ""
}

// dataName names the field of a Data element by its attribute.
func (c *compiler) dataName(e *element) {
	m, parts := c.m, c.m.parts
	m.parts = m.parts[:0]
	if len(parts) == 0 {
		return
	}
	if len(parts) == 1 && parts[0].constant {
		if text := parts[0].text; text.to > text.from {
			e.field.name = m.fieldName(text, span{})
			e.field.hash = m.hash(e.field.name)
		}
		return
	}
	m.steps = append(m.steps, step{do: beginName})
	c.emitParts(parts)
	m.steps = append(m.steps, step{do: endName})
	e.field.flags |= namedLate
}

// flush makes a field of the text that has gathered in e.
func (c *compiler) flush(e *element) fault {
	m := c.m
	if len(m.parts) == 0 {
		if !e.filled && e.field.flags&skipNull == 0 {
			f := e.field
			f.do, f.text = writeText, m.text("null")
			m.steps = append(m.steps, f)
		}
	} else if !(e.filled && len(m.parts) == 1 && m.parts[0].blank) {
		f := e.field
		c.emit(&f)
	}
	m.parts = m.parts[:0]
	e.filled = true
	return ""
}

// emit writes the parts gathered as one field.
func (c *compiler) emit(f *step) {
	m, parts := c.m, c.m.parts
	m.parts = m.parts[:0]
	switch {
	case len(parts) == 0:
		return
	case len(parts) > 1:
		f.do, f.text = beginField, m.text(`"`)
		m.steps = append(m.steps, *f)
		c.emitParts(parts)
		f.do, f.text = endField, span{}
	case parts[0].constant:
		from := uint32(len(m.texts))
		if quoted := parts[0].kind <= typeANSI; quoted {
			m.texts = append(m.texts, '"')
			m.texts = append(m.texts, m.texts[parts[0].text.from:parts[0].solid]...)
			m.texts = append(m.texts, '"')
			f.text = span{from, uint32(len(m.texts))}
		} else {
			f.text = parts[0].text
		}
		f.do = writeText
	default:
		f.do, f.index = writeValue, parts[0].index
	}
	m.steps = append(m.steps, *f)
}

func (c *compiler) emitParts(parts []part) {
	for _, p := range parts {
		if p.constant {
			c.m.steps = append(c.m.steps, step{do: addText, text: p.text})
		} else {
			c.m.steps = append(c.m.steps, step{do: addValue, index: p.index})
		}
	}
}

// instance notes a template instance that stands inside of a fragment.
func (c *compiler) instance(e *element) fault {
	e.filled = true
	if err := c.flush(e); err != "" {
		return err
	}
	l, err := c.m.layout(c.pos, c.end)
	if err != "" {
		return err
	}
	s := e.field
	s.do, s.text = runInstance, span{uint32(c.pos), uint32(l.next)}
	c.m.steps = append(c.m.steps, s)
	c.pos = l.next
	return ""
}
