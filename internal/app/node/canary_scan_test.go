package node_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// hound looks for identifiers in all that it is given, in whatever way they may be written.
type hound struct {
	marks  []uint64            // bits: which first eight bytes a needle may have
	starts map[uint64][]needle // needles by their first eight bytes
	unzip  *zstd.Decoder
	hits   map[string]bool // what was found where; never the identifier itself
	bytes  int64
}

type needle struct {
	text []byte
	what string // "name of patient 7, base64"
}

const nose = 1 << 22 // bits of marks

func newHound(t *testing.T) *hound {
	t.Helper()
	unzip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		t.Fatal(err)
	}
	return &hound{marks: make([]uint64, nose/64), starts: map[uint64][]needle{}, unzip: unzip, hits: map[string]bool{}}
}

func mix(start uint64) uint64 { return start * 0x9e3779b97f4a7c15 >> (64 - 22) }

// learn lists all ways in which value may be written.
func (h *hound) learn(what, value string) {
	for _, text := range []string{value, strings.ToUpper(value), strings.ToLower(value)} {
		h.needle(what, []byte(text))
		h.needle(what+", UTF-16", wide(text, binary.LittleEndian))
		h.needle(what+", UTF-16", wide(text, binary.BigEndian))
		h.needle(what+", hex", []byte(hex.EncodeToString([]byte(text))))
		h.needle(what+", hex", bytes.ToUpper([]byte(hex.EncodeToString([]byte(text)))))
		h.needle(what+", URL", []byte(url.QueryEscape(text)))
		h.needle(what+", URL", []byte(url.PathEscape(text)))
		h.needle(what+", HL7", []byte(strings.NewReplacer("&", `\T\`, "^", `\S\`, "|", `\F\`, "~", `\R\`).Replace(text)))
		quoted, _ := json.Marshal(text)
		h.needle(what+", JSON", bytes.Trim(quoted, `"`))
		ascii := ""
		for _, r := range text {
			ascii += fmt.Sprintf(`\u%04x`, r)
		}
		h.needle(what+", JSON", []byte(ascii))
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			for shift := range 3 { // without the letters that its neighbours have a part in
				encoded := e.EncodeToString(append(make([]byte, shift), text...))
				h.needle(what+", base64", []byte(encoded[(shift*8+5)/6:len(encoded)-(len(text)+shift)%3]))
			}
		}
	}
}

func wide(text string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func (h *hound) needle(what string, text []byte) {
	if len(text) < 8 {
		return
	}
	start := binary.LittleEndian.Uint64(text)
	for _, other := range h.starts[start] {
		if bytes.Equal(other.text, text) {
			return
		}
	}
	h.starts[start] = append(h.starts[start], needle{text, what})
	at := mix(start)
	h.marks[at/64] |= 1 << (at % 64)
}

// look looks through bytes, and through what is packed in them.
func (h *hound) look(where string, text []byte) {
	h.bytes += int64(len(text))
	for i := 0; i+8 <= len(text); i++ {
		start := binary.LittleEndian.Uint64(text[i:])
		if at := mix(start); h.marks[at/64]&(1<<(at%64)) != 0 {
			for _, n := range h.starts[start] {
				if bytes.HasPrefix(text[i:], n.text) {
					h.hits[where+": "+n.what] = true
				}
			}
		}
	}
	if bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		if r, err := gzip.NewReader(bytes.NewReader(text)); err == nil {
			plain, _ := io.ReadAll(io.LimitReader(r, 256<<20)) // as far as it goes
			h.look(where+", unpacked", plain)
		}
	}
	frame := []byte{0x28, 0xb5, 0x2f, 0xfd} // RFC 8878 3.1.1; VictoriaLogs keeps many in one file
	for i := bytes.Index(text, frame); i >= 0; {
		if plain, _ := h.unzip.DecodeAll(text[i:], nil); len(plain) > 0 {
			h.look(where+", unpacked", plain)
		}
		next := bytes.Index(text[i+4:], frame)
		if next < 0 {
			break
		}
		i += 4 + next
	}
}

// walk looks through all files below a folder, and their names.
func (h *hound) walk(t *testing.T, dir string) (files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		name, _ := filepath.Rel(dir, path)
		h.look("a file's name", []byte(name))
		h.look(filepath.Dir(name)+"/*"+filepath.Ext(name), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// packed is a text in a frame of zstd, as files of VictoriaLogs hold them.
func packed(t *testing.T, text string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll([]byte(strings.Repeat(text+" ", 50)), nil)
}
