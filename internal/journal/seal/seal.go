// Package seal turns what must stay secret into what may lie on a disk, and back.
//
// Every segment of the journal has a data key of its own. The data key lies in the segment,
// encrypted by the key-encryption key, which lies elsewhere: who takes the disk but not that key
// has nothing, and when a segment is deleted its key is gone with it.
package seal

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Overhead is how many bytes a sealed body is longer than its content: Tink's prefix of 5 bytes,
// a nonce of 12 and a tag of 16.
const Overhead = 5 + 12 + 16

// ErrOpen says that something sealed was changed, or that it was sealed with another key or for
// another place.
var ErrOpen = errors.New("sealed with another key, for another place, or changed since")

// Key is the key-encryption key: one that new segments take, and those that it took before, which open what they
// sealed. It serves any number of goroutines.
type Key struct{ ring atomic.Pointer[ring] }

type ring struct {
	primitive tink.AEAD
	ids       []uint32 // the one that new segments take is the last
}

// NewKey makes a key-encryption key and returns it as a file keeps it: a Tink keyset in JSON, in
// clear, so the file's mode must be 0600.
func NewKey() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a key-encryption key: %w", err)
	}
	return write(handle)
}

// Rotate returns the file of a key with a new one in it, which new segments take from then on.
func Rotate(text []byte) ([]byte, error) {
	handle, err := parse(text)
	if err != nil {
		return nil, err
	}
	keys := keyset.NewManagerFromHandle(handle)
	id, err := keys.Add(aead.AES256GCMKeyTemplate())
	if err == nil {
		err = keys.SetPrimary(id)
	}
	if err == nil {
		handle, err = keys.Handle()
	}
	if err != nil {
		return nil, fmt.Errorf("make a key-encryption key: %w", err)
	}
	return write(handle)
}

func write(handle *keyset.Handle) ([]byte, error) {
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return nil, fmt.Errorf("write a key-encryption key: %w", err)
	}
	text.WriteByte('\n')
	return text.Bytes(), nil
}

func parse(text []byte) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, errors.New("not a Tink keyset in JSON")
	}
	return handle, nil
}

// ParseKey reads what NewKey or Rotate returned. Its errors do not quote the text.
func ParseKey(text []byte) (*Key, error) {
	k := &Key{}
	if err := k.Become(text); err != nil {
		return nil, err
	}
	return k, nil
}

// Become makes k the key of text, for all who use it.
func (k *Key) Become(text []byte) error {
	handle, err := parse(text)
	if err != nil {
		return err
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return errors.New("a Tink keyset, but not one for AEAD")
	}
	info := handle.KeysetInfo()
	r := &ring{primitive: primitive}
	for _, key := range info.GetKeyInfo() {
		if id := key.GetKeyId(); id != info.GetPrimaryKeyId() {
			r.ids = append(r.ids, id)
		}
	}
	r.ids = append(r.ids, info.GetPrimaryKeyId())
	k.ring.Store(r)
	return nil
}

// IDs are the numbers by which sealed data keys say what opens them. New segments take the last.
func (k *Key) IDs() []uint32 { return k.ring.Load().ids }

// Data is the data key of one segment. It serves any number of goroutines.
type Data struct {
	primitive tink.AEAD
	segment   string
}

// NewData makes a data key for a segment and returns it with its encrypted form, which only that
// segment can use.
func (k *Key) NewData(segment string) (*Data, []byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, nil, fmt.Errorf("make a data key: %w", err)
	}
	var wrapped bytes.Buffer
	if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&wrapped), k.ring.Load().primitive, []byte(segment)); err != nil {
		return nil, nil, fmt.Errorf("wrap a data key: %w", err)
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, nil, fmt.Errorf("use a data key: %w", err)
	}
	return &Data{primitive, segment}, wrapped.Bytes(), nil
}

// Data decrypts the data key of a segment.
func (k *Key) Data(segment string, wrapped []byte) (*Data, error) {
	handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), k.ring.Load().primitive, []byte(segment))
	if err != nil {
		return nil, ErrOpen
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, ErrOpen
	}
	return &Data{primitive, segment}, nil
}

// Seal encrypts a body that will stand at that offset of the segment; nowhere else can it be
// opened.
func (d *Data) Seal(body []byte, offset int64) ([]byte, error) {
	return d.primitive.Encrypt(body, d.place(offset))
}

// Open decrypts what Seal returned.
func (d *Data) Open(sealed []byte, offset int64) ([]byte, error) {
	body, err := d.primitive.Decrypt(sealed, d.place(offset))
	if err != nil {
		return nil, ErrOpen
	}
	return body, nil
}

func (d *Data) place(offset int64) []byte {
	return strconv.AppendInt(append([]byte(d.segment), 0), offset, 10)
}
