package archive

import (
	"bytes"
	"crypto/sha256"
	"time"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/digest"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/event/instance"
)

// Act is what became of something.
type Act string

// The acts.
const (
	Seen   Act = "seen"   // an image was read back for the first time, or is not what it was
	Gone   Act = "gone"   // it is not there any more
	Broken Act = "broken" // what the archive delivers under its name is no image
)

// Outcome is what an archive alone says of a change.
type Outcome string

// The outcomes.
const (
	Explained Outcome = "explained" // a rejection note named what is gone
	Mismatch  Outcome = "mismatch"  // nothing that the archive shows explains it
)

// Change is what an event is made of. Its fields hold patient data: they are for the journal, and for no log.
type Change struct {
	Act    Act
	Fields []byte   // JSON
	Names  []string // that tell it from other changes
}

// Report is what one sweep of an archive came to.
type Report struct {
	System   string
	At       time.Time // when it began
	First    bool      // nothing was known before
	Listed   int64     // studies
	Read     int64     // instances that were read back
	Known    int64     // instances that the archive is known to hold
	New      int64     // instances that were read for the first time, or since the list says that they are another patient's
	Changed  int64     // instances that are not what they were
	Gone     int64     // instances that are not there any more, and nothing explains it
	Rejected int64     // instances that are not there any more, and were rejected
	Broken   int64     // instances that cannot be read
	Odd      int64     // entries of lists that name nothing
	Failed   int64     // studies, series or instances for which the archive answered with an error
	Why      error     // the last error of the archive
	Void     bool      // a difference was planted in an image that somebody changed or deleted meanwhile: of the test nothing can be said
	All      bool      // all studies were listed
	Whole    bool      // all studies were listed, and all images read that were to be

	There map[string]bool // of Look: whether the archive has a study that was asked for; one of which it did not say so is left out
}

// sum is how an instance is known again: its digests, and what stands in front of it.
func sum(p *picture) []byte {
	h := sha256.New()
	for _, d := range []digest.Digest{p.instance.Header, p.instance.Semantic, p.instance.Pixels} {
		h.Write(d.Sum[:])
	}
	h.Write(p.file.Preamble[:])
	return h.Sum(nil)[:12]
}

// lossless tells the ways of compression without loss that package frame does not unpack (JPEG-LS, JPEG 2000 and its high-throughput kin).
func lossless(s dicom.Syntax) bool {
	switch s {
	case "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202":
		return true
	}
	return false
}

// write returns the fields of an event about an image; planted is since when it is pretended that it was another, or zero.
func write(b *event.Builder, system string, p *picture, planted time.Time) ([]byte, error) {
	b.Reset()
	instance.Write(b, &p.file.DataSet, &p.instance)
	instance.WritePreamble(b, &p.file)
	b.Object("archive")
	b.String("system", system)
	b.String("act", string(Seen))
	if !planted.IsZero() {
		b.String("planted", planted.Format(time.RFC3339Nano))
	}
	b.End()
	return built(b)
}

// unpacked adds the digest of pixels that the archive has unpacked itself.
func unpacked(b *event.Builder, fields []byte, pixels digest.Digest) ([]byte, error) {
	b.Reset()
	b.Members(fields)
	b.String("unpacked", pixels.String())
	return built(b)
}

func built(b *event.Builder) ([]byte, error) {
	var ev event.Event
	if err := b.Into(&ev, jsonl.DefaultLimits()); err != nil {
		return nil, errDamaged // more than an event may hold
	}
	return bytes.Clone(ev.Fields), nil
}

// Loss is something that an archive does not hold.
type Loss struct {
	System          string
	Act             string
	Level           string // archive, study, series, or instance
	Study, Series   string
	Instances       []string // some of them
	Images          int64    // how many
	Modality        string
	Patient, Issuer string
	Outcome         Outcome
	Reason          string // a sentence
}

// mostNamed bounds the instances that one event names.
const mostNamed = 100

// Fields returns the fields of an event about it.
func (l *Loss) Fields(b *event.Builder) ([]byte, error) {
	b.Reset()
	for _, f := range [][2]string{
		{"StudyInstanceUID", l.Study}, {"SeriesInstanceUID", l.Series}, {"Modality", l.Modality}, {"PatientID", l.Patient}, {"IssuerOfPatientID", l.Issuer},
	} {
		if f[1] != "" {
			b.String(f[0], f[1])
		}
	}
	if len(l.Instances) > 0 {
		b.Strings("SOPInstanceUID", l.Instances[:min(len(l.Instances), mostNamed)])
	}
	b.Object("archive")
	b.String("system", l.System)
	b.String("act", l.Act)
	b.String("level", l.Level)
	b.Int("images", l.Images)
	b.String("outcome", string(l.Outcome))
	b.Strings("reasons", []string{l.Reason})
	b.End()
	return built(b)
}
