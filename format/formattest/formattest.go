// Package formattest holds what every parser of foreign bytes is tested by: what it may cost, and
// that its errors keep quiet about what it read. Only tests import it.
package formattest

import (
	"bytes"
	"flag"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

// Cost is what reading an input may cost: so many bytes of memory for a start, and so many for each
// byte of the input. Memory counts as it is allotted, whether or not it is given back.
type Cost struct{ Fixed, PerByte int }

// Check runs read, which reads an input of size bytes and may be run several times, and fails t when
// it allots more memory than c allows. While fuzzing it also fails t when read is slow, three
// times in a row: a test that runs every day shall not depend on what else the machine does.
func (c Cost) Check(t testing.TB, size int, read func()) {
	t.Helper()
	before, begin := roughly(), time.Now()
	read()
	took, memory := time.Since(begin), roughly()-before
	most := uint64(c.Fixed + c.PerByte*size)
	if memory > most { // that may have been allotted before and counted late
		memory = exactly(read)
	}
	if memory > most {
		t.Errorf("%d bytes of memory for %d bytes of input, more than %d", memory, size, most)
	}
	if !fuzzing() {
		return
	}
	for range 2 {
		if took <= longest(size) {
			return
		}
		begin = time.Now()
		read()
		took = min(took, time.Since(begin))
	}
	if took > longest(size) {
		t.Errorf("%v for %d bytes of input, more than %v", took, size, longest(size))
	}
}

// longest is far above what parsers take, for the fuzzer's instruments slow them down too.
func longest(size int) time.Duration {
	return 50*time.Millisecond + time.Duration(size)*20*time.Microsecond
}

// roughly is the memory allotted so far. Some is counted only later.
func roughly() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// exactly is the memory that read allots. It stops the world, which costs too much to do it always.
func exactly(read func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	read()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func fuzzing() bool {
	f := flag.Lookup("test.fuzz")
	return f != nil && f.Value.String() != ""
}

// canary is a patient's number that no text of ours holds.
const canary = "0042canary"

// Plant makes every 0042 in text a number that Quiet knows again.
func Plant(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte("0042"), []byte(canary))
}

// longestError is more than any reason has that says where and why and quotes nothing.
const longestError = 200

// Quiet fails t when err quotes a text that Plant went over, or is so long that it must
// quote something.
func Quiet(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if text := err.Error(); strings.Contains(text, canary) || len(text) > longestError {
		t.Error("the error quotes what was read")
	}
}
