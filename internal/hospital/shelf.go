package hospital

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

// defaultRecords is how many bytes of records are kept unpacked.
const defaultRecords = 192 << 20

// shelf holds the records: those that were used last unpacked in memory, all others packed, on the disk, or in memory where there
// is none.
type shelf struct {
	v      *vault.Vault
	db     *store.DB // nil: packed holds what is not in slots
	read   *sql.Stmt
	slots  map[PatientID]*slot
	packed map[PatientID][]byte
	front  slot // of the ring of slots that may go: the one used last comes next
	dirty  map[PatientID]*slot
	weight int
	limit  int
}

// slot is one unpacked record.
type slot struct {
	record       *record
	view         *Patient // as rooms see it; nil when it is to be made
	age          uint64   // of what the view rests on besides
	weight       int      // with the view
	dirty        bool     // it is not what is packed
	newer, older *slot
}

func newShelf(v *vault.Vault, limit int) shelf {
	return shelf{v: v, slots: map[PatientID]*slot{}, packed: map[PatientID][]byte{}, dirty: map[PatientID]*slot{}, limit: limit}
}

// get returns the slot of a record, nil when there is none.
func (s *shelf) get(ctx context.Context, id PatientID) (*slot, error) {
	if slot, ok := s.slots[id]; ok {
		s.use(slot)
		return slot, nil
	}
	if id == 0 {
		return nil, nil
	}
	text, err := s.fetch(ctx, id)
	if err != nil || text == nil {
		return nil, err
	}
	r, err := decodeRecord(id, text)
	if err != nil {
		return nil, err
	}
	return s.add(r), nil
}

// fetch reads what is packed.
func (s *shelf) fetch(ctx context.Context, id PatientID) ([]byte, error) {
	if s.db == nil {
		return s.packed[id], nil
	}
	var sealed []byte
	err := s.read.QueryRowContext(ctx, int64(id)).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what is known of a patient: %w", err)
	}
	text, err := s.v.Open(sealed, purpose("record", int64(id)))
	if err != nil {
		return nil, fmt.Errorf("read what is known of a patient: %w", err)
	}
	return text, nil
}

// purpose binds what is sealed to its place, so that nothing can be put in another's.
func purpose(kind string, id int64) string { return fmt.Sprintf("hospital %s %d", kind, id) }

func (s *shelf) add(r *record) *slot {
	slot := &slot{record: r, weight: r.weight()}
	s.slots[r.id] = slot
	s.weight += slot.weight
	s.use(slot)
	return slot
}

// put takes a new record in.
func (s *shelf) put(r *record) { s.soil(s.add(r)) }

// soil notes that a record is not what is packed. On a disk it is kept until it is written.
func (s *shelf) soil(slot *slot) {
	s.show(slot, nil, 0)
	if slot.dirty {
		return
	}
	slot.dirty = true
	if s.db != nil {
		s.dirty[slot.record.id] = slot
		slot.out()
	}
}

// show sets how rooms see a record.
func (s *shelf) show(slot *slot, view *Patient, age uint64) {
	weight := slot.record.weight()
	if slot.view, slot.age = view, age; view != nil {
		weight += 300 + 160*len(view.Edges) + 120*len(view.Visits)
	}
	s.weight += weight - slot.weight
	slot.weight = weight
}

// use brings a slot to the front, unless it is kept anyway.
func (s *shelf) use(slot *slot) {
	if slot.dirty && s.db != nil || slot == s.front.older {
		return
	}
	slot.out()
	if s.front.newer == nil {
		s.front.newer, s.front.older = &s.front, &s.front
	}
	slot.newer, slot.older = &s.front, s.front.older
	slot.older.newer = slot
	s.front.older = slot
}

func (s *slot) out() {
	if s.newer != nil {
		s.newer.older, s.older.newer = s.older, s.newer
		s.newer, s.older = nil, nil
	}
}

// trim lets go of records that were not used for long. It is called while nobody holds one.
func (s *shelf) trim() {
	for s.weight > s.limit && s.front.newer != nil && s.front.newer != &s.front {
		slot := s.front.newer
		slot.out()
		if slot.dirty {
			s.packed[slot.record.id] = slot.record.encode()
		}
		delete(s.slots, slot.record.id)
		s.weight -= slot.weight
	}
}

// clean notes that all that was dirty is written.
func (s *shelf) clean() {
	for id, slot := range s.dirty {
		slot.dirty = false
		delete(s.dirty, id)
		s.use(slot)
	}
	s.trim()
}

// record returns a record; nil when there is none, or when reading fails, which the House remembers.
func (h *House) record(id PatientID) *record {
	if id == 0 || h.err != nil {
		return nil
	}
	slot, err := h.shelf.get(h.ctx, id)
	if err != nil {
		h.fail(err)
		return nil
	}
	if slot == nil {
		return nil
	}
	return slot.record
}

// fail remembers the first error: a House that cannot read what it knows must not go on as if it knew nothing.
func (h *House) fail(err error) {
	if h.err == nil && err != nil {
		h.err = err
	}
}

// dirty notes that a record must be written.
func (h *House) dirty(r *record) {
	if slot := h.shelf.slots[r.id]; slot != nil {
		h.shelf.soil(slot)
	}
}

// touch notes that a record must be written and that whoever looks at the patient sees something else.
func (h *House) touch(r *record) {
	h.dirty(r)
	if slot := h.shelf.slots[r.root]; slot != nil {
		h.shelf.show(slot, nil, 0)
	}
}

// changeOf notes that something else is known of the patient whom a record is of.
func (h *House) changeOf(r *record) { h.change(h.current(r)) }

// current is the patient that a record leads to.
func (h *House) current(r *record) PatientID {
	if r.root != 0 {
		return r.root
	}
	return r.id
}
