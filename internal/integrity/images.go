package integrity

import (
	"slices"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/finding"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/integrity/image"
)

// isImage tells the events that are of images with their digests.
func isImage(c *event.Class) bool { return c.Product == "dicom" && c.Service == "instance" }

// image compares an image with what was sealed of it, when it was first heard of.
func (e *Engine) image(h *hospital.House, ev *event.Event, at hospital.Place) ([]Doubt, error) {
	field := func(name string) string { return value(ev, name) }
	uid := field("SOPInstanceUID")
	if uid == "" {
		return nil, nil
	}
	before, known, err := e.images.seal(uid)
	if err != nil {
		return nil, err
	}
	now := image.Seen{
		ID: idOf(at, ev.ID), Polyglot: field("preamble") == "other", Coerced: field("coerced.reason") != "",
		Seal: image.Seal{
			Header: field("digest.header"), Semantic: field("digest.semantic"), Pixels: field("digest.pixels"), Patient: field("PatientID") + "^^^" + field("IssuerOfPatientID"),
			Unpacked: field("unpacked"), Study: field("StudyInstanceUID"), From: ev.Source, At: ev.Observed,
		},
	}
	if known && now.Patient != before.Patient {
		now.Moved = samePatient(h, before.Patient, now.Patient) || now.Coerced && agrees(h, now.Patient, field("PatientName"), field("PatientBirthDate"))
	}
	if since, planted := plantedSince(field("archive.planted")); planted && known {
		other := before // as it is pretended to have been
		other.Pixels, other.Unpacked, other.Told = "planted", "", false
		if wrong, _ := image.Compare(other, known, now); slices.Contains(wrong, image.Redrawn) {
			e.found = append(e.found, SelfTest{System: field("archive.system"), Table: images, Planted: since, Found: ev.Observed})
		}
		return nil, nil
	}
	wrong, keep := image.Compare(before, known, now)
	if keep != before {
		e.images.keep(uid, keep, ev.Observed)
	}
	var out []Doubt
	for _, kind := range wrong {
		d := imageDoubt(h, kind, &before, &now, field("Modality"))
		d.System = field("archive.system")
		out = append(out, d)
	}
	return out, nil
}

// value is the first value that an event has under a name.
func value(ev *event.Event, name string) string {
	for v := range ev.Values(name) {
		return string(v)
	}
	return ""
}

// plantedSince reads since when a difference is pretended.
func plantedSince(text string) (since time.Time, planted bool) {
	since, err := time.Parse(time.RFC3339Nano, text)
	return since, err == nil
}

func imageDoubt(h *hospital.House, kind image.Kind, before *image.Seal, now *image.Seen, modality string) Doubt {
	d := Doubt{Kind: string(kind), At: now.At, About: modality, Patient: token(h, now.Patient), Count: 1, Study: now.Study}
	if place, _, ok := placeOf(before.First); ok {
		d.Before = &place
	}
	place, id, ok := placeOf(now.ID)
	if ok {
		d.Places = []finding.Place{place}
	}
	d.ID = event.NewID(watcher, d.Kind, id).String()
	return d
}

// samePatient tells whether two numbers are of one patient, as far as the house knows.
func samePatient(h *hospital.House, a, b string) bool {
	x, y := token(h, a), token(h, b)
	return x != "" && x == y
}

// agrees tells whether an image that says that it was corrected says of the patient what the house knows.
func agrees(h *hospital.House, identifier, name, born string) bool {
	value, authority, _ := strings.Cut(identifier, "^^^")
	known, ok := h.Recorded([]hospital.Identifier{{Value: value, Authority: authority}})
	day, err := time.Parse("20060102", born)
	parts := append(strings.Split(name, "^"), "")
	if !ok || err != nil || known.Person == 0 {
		return false
	}
	return h.Identity(&hospital.Human{Family: parts[0], Given: parts[1], Born: day}).Person == known.Person
}
