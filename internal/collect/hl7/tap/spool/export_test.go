package spool

import (
	"bytes"
	"errors"
	"io"

	"github.com/tink-crypto/tink-go/v2/hybrid"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// fuzzFile is a name that a file may have.
const fuzzFile = "0000000000000001-00000000.tap"

// Bytes is a whole file with a block for each piece, as a Writer writes it.
func Bytes(k *Key, list []Piece) ([]byte, error) {
	public, err := keyset.ReadWithNoSecrets(keyset.NewJSONReader(bytes.NewReader(k.public)))
	if err != nil {
		return nil, err
	}
	to, err := hybrid.NewHybridEncrypt(public)
	if err != nil {
		return nil, err
	}
	data, sealed, err := newDataKey(to, fuzzFile)
	b := block(header{kind: keyed, from: nanos(1), until: nanos(2)}, sealed)
	for i := range list {
		one, err := data.seal(int64(len(b)), list[i:i+1])
		if err != nil {
			return nil, err
		}
		b = append(b, one...)
	}
	return append(b, block(header{kind: Ended, from: nanos(3), until: nanos(4)}, nil)...), err
}

// Blocks reads a file to its end.
func Blocks(k *Key, b []byte) (list []Block, err error) {
	f := File{r: bytes.NewReader(b), size: func() (int64, error) { return int64(len(b)), nil }, key: k, name: fuzzFile}
	for at := int64(0); ; {
		one, err := f.Block(at)
		if errors.Is(err, ErrMore) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		if one.Next <= at || one.Next > int64(len(b)) {
			return list, io.ErrNoProgress
		}
		at, list = one.Next, append(list, one)
	}
}

// Parse reads the pieces of a body.
func Parse(b []byte) ([]Piece, error) { return parsePieces(b) }

// Print is the reverse of Parse.
func Print(list []Piece) (b []byte) {
	for i := range list {
		b = appendPiece(b, &list[i])
	}
	return b
}
