package evtx

import (
	"bytes"
	"slices"
	"time"
)

// field is one field that the record has already.
type field struct {
	hash       uint32
	name, data uint32 // where `,"Name":` and the value begin in json
}

// begin writes the name of a field, so that its value can follow.
func (m *machine) begin(s *step) fault {
	name, hash := m.texts[s.name.from:s.name.to], s.hash
	switch {
	case s.flags&namedLate != 0:
		name, hash = m.lateName(name)
	case s.flags&namedOut != 0:
		name = m.texts[m.owner.from:m.owner.to]
		if len(name) == 0 { // damaged: text around the event
			name = []byte(`,"Text":`)
		}
		hash = hashName(name)
	}
	if len(m.fields) >= m.limits.Fields {
		return "record writes out to too much"
	}
	bit := &m.seen[hash>>6&7]
	if *bit&(1<<(hash&63)) != 0 {
		if i := m.find(hash, name); i >= 0 && m.again(i) {
			return ""
		}
	}
	*bit |= 1 << (hash & 63)
	at := len(m.json)
	m.json = append(m.json, name...)
	m.from = len(m.json)
	m.fields = append(m.fields, field{hash: hash, name: uint32(at), data: uint32(m.from)})
	return ""
}

// lateName makes a field's name of what beginName and endName left, or takes the plain one
// where they left nothing.
func (m *machine) lateName(plain []byte) ([]byte, uint32) {
	if len(m.name) <= len(`,"":`) {
		return plain, hashName(plain)
	}
	return m.name, hashName(m.name)
}

// find returns the last field of that name, or -1. Looking at so many fields costs a step.
func (m *machine) find(hash uint32, name []byte) int {
	const looks = 16
	m.ran += len(m.fields) / looks
	for i := len(m.fields) - 1; i >= 0; i-- {
		f := &m.fields[i]
		if f.hash == hash && bytes.Equal(m.json[f.name:f.data], name) {
			return i
		}
	}
	return -1
}

// manyMoves bounds the work on names that are taken in turns.
const manyMoves = 64

// again deals with a name that field i has already. It tells whether the value that follows will
// join that of field i; else the name is written twice. What System says stays as it is:
// it tells the kind of the event, and UserData may have a Channel of its own.
func (m *machine) again(i int) bool {
	if i < m.fixed {
		return false
	}
	if i != len(m.fields)-1 {
		if m.moves++; m.moves > manyMoves {
			return false
		}
	}
	m.joined = i + 1
	m.from = len(m.json)
	return true
}

// finish is called when the value that begins at m.from is written.
func (m *machine) finish(s *step, kind uint8) {
	if s.flags&asNumber != 0 && kind <= typeANSI {
		m.unquote()
	}
	if s.role != noRole && !(s.role == roleCreated && kind > typeANSI) {
		m.note(s.role)
	}
	if m.joined > 0 {
		m.join(m.joined - 1)
		m.joined = 0
	}
}

// unquote makes a number of a string that is one.
func (m *machine) unquote() {
	text := m.json[m.from:]
	n := len(text) - 2
	if n < 1 || n > 18 || text[0] != '"' || text[1] == '0' && n > 1 {
		return
	}
	for _, c := range text[1 : n+1] {
		if c < '0' || c > '9' {
			return
		}
	}
	copy(text, text[1:n+1])
	m.json = m.json[:m.from+n]
}

// note keeps the field just written for Record.
func (m *machine) note(r role) {
	text := m.json[m.from:]
	switch r {
	case roleEventID:
		m.eventID = 0
		for _, c := range text {
			if c < '0' || c > '9' || m.eventID > 1<<27 {
				m.eventID = 0
				return
			}
			m.eventID = m.eventID*10 + uint32(c-'0')
		}
	case roleChannel:
		if len(text) > 1 && text[0] == '"' && m.joined == 0 {
			m.channel = span{uint32(m.from + 1), uint32(len(m.json) - 1)}
		}
	case roleCreated:
		if len(text) > 1 && text[0] == '"' {
			if t, err := time.Parse(time.RFC3339Nano, string(text[1:len(text)-1])); err == nil {
				m.created = uint64(t.Unix()+epoch)*ticks + uint64(t.Nanosecond()/100)
			}
		}
	}
}

// join moves the value at the end of json into field i, which becomes an array. A value
// that is an array itself gives its elements.
func (m *machine) join(i int) {
	data, end := int(m.fields[i].data), m.from
	if i+1 < len(m.fields) {
		end = int(m.fields[i+1].name)
	}
	if m.json[data] != '[' {
		m.json = slices.Insert(m.json, end, ']')
		m.json = slices.Insert(m.json, data, '[')
		m.shift(i, 2)
		m.from += 2
		end += 2
	}
	if m.json[m.from] == '[' {
		m.json = slices.Delete(m.json, m.from, m.from+1)
		m.json = m.json[:len(m.json)-1]
	}
	if end == m.from { // the field is the last one
		m.json[end-1] = ','
		m.json = append(m.json, ']')
		return
	}
	added := append(append(m.long[:0], ','), m.json[m.from:]...)
	m.long = added[:0]
	m.json = slices.Insert(m.json[:m.from], end-1, added...)
	m.shift(i, len(added))
}

// shift notes that what follows the name of field i has moved.
func (m *machine) shift(i, by int) {
	for n := i + 1; n < len(m.fields); n++ {
		m.fields[n].name += uint32(by)
		m.fields[n].data += uint32(by)
	}
	if m.channel.from > m.fields[i].data {
		m.channel.from += uint32(by)
		m.channel.to += uint32(by)
	}
}

// hashName is FNV-1a of a name with what stands around it.
func hashName(name []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range name {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}
