package capture

import (
	"container/list"
	"fmt"
	"hash/fnv"
	"net/netip"
	"time"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/internal/event"
)

// limits bound what a listener holds, whatever is on the network. What is beyond them is given up and counted.
type limits struct {
	flows    int           // connections that are followed
	waiting  int           // bytes that came before what is in front of them, over all connections
	talking  int           // bytes of requests and commands that have not ended, over all connections
	images   int           // that are digested at a time
	large    int           // of these, beyond smallImage
	asks     int           // requests of one association without an answer
	quiet    time.Duration // after which a connection is forgotten, in the packets' own time
	header   int           // bytes of an image besides its pixels
	identity int           // bytes of what a query asks for
}

func usual() limits {
	return limits{flows: 64 << 10, waiting: 64 << 20, talking: 128 << 20, images: 64, large: 8, asks: 64, quiet: 15 * time.Minute, header: 64 << 20, identity: 64 << 10}
}

const smallImage = 4 << 20 // bytes

// row is an event to be, or what was lost.
type row struct {
	at       time.Time
	instance bool // of the class dicom/instance, else dicom/assoc
	fields   []byte
	lost     string // why something is missing, and then nothing else is set
}

// listener follows all connections of a network, and writes down what is DICOM.
type listener struct {
	lim     limits
	mutable digest.Mutable
	flows   map[ends]*flow
	used    *list.List // of *flow, the one that was used last in front
	rows    []row
	b       event.Builder

	// What all flows have of what lim bounds.
	waiting, talking, images, large int
}

func newListener(lim limits) *listener {
	return &listener{lim: lim, mutable: digest.DefaultMutable(), flows: map[ends]*flow{}, used: list.New()}
}

// ends names a connection: the lower end first.
type ends [2]netip.AddrPort

func endsOf(p *packet) ends {
	if p.from.Compare(p.to) < 0 {
		return ends{p.from, p.to}
	}
	return ends{p.to, p.from}
}

// flow is one connection.
type flow struct {
	l        *listener
	ends     ends
	place    *list.Element
	began    time.Time
	last     time.Time
	first    uint32  // the number that the client began with
	client   int     // which of ends
	pair     pair    // by side
	begins   [2]bool // the beginning of the side was seen
	talk     *talk   // nil until something is said
	deaf     bool    // it is not DICOM
	held     [2]int  // of listener.waiting, and of listener.talking
	finished bool
	way      [2]way
}

// packet takes one in.
func (l *listener) packet(at time.Time, p *packet) {
	key := endsOf(p)
	f := l.flows[key]
	if f != nil && p.syn && !p.ack && f.first != p.seq { // the same ports again
		l.close(f)
		f = nil
	}
	if f == nil {
		if !p.syn && len(p.payload) == 0 {
			return
		}
		f = l.open(key, p, at)
	}
	f.last = at
	l.used.MoveToFront(f.place)
	if !f.deaf {
		f.add(p, at)
	}
	if p.rst && f.near(p) || f.pair.sides[0].ended && f.pair.sides[1].ended {
		l.close(f)
	}
	l.tidy(at)
}

// tidy forgets connections that are quiet, a few at a time.
func (l *listener) tidy(at time.Time) {
	for range 2 {
		back := l.used.Back()
		if back == nil || at.Sub(back.Value.(*flow).last) < l.lim.quiet && len(l.flows) <= l.lim.flows {
			return
		}
		l.close(back.Value.(*flow))
	}
}

func (l *listener) open(key ends, p *packet, at time.Time) *flow {
	f := &flow{l: l, ends: key, began: at, first: p.seq}
	asks := p.from
	if p.syn && p.ack || !p.syn && isServer(p) {
		asks = p.to
	}
	if asks != key[0] {
		f.client = 1
	}
	f.place = l.used.PushFront(f)
	l.flows[key] = f
	return f
}

// isServer tells, of a connection of which the beginning was not seen, whether it is the server who speaks: by the PDU that the
// packet begins with (PS3.8 9.3.1), and else by its port.
func isServer(p *packet) bool {
	if len(p.payload) > 0 {
		switch p.payload[0] {
		case 1:
			return false
		case 2, 3:
			return true
		}
	}
	return p.from.Port() < p.to.Port()
}

// side tells who sent a packet.
func (f *flow) side(p *packet) dimse.Side {
	if p.from == f.ends[f.client] {
		return dimse.Client
	}
	return dimse.Server
}

// near tells whether a packet that ends the connection fits it.
func (f *flow) near(p *packet) bool {
	s := &f.pair.sides[f.side(p)]
	const window = 1 << 20
	ahead := int32(p.seq - s.next)
	return !s.known || ahead > -window && ahead < window
}

func (f *flow) add(p *packet, at time.Time) {
	side := f.side(p)
	s := &f.pair.sides[side]
	if !s.known {
		f.begins[side] = p.syn
	}
	if s.ended || p.rst {
		return
	}
	to := f.ways(at)
	f.pair.add(int(side), p, at, to)
	if f.deaf {
		f.hush(at)
		return
	}
	if f.account(); f.l.waiting > f.l.lim.waiting {
		f.pair.flush(to)
		f.account()
	}
	for side := range f.pair.sides {
		if f.talk != nil && f.pair.sides[side].ended {
			f.talk.end(dimse.Side(side), at)
		}
	}
	if f.l.talking > f.l.lim.talking {
		f.l.lose("a connection was given up: more unfinished messages than the limit")
		f.hush(at)
	}
}

// account keeps what this flow holds in the sums of all.
func (f *flow) account() {
	now := [2]int{f.pair.sides[0].held + f.pair.sides[1].held, 0}
	if f.talk != nil {
		now[1] = f.talk.held()
	}
	f.l.waiting += now[0] - f.held[0]
	f.l.talking += now[1] - f.held[1]
	f.held = now
}

// hush ends what is said on the connection: nothing more of it is listened to.
func (f *flow) hush(at time.Time) {
	f.deaf = true
	if f.talk != nil {
		f.talk.close(at)
		f.talk = nil
	}
	for i := range f.pair.sides {
		f.pair.sides[i].waiting, f.pair.sides[i].held = nil, 0
	}
	f.account()
}

// close forgets a connection. What waited for something that never came is taken as it is.
func (l *listener) close(f *flow) {
	if f.finished {
		return
	}
	f.finished = true
	if !f.deaf {
		f.pair.flush(f.ways(f.last))
		if f.talk != nil {
			f.talk.end(dimse.Client, f.last)
		}
		if f.talk != nil {
			f.talk.end(dimse.Server, f.last)
		}
	}
	f.hush(f.last)
	l.used.Remove(f.place)
	delete(l.flows, f.ends)
}

// closeOne forgets the connection that was quiet longest; false when there is none.
func (l *listener) closeOne() bool {
	back := l.used.Back()
	if back != nil {
		l.close(back.Value.(*flow))
	}
	return back != nil
}

// lose notes that something is missing.
func (l *listener) lose(reason string) {
	l.rows = append(l.rows, row{lost: reason})
}

// id names the connection in all its events, as uid does in Zeek's logs.
func (f *flow) id() string {
	h := fnv.New64a()
	fmt.Fprint(h, f.ends, f.began.UnixNano(), f.first)
	return fmt.Sprintf("C%016x", h.Sum64())
}

// ways are both sides of f, by side.
func (f *flow) ways(at time.Time) [2]sink {
	for side := range f.way {
		f.way[side] = way{f: f, side: dimse.Side(side), at: at}
	}
	return [2]sink{&f.way[0], &f.way[1]}
}

// way is one side of a flow, at one moment.
type way struct {
	f    *flow
	side dimse.Side
	at   time.Time
}

func (w *way) bytes(b []byte) {
	if w.f.deaf {
		return
	}
	w.begin()
	w.f.talk.write(w.side, b, w.at)
}

func (w *way) missed(n int64) {
	if w.f.deaf {
		return
	}
	w.begin()
	w.f.talk.miss(w.side, n, w.at)
}

// begin begins to listen. Of a side that was there before us, the next PDU is waited for.
func (w *way) begin() {
	f := w.f
	if f.talk == nil {
		f.talk = newTalk(f)
	}
	if !f.begins[w.side] {
		f.begins[w.side] = true
		f.talk.join(w.side, w.at)
	}
}

// dicomLimits are those of an image.
func (l *listener) dicomLimits() dicom.Limits {
	lim := dicom.DefaultLimits()
	lim.Bytes = l.lim.header
	return lim
}
