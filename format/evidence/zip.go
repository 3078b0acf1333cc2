package evidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

const (
	// MaxBundle is how many bytes a bundle may have.
	MaxBundle = 512 << 20
	// MaxObjects is how many lines a bundle may show.
	MaxObjects = 200

	maxFiles = 9*MaxObjects + 8
	maxName  = 64

	// The signatures and the sizes of fixed parts. APPNOTE 4.3.7, 4.3.12, 4.3.16
	localMark, centralMark, endMark = 0x04034b50, 0x02014b50, 0x06054b50
	localSize                       = 30

	zipVersion = 20        // 2.0, what everybody reads
	zipDate    = 1<<5 | 1  // 1 January 1980: the manifest knows when it was
	zipMode    = 0o100600  // a file that only its owner reads
	zipUnix    = 3<<8 | 20 // made by Unix, so that the mode counts
	zipModeAt  = 16        // where it stands in the external attributes
)

// file is one file of a bundle.
type file struct {
	name string
	data []byte
}

// pack writes files as a zip, in the order in which they stand. They are not compressed, and nothing says anything twice in two ways: for the
// same files there is exactly one zip. APPNOTE.TXT 6.3.10, 4.3
func pack(files []file) []byte {
	var b, central []byte
	for _, f := range files {
		at := uint32(len(b))
		common := binary.LittleEndian.AppendUint16(nil, zipVersion)
		common = append(common, 0, 0, 0, 0, 0, 0) // no flags; stored; midnight
		common = binary.LittleEndian.AppendUint16(common, zipDate)
		common = binary.LittleEndian.AppendUint32(common, crc32.ChecksumIEEE(f.data))
		common = binary.LittleEndian.AppendUint32(common, uint32(len(f.data)))
		common = binary.LittleEndian.AppendUint32(common, uint32(len(f.data)))
		common = binary.LittleEndian.AppendUint16(common, uint16(len(f.name)))
		common = append(common, 0, 0) // no extra field

		b = binary.LittleEndian.AppendUint32(b, localMark)
		b = append(append(append(b, common...), f.name...), f.data...)

		central = binary.LittleEndian.AppendUint32(central, centralMark)
		central = binary.LittleEndian.AppendUint16(central, zipUnix)
		central = append(append(central, common...), 0, 0, 0, 0, 0, 0) // no comment; first disk; no internal attributes
		central = binary.LittleEndian.AppendUint32(central, zipMode<<zipModeAt)
		central = binary.LittleEndian.AppendUint32(central, at)
		central = append(central, f.name...)
	}
	at := uint32(len(b))
	b = append(b, central...)
	b = binary.LittleEndian.AppendUint32(b, endMark)
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(files)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(files)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(central)))
	b = binary.LittleEndian.AppendUint32(b, at)
	return append(b, 0, 0) // no comment
}

// Read reads a bundle to its end, and not more of it than a bundle may have. It does not look at it: see Verify.
func Read(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBundle+1))
	if err != nil {
		return nil, fmt.Errorf("read a bundle: %w", err)
	}
	if len(b) > MaxBundle {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrEvidence, MaxBundle)
	}
	return b, nil
}

// unpack reads what pack wrote, and nothing else: whatever else a zip can say is a way to show one content to one reader and another to
// the next. The data are parts of b.
func unpack(b []byte) ([]file, error) {
	if len(b) > MaxBundle {
		return nil, fmt.Errorf("%w: the bundle has %d bytes, at most %d are read", ErrEvidence, len(b), MaxBundle)
	}
	var files []file
	rest := b
	for len(rest) >= localSize && binary.LittleEndian.Uint32(rest) == localMark {
		size, name := uint64(binary.LittleEndian.Uint32(rest[18:])), uint64(binary.LittleEndian.Uint16(rest[26:]))
		if name > maxName || localSize+name+size > uint64(len(rest)) || len(files) == maxFiles {
			return nil, fmt.Errorf("%w: file %d at byte %d of the bundle is cut off, or one too many", ErrEvidence, len(files)+1, len(b)-len(rest))
		}
		f := file{string(rest[localSize : localSize+name]), rest[localSize+name : localSize+name+size]}
		if !plainName(f.name) || len(files) > 0 && files[len(files)-1].name >= f.name {
			return nil, fmt.Errorf("%w: file %d of the bundle has no name that a bundle's has, or stands twice or out of order", ErrEvidence, len(files)+1)
		}
		files, rest = append(files, f), rest[localSize+name+size:]
	}
	if !bytes.Equal(pack(files), b) {
		return nil, fmt.Errorf("%w: the bundle is not a zip as bundles are: something in it says what its files do not", ErrEvidence)
	}
	return files, nil
}

// plainName tells whether a name may stand in a bundle: it is ASCII, in at most one folder, and cannot lead out of where it is unpacked.
func plainName(name string) bool {
	slashes := 0
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-':
		case c == '.' && i > 0 && name[i-1] != '/' && name[i-1] != '.':
		case c == '/' && i > 0 && i < len(name)-1:
			slashes++
		default:
			return false
		}
	}
	return name != "" && slashes <= 1
}
