package evtx

import "encoding/binary"

// isText tells the tokens of which text is made.
func isText(token byte) bool {
	switch token &^ tokenMore {
	case tokenValue, tokenCDATA, tokenChar, tokenEntity, tokenNormal, tokenOptional:
		return true
	}
	return false
}

// text reads one piece of text into the parts gathered.
func (c *compiler) text() fault {
	m, token := c.m, c.m.chunk[c.pos]
	c.pos++
	from := uint32(len(m.texts))
	p := part{constant: true, kind: typeString}
	switch token &^ tokenMore {
	case tokenNormal, tokenOptional:
		if c.pos+3 > c.end {
			return "substitution cut off"
		}
		p = part{index: binary.LittleEndian.Uint16(m.chunk[c.pos:])}
		c.pos += 3
	case tokenValue:
		if c.pos >= c.end {
			return "value cut off"
		}
		p.kind = m.chunk[c.pos]
		c.pos++
		if err := c.constant(&p); err != "" {
			return err
		}
	case tokenCDATA:
		text, err := c.counted()
		if err != "" {
			return err
		}
		m.texts = appendUTF16(m.texts, text)
	case tokenChar:
		if c.pos+2 > c.end {
			return "character reference cut off"
		}
		m.texts = appendUTF16(m.texts, m.chunk[c.pos:c.pos+2])
		c.pos += 2
	case tokenEntity:
		name, err := c.name()
		if err != "" {
			return err
		}
		m.texts = m.appendEntity(m.texts, name)
		from = name.to
	default:
		return "unknown token"
	}
	if p.constant {
		p.text = span{from, uint32(len(m.texts))}
		if p.solid == 0 {
			p.solid = p.text.to
		}
		p.blank = isBlank(m.texts[from:])
	}
	m.parts = append(m.parts, p)
	return ""
}

// constant reads a value that stands in the fragment itself.
func (c *compiler) constant(p *part) fault {
	m := c.m
	if p.kind == typeString {
		text, err := c.counted()
		solid := trimSpace(trimUTF16(text))
		m.texts = appendUTF16(m.texts, solid)
		p.solid = uint32(len(m.texts))
		m.texts = appendUTF16(m.texts, text[len(solid):])
		return err
	}
	size := fixedSize(p.kind)
	if size == 0 || c.pos+size > c.end {
		return "constant of an unknown kind"
	}
	m.texts = m.appendInside(m.texts, value{at: uint32(c.pos), size: uint16(size), kind: p.kind})
	if p.kind > typeBool || p.kind == typeReal32 || p.kind == typeReal64 {
		p.kind = typeString
	}
	c.pos += size
	return ""
}

// counted reads UTF-16 text behind its length in characters.
func (c *compiler) counted() ([]byte, fault) {
	if c.pos+2 > c.end {
		return nil, "text cut off"
	}
	n := 2 * int(binary.LittleEndian.Uint16(c.m.chunk[c.pos:]))
	from := c.pos + 2
	if from+n > c.end {
		return nil, "text cut off"
	}
	c.pos = from + n
	return c.m.chunk[from:c.pos], ""
}

// instruction passes over a processing instruction: it is no part of what happened.
func (c *compiler) instruction(token byte) fault {
	c.pos++
	if token&^tokenMore == tokenPIData {
		_, err := c.counted()
		return err
	}
	texts := len(c.m.texts)
	_, err := c.name()
	c.m.texts = c.m.texts[:texts]
	return err
}

// nameHeaderSize is what stands before the characters of a name: next, hash, length.
const nameHeaderSize = 8

// name reads the offset of a name, and passes over the name where it stands right here.
func (c *compiler) name() (span, fault) {
	m := c.m
	if c.pos+4 > c.end {
		return span{}, "name cut off"
	}
	at := binary.LittleEndian.Uint32(m.chunk[c.pos:])
	c.pos += 4
	if !m.isName(at) {
		return span{}, "name outside of its chunk"
	}
	n := 2 * int(binary.LittleEndian.Uint16(m.chunk[at+6:]))
	if m.compiled += n; m.compiled > maxCompiled {
		return span{}, "chunk has too much in its templates"
	}
	if int(at) == c.pos {
		c.pos += nameHeaderSize + n + 2 // a zero ends it
	}
	from := uint32(len(m.texts))
	m.texts = appendUTF16(m.texts, m.chunk[int(at)+nameHeaderSize:int(at)+nameHeaderSize+n])
	return span{from, uint32(len(m.texts))}, ""
}

// isName tells whether a name can stand at an offset of the chunk.
func (m *machine) isName(at uint32) bool {
	if at < chunkTablesAt || int64(at)+nameHeaderSize > int64(len(m.chunk)) {
		return false
	}
	n := 2 * int(binary.LittleEndian.Uint16(m.chunk[at+6:]))
	return n > 0 && n <= 2*longestName && int(at)+nameHeaderSize+n <= len(m.chunk)
}

const longestName = 1024 // characters; a name is kept for each use

// fieldName makes `,"element":` or `,"element_attribute":` of names in texts.
func (m *machine) fieldName(element, attribute span) span {
	from := uint32(len(m.texts))
	m.texts = append(m.texts, `,"`...)
	m.texts = append(m.texts, m.texts[element.from:element.to]...)
	if attribute.to > attribute.from {
		m.texts = append(m.texts, '_')
		m.texts = append(m.texts, m.texts[attribute.from:attribute.to]...)
	}
	m.texts = append(m.texts, `":`...)
	return span{from, uint32(len(m.texts))}
}

func (m *machine) text(s string) span {
	from := uint32(len(m.texts))
	m.texts = append(m.texts, s...)
	return span{from, uint32(len(m.texts))}
}

func (m *machine) is(name span, s string) bool { return string(m.texts[name.from:name.to]) == s }

func (m *machine) hash(name span) uint32 { return hashName(m.texts[name.from:name.to]) }

// isXMLNS tells the attributes that declare name spaces.
func (m *machine) isXMLNS(name span) bool {
	const xmlns = "xmlns"
	text := m.texts[name.from:name.to]
	return len(text) >= len(xmlns) && string(text[:len(xmlns)]) == xmlns && (len(text) == len(xmlns) || text[len(xmlns)] == ':')
}

// appendEntity appends the character that an entity of XML stands for (XML 1.0 section 4.6); one
// that a document would have to declare stays as it is.
func (m *machine) appendEntity(dst []byte, name span) []byte {
	switch text := m.texts[name.from:name.to]; string(text) {
	case "amp":
		return append(dst, '&')
	case "lt":
		return append(dst, '<')
	case "gt":
		return append(dst, '>')
	case "apos":
		return append(dst, '\'')
	case "quot":
		return append(dst, '\\', '"')
	default:
		dst = append(dst, '&')
		dst = append(dst, text...)
		return append(dst, ';')
	}
}

// isBlank tells text, inside of a JSON string, that is white space only: the indentation of XML.
func isBlank(text []byte) bool {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == ' ':
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == 'n' || text[i+1] == 'r' || text[i+1] == 't'):
			i++
		default:
			return false
		}
	}
	return true
}
