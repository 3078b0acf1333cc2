// Package readertest writes facts down, so that tests of readers are read like examples.
package readertest

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/hospital"
)

// Print writes one line for each fact, with what is filled of it.
func Print(facts []hospital.Fact) string {
	var b strings.Builder
	for i := range facts {
		v := reflect.ValueOf(facts[i])
		for n := range v.NumField() {
			if f := v.Field(n); f.Kind() == reflect.Pointer && !f.IsNil() {
				b.WriteString(strings.ToLower(v.Type().Field(n).Name))
				members(&b, f.Elem())
			}
		}
		if said := facts[i].Said; !said.IsZero() {
			b.WriteString(" said:" + stamp(said))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func members(b *strings.Builder, v reflect.Value) {
	for n := range v.NumField() {
		if f := v.Field(n); !f.IsZero() {
			b.WriteString(" " + strings.ToLower(v.Type().Field(n).Name) + ":")
			value(b, f)
		}
	}
}

func value(b *strings.Builder, v reflect.Value) {
	switch x := v.Interface().(type) {
	case time.Time:
		b.WriteString(stamp(x))
		return
	case hospital.Identifier:
		fmt.Fprintf(b, "%s@%s/%s", x.Value, x.Authority, x.Type)
		return
	case hospital.Name:
		b.WriteString(name(x))
		return
	case hospital.Who:
		b.WriteString([]string{"?", "person", "department", "service", "unit", "protocol"}[x.Kind] + " " + name(x.Name))
		return
	case hospital.Kind:
		b.WriteString([]string{"?", "provider", "appointment", "order", "result", "copy", "document", "medication", "care-team", "procedure", "imaging",
			"specimen", "prescription", "registration", "account", "trigger", "message", "consult", "research", "assignment", "ticket", "page", "transfer"}[x])
		return
	case hospital.Detail:
		b.WriteString([]string{"?", "address", "phones", "death", "mother", "kin"}[x])
		return
	case byte:
		b.WriteByte(x)
		return
	}
	switch v.Kind() {
	case reflect.Slice:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			value(b, v.Index(i))
		}
		b.WriteByte(']')
	case reflect.Struct:
		b.WriteByte('{')
		var inner strings.Builder
		members(&inner, v)
		b.WriteString(strings.TrimPrefix(inner.String(), " ") + "}")
	case reflect.String:
		fmt.Fprintf(b, "%q", v.String())
	default:
		fmt.Fprint(b, v.Interface())
	}
}

func name(n hospital.Name) string {
	if n.Authority == "" {
		return n.Text
	}
	return n.Text + "@" + n.Authority
}

func stamp(t time.Time) string {
	return strings.TrimSuffix(t.UTC().Format("2006-01-02T15:04:05Z"), "T00:00:00Z")
}

// Run reads each example below testdata, a text archive of two files: the first with read, whose facts are to be those in
// the second. With update the second is written anew.
func Run(t *testing.T, update bool, read func(t *testing.T, in []byte) []hospital.Fact) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			head, want, ok := strings.Cut(string(text), "\n-- facts --\n")
			_, in, named := strings.Cut(head, "-- in --\n")
			if !ok || !named {
				t.Fatal("an example is a file called in, and one called facts")
			}
			got := Print(read(t, []byte(in)))
			if update {
				if err := os.WriteFile(file, []byte(head+"\n-- facts --\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("facts:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
