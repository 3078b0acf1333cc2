package resources

import (
	"bytes"
	"testing"
)

// Entries is what a bundle was read as, for tests: type, id, version, whether it is a deletion.
func Entries(body []byte) (list []string, next string, err error) {
	p, err := parseBundle(body, nil)
	for _, e := range p.entries {
		kind := " written"
		if e.gone {
			kind = " deleted"
		}
		list = append(list, e.typ+"/"+e.id+" "+e.version.id+kind)
	}
	return list, p.next, err
}

// FuzzBundle reads what may be pages, statements and single resources: nothing may fail but by an error, and what was read must be safe to ask for.
func FuzzBundle(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Bundle","type":"history","total":2,"link":[{"relation":"next","url":"x"}],"entry":[
		{"resource":{"resourceType":"Observation","id":"a","meta":{"versionId":"2","lastUpdated":"2026-03-01T09:15:00Z"},"status":"final"}},
		{"request":{"method":"DELETE","url":"Observation/b/_history/3"},"response":{"etag":"W/\"3\"","lastModified":"2026-03-01T09:15:00Z"}}]}`))
	f.Add([]byte(`{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","rest":[{"mode":"server","interaction":[{"code":"history-system"}],
		"resource":[{"type":"Observation","versioning":"versioned","interaction":[{"code":"read"},{"code":"history-type"}]}]}]}`))
	f.Add([]byte(`{"resourceType":"Patient","id":"p","meta":{"security":[{"code":"R"}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parseBundle(body, []string{"https://fhir.example/r4"})
		if err != nil && (len(p.entries) > 0 || p.next != "") {
			t.Error("an error and a page")
		}
		for i := range p.entries {
			e := &p.entries[i]
			if !isType(e.typ) || !isID(e.id) || e.version.id == "" || !e.gone && len(e.text) == 0 {
				t.Errorf("%+v", e)
			}
			whole(t, e)
		}
		if _, err := parseCapability(body); err == nil && !bytes.Contains(body, []byte("4.")) {
			t.Error("a statement of no release")
		}
		if e, err := parseOne(body, nil); err == nil {
			whole(t, &e)
		}
	})
}

// whole packs a version and unpacks it.
func whole(t *testing.T, e *entry) {
	r := &record{id: e.id, versions: []version{e.version}, first: 7}
	body, content := packRecords([]*record{r})
	back, err := unpackRecords(body, content)
	if err != nil || len(back) != 1 {
		t.Fatal(err)
	}
	again, _ := packRecords(back)
	if !bytes.Equal(body, again) || !bytes.Equal(back[0].versions[0].text, e.text) || back[0].sum() != r.sum() {
		t.Error("what is packed is not what is unpacked")
	}
}

// FuzzUnpack reads what may be kept of resources.
func FuzzUnpack(f *testing.F) {
	body, content := packRecords([]*record{{id: "a", complete: true, first: 1, gone: 2, versions: []version{{id: "1", text: []byte("{}")}, {id: "2", gone: true, lost: true, labels: "x"}},
		planted: &planted{at: 3, id: "1", text: []byte("{1}")}}})
	f.Add(body, content)
	f.Fuzz(func(t *testing.T, body, content []byte) {
		list, err := unpackRecords(body, content)
		if err != nil {
			return
		}
		b, c := packRecords(list)
		if again, err := unpackRecords(b, c); err != nil || len(again) != len(list) {
			t.Error("what was unpacked cannot be packed", err)
		}
	})
}
