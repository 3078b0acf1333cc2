package indicator

import (
	"bytes"
	"net/netip"

	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
)

// Match appends the indicators that the event holds to hits: each once, with the first field that
// holds it, and of several entries of one value the first that applies. It allocates nothing when
// there are none. Of one event it reports at most 100, and it checks what 200 entries ask for beside their value.
func (s *Set) Match(ev *event.Event, hits []Hit) []Hit {
	if s.count == 0 {
		return hits
	}
	m := s.matchers.Get().(*matcher)
	m.ev, m.hits, m.base, m.checks = ev, hits, len(hits), 0
	for i := range ev.Index.Values {
		v := &ev.Index.Values[i]
		if s.paths>>(v.Hash&63)&1 != 0 {
			m.webRequest(i)
		}
		if v.Kind != jsonl.String || v.End-v.Start < uint32(shortest) {
			continue
		}
		text := ev.Fields[v.Start:v.End]
		m.value, m.escaped = i, v.Marks&jsonl.Escaped != 0
		if m.escaped && needsUnescaping(text) {
			m.plain = jsonl.AppendUnescaped(m.plain[:0], text)
			text, m.escaped = m.plain, false
		}
		m.look(text)
	}
	m.flush()
	hits = m.hits
	m.ev, m.hits = nil, nil
	s.matchers.Put(m)
	return hits
}

const (
	shortest = len("a.bc") // of all values that can be listed; digests are longer
	maxHits  = 100
	batch    = 48 // probes that are gathered before they are looked up
)

// matcher is one call of Match.
type matcher struct {
	set     *Set
	ev      *event.Event
	hits    []Hit
	base    int // hits of others
	checks  int // of conditions
	value   int // in ev.Index.Values, which is being looked at
	escaped bool
	plain   []byte // a value without its escapes
	url     []byte // a URL in normal form

	// Probes are looked up together: their memory accesses do not wait for one another.
	probes []probe
	keys   []byte
}

// probe is one value to be looked up.
type probe struct {
	hash       uint64
	start, end uint32 // of its key in keys
	value      int32
	kind       Kind
}

// room makes sure that keys added from now on stay together until all their probes are added.
func (m *matcher) room() {
	if len(m.probes) >= batch {
		m.flush()
	}
}

// probe asks for a key that is keys from start on.
func (m *matcher) probe(kind Kind, start int) {
	m.probes = append(m.probes, probe{m.set.hash(kind, m.keys[start:]), uint32(start), uint32(len(m.keys)), int32(m.value), kind})
}

// flush looks up what was gathered.
func (m *matcher) flush() {
	for i := range m.probes {
		p := &m.probes[i]
		if s := &m.set.shards[shardOf(p.hash)]; s.holds(p.hash) {
			m.verify(s, p)
		}
	}
	m.probes, m.keys = m.probes[:0], m.keys[:0]
}

// verify looks for the entry itself.
func (m *matcher) verify(s *shard, p *probe) {
	key := m.keys[p.start:p.end]
	for b := s.bucket(p.hash); len(b) > 0; {
		var r record
		r, b = readRecord(b, m.set.width)
		if r.kind == p.kind && bytes.Equal(r.key, key) && m.found(r, int(p.value)) {
			return
		}
	}
}

// address looks up an IP address and the networks around it.
func (m *matcher) address(ip netip.Addr) {
	if m.set.has[Address] {
		m.room()
		start := len(m.keys)
		if ip.Is4() {
			b := ip.As4()
			m.keys = append(m.keys, b[:]...)
		} else {
			b := ip.As16()
			m.keys = append(m.keys, b[:]...)
		}
		m.probe(Address, start)
	}
	if m.set.networks == nil {
		return
	}
	if _, ok := m.set.networks.Lookup(ip); ok {
		m.around(ip)
	}
}

func (m *matcher) around(ip netip.Addr) {
	for prefix, entry := range m.set.networks.Supernets(netip.PrefixFrom(ip, ip.BitLen())) {
		applies := m.foundNetwork(prefix, entry)
		for _, next := range m.set.further[prefix] {
			if applies {
				break
			}
			applies = m.foundNetwork(prefix, next)
		}
	}
}

func (m *matcher) foundNetwork(prefix netip.Prefix, entry uint32) bool {
	n := len(m.hits)
	applies := m.found(record{kind: Network, entry: entry}, m.value)
	if len(m.hits) > n {
		m.hits[n].Value = prefix.String()
	}
	return applies
}

// found adds a hit, unless the event has it already. It tells whether the entry applies to the event.
func (m *matcher) found(r record, value int) bool {
	for i := range m.hits[m.base:] {
		if m.hits[m.base+i].entry == r.entry {
			return true
		}
	}
	if len(m.hits)-m.base >= maxHits || (r.kind == Address || r.kind == Network) && m.isVersion(value) {
		return true
	}
	line, d := m.set.detail(r.entry)
	if d.conditional() && !m.meets(&d, r, value) {
		return false
	}
	h := m.set.hit(r.entry, line, &d)
	h.Kind, h.Field = r.kind, m.ev.Index.Path(m.ev.Fields, value)
	if r.kind != Network {
		h.Value = display(r.kind, r.key, d.Port)
	}
	m.hits = append(m.hits, h)
	return true
}

// isVersion tells fields such as FileVersion, whose four numbers are no address.
func (m *matcher) isVersion(value int) bool {
	v := &m.ev.Index.Values[value]
	for v.NameEnd == 0 && v.Parent >= 0 { // an element of an array
		v = &m.ev.Index.Values[v.Parent]
	}
	name := bytes.ToLower(m.ev.Fields[v.NameStart:v.NameEnd])
	return bytes.HasPrefix(name, []byte("version")) || bytes.HasSuffix(name, []byte("version"))
}
