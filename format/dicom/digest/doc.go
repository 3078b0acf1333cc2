// Package digest computes the fingerprints of a DICOM image: short numbers that stay the same however the image is stored or sent,
// and change as soon as a word of its header or a pixel of its pictures does.
//
// All are SHA-256, and made by the rules dcmc-1, which this page gives in full: with it and a hash program anybody can check one.
//
// # Header
//
// The header digest is of the canonical form of the data set, which Canonical returns. It begins with the line "dcmc-1 header". The elements follow by
// ascending tags; two of one tag stay in their order. Left out are file meta information, all group lengths (gggg,0000), padding
// (FFFC,FFFC), (0008,0001), and what the other digests are of: the group of pixel data, 7FE0. The character set (0008,0005) is left out as well, for
// like the transfer syntax it says how the data set was written: the canonical form is UTF-8.
//
// An element is 2 bytes of group and 2 of element number, 2 letters of representation, 8 bytes of length, and the value; numbers are in little endian.
//
//   - The representation is that of the dictionary if a value of that length can have it, and else UN; US where the
//     dictionary leaves it at US or SS, and OW at OB or OW. So explicit VR, implicit VR and UN are one. Private elements, and what the dictionary
//     does not know, are UN, their bytes as they would be in implicit VR little endian. The dictionary is part of the rules.
//   - Text is UTF-8 without the blanks and NULs at its end; each value of DS and IS also loses those at its beginning. Text that is none in
//     its declared character set stays as it is, and its representation is in small letters: lo, not LO.
//   - A sequence has the number of its items for a length, whether it was delimited or not. Each item is 8 bytes of how many elements it has, and
//     the elements, ordered as above. A value that parses as a sequence in implicit VR is one, as implicit VR hides those that the dictionary does
//     not know (PS3.5 6.2.2). A sequence without items is an empty value.
//   - Compressed pixels in an item, as of an icon, are their samples, if they can be unpacked here, and else the fragments joined. An odd
//     binary value gets a zero.
//
// A data set in explicit VR little endian:
//
//	08 00 05 00 43 53 0a 00 49 53 4f 5f 49 52 20 31 30 30
//	08 00 60 00 43 53 02 00 43 54
//	08 00 40 11 53 51 00 00 14 00 00 00 fe ff 00 e0 0c 00 00 00 08 00 50 11 55 49 04 00 31 2e 32 00
//	10 00 10 00 50 4e 08 00 44 4f 45 5e 4a c9 4e 45
//	28 00 10 00 55 53 02 00 01 00
//	28 00 11 00 55 53 02 00 02 00
//	e0 7f 10 00 4f 57 00 00 04 00 00 00 02 01 04 03
//
// has the canonical form
//
//	64 63 6d 63 2d 31 20 68 65 61 64 65 72 0a
//	08 00 60 00 43 53 02 00 00 00 00 00 00 00 43 54
//	08 00 40 11 53 51 01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00
//	08 00 50 11 55 49 03 00 00 00 00 00 00 00 31 2e 32
//	10 00 10 00 50 4e 09 00 00 00 00 00 00 00 44 4f 45 5e 4a c3 89 4e 45
//	28 00 10 00 55 53 02 00 00 00 00 00 00 00 01 00
//	28 00 11 00 55 53 02 00 00 00 00 00 00 00 02 00
//
// and the digest
//
//	dcmc-1:header:sha256:5e63880a4001446eabe195080558beddaaac4be24fc70c746e2c7fc28fc87d71
//
// The semantic digest is of the same without the attributes that a hospital may change (see Mutable), and begins with "dcmc-1 semantic".
//
// # Pixels
//
// Each frame has up to two digests. P1 is of its samples, which stay when an image is compressed or unpacked without loss: the line "dcmc-1
// frame-samples", and the samples pixel by pixel, in little endian and BitsAllocated wide, bits above BitsStored included; one bit wide, eight to
// a byte from its low bit on. Native frames have it, and those of RLE and of lossless JPEG. With (0028,0002) 1, (0028,0100) 16 and a line of two pixels
// the example above has
//
//	dcmc-1:frame-samples:sha256:eb84d6e312d556af6fc1faaf93d962fe5a76ae1010c6b63d11da5e2a2c144527
//
// which is the hash of
//
//	64 63 6d 63 2d 31 20 66 72 61 6d 65 2d 73 61 6d 70 6c 65 73 0a 02 01 04 03
//
// P0 is of a compressed frame as it came: the line "dcmc-1 frame-encoded", the line of its transfer syntax, and the bytes of its fragments, the Basic
// Offset Table left out. An equal P1 with another P0 is harmless transcoding. The digest of all pixels is of the line "dcmc-1 pixels", and for each
// frame a line with the kind of its best digest, P1 or else P0, and its 32 bytes.
//
// Pixel data whose length is not what rows, columns and frames make it is hashed as one frame, so that nothing escapes, and Uneven says so.
//
// # Series
//
// A Manifest holds the instances of a series, and is a Merkle tree of RFC 6962 over them: one hash for all, and a proof for each.
package digest
