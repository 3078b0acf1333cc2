package assertion

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/integrity/digest"
)

// Mapping declares which statement the rows of a table make.
type Mapping struct {
	Kind      Kind
	Table     string            // its name, for people
	Columns   map[string]string // from the name of a field to that of its column
	Authority string            // who gave the numbers in the patient's column, by any of its names
	Systems   map[string]string // from the name of a field to the system that its codes are of
	Statuses  map[string]string // from what the status column holds to a class of states
}

// ErrRow says that a row does not have the columns that its mapping names, or makes no statement.
var ErrRow = errors.New("the row makes no statement")

// OfRow returns the statement of one row, with values as digest.Row takes them. Its error is an ErrRow, which names columns and
// no values.
func OfRow(columns []string, values []digest.Value, m *Mapping, rules *Rules) (Statement, error) {
	r := rowReader{columns, values, m, rules}
	for field, column := range m.Columns {
		if i := slices.Index(columns, column); i < 0 || i >= len(values) {
			return Statement{}, fmt.Errorf("%w: table %s has no column %s for the %s", ErrRow, m.Table, column, field)
		}
	}
	s, ok := r.read()
	if !ok {
		return Statement{}, fmt.Errorf("%w: table %s: no patient, or nothing that it is about", ErrRow, m.Table)
	}
	return s, nil
}

type rowReader struct {
	columns []string
	values  []digest.Value
	m       *Mapping
	rules   *Rules
}

// cell is the value of a field's column, null for one without a column.
func (r *rowReader) cell(field string) digest.Value {
	if column, ok := r.m.Columns[field]; ok {
		return r.values[slices.Index(r.columns, column)]
	}
	return digest.Value{}
}

// text is the value of a field's column as text.
func (r *rowReader) text(field string) string {
	v := r.cell(field)
	switch v.Kind {
	case digest.Text, digest.Char:
		return strings.TrimSpace(v.Text)
	case digest.Decimal:
		return v.Text
	case digest.Integer:
		return strconv.FormatInt(v.Integer, 10)
	case digest.Float:
		return strconv.FormatFloat(v.Float, 'g', -1, 64)
	case digest.Real:
		return strconv.FormatFloat(v.Float, 'g', -1, 32)
	case digest.Boolean:
		return strconv.FormatBool(v.Integer != 0)
	case digest.Timestamp:
		return utc(v.Time)
	case digest.Date:
		return v.Time.Format(time.DateOnly)
	case digest.Bytes:
		return hex.EncodeToString(v.Bytes)
	}
	return ""
}

func (r *rowReader) read() (Statement, bool) {
	d := newDraft(r.m.Kind, r.m.Table)
	set := func(field, value string) {
		d.set(field, value, r.m.Table+"."+r.m.Columns[field])
	}
	id := identifier{authority: r.rules.authority(r.m.Authority), number: r.text(Patient)}
	set(Patient, r.rules.patient([]identifier{id}))
	for _, field := range []string{Subject, Drug, Route} {
		code, _ := r.rules.code([]coding{{system: r.m.Systems[field], code: r.text(field)}})
		if aspect := bloodAspect(code); aspect != "" && d.kind == Result {
			d.kind, code = BloodGroup, aspect
		}
		set(field, code)
	}
	if _, ok := r.m.Columns[Value]; ok {
		r.worth(d)
	}
	for _, field := range []string{Observed, Reported} {
		set(field, r.rules.isoTime(r.text(field)))
	}
	for field, read := range map[string]func(string) string{
		Status: r.status, DoseUnit: r.rules.unit, Frequency: frequency, Laterality: laterality, Sex: sex,
		Category: allergyCategory, Severity: severity, Family: personName, Given: personName,
	} {
		set(field, read(r.text(field)))
	}
	set(Dose, plainNumber(r.text(Dose)))
	set(Birth, day(r.rules.isoTime(r.text(Birth))))
	set(Death, r.death())
	set(Hash, r.hash())
	for _, field := range []string{Order, Sub, SubjectText, RangeText, Flag, Performer, Reaction, DrugText, Lot, Title} {
		set(field, r.text(field))
	}
	return d.statement()
}

func plainNumber(text string) string {
	if n, ok := number(text); ok {
		return n
	}
	return text
}

// worth sets type, value and unit. A column of numbers holds numbers; one of texts holds what each text looks like.
func (r *rowReader) worth(d *draft) {
	kind, text := typeText, r.text(Value)
	switch r.cell(Value).Kind {
	case digest.Integer, digest.Decimal, digest.Float, digest.Real:
		kind = typeNumber
	case digest.Timestamp, digest.Date:
		kind = typeTime
	}
	if system := r.m.Systems[Value]; system != "" {
		kind, text = r.rules.coded([]coding{{system: system, code: text}})
	}
	if d.kind == BloodGroup {
		text = bloodGroup(text)
	}
	place := func(field string) string { return r.m.Table + "." + r.m.Columns[field] }
	r.rules.value(d, kind, text, r.text(Unit), d.get(Subject), place(Value), place(Unit))
}

func (r *rowReader) status(text string) string {
	if class, ok := r.m.Statuses[text]; ok {
		return class
	}
	switch r.m.Kind {
	case Result, BloodGroup:
		return resultStatus(text)
	case DrugOrder:
		return orderStatus(text)
	case DrugGiven, Procedure:
		return givenStatus(text)
	case Diagnosis:
		return diagnosisStatus(text)
	case Document:
		return documentStatus(text)
	case Allergy:
		if text == "active" {
			return StatusActive
		}
	}
	return ""
}

func (r *rowReader) death() string {
	if v := r.cell(Death); v.Kind == digest.Boolean {
		if v.Integer != 0 {
			return "yes"
		}
		return ""
	}
	return r.rules.isoTime(r.text(Death))
}

// hash is that of a column which holds a document's content.
func (r *rowReader) hash() string {
	v := r.cell(Hash)
	content := v.Bytes
	if v.Kind == digest.Text {
		content = []byte(v.Text)
	}
	if len(content) == 0 {
		return ""
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
