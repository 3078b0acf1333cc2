package reader_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/format/formattest"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/collecttest"
	"github.com/wardline/wardline/internal/collect/hl7"
	"github.com/wardline/wardline/internal/event"
	"github.com/wardline/wardline/internal/hospital"
	"github.com/wardline/wardline/internal/hospital/reader"
)

// What facts of one record may hold, whatever the record says about itself.
const (
	mostFacts = 2000
	mostList  = 500
	longest   = 600 // bytes of a value: two values at most and what joins them
)

// bounded reads a hostile source and checks that nothing that comes of it grows with it, and that errors quote nothing.
func bounded(t *testing.T, f collect.Format, o collect.Options, in []byte) {
	d := f.Open(bytes.NewReader(formattest.Plant(in)), o)
	r := reader.New(time.UTC)
	for {
		var ev event.Event
		err := d.Next(&ev)
		var damage *collect.Damage
		switch {
		case errors.Is(err, collect.ErrSkip), errors.As(err, &damage):
			continue
		case err == io.EOF:
			return
		case err != nil:
			return
		}
		facts, err := r.Read(&ev)
		formattest.Quiet(t, err)
		if len(facts) > mostFacts {
			t.Fatalf("%d facts", len(facts))
		}
		for i := range facts {
			check(t, &facts[i])
		}
		doses, err := reader.Doses(&ev, time.UTC)
		formattest.Quiet(t, err)
		if len(doses) > mostFacts {
			t.Fatalf("%d doses", len(doses))
		}
		for i := range doses {
			size(t, reflect.ValueOf(&doses[i]).Elem())
		}
	}
}

// check looks for what is too long in a fact, and for reasons that would be about all of a patient, or about nobody's.
func check(t *testing.T, f *hospital.Fact) {
	size(t, reflect.ValueOf(f).Elem())
	if r := f.Reason; r != nil {
		if len(r.Who) == 0 && r.Key == "" {
			t.Fatal("a reason about all that is known of a patient")
		}
		if len(r.Patient) == 0 && r.Visit == "" {
			t.Fatal("a reason about nobody")
		}
	}
}

func size(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.Len() > longest {
			t.Fatalf("a value of %d bytes", v.Len())
		}
	case reflect.Slice:
		if v.Len() > mostList {
			t.Fatalf("a list of %d", v.Len())
		}
		for i := range v.Len() {
			size(t, v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			size(t, v.Elem())
		}
	case reflect.Struct:
		if _, isTime := v.Interface().(time.Time); isTime {
			return
		}
		for i := range v.NumField() {
			size(t, v.Field(i))
		}
	}
}

// examples are what the readers' own tests read.
func examples(f *testing.F, reader string) (list []string) {
	files, err := filepath.Glob(filepath.Join(reader, "testdata", "*.txtar"))
	if err != nil || len(files) == 0 {
		f.Fatal("no examples")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, in, _ := strings.Cut(string(text), "-- in --\n")
		in, _, _ = strings.Cut(in, "\n-- facts --")
		list = append(list, in)
	}
	return list
}

func FuzzMessages(f *testing.F) {
	for _, text := range examples(f, "v2") {
		f.Add([]byte(text))
	}
	f.Add([]byte("MSH|^~\\&|||||||ORU^R01\rPID|||" + strings.Repeat("a~", 2000) + "\r" + strings.Repeat("OBR|||||||||a~b|\rOBX||||||||A||||||||c\r", 300)))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) { bounded(t, hl7.Format(), o, in) })
}

func FuzzResources(f *testing.F) {
	for _, text := range examples(f, "fhir") {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"resourceType":"Encounter","id":"` + strings.Repeat("x", 3000) + `","participant":[` + strings.Repeat(`{"individual":{"reference":"a/b"}},`, 100) + `{}]}`))
	f.Add([]byte(`{"resourceType":"PractitionerRole","practitioner":{"reference":"#a"},"contained":[{"id":"a","practitioner":{"reference":"#a"}}]}`))
	o := collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) { bounded(t, shapes(), o, in) })
}

func FuzzRows(f *testing.F) {
	for _, text := range []string{
		"staff_id,logins,family_name,job_code,birth_date,kin_names,end_date,status\n0042,a;b,Berg,RN,1985-02-03,\"A, B;C\",2026-01-01,suspended\n",
		"staff_id,unit,start,end,kind,covers\n0042,4W,2026-07-01 07:00,2026-07-01 19:00,shift,\n",
		"unit,title,department,service,building,site\n4W,a,b,c,d,e\n",
		"kind,reference,patient_id,authority,visit,who,who_kind,label,from,to,entered_by,status\nticket,T-1,0042,ALDER,,d.esk,person,,2026-07-01 08:00,,d.esk,open\nmember,P,,,,a,person,,,,,\nvip,,0042,,,,,,,,,removed\n",
	} {
		f.Add([]byte(text))
	}
	format, o := csv(f), collecttest.Options(options(f).Taxonomy)
	f.Fuzz(func(t *testing.T, in []byte) { bounded(t, format, o, in) })
}
