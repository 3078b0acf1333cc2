package resources

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/integrity/digest"
)

// record is what is known of one resource.
type record struct {
	id       string
	versions []version // from the first to the latest, also those that are lost
	complete bool      // the whole history was there to be seen when it was seen first
	first    int64     // sweep that saw it first, in microseconds as the others
	gone     int64     // sweep that found it missing without a trace; 0 while it is there
	planted  *planted
}

// planted is a difference that somebody planted to see whether it is found, and the truth beside it.
type planted struct {
	at   int64
	id   string // of the version
	sum  Sum
	text []byte
}

// view is what the server tells of one resource now.
type view struct {
	id       string
	versions []version // from the first to the latest, which is always among them; never empty once it is settled
	whole    bool      // no version that is known is left out
	complete bool      // no version at all is left out
}

// keyOf is the hash of an id, which chooses the chunk.
func keyOf(id string) Sum { return sha256.Sum256([]byte(id)) }

// chunkOf is which of 2^bits chunks a resource belongs to.
func chunkOf(id string, bits int) int64 { return int64(digest.ChunkOf(keyOf(id), bits)) }

// settle orders what came newest first and may have come twice.
func (v *view) settle() {
	slices.Reverse(v.versions)
	slices.SortStableFunc(v.versions, func(a, b version) int { return compareVersions(&a, &b) })
	seen := map[string]bool{}
	v.versions = slices.DeleteFunc(v.versions, func(n version) bool {
		twice := seen[n.id]
		seen[n.id] = true
		return twice
	})
}

func (v *view) latest() *version { return &v.versions[len(v.versions)-1] }

func (v *view) find(id string) *version { return find(v.versions, id) }

func find(list []version, id string) *version {
	for i := range list {
		if list[i].id == id {
			return &list[i]
		}
	}
	return nil
}

// live lists the versions that are not lost.
func (r *record) live() []version {
	if !slices.ContainsFunc(r.versions, func(v version) bool { return v.lost }) {
		return r.versions
	}
	return slices.DeleteFunc(slices.Clone(r.versions), func(v version) bool { return v.lost })
}

// latest is the last version that is not lost; nil when all are.
func (r *record) latest() *version {
	for i := len(r.versions) - 1; i >= 0; i-- {
		if !r.versions[i].lost {
			return &r.versions[i]
		}
	}
	return nil
}

// there tells whether the server had the resource when it was read last.
func (r *record) there() bool {
	if r == nil {
		return false
	}
	l := r.latest()
	return r.gone == 0 && l != nil && !l.gone
}

// compareVersions orders two versions of one resource: by their numbers, or where they are no numbers by their times.
func compareVersions(a, b *version) int {
	switch {
	case a.id == b.id:
		return 0
	case a.id == deletion:
		return 1
	case b.id == deletion:
		return -1
	case isNumber(a.id) && isNumber(b.id):
		x, y := strings.TrimLeft(a.id, "0"), strings.TrimLeft(b.id, "0")
		return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
	case a.updated.IsZero() || b.updated.IsZero():
		return 0
	}
	return a.updated.Compare(b.updated)
}

func isNumber(id string) bool {
	return id != "" && !strings.ContainsFunc(id, func(r rune) bool { return r < '0' || r > '9' })
}

// consecutive tells whether versions have numbers one after the other, or none at all. Behind a deletion a number may be left out: HAPI FHIR does that when
// a resource is written again.
func consecutive(list []version) bool {
	for i := 1; i < len(list); i++ {
		a, errA := strconv.ParseInt(list[i-1].id, 10, 64)
		b, errB := strconv.ParseInt(list[i].id, 10, 64)
		if errA == nil && errB == nil && b != a+1 && !list[i-1].gone {
			return false
		}
	}
	return true
}

// fromOne tells whether versions are numbered 1, 2, 3 and so on, or not at all.
func fromOne(list []version) bool {
	return consecutive(list) && (!isNumber(list[0].id) || strings.TrimLeft(list[0].id, "0") == "1")
}

// sum is the digest of all that is known of a resource and compared.
func (r *record) sum() Sum {
	h := sha256.New()
	for _, v := range r.live() {
		if r.planted != nil && r.planted.id == v.id {
			v.sum = r.planted.sum
		}
		columns := []string{"version", "gone", "sum", "labels"}
		values := []digest.Value{{Kind: digest.Text, Text: v.id}, {Kind: digest.Text, Text: strconv.FormatBool(v.gone)}, {Kind: digest.Bytes, Bytes: v.sum[:]}, {Kind: digest.Text, Text: v.labels}}
		row := digest.AppendRow(nil, columns, values)
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(row))))
		h.Write(row)
	}
	return Sum(h.Sum(nil))
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
