package evtx_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/format/evtx"
	"github.com/wardline/wardline/format/formattest"
)

func gunzip(t testing.TB, path string) []byte {
	t.Helper()
	b, err := unpack(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unpack(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// readAll returns the records of a file and the damage met.
func readAll(t testing.TB, file []byte) (records []evtx.Record, damage []*evtx.Damage) {
	t.Helper()
	r := evtx.NewReader(bytes.NewReader(file), evtx.DefaultLimits())
	for {
		var rec evtx.Record
		err := r.Next(&rec)
		var d *evtx.Damage
		switch {
		case err == io.EOF:
			return records, damage
		case errors.As(err, &d):
			damage = append(damage, d)
		case err != nil:
			t.Fatal(err)
		default:
			rec.JSON, rec.Channel = bytes.Clone(rec.JSON), bytes.Clone(rec.Channel)
			records = append(records, rec)
		}
	}
}

// lines calls use for each line of JSON in a file.
func lines[T any](t testing.TB, text []byte, use func(T)) {
	t.Helper()
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var v T
		if err := d.Decode(&v); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		use(v)
	}
}

// Records, channels and EventIDs are those that two other readers agree on.
func TestCountsAgreeWithOtherReaders(t *testing.T) {
	dir := formattest.Corpora(t, "evtx")
	index, err := os.ReadFile(filepath.Join(dir, "index.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	type entry struct {
		File     string
		Agree    bool   `json:"readers_agree"`
		Libyal   int    `json:"records_libyal"`
		Python   int    `json:"records_python_evtx"`
		First    string `json:"first_record_id"`
		Last     string `json:"last_record_id"`
		Channels map[string]int
		EventIDs map[string]int `json:"event_ids"`
	}
	files, total, agreed, equal := 0, 0, 0, 0
	lines(t, index, func(e entry) {
		records, damage := readAll(t, gunzip(t, filepath.Join(dir, filepath.FromSlash(e.File))))
		files++
		total += len(records)
		for _, d := range damage {
			t.Logf("%.16s: %v, %d records lost", filepath.Base(e.File), d, d.Records)
		}
		if !e.Agree {
			t.Logf("%.16s: %d records, %d and %d elsewhere", filepath.Base(e.File), len(records), e.Libyal, e.Python)
		}
		// Where records are damaged the others stop; reading on may find more.
		whole := e.Agree && !lost(damage)
		if len(records) < e.Libyal || whole && len(records) != e.Libyal {
			t.Errorf("%s: %d records, want %d", filepath.Base(e.File), len(records), e.Libyal)
		}
		if e.Agree {
			agreed++
			if len(records) == e.Libyal {
				equal++
			}
			if first, last := number(t, records[0]), number(t, records[len(records)-1]); first != e.First || last != e.Last {
				t.Errorf("%s: records %s to %s, want %s to %s", filepath.Base(e.File), first, last, e.First, e.Last)
			}
		}
		channels, ids := map[string]int{}, map[string]int{}
		for _, rec := range records {
			if !json.Valid(rec.JSON) {
				t.Errorf("%s: record at %d is not JSON", filepath.Base(e.File), rec.Offset)
			}
			// The others show the last of two channels: that of UserData.
			channels[plainText(fieldsOf(t, rec.JSON)["Channel"])]++
			ids[jsonNumber(rec.EventID)]++
		}
		if whole {
			sameCounts(t, e.File, e.Channels, channels)
			sameCounts(t, e.File, e.EventIDs, ids)
		}
	})
	t.Logf("%d files, %d records; of %d files on which the others agree %d have as many here, and the rest more", files, total, agreed, equal)
}

// number is the record's own number, as System has it.
func number(t *testing.T, rec evtx.Record) string {
	return plainText(fieldsOf(t, rec.JSON)["EventRecordID"])
}

// lost tells whether damage has cost more than a checksum.
func lost(damage []*evtx.Damage) bool {
	return slices.ContainsFunc(damage, func(d *evtx.Damage) bool { return !strings.HasPrefix(d.Reason, "checksum") })
}

func jsonNumber(n uint32) string {
	b, _ := json.Marshal(n)
	return string(b)
}

func sameCounts(t *testing.T, file string, want, got map[string]int) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d names, want %d", filepath.Base(file), len(got), len(want))
	}
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%s: %d records of %s, want %d", filepath.Base(file), got[name], name, n)
		}
	}
}
