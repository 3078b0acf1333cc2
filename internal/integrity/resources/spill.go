package resources

import (
	"github.com/wardline/wardline/internal/integrity/aside"
	"github.com/wardline/wardline/internal/integrity/digest"
)

// spill is where versions wait for the others of their resource, and resources for the others of their chunk: servers tell in the order in which things
// were written.
type spill struct{ *aside.Spill[*record] }

func newSpill(dir string, bits int, s *aside.Sealer) (*spill, error) {
	file, err := aside.NewSpill(dir, bits, s, "integrity resources spill", aside.Form[*record]{Pack: packRecords, Unpack: unpackRecords})
	return &spill{file}, err
}

func (s *spill) add(id string, v version) error {
	return s.Add(int(digest.ChunkOf(keyOf(id), s.Bits)), &record{id: id, versions: []version{v}}, len(v.text)+len(v.labels)+200)
}

// take returns what was read of all resources of a part, by their ids.
func (s *spill) take(part int, whole bool) (map[string]*view, error) {
	list, err := s.Take(part)
	if err != nil {
		return nil, err
	}
	views := map[string]*view{}
	for _, r := range list {
		v := views[r.id]
		if v == nil {
			v = &view{id: r.id, whole: whole, complete: whole}
			views[r.id] = v
		}
		v.versions = append(v.versions, r.versions...)
	}
	for _, v := range views {
		v.settle()
	}
	return views, nil
}
