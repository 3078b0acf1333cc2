package hospital

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/store"
	"github.com/wardline/wardline/internal/vault"
)

//go:embed schema
var schema embed.FS

// remembered is what is written beside patients and staff.
type remembered struct {
	Version  int       `json:"version"`
	Clock    time.Time `json:"clock"`
	Wall     time.Time `json:"wall"`    // when it was Clock
	Now      stamp     `json:"now"`     // of which was told
	Undated  stamp     `json:"undated"` // see House
	Last     PatientID `json:"last"`
	Merged   int       `json:"merged"`
	Cursor   PatientID `json:"cursor"`
	HR       stamp     `json:"hr"`
	Surnames int       `json:"surnames"`
	Limits   Limits    `json:"limits"`
	Feeds    []Feed    `json:"feeds"`
}

const rememberedVersion = 1

// load returns the House as it was saved last, and what else was remembered. records is how many bytes of patients it may keep in memory.
func load(ctx context.Context, db *store.DB, v *vault.Vault, o Options, records int) (h *House, r remembered, err error) {
	h = New(v, o)
	h.shelf.db, h.shelf.limit = db, records
	if h.shelf.read, err = db.PrepareContext(ctx, `SELECT body FROM hospital_records WHERE id = $1`); err != nil {
		return nil, r, fmt.Errorf("open what is known of the house: %w", err)
	}
	if h.keys.read, err = db.PrepareContext(ctx, `SELECT patient FROM hospital_keys WHERE key = $1`); err != nil {
		return nil, r, errors.Join(fmt.Errorf("open what is known of the house: %w", err), h.close())
	}
	err = errors.Join(h.loadNames(ctx), h.loadStaff(ctx), h.loadUnits(ctx), h.loadSurnames(ctx), h.loadState(ctx, &r))
	if err != nil {
		return nil, r, errors.Join(fmt.Errorf("read what is known of the house: %w", err), h.close())
	}
	return h, r, nil
}

// close lets go of what the House holds of the database.
func (h *House) close() (err error) {
	for _, s := range []*sql.Stmt{h.shelf.read, h.keys.read} {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return err
}

// rows reads a table of sealed rows in the order of their numbers.
func (h *House) rows(ctx context.Context, query, kind string, row func(id int64, text []byte) error) error {
	rows, err := h.shelf.db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // reading to the end closes it
	for rows.Next() {
		var id int64
		var sealed sql.RawBytes
		if err := rows.Scan(&id, &sealed); err != nil {
			return err
		}
		text, err := h.v.Open(sealed, purpose(kind, id))
		if err != nil {
			return err
		}
		if err := row(id, text); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (h *House) loadNames(ctx context.Context) error {
	err := h.rows(ctx, `SELECT ref, body FROM hospital_names ORDER BY ref`, "name", func(ref int64, text []byte) error {
		if int(ref) != len(h.names.texts)+1 {
			return errCode
		}
		h.names.add(string(text))
		return nil
	})
	h.names.saved = len(h.names.texts)
	return err
}

func (h *House) loadStaff(ctx context.Context) error {
	ws := &h.workers
	err := h.rows(ctx, `SELECT id, body FROM hospital_staff ORDER BY id`, "staff", func(id int64, text []byte) error {
		w, err := decodeWorker(StaffID(id), text)
		if err != nil || int(id) != len(ws.all)+1 {
			return errCode
		}
		ws.all = append(ws.all, w)
		return nil
	})
	for _, w := range ws.all {
		if w.into != 0 {
			continue
		}
		for _, n := range w.Names {
			ws.byName[n] = w.ID
		}
		ws.index(w, Identity{}, w.Identity)
		if w.Patient != 0 {
			ws.patients[w.Patient] = append(ws.patients[w.Patient], w.ID)
		}
	}
	return err
}

func (h *House) loadUnits(ctx context.Context) error {
	return h.rows(ctx, `SELECT unit, body FROM hospital_units ORDER BY unit`, "unit", func(unit int64, text []byte) error {
		r := reader{b: text}
		if r.byte() != codeVersion {
			return errCode
		}
		u := &UnitInfo{Title: r.text()}
		if of := r.refs(); len(of) == 4 {
			u.Department, u.Service, u.Building, u.Site = of[0], of[1], of[2], of[3]
		}
		if r.failed {
			return errCode
		}
		h.units.all[Ref(unit)] = u
		return nil
	})
}

func (h *House) loadSurnames(ctx context.Context) error {
	rows, err := h.shelf.db.QueryContext(ctx, `SELECT family, records FROM hospital_surnames`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // reading to the end closes it
	for rows.Next() {
		var family int64
		var n int
		if err := rows.Scan(&family, &n); err != nil {
			return err
		}
		h.surnames.count[uint64(family)] = n
	}
	return rows.Err()
}

func (h *House) loadState(ctx context.Context, r *remembered) error {
	found := false
	err := h.rows(ctx, `SELECT id, body FROM hospital_state`, "state", func(_ int64, text []byte) error {
		found = true
		if err := json.Unmarshal(text, r); err != nil || r.Version != rememberedVersion {
			return errCode
		}
		return nil
	})
	if err != nil || !found {
		return err
	}
	h.dated, h.undated, h.last, h.merged, h.cursor, h.workers.hr, h.surnames.all, h.limits = r.Now, r.Undated, r.Last, r.Merged, r.Cursor, r.HR, r.Surnames, r.Limits
	for i := range r.Feeds {
		f := &r.Feeds[i]
		h.feeds[feedKey{f.Source, f.Kind}] = f
	}
	return nil
}

// save writes all that changed since it was saved last. It may be called again, until saved is.
func (h *House) save(ctx context.Context, tx *sql.Tx, r remembered) error {
	if h.err != nil {
		return h.err
	}
	for _, step := range []func(context.Context, *sql.Tx) error{h.saveRecords, h.saveKeys, h.saveNames, h.saveStaff, h.saveUnits, h.saveSurnames} {
		if err := step(ctx, tx); err != nil {
			return fmt.Errorf("write what is known of the house: %w", err)
		}
	}
	r.Version, r.Now, r.Undated, r.Last, r.Merged, r.Cursor = rememberedVersion, h.dated, h.undated, h.last, h.merged, h.cursor
	r.HR, r.Surnames, r.Limits, r.Feeds = h.workers.hr, h.surnames.all, h.limits, h.listFeeds()
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write what is known of the house: %w", err)
	}
	return h.put(ctx, tx, "state", `INSERT INTO hospital_state (id, body) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body`, func(yield func(int64, []byte) bool) { yield(1, text) })
}

// put writes rows, each sealed for its place.
func (h *House) put(ctx context.Context, tx *sql.Tx, kind, query string, rows func(func(int64, []byte) bool)) (err error) {
	var insert *sql.Stmt
	for id, text := range rows {
		if insert == nil {
			if insert, err = tx.PrepareContext(ctx, query); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, insert.Close()) }()
		}
		sealed, err := h.v.Seal(text, purpose(kind, id))
		if err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, id, sealed); err != nil {
			return err
		}
	}
	return nil
}

func (h *House) saveRecords(ctx context.Context, tx *sql.Tx) error {
	return h.put(ctx, tx, "record", `INSERT INTO hospital_records (id, body) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body`, func(yield func(int64, []byte) bool) {
		for id, slot := range h.shelf.dirty {
			h.fade(slot.record)
			if !yield(int64(id), slot.record.encode()) {
				return
			}
		}
	})
}

func (h *House) saveKeys(ctx context.Context, tx *sql.Tx) (err error) {
	if len(h.keys.pending) == 0 {
		return nil
	}
	insert, err := tx.PrepareContext(ctx, `INSERT INTO hospital_keys (key, patient) VALUES ($1, $2) ON CONFLICT DO NOTHING`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	for k, changes := range h.keys.pending {
		for _, c := range changes {
			if c.gone {
				_, err = tx.ExecContext(ctx, `DELETE FROM hospital_keys WHERE key = $1 AND patient = $2`, k.bytes(), int64(c.id))
			} else {
				_, err = insert.ExecContext(ctx, k.bytes(), int64(c.id))
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *House) saveNames(ctx context.Context, tx *sql.Tx) error {
	return h.put(ctx, tx, "name", `INSERT INTO hospital_names (ref, body) VALUES ($1, $2)`, func(yield func(int64, []byte) bool) {
		for i := h.names.saved; i < len(h.names.texts); i++ {
			if !yield(int64(i+1), []byte(h.names.texts[i])) {
				return
			}
		}
	})
}

func (h *House) saveStaff(ctx context.Context, tx *sql.Tx) error {
	return h.put(ctx, tx, "staff", `INSERT INTO hospital_staff (id, body) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body`, func(yield func(int64, []byte) bool) {
		for id := range h.workers.dirty {
			w := h.workers.all[id-1]
			w.fade(h.fading())
			if !yield(int64(id), w.encode()) {
				return
			}
		}
	})
}

func (h *House) saveUnits(ctx context.Context, tx *sql.Tx) error {
	return h.put(ctx, tx, "unit", `INSERT INTO hospital_units (unit, body) VALUES ($1, $2)
		ON CONFLICT (unit) DO UPDATE SET body = excluded.body`, func(yield func(int64, []byte) bool) {
		for unit := range h.units.dirty {
			u, w := h.units.all[unit], writer{}
			w.byte(codeVersion)
			w.text(u.Title)
			w.refs([]Ref{u.Department, u.Service, u.Building, u.Site})
			if !yield(int64(unit), w.b) {
				return
			}
		}
	})
}

func (h *House) saveSurnames(ctx context.Context, tx *sql.Tx) (err error) {
	if len(h.surnames.dirty) == 0 {
		return nil
	}
	put, err := tx.PrepareContext(ctx, `INSERT INTO hospital_surnames (family, records) VALUES ($1, $2)
		ON CONFLICT (family) DO UPDATE SET records = excluded.records`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, put.Close()) }()
	for family := range h.surnames.dirty {
		if n := h.surnames.count[family]; n > 0 {
			_, err = put.ExecContext(ctx, int64(family), n)
		} else {
			_, err = tx.ExecContext(ctx, `DELETE FROM hospital_surnames WHERE family = $1`, int64(family))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// saved notes that what save wrote is durable.
func (h *House) saved() {
	h.shelf.clean()
	h.keys.written()
	h.names.saved = len(h.names.texts)
	clear(h.workers.dirty)
	clear(h.units.dirty)
	clear(h.surnames.dirty)
}

// heavy tells that so much waits to be written that it cannot wait longer.
func (h *House) heavy() bool { return h.shelf.weight > h.shelf.limit && len(h.shelf.dirty) > 0 }

// fade drops what is too old.
func (h *House) fade(r *record) (changed bool) {
	changed, numbers := r.fade(h.fading())
	for _, n := range numbers {
		h.unbind(hashKey(byVisit, n), n, r.id)
	}
	return changed
}

// sweep looks through the next few records on the disk for edges that are too old, so that those of patients who never come again
// go too.
func (h *House) sweep(ctx context.Context, few int) error {
	rows, err := h.shelf.db.QueryContext(ctx, `SELECT id FROM hospital_records WHERE id > $1 ORDER BY id LIMIT $2`, int64(h.cursor), few)
	if err != nil {
		return fmt.Errorf("look for what is too old: %w", err)
	}
	defer func() { _ = rows.Close() }() // reading to the end closes it
	var ids []PatientID
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("look for what is too old: %w", err)
		}
		ids = append(ids, PatientID(id))
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("look for what is too old: %w", err)
	}
	for _, id := range ids {
		if r := h.record(id); r != nil && h.fade(r) {
			h.dirty(r)
		}
	}
	if h.cursor = 0; len(ids) == few {
		h.cursor = ids[few-1]
	}
	h.shelf.trim()
	return h.err
}
