package atna

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"

	"github.com/wardline/wardline/format/charset"
)

// Limits bounds what one message may cost.
type Limits struct {
	Bytes     int // of the message
	Depth     int // nesting of elements
	Attribute int // bytes of one attribute; longer ones end the reading
	Elements  int // in all
}

// DefaultLimits are roomy for real messages, which have some thirty elements.
func DefaultLimits() Limits {
	return Limits{Bytes: 16 << 20, Depth: 32, Attribute: 8 << 10, Elements: 1 << 16}
}

// Error says where a text is no audit message and why, without quoting it.
type Error struct {
	Offset int64 // in the text as received; 0 where that cannot be told
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("audit message: at byte %d: %s", e.Offset, e.Reason)
}

// Parse reads one AuditMessage; what stands behind it is not looked at. A message that is cut
// short or breaks half-way is returned with what it said until then, and marked
// Broken. Document type declarations are refused, so no entity is ever expanded.
func Parse(text []byte, lim Limits) (Message, error) {
	if len(text) > lim.Bytes {
		return Message{}, &Error{Reason: "longer than the limit"}
	}
	utf8, honest := charset.UTF8(text, declaredCharset(text))
	p := parser{lim: lim, m: Message{BadCharset: !honest}, same: len(utf8) == len(text)}
	p.d = xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(utf8, []byte("\ufeff"))))
	p.d.Strict = true
	p.d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // is UTF-8 by now
	if err := p.run(); err != nil {
		return Message{}, err
	}
	return p.m, nil
}

// declaredCharset finds encoding="..." in the XML declaration (XML 1.0 section 4.3.3).
func declaredCharset(text []byte) string {
	head := text[:min(len(text), 512)]
	start := bytes.Index(head, []byte("<?xml"))
	if start < 0 {
		return ""
	}
	head = head[start:]
	if end := bytes.IndexByte(head, '>'); end >= 0 {
		head = head[:end]
	}
	_, value, ok := bytes.Cut(head, []byte("encoding"))
	value = bytes.TrimLeft(value, " \t\r\n=")
	if !ok || len(value) == 0 || value[0] != '"' && value[0] != '\'' {
		return ""
	}
	name, _, _ := bytes.Cut(value[1:], value[:1])
	return string(name)
}

type parser struct {
	d        *xml.Decoder
	same     bool // what d reads are the bytes as received
	lim      Limits
	m        Message
	depth    int
	elements int
	into     *string // where the character data of the open element goes
	text     []byte  // that data, as far as it was read
}

// run reads tokens until the message ends or breaks off.
func (p *parser) run() error {
	for {
		token, err := p.d.Token()
		if err != nil {
			return p.broken()
		}
		switch t := token.(type) {
		case xml.Directive:
			return p.fail("document type declarations are refused")
		case xml.StartElement:
			p.keepText()
			if err := p.start(t); err != nil {
				return err
			}
		case xml.EndElement:
			p.keepText()
			p.depth--
			if p.depth == 0 {
				return p.complete()
			}
		case xml.CharData:
			if p.into != nil {
				p.text = append(p.text, t...)
			}
		}
	}
}

func (p *parser) keepText() {
	if p.into != nil {
		*p.into = string(p.text)
		p.into, p.text = nil, p.text[:0]
	}
}

// fail tells the place, or that of the message where the text had to be converted.
func (p *parser) fail(reason string) error {
	if !p.same {
		return &Error{0, reason}
	}
	return &Error{p.d.InputOffset(), reason}
}

// complete ends a message that is well-formed. EventIdentification is mandatory (PS3.15 A.5.2).
func (p *parser) complete() error {
	if !p.identified() {
		return p.fail("no event is identified")
	}
	return nil
}

// identified tells whether the message says what happened, or when: without that it is worth nothing.
func (p *parser) identified() bool { return p.m.EventID != (Code{}) || p.m.DateTime != "" }

// broken ends a message that breaks off. It is worth keeping once it says what happened.
func (p *parser) broken() error {
	if !p.identified() {
		return p.fail("not well-formed before the event is identified")
	}
	p.keepText()
	p.m.Broken = true
	return nil
}

func (p *parser) start(t xml.StartElement) error {
	p.depth++
	p.elements++
	switch {
	case p.depth == 1 && t.Name.Local != "AuditMessage":
		return p.fail("not an AuditMessage")
	case p.depth > p.lim.Depth:
		return p.fail("nested too deeply")
	case p.elements > p.lim.Elements:
		return p.fail("too many elements")
	}
	for i := range t.Attr {
		if len(t.Attr[i].Value) > p.lim.Attribute {
			return p.fail("attribute longer than the limit")
		}
	}
	p.element(t.Name.Local, t.Attr)
	return nil
}

// element takes in one element by its name. Those inside a participant or an object
// belong to the one begun last.
func (p *parser) element(name string, attrs []xml.Attr) {
	m := &p.m
	switch name {
	case "EventIdentification":
		m.Action = attr(attrs, "EventActionCode")
		m.DateTime = attr(attrs, "EventDateTime")
		m.Outcome = attr(attrs, "EventOutcomeIndicator")
	case "EventID":
		m.EventID = code(attrs)
	case "EventTypeCode":
		m.EventTypes = append(m.EventTypes, code(attrs))
	case "PurposeOfUse":
		m.Purposes = append(m.Purposes, code(attrs))
	case "EventOutcomeDescription":
		p.into = &m.OutcomeDescription
	case "ActiveParticipant":
		m.Participants = append(m.Participants, participant(attrs))
	case "AuditSourceIdentification":
		m.Sources = append(m.Sources, source(attrs))
	case "ParticipantObjectIdentification":
		m.Objects = append(m.Objects, object(attrs))
	case "RoleIDCode", "MediaType":
		p.participantPart(name, attrs)
	case "AuditSourceTypeCode":
		if n := len(m.Sources); n > 0 {
			m.Sources[n-1].Types = append(m.Sources[n-1].Types, code(attrs))
		}
	default:
		if n := len(m.Objects); n > 0 {
			p.objectPart(&m.Objects[n-1], name, attrs)
		}
	}
}

func participant(attrs []xml.Attr) Participant {
	return Participant{
		UserID:                     attr(attrs, "UserID"),
		AlternativeUserID:          attr(attrs, "AlternativeUserID"),
		UserName:                   attr(attrs, "UserName"),
		UserIsRequestor:            attr(attrs, "UserIsRequestor"),
		NetworkAccessPointID:       attr(attrs, "NetworkAccessPointID"),
		NetworkAccessPointTypeCode: attr(attrs, "NetworkAccessPointTypeCode"),
	}
}

func (p *parser) participantPart(name string, attrs []xml.Attr) {
	n := len(p.m.Participants)
	if n == 0 {
		return
	}
	last := &p.m.Participants[n-1]
	if name == "RoleIDCode" {
		last.Roles = append(last.Roles, code(attrs))
	} else {
		last.Media = append(last.Media, code(attrs))
	}
}

func source(attrs []xml.Attr) Source {
	s := Source{
		AuditSourceID:         attr(attrs, "AuditSourceID"),
		AuditEnterpriseSiteID: attr(attrs, "AuditEnterpriseSiteID"),
	}
	if c := code(attrs); c.Value != "" { // PS3.15 has it as an attribute of the element itself
		s.Types = append(s.Types, c)
	}
	return s
}

func object(attrs []xml.Attr) Object {
	return Object{
		ID:            attr(attrs, "ParticipantObjectID"),
		TypeCode:      attr(attrs, "ParticipantObjectTypeCode"),
		Role:          attr(attrs, "ParticipantObjectTypeCodeRole"),
		DataLifeCycle: attr(attrs, "ParticipantObjectDataLifeCycle"),
		Sensitivity:   attr(attrs, "ParticipantObjectSensitivity"),
	}
}

func (p *parser) objectPart(o *Object, name string, attrs []xml.Attr) {
	switch name {
	case "ParticipantObjectIDTypeCode":
		o.IDType = code(attrs)
	case "ParticipantObjectName":
		p.into = &o.Name
	case "ParticipantObjectQuery":
		p.into = &o.Query
	case "ParticipantObjectDetail":
		o.Details = append(o.Details, Detail{Type: attr(attrs, "type"), Value: attr(attrs, "value")})
	case "Accession":
		o.Accessions = append(o.Accessions, attr(attrs, "Number"))
	case "MPPS":
		o.MPPS = append(o.MPPS, attr(attrs, "UID"))
	case "SOPClass":
		o.SOPClasses = append(o.SOPClasses, SOPClass{UID: attr(attrs, "UID"), NumberOfInstances: attr(attrs, "NumberOfInstances")})
	case "Instance":
		if n := len(o.SOPClasses); n > 0 {
			o.SOPClasses[n-1].Instances = append(o.SOPClasses[n-1].Instances, attr(attrs, "UID"))
		}
	case "StudyIDs":
		o.Studies = append(o.Studies, attr(attrs, "UID"))
	case "ParticipantObjectContainsStudy": // the UID is its text, or in StudyIDs below it
		if uid := attr(attrs, "UID"); uid != "" {
			o.Studies = append(o.Studies, uid)
		}
	case "Encrypted":
		p.into = &o.Encrypted
	case "Anonymized":
		p.into = &o.Anonymized
	}
}

// code reads a coded value in either dialect.
func code(attrs []xml.Attr) Code {
	return Code{
		Value:  attr(attrs, "csd-code", "code"),
		System: attr(attrs, "codeSystemName", "codeSystem"),
		Text:   attr(attrs, "originalText", "displayName"),
	}
}

// attr returns the first of the named attributes that is not empty.
func attr(attrs []xml.Attr, names ...string) string {
	for _, name := range names {
		for i := range attrs {
			if attrs[i].Name.Local == name && attrs[i].Value != "" {
				return attrs[i].Value
			}
		}
	}
	return ""
}
