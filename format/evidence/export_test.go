package evidence

import (
	"maps"
	"time"
)

// Files takes a bundle apart.
func Files(bundle []byte) (map[string][]byte, error) {
	files, err := unpack(bundle)
	out := map[string][]byte{}
	for _, f := range files {
		out[f.name] = f.data
	}
	return out, err
}

// Pack makes a bundle of files in the order in which names stand.
func Pack(files map[string][]byte, names ...string) []byte {
	var out []file
	for _, n := range names {
		out = append(out, file{n, files[n]})
	}
	return pack(out)
}

// With returns files with another content of one of them.
func With(files map[string][]byte, name string, data []byte) map[string][]byte {
	out := maps.Clone(files)
	out[name] = data
	return out
}

// MessageOf is what objects/….message is made by.
func MessageOf(line []byte) ([]byte, string) { return message(line) }

// ReadLeaf tells whether a leaf is read.
func ReadLeaf(text []byte) error {
	_, err := parseLeaf(text)
	return err
}

// ReadStamp reads what a time stamp is of.
func ReadStamp(response []byte) ([]byte, time.Time, error) { return readStamp(response) }
