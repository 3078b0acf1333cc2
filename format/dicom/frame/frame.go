// Package frame unpacks single pictures that were compressed without loss: the run lengths of DICOM and lossless JPEG. It
// gives the samples exactly as the scanner measured them, so that two forms of one picture can be told to be the same.
//
// A frame comes out with its samples pixel by pixel (PlanarConfiguration 0), each in little endian.
package frame

import "fmt"

// Geometry is what an image's header says of each of its frames (PS3.3 C.7.6.3).
type Geometry struct {
	Rows, Columns  int // (0028,0010), (0028,0011)
	Samples        int // for each pixel, (0028,0002)
	BytesPerSample int // BitsAllocated (0028,0100) in bytes
}

// Size is the number of bytes of one frame, and 0 when the geometry is none, or a frame of it would be longer than limit.
func (g Geometry) Size(limit int) int {
	n := 1
	for _, f := range [...]int{g.Rows, g.Columns, g.Samples, g.BytesPerSample} {
		if f <= 0 || f > limit/n {
			return 0
		}
		n *= f
	}
	return n
}

// Error says where a frame cannot be unpacked, and why.
type Error struct {
	Offset int // in the frame
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("frame: at byte %d: %s", e.Offset, e.Reason) }
