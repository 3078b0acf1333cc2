package integrity

import (
	"encoding/json"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/archive"
	"github.com/wardline/wardline/internal/integrity/image"
	"github.com/wardline/wardline/internal/integrity/row"
)

// isLoss tells the events that are of what an archive does not hold.
func isLoss(c *event.Class) bool { return c.Product == "dicom" && c.Service == "archive" }

// missing is the act of a loss that the archive cannot tell of, for it never had what is missing.
const missing = "missing"

// loss is a doubt when nothing explains why an archive does not hold something.
func (e *Engine) loss(h *hospital.House, ev *event.Event, at hospital.Place) ([]Doubt, error) {
	var said struct {
		Archive struct {
			System, Act, Outcome string
			Images               int
			Reasons              []string
		}
	}
	if err := json.Unmarshal(ev.Fields, &said); err != nil || said.Archive.Outcome != string(archive.Mismatch) {
		return nil, nil // nothing to doubt, or nothing that this house wrote
	}
	kind := string(image.Gone)
	switch said.Archive.Act {
	case missing:
		kind = string(image.Missing)
	case actUnfound:
		kind = string(row.Unread)
	}
	d := Doubt{
		Kind: kind, System: said.Archive.System, At: ev.Observed, About: value(ev, "Modality"), Study: value(ev, "StudyInstanceUID"), Count: max(1, said.Archive.Images),
		Signs: signsOf(said.Archive.Reasons), Places: []finding.Place{{Entry: at.Entry, Line: int(at.Line)}},
	}
	if d.Study == "" && kind != string(row.Unread) {
		d.Way = said.Archive.System // all of it is gone
	}
	if id := value(ev, "PatientID"); id != "" {
		d.Patient = token(h, id+"^^^"+value(ev, "IssuerOfPatientID"))
	}
	for uid := range ev.Values("SOPInstanceUID") {
		before, known, err := e.images.seal(string(uid))
		if err != nil {
			return nil, err
		}
		if place, _, ok := placeOf(before.First); known && ok {
			d.Before = &place
			break
		}
	}
	d.ID = event.NewID(watcher, d.Kind, ev.ID.String()).String()
	return []Doubt{d}, nil
}
