package bench_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/Velocidex/ordereddict"
	velocidex "www.velocidex.com/golang/evtx"

	"github.com/wardline/wardline/format/evtx"
)

// BenchmarkEVTX turns event logs into JSON on one core, beside the reader of Velocidex, on the
// files that the latter reads without a complaint.
func BenchmarkEVTX(b *testing.B) {
	oneCore(b)
	files, size := cleanLogs(b)
	ours, theirs := readAll(b, files, records), readAll(b, files, velocidexRecords)
	all := inTurn(b, pass{"ours", ours}, pass{"velocidex", theirs})
	ns := all[0].median()
	b.ReportMetric(1e9/ns, "events/s")
	b.ReportMetric(float64(size)/float64(ours())/ns*1e3, "MB/s")
	b.ReportMetric(all[1].to(all[0]), "x-velocidex")
	b.ReportMetric(allocations(ours), "allocs/event")
	b.ReportMetric(float64(len(files)), "files")
}

// BenchmarkEVTXExport stands beside evtxexport of libevtx, which is a program in C: Debian has it in
// libevtx-utils. It writes text, and we JSON. Small files are left out, for it is
// started anew for each; its processor time is counted, as ours is.
func BenchmarkEVTXExport(b *testing.B) {
	program, err := exec.LookPath("evtxexport")
	if err != nil {
		b.Skip("evtxexport is not installed: it is in the package libevtx-utils")
	}
	oneCore(b)
	const many = 300
	var large [][]byte
	var paths []string
	files, _ := cleanLogs(b)
	for _, file := range files {
		if n, err := records(file); err != nil || n < many {
			continue
		}
		paths = append(paths, filepath.Join(b.TempDir(), fmt.Sprintf("%d.evtx", len(paths))))
		large = append(large, file)
		if err := os.WriteFile(paths[len(paths)-1], file, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	ours := readAll(b, large, records)
	var own, theirs costs
	for b.Loop() {
		for range rounds {
			start := cpuTime()
			per := float64(ours())
			own = append(own, float64(cpuTime()-start)/per)
			theirs = append(theirs, export(b, program, paths)/per)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(1e9/own.median(), "events/s")
	b.ReportMetric(theirs.to(own), "x-evtxexport")
	b.ReportMetric(float64(len(large)), "files")
}

// export is the processor time, in nanoseconds, that a program takes for all files.
func export(b *testing.B, program string, paths []string) (ns float64) {
	for _, path := range paths {
		cmd := exec.Command(program, path)
		cmd.Stdout = io.Discard
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		ns += float64(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime())
	}
	return ns
}

// cleanLogs unpacks the logs of the corpus in which both readers find the same number of events.
func cleanLogs(b *testing.B) (files [][]byte, size int) {
	b.Helper()
	paths, err := filepath.Glob(filepath.Join(corpora(b, "evtx"), "files", "*", "*.evtx.gz"))
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range paths {
		file := gunzip(b, path)
		n, err := records(file)
		if m, err2 := velocidexRecords(file); err == nil && err2 == nil && n == m && n > 0 {
			files = append(files, file)
			size += len(file)
		}
	}
	return files, size
}

// readAll is a pass over all files.
func readAll(b *testing.B, files [][]byte, records func(file []byte) (int, error)) func() int {
	return func() (n int) {
		for _, file := range files {
			m, err := records(file)
			if err != nil {
				b.Fatal(err)
			}
			n += m
		}
		return n
	}
}

func records(file []byte) (n int, err error) {
	r := evtx.NewReader(bytes.NewReader(file), evtx.DefaultLimits())
	var rec evtx.Record
	for ; ; n++ {
		if err := r.Next(&rec); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}

// velocidexRecords turns a panic of that reader, which damaged files cause, into an error.
func velocidexRecords(file []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	chunks, err := velocidex.GetChunks(bytes.NewReader(file))
	if err != nil {
		return 0, err
	}
	for _, chunk := range chunks {
		records, err := chunk.Parse(0)
		if err != nil {
			return 0, err
		}
		for _, r := range records {
			event, ok := r.Event.(*ordereddict.Dict)
			if !ok {
				return 0, errors.New("no event in a record")
			}
			if _, err := json.Marshal(event); err != nil {
				return 0, err
			}
			n++
		}
	}
	return n, nil
}
