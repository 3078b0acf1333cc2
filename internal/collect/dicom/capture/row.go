package capture

import (
	"fmt"
	"slices"
	"time"

	format "github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/format/jsonl"
	"github.com/wardline/wardline/internal/collect/dicom"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/event/instance"
)

// image takes the digests of one that is stored. Its methods do nothing for one that is not digested.
type image struct {
	l     *listener
	h     *hasher
	size  int64
	large bool
}

// image begins one. What is not digested, it is without digests: more than the limit at a time, those in a transfer syntax that nobody saw agreed on, and
// deflated ones, of which a megabyte can be a gigabyte.
func (l *listener) image(transfer string) *image {
	syntax := format.Syntax(transfer)
	i := &image{l: l}
	if transfer == "" || syntax.Deflated() || l.images == l.lim.images {
		return i
	}
	l.images++
	i.h = newHasher(syntax, l.mutable, l.dicomLimits())
	return i
}

func (i *image) write(p []byte) {
	if i.h == nil {
		return
	}
	i.size += int64(len(p))
	if i.size > smallImage && !i.large {
		if i.l.large == i.l.lim.large {
			i.l.lose("more large images at a time than the limit: one has no digests")
			i.drop()
			return
		}
		i.l.large++
		i.large = true
	}
	i.h.write(p)
}

func (i *image) drop() {
	if i.h == nil {
		return
	}
	i.h.drop()
	i.h = nil
	i.l.images--
	if i.large {
		i.l.large--
	}
}

// stored tells of an image that is whole.
func (t *talk) stored(a *ask, at time.Time) {
	i := a.image
	defer a.drop()
	if i.h == nil {
		return
	}
	in, ds, err := i.h.finish()
	if err != nil {
		a.broken = true
		return
	}
	a.subject = subject{ds.Text(tagPatient), ds.Text(tagStudy), ds.Text(tagAccession)}
	b := &t.f.l.b
	b.Reset()
	instance.Write(b, ds, in)
	dicom.WriteStore(b, &a.command, a.size)
	t.call().Write(b)
	t.row(at, true)
}

const (
	tagPatient   format.Tag = 0x00100020
	tagStudy     format.Tag = 0x0020000D
	tagAccession format.Tag = 0x00080050
	tagLevel     format.Tag = 0x00080052
)

// call is who speaks to whom.
func (t *talk) call() dicom.Call {
	f := t.f
	return dicom.Call{From: f.ends[f.client], To: f.ends[1-f.client], Association: t.c.Association()}
}

// row files what was written.
func (t *talk) row(at time.Time, instance bool) {
	l := t.f.l
	l.b.String("uid", t.f.id())
	var ev event.Event
	if err := l.b.Into(&ev, jsonl.DefaultLimits()); err != nil {
		l.lose("an event with more fields than the limit")
		return
	}
	l.rows = append(l.rows, row{at: at, instance: instance, fields: slices.Clone(ev.Fields)})
}

// begin begins an event about a command.
func (t *talk) begin(command string) *event.Builder {
	b := &t.f.l.b
	b.Reset()
	b.String("command", command)
	t.call().Write(b)
	return b
}

// associated tells what came of the wish for an association.
func (t *talk) associated(m *dimse.Message, at time.Time) {
	b := t.begin("A-ASSOCIATE")
	if m.Kind == dimse.Rejected {
		b.String("result", "rejected")
		if rj, ok := m.PDU.(dimse.Reject); ok {
			b.String("reason", rj.String())
		}
		t.row(at, false)
		return
	}
	b.String("result", "accepted")
	if a := t.c.Association(); a != nil {
		accepted := 0
		for _, c := range a.Contexts {
			if c.Result == dimse.ContextAccepted {
				accepted++
			}
		}
		b.Int("contexts", int64(len(a.Contexts)))
		b.Int("contexts_accepted", int64(accepted))
		text(b, "ServerImplementationClassUID", a.Server.Class)
	}
	t.row(at, false)
}

// unanswered tells of an association that was wished for, and of which nothing came.
func (t *talk) unanswered(at time.Time) {
	t.begin("A-ASSOCIATE").String("result", "unanswered")
	t.row(at, false)
}

func (t *talk) aborted(m *dimse.Message, at time.Time) {
	b := t.begin("A-ABORT")
	b.String("result", "aborted")
	b.String("by", m.From.String())
	t.row(at, false)
}

// tell tells of a request and its answer, which is nil when there is none.
func (t *talk) tell(a *ask, answer *dimse.Command, at time.Time) {
	b := t.begin(name(a.command.Field))
	b.Int("MessageID", int64(a.command.ID))
	text(b, "SOPClassUID", a.command.Class)
	text(b, "SOPInstanceUID", a.command.Instance)
	text(b, "MoveDestination", a.command.MoveDestination)
	text(b, "MoveOriginatorAETitle", a.command.MoveOriginator)
	number(b, "MoveOriginatorMessageID", a.command.MoveOriginatorID)
	if len(a.keys) > 0 && !a.broken && int64(len(a.keys)) == a.size {
		a.query(b)
	}
	text(b, "PatientID", a.subject.patient)
	text(b, "StudyInstanceUID", a.subject.study)
	text(b, "AccessionNumber", a.subject.accession)
	if a.command.DataSet {
		b.Int("bytes", a.size)
	}
	switch a.command.Field {
	case dimse.CStore:
		b.Int("instances", 1)
	case dimse.CFind:
		b.Int("matches", int64(a.matches))
	}
	if a.broken {
		b.Bool("broken", true)
	}
	if a.from == dimse.Server {
		b.String("asked_by", "server")
	}
	if answer == nil {
		b.String("result", "unanswered")
		t.row(at, false)
		return
	}
	b.String("Status", fmt.Sprintf("%04X", answer.Status.Value))
	number(b, "NumberOfCompletedSuboperations", answer.Completed)
	number(b, "NumberOfFailedSuboperations", answer.Failed)
	number(b, "NumberOfWarningSuboperations", answer.Warning)
	t.row(at, false)
}

const (
	mostKeys   = 64
	longestKey = 1 << 10 // bytes
)

// query writes what a request asks for: the keys that have a value (PS3.4 C.2.2.2). What they are wanted for without one, the answer tells.
func (a *ask) query(b *event.Builder) {
	lim := format.DefaultLimits()
	lim.Bytes = len(a.keys)
	ds, err := format.Parse(a.keys, format.Syntax(a.context.Transfer), lim)
	if a.context.Transfer == "" || err != nil {
		a.broken = a.broken || err != nil
		return
	}
	a.subject = subject{ds.Text(tagPatient), ds.Text(tagStudy), ds.Text(tagAccession)}
	text(b, "QueryRetrieveLevel", ds.Text(tagLevel))
	b.Object("query")
	n := 0
	for i := range ds.Elements {
		e := &ds.Elements[i]
		values := ds.Texts(e)
		key := e.Tag.Keyword()
		if len(values) == 0 || values[0] == "" || e.Tag == tagLevel || e.Tag == tagCharset || key == "" {
			continue
		}
		if n++; n > mostKeys {
			break
		}
		b.String(key, values[0][:min(len(values[0]), longestKey)])
	}
	b.End()
}

const tagCharset format.Tag = 0x00080005

// name is a command without what tells that it is a request.
func name(f dimse.Field) string {
	full := f.String()
	if n := len(full) - len("-RQ"); n > 0 && full[n:] == "-RQ" {
		return full[:n]
	}
	return full
}

func text(b *event.Builder, name, value string) {
	if value != "" {
		b.String(name, value)
	}
}

func number(b *event.Builder, name string, n dimse.Number) {
	if n.Given {
		b.Int(name, int64(n.Value))
	}
}
