package tables

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/wardline/wardline/internal/integrity/aside"
	"github.com/wardline/wardline/internal/integrity/digest"
)

// Emit takes the changes of a sweep, some thousand rows at a time. When it returns nil they are durable: the Keeper forgets the old rows then. After a
// crash, or an error, the same changes may come again; KeySum and NewSum tell them.
type Emit func(context.Context, []Change) error

// Sweep reads a whole table and tells what became of each of its rows since the last sweep. The first one tells of no changes.
// It fails with ErrDeclaration when the table does not have what is declared.
func (k *Keeper) Sweep(ctx context.Context, src *Source, table string, emit Emit) (Report, error) {
	s, err := k.begin(ctx, src, table, emit)
	if err != nil {
		return Report{}, err
	}
	defer s.sealer.Close()
	if err := s.full(ctx); err != nil {
		return Report{}, errors.Join(err, s.shot.close())
	}
	return s.report, nil
}

// sweep is one that is under way.
type sweep struct {
	*Keeper
	table   *Table
	shot    *snapshot
	sealer  *aside.Sealer
	emit    Emit
	columns []column
	state   *tableState // known before; an empty one when nothing is
	next    *tableState
	judging *judging
	swaps   exchanges
	report  Report
	highest parsedField // number of the rows read
	above   int64       // rows with a higher number than the highest at the last full sweep, those too that went meanwhile
	spill   *spill
	plant   *plant // nil when nothing is pretended
}

// begin opens the snapshot, and reads what is known and what the table is like.
func (k *Keeper) begin(ctx context.Context, src *Source, table string, emit Emit) (_ *sweep, err error) {
	s := &sweep{Keeper: k, emit: emit}
	if s.table, err = src.table(table); err != nil {
		return nil, err
	}
	if s.state, err = k.load(ctx, src.decl.System, table); err != nil {
		return nil, err
	}
	known := s.state != nil
	if !known {
		s.state = &tableState{source: src.decl.System, name: table}
	}
	if s.sealer, err = aside.NewSealer(k.Seal, k.Open); err != nil {
		return nil, err
	}
	if s.shot, err = src.snapshot(ctx); err != nil {
		return nil, err
	}
	if err := s.look(ctx, known); err != nil {
		return nil, errors.Join(err, s.shot.close())
	}
	if s.plant, err = k.planted(ctx, s.state); err != nil {
		return nil, errors.Join(err, s.shot.close())
	}
	return s, nil
}

// look reads columns and triggers.
func (s *sweep) look(ctx context.Context, known bool) error {
	columns, sh, err := s.shot.read(ctx, s.table)
	if err != nil {
		return err
	}
	triggers, err := s.shot.triggers(ctx, s.table)
	if err != nil {
		return err
	}
	next := *s.state
	next.shape, next.triggers, next.swept, next.heard = sh, triggers, s.shot.at, s.shot.at
	s.columns, s.next = columns, &next
	s.report = Report{System: next.source, Table: next.name, At: s.shot.at, Ahead: s.shot.at.Sub(s.Now())}
	if known {
		if s.report.Before, s.report.Rows, err = s.tableSum(ctx, s.state); err != nil {
			return err
		}
	}
	s.report.Signs = triggerSigns(s.state.triggers, triggers, !known)
	s.report.First = !known
	if known {
		s.report.Signs = append(s.report.Signs, shapeSigns(&s.state.shape, &sh)...)
		s.report.First = !sh.sameKeys(&s.state.shape)
	}
	s.judging = &judging{table: s.table, at: s.shot.at, swept: s.state.swept, heard: s.state.heard, young: time.Duration(s.shot.source.decl.Young),
		highest: s.state.highest, keys: len(s.table.Key), reshaped: known && !sh.sameColumns(&s.state.shape)}
	return nil
}

// full is a sweep of all rows.
func (s *sweep) full(ctx context.Context) (err error) {
	sel := s.shot.selection(s.table, s.columns)
	count, err := sel.count(ctx)
	if err != nil {
		return err
	}
	bits := max(s.state.bits, digest.ChunkBits(count))
	if s.report.First {
		bits = digest.ChunkBits(count)
	}
	if s.spill, err = newSpill(s.Dir, bits, s.sealer); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.spill.Close()) }()
	read, err := sel.all(ctx, s.take)
	if err != nil {
		return err
	}
	if read != count {
		return fmt.Errorf("read %s: %w: its key does not tell all rows apart, for %d of %d were read", s.table, ErrDeclaration, read, count)
	}
	if err := s.shot.close(); err != nil {
		return err
	}
	s.report.Asked = read
	return s.compare(ctx, bits)
}

// take puts a row aside.
func (s *sweep) take(r *row) error {
	if s.table.Ascending {
		if key, err := parseKey(r.content, 1); err == nil && key[0].Tag == 'i' {
			s.highest = key[0] // rows come in the order of their keys
			s.countAbove(key[0])
		}
	}
	return s.spill.add(r)
}

// compare holds what was read against what is known, and keeps it.
func (s *sweep) compare(ctx context.Context, bits int) error {
	if bits > s.state.bits && !s.report.First {
		if err := s.split(ctx, s.state, bits, s.sealer); err != nil {
			return err
		}
	}
	s.next.bits, s.state.bits = bits, bits
	each := int64(1) << (bits - s.spill.Bits) // chunks of a part
	for part := range s.spill.Parts() {
		rows, err := s.spill.take(part)
		if err != nil {
			return err
		}
		for id := int64(part) * each; id < int64(part+1)*each; id++ {
			var mine []*row
			mine, rows = cutChunk(rows, id, bits)
			if err := s.chunkOf(ctx, id, mine); err != nil {
				return err
			}
		}
	}
	return s.finish(ctx)
}

func (s *sweep) finish(ctx context.Context) (err error) {
	s.next.highest = s.highest
	if s.judging.highest.Tag != 0 && s.table.Ascending && !s.report.First {
		if c, ok := s.highest.compare(s.judging.highest); !ok || c < 0 {
			s.next.highest = s.judging.highest // numbers that were given out stay so when their rows go
		}
		s.report.Signs = append(s.report.Signs, numberSigns(s.judging.highest, s.next.highest, s.above)...)
	}
	if s.report.After, s.next.live, err = s.tableSum(ctx, s.next); err != nil {
		return err
	}
	s.report.Rows, s.report.Swaps = s.next.live, s.swaps.pairs()
	if err := s.uproot(ctx); err != nil {
		return err
	}
	return s.save(ctx, s.next)
}

// chunkOf compares one chunk.
func (s *sweep) chunkOf(ctx context.Context, id int64, now []*row) error {
	for i := 1; i < len(now); i++ {
		if now[i].key == now[i-1].key {
			return fmt.Errorf("read %s: %w: several rows have the same key", s.table, ErrDeclaration)
		}
	}
	if s.report.First {
		for _, r := range now {
			r.first = s.shot.at.UnixMicro()
		}
		return s.put(ctx, &chunk{source: s.next.source, name: s.next.name, bits: s.next.bits, id: id}, now, s.sealer)
	}
	c, err := s.chunk(ctx, s.state, id)
	if err != nil {
		return err
	}
	old, err := s.bodies(c, s.sealer)
	if err != nil {
		return err
	}
	if s.hides(id) {
		if err := s.contents(ctx, c, old, s.sealer); err != nil {
			return err
		}
		s.pretend(old)
		c.digest = chunkSum(living(old))
	}
	if c.digest == chunkSum(now) {
		s.report.Acts[Same] += int64(len(now))
		s.report.Outcomes[Match] += int64(len(now))
		return nil
	}
	if !s.hides(id) {
		if err := s.contents(ctx, c, old, s.sealer); err != nil {
			return err
		}
	}
	next, changes := s.merge(old, now)
	if len(changes) > 0 {
		if err := s.emit(ctx, changes); err != nil {
			return fmt.Errorf("tell of what changed in %s: %w", s.table, err)
		}
	}
	return s.put(ctx, c, next, s.sealer)
}

// merge returns the rows of a chunk as they are known from now on, and what changed.
func (s *sweep) merge(old, now []*row) (next []*row, changes []Change) {
	step := func(o, n *row) {
		kept, change := s.row(o, n)
		next = append(next, kept)
		if change != nil {
			changes = append(changes, *change)
		}
	}
	for len(old) > 0 && len(now) > 0 {
		switch c := bytes.Compare(old[0].key[:], now[0].key[:]); {
		case c < 0:
			step(old[0], nil)
			old = old[1:]
		case c > 0:
			step(nil, now[0])
			now = now[1:]
		default:
			step(old[0], now[0])
			old, now = old[1:], now[1:]
		}
	}
	for _, o := range old {
		step(o, nil)
	}
	for _, n := range now {
		step(nil, n)
	}
	return next, changes
}

// row judges one row and returns what is kept of it, and the change if it is one.
func (s *sweep) row(old, now *row) (kept *row, change *Change) {
	if old != nil && old.truth != nil {
		return s.test(old, now)
	}
	v, compared := s.judging.row(old, now)
	switch {
	case !compared:
		s.report.Uncompared++
	case now != nil || old.gone == 0:
		s.report.Acts[v.act]++
		s.report.Outcomes[v.outcome]++
	}
	if v.act != Same {
		c := s.change(old, now, v)
		change = &c
		s.swaps.add(change)
	}
	at := s.shot.at.UnixMicro()
	switch {
	case now == nil:
		return s.missed(old), change
	case old == nil:
		now.first = at
	default:
		now.first = old.first
	}
	return now, change
}

// missed returns what is kept of a row that is not there.
func (s *sweep) missed(old *row) *row {
	if key, err := parseKey(old.content, 1); err == nil {
		s.countAbove(key[0]) // somebody has told of it, or will: its number is not one that nobody knows
	}
	if old.gone != 0 {
		return old
	}
	gone := *old
	gone.gone, gone.last = s.shot.at.UnixMicro(), s.lastSeen(old)
	return &gone
}

// countAbove counts as numberSigns does.
func (s *sweep) countAbove(number parsedField) {
	before, err := strconv.ParseInt(s.judging.highest.Text, 10, 64)
	now, errNow := strconv.ParseInt(number.Text, 10, 64)
	if err == nil && errNow == nil && now > before {
		s.above++
	}
}

// lastSeen is when a row was surely there: at the last full sweep, or when it was seen first after that.
func (s *sweep) lastSeen(r *row) int64 { return max(r.first, s.state.swept.UnixMicro()) }

func (s *sweep) change(old, now *row, v verdict) Change {
	c := Change{System: s.state.source, Table: s.state.name, Kind: s.table.Kind, Harm: s.table.Harm,
		Act: v.act, Outcome: v.outcome, Reasons: v.reasons, Columns: v.columns, Seen: s.shot.at}
	if old != nil {
		c.KeySum, c.OldSum, c.OldRow, c.Old = old.key, old.sum, old.whole(), fields(old.whole())
		c.First, c.Last = time.UnixMicro(old.first).UTC(), time.UnixMicro(s.lastSeen(old)).UTC()
		if old.gone != 0 {
			c.Last = time.UnixMicro(old.last).UTC()
		}
	}
	if now != nil {
		c.KeySum, c.NewSum, c.NewRow, c.New = now.key, now.sum, now.whole(), fields(now.whole())
		if old == nil {
			c.First = s.shot.at
		}
	}
	for _, r := range []*row{now, old} {
		if r != nil && c.Key == nil {
			if shown := fields(r.content); len(shown) >= len(s.table.Key) {
				c.Key = shown[:len(s.table.Key):len(s.table.Key)]
			}
		}
	}
	return c
}

// fields is a row as people read it; nil when it was not kept.
func fields(content []byte) []Field {
	parsed, err := parseRow(content)
	if err != nil {
		return nil
	}
	list := make([]Field, len(parsed))
	for i, f := range parsed {
		list[i] = f.field()
	}
	return list
}
