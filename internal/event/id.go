package event

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// ID names one event: the first 16 bytes of a SHA-256.
type ID [16]byte

// NewID makes the ID of an event from the source that sent it and from what its sender
// calls it, such as the parts of a control id (MSH-3 to MSH-6 and MSH-10), or the record number and
// channel of a Windows event. An event without a name of its own gets one from the connection that
// it came on and its number on it, never from its text: two equal lines are two events.
func NewID(source string, native ...string) ID {
	h := sha256.New()
	for _, part := range append([]string{source}, native...) {
		fmt.Fprintf(h, "%d:%s", len(part), part) // lengths keep "ab","c" apart from "a","bc"
	}
	var id ID
	copy(id[:], h.Sum(nil))
	return id
}

// String is the ID in 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads what String wrote.
func ParseID(text string) (ID, error) {
	var id ID
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return ID{}, fmt.Errorf("an event's id has %d hexadecimal digits", 2*len(id))
	}
	copy(id[:], b)
	return id, nil
}
