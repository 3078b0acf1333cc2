package tables

import "github.com/wardline/wardline/internal/integrity/aside"

// spill is where rows wait for the others of their part of a table, which come in another order.
type spill struct{ *aside.Spill[*row] }

func newSpill(dir string, bits int, s *aside.Sealer) (*spill, error) {
	form := aside.Form[*row]{Pack: packRows, Unpack: func(body, content []byte) ([]*row, error) {
		rows, err := unpackRows(body)
		if err != nil {
			return nil, err
		}
		return rows, fill(rows, content)
	}}
	file, err := aside.NewSpill(dir, bits, s, "integrity spill", form)
	return &spill{file}, err
}

func (s *spill) add(r *row) error { return s.Add(int(chunkOf(r.key, s.Bits)), r, len(r.content)+100) }

// take returns all rows of a part, sorted by their keys' hashes, and forgets them.
func (s *spill) take(part int) ([]*row, error) {
	rows, err := s.Take(part)
	sortRows(rows)
	return rows, err
}
