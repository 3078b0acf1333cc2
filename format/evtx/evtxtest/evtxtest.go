// Package evtxtest writes small event logs (.evtx), sound ones and ones with lies in them, so that
// readers can be tested without anybody's real log. Only tests import it.
package evtxtest

import (
	"encoding/binary"
	"hash/crc32"
	"time"
	"unicode/utf16"
)

// Sizes that the format fixes.
const (
	FileHeaderSize  = 4096
	ChunkSize       = 1 << 16
	ChunkHeaderSize = 512
)

// Element is an element of binary XML.
type Element struct {
	Name    string
	Attrs   []Attr
	Content []any // Text, Sub, Element, *Instance ... any of the types below
}

// Attr is an attribute. Its content is that of an element without elements.
type Attr struct {
	Name    string
	Content []any
}

type (
	// Text is a string that stands in the XML.
	Text string
	// CDATA is the same as a CDATA section.
	CDATA string
	// Char is a character reference.
	Char uint16
	// Entity is a reference to an entity, such as amp.
	Entity string
	// Instruction is a processing instruction.
	Instruction struct{ Target, Data string }
	// Sub stands for a value of the instance.
	Sub struct {
		Index    uint16
		Kind     byte
		Optional bool
	}
	// Constant is a value of any kind that stands in the XML.
	Constant Value
	// Raw is bytes that go in as they are.
	Raw []byte
)

// Value is a value of a template instance: its kind ([MS-EVEN6] 2.2.12) and its bytes, or for BinXML the
// *Instance or Element that it holds.
type Value struct {
	Kind  byte
	Data  []byte
	Inner any
}

// Kinds of values.
const (
	Null, String, ANSI, Int8, Uint8, Int16, Uint16, Int32, Uint32, Int64, Uint64 = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
	Real32, Real64, Bool, Binary, GUID, Size, FileTime, SystemTime, SID          = 11, 12, 13, 14, 15, 16, 17, 18, 19
	Hex32, Hex64, Handle, BinXML, XML, Array                                     = 0x14, 0x15, 0x20, 0x21, 0x23, 0x80
)

// Of makes a value of a string, a time, or a number of a fixed size.
func Of(kind byte, v any) Value {
	switch v := v.(type) {
	case string:
		return Value{Kind: kind, Data: UTF16(v)}
	case time.Time:
		return Value{Kind: kind, Data: binary.LittleEndian.AppendUint64(nil, ticks(v))}
	case []byte:
		return Value{Kind: kind, Data: v}
	}
	data, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		panic("wardline: internal error: a value without a size")
	}
	return Value{Kind: kind, Data: data}
}

// UTF16 is s as event logs hold text.
func UTF16(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// ticks counts 100 ns since 1601.
func ticks(t time.Time) uint64 {
	return uint64(t.Unix()+11_644_473_600)*10_000_000 + uint64(t.Nanosecond()/100)
}

// Template is a fragment whose values differ from event to event. A chunk holds it once.
type Template struct{ Root Element }

// Instance is a template and its values.
type Instance struct {
	Template *Template
	Values   []Value
}

// Chunk is a chunk being written.
type Chunk struct {
	b         []byte
	names     map[string]uint32
	templates map[*Template]uint32
	records   uint64
}

// NewChunk begins a chunk.
func NewChunk() *Chunk {
	return &Chunk{b: make([]byte, ChunkHeaderSize, ChunkSize), names: map[string]uint32{}, templates: map[*Template]uint32{}}
}

// At is where the next record will stand in the chunk.
func (c *Chunk) At() int { return len(c.b) }

// Record adds one record with its number. root is an *Instance, an Element, or Raw bytes.
func (c *Chunk) Record(id uint64, at time.Time, root any) {
	begin := len(c.b)
	c.b = append(c.b, "**\x00\x00"...)
	c.u32(0)
	c.u64(id)
	c.u64(ticks(at))
	c.fragment(root)
	size := uint32(len(c.b) - begin + 4)
	binary.LittleEndian.PutUint32(c.b[begin+4:], size)
	c.u32(size)
	c.records++
}

// Bytes ends the chunk: 64 KiB with their checksums.
func (c *Chunk) Bytes() []byte {
	b := Records(c.b[ChunkHeaderSize:])
	for i, v := range []uint64{1, c.records, 1, c.records} {
		binary.LittleEndian.PutUint64(b[8+8*i:], v)
	}
	Seal(b)
	return b
}

// Records makes a chunk of bytes that are taken for its records.
func Records(body []byte) []byte {
	end := ChunkHeaderSize + len(body)
	if end > ChunkSize {
		panic("wardline: internal error: a chunk of more than 64 KiB")
	}
	b := make([]byte, ChunkSize)
	copy(b, "ElfChnk\x00")
	binary.LittleEndian.PutUint32(b[40:], 128)
	binary.LittleEndian.PutUint32(b[48:], uint32(end))
	copy(b[ChunkHeaderSize:], body)
	Seal(b)
	return b
}

// Body is the inverse of Records.
func Body(chunk []byte) []byte {
	end := min(int(binary.LittleEndian.Uint32(chunk[48:])), len(chunk))
	return chunk[ChunkHeaderSize:max(end, ChunkHeaderSize)]
}

// Seal writes the checksums of a chunk, after a change to it.
func Seal(chunk []byte) {
	binary.LittleEndian.PutUint32(chunk[52:], crc32.ChecksumIEEE(Body(chunk)))
	sum := crc32.Update(crc32.ChecksumIEEE(chunk[:120]), crc32.IEEETable, chunk[128:ChunkHeaderSize])
	binary.LittleEndian.PutUint32(chunk[124:], sum)
}

// File is a log of these chunks.
func File(chunks ...[]byte) []byte {
	b := make([]byte, FileHeaderSize)
	copy(b, "ElfFile\x00")
	binary.LittleEndian.PutUint64(b[16:], uint64(max(len(chunks)-1, 0)))
	binary.LittleEndian.PutUint32(b[32:], 128)
	binary.LittleEndian.PutUint16(b[36:], 1)
	binary.LittleEndian.PutUint16(b[38:], 3)
	binary.LittleEndian.PutUint16(b[40:], FileHeaderSize)
	binary.LittleEndian.PutUint16(b[42:], uint16(len(chunks)))
	binary.LittleEndian.PutUint32(b[124:], crc32.ChecksumIEEE(b[:120]))
	for _, c := range chunks {
		b = append(b, c...)
	}
	return b
}

func (c *Chunk) u16(v uint16) { c.b = binary.LittleEndian.AppendUint16(c.b, v) }
func (c *Chunk) u32(v uint32) { c.b = binary.LittleEndian.AppendUint32(c.b, v) }
func (c *Chunk) u64(v uint64) { c.b = binary.LittleEndian.AppendUint64(c.b, v) }

func (c *Chunk) fragment(root any) {
	if raw, ok := root.(Raw); ok {
		c.b = append(c.b, raw...)
		return
	}
	c.b = append(c.b, 0x0f, 1, 1, 0)
	c.content(root, false)
	c.b = append(c.b, 0)
}

// content writes one piece of content. Elements in templates carry a dependency identifier.
func (c *Chunk) content(v any, depends bool) {
	switch v := v.(type) {
	case Element:
		c.element(v, depends)
	case *Instance:
		c.instance(v)
	case Text:
		c.b = append(c.b, 0x05, String)
		c.counted(string(v))
	case Constant:
		c.b = append(append(c.b, 0x05, v.Kind), v.Data...)
	case CDATA:
		c.b = append(c.b, 0x07)
		c.counted(string(v))
	case Char:
		c.b = append(c.b, 0x08)
		c.u16(uint16(v))
	case Entity:
		c.b = append(c.b, 0x09)
		c.name(string(v))
	case Instruction:
		c.b = append(c.b, 0x0a)
		c.name(v.Target)
		c.b = append(c.b, 0x0b)
		c.counted(v.Data)
	case Sub:
		token := byte(0x0d)
		if v.Optional {
			token = 0x0e
		}
		c.b = append(c.b, token)
		c.u16(v.Index)
		c.b = append(c.b, v.Kind)
	case Raw:
		c.b = append(c.b, v...)
	default:
		panic("wardline: internal error: unknown content")
	}
}

func (c *Chunk) counted(s string) {
	text := UTF16(s)
	c.u16(uint16(len(text) / 2))
	c.b = append(c.b, text...)
}

// name writes where a name stands, and at its first use the name.
func (c *Chunk) name(s string) {
	if at, ok := c.names[s]; ok {
		c.u32(at)
		return
	}
	at := uint32(len(c.b) + 4)
	c.names[s] = at
	c.u32(at)
	c.u32(0) // the next name of the same hash
	c.u16(0) // the hash, which readers have no need of
	c.counted(s)
	c.u16(0)
}

func (c *Chunk) element(e Element, depends bool) {
	token := byte(0x01)
	if len(e.Attrs) > 0 {
		token |= 0x40
	}
	c.b = append(c.b, token)
	if depends {
		c.u16(0xffff)
	}
	size := len(c.b)
	c.u32(0)
	c.name(e.Name)
	if len(e.Attrs) > 0 {
		c.attributes(e.Attrs)
	}
	if len(e.Content) == 0 {
		c.b = append(c.b, 0x03)
	} else {
		c.b = append(c.b, 0x02)
		for _, v := range e.Content {
			c.content(v, depends)
		}
		c.b = append(c.b, 0x04)
	}
	binary.LittleEndian.PutUint32(c.b[size:], uint32(len(c.b)-size-4))
}

func (c *Chunk) attributes(attrs []Attr) {
	size := len(c.b)
	c.u32(0)
	for i, a := range attrs {
		token := byte(0x06)
		if i+1 < len(attrs) {
			token |= 0x40
		}
		c.b = append(c.b, token)
		c.name(a.Name)
		for _, v := range a.Content {
			c.content(v, false)
		}
	}
	binary.LittleEndian.PutUint32(c.b[size:], uint32(len(c.b)-size-4))
}

// instance writes a template instance, and at its first use the template.
func (c *Chunk) instance(v *Instance) {
	c.b = append(c.b, 0x0c, 1)
	c.u32(0x17) // an identifier
	at, known := c.templates[v.Template]
	if !known {
		at = uint32(len(c.b) + 4)
		c.templates[v.Template] = at
	}
	c.u32(at)
	if !known {
		c.template(v.Template)
	}
	c.values(v.Values)
}

func (c *Chunk) template(t *Template) {
	c.u32(0)                               // the next template of the same hash
	c.b = append(c.b, make([]byte, 16)...) // its GUID
	size := len(c.b)
	c.u32(0)
	c.b = append(c.b, 0x0f, 1, 1, 0)
	c.content(t.Root, true)
	c.b = append(c.b, 0)
	binary.LittleEndian.PutUint32(c.b[size:], uint32(len(c.b)-size-4))
}

func (c *Chunk) values(values []Value) {
	c.u32(uint32(len(values)))
	sizes := len(c.b)
	for _, v := range values {
		c.b = append(c.b, 0, 0, v.Kind, 0)
	}
	for i, v := range values {
		begin := len(c.b)
		if v.Inner != nil {
			c.fragment(v.Inner)
		}
		c.b = append(c.b, v.Data...)
		binary.LittleEndian.PutUint16(c.b[sizes+4*i:], uint16(len(c.b)-begin))
	}
}
