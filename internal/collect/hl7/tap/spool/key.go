package spool

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/hybrid"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Key opens what taps write. Only the node has it. It serves any number of goroutines.
type Key struct {
	open   tink.HybridDecrypt
	public []byte
}

// LoadKey reads the node's key from a file, or makes it. What is sealed for a key that is gone cannot be read: when the
// file is lost, so is what lies in spools then, and a new one serves from there on.
func LoadKey(path string) (*Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = newKey()
		if err == nil {
			err = writeFile(path, text, 0o600)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("key of the taps: %w", err)
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("key of the taps: %s holds no Tink keyset in JSON: put it back from its copy, or remove it to have a new one made", path)
	}
	open, err := hybrid.NewHybridDecrypt(handle)
	if err != nil {
		return nil, fmt.Errorf("key of the taps: %s holds a keyset that is not for HPKE", path)
	}
	public, err := handle.Public()
	if err != nil {
		return nil, fmt.Errorf("key of the taps: %w", err)
	}
	var b bytes.Buffer
	if err := public.WriteWithNoSecrets(keyset.NewJSONWriter(&b)); err != nil {
		return nil, fmt.Errorf("key of the taps: %w", err)
	}
	return &Key{open, b.Bytes()}, nil
}

func newKey() ([]byte, error) {
	handle, err := keyset.NewHandle(hybrid.DHKEM_X25519_HKDF_SHA256_HKDF_SHA256_AES_256_GCM_Key_Template())
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&b))
	return b.Bytes(), err
}

// Publish puts the public half into a spool, for the taps that write there. It leaves a file alone that says the same.
func (k *Key) Publish(dir string) error {
	path := filepath.Join(dir, publicName)
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, k.public) {
		return nil
	}
	const readable = 0o644 // the tap is another user
	return writeFile(path, k.public, readable)
}

// errNoKey says that no node has put its key into the spool.
var errNoKey = errors.New("the spool has no key of a node yet: let the node run once with a source of kind tap that names this spool")

// recipient reads what Publish wrote.
func recipient(dir string) (tink.HybridEncrypt, error) {
	text, err := os.ReadFile(filepath.Join(dir, publicName))
	if err != nil {
		return nil, errNoKey
	}
	handle, err := keyset.ReadWithNoSecrets(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, errNoKey
	}
	return hybrid.NewHybridEncrypt(handle)
}

// dataKey encrypts the blocks of one file.
type dataKey struct {
	aead tink.AEAD
	file string
}

// newDataKey makes one, and returns it with the form in which only the node can open it.
func newDataKey(to tink.HybridEncrypt, file string) (*dataKey, []byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMNoPrefixKeyTemplate())
	if err != nil {
		return nil, nil, err
	}
	var clear bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewBinaryWriter(&clear)); err != nil {
		return nil, nil, err
	}
	sealed, err := to.Encrypt(clear.Bytes(), []byte(file))
	if err != nil {
		return nil, nil, err
	}
	primitive, err := aead.New(handle)
	return &dataKey{primitive, file}, sealed, err
}

func (k *Key) dataKey(sealed []byte, file string) (*dataKey, error) {
	clear, err := k.open.Decrypt(sealed, []byte(file))
	if err != nil {
		return nil, err
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(clear)))
	if err != nil {
		return nil, err
	}
	primitive, err := aead.New(handle)
	return &dataKey{primitive, file}, err
}

// place binds a block to where it stands, so that none can be moved or repeated.
func (d *dataKey) place(at int64) []byte { return strconv.AppendInt([]byte(d.file+"\x00"), at, 10) }

// writeFile puts a file in place, whole or not at all.
func writeFile(path string, content []byte, mode fs.FileMode) error {
	fresh := filepath.Join(filepath.Dir(path), ".new-"+rand.Text())
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	return nil
}
