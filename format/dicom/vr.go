package dicom

// VR is a value representation: the two letters that say of what kind a value is (PS3.5 6.2).
type VR uint16

// The value representations of PS3.5 table 6.2-1.
const (
	AE VR = 'A'<<8 | 'E' // application entity
	AS VR = 'A'<<8 | 'S' // age
	AT VR = 'A'<<8 | 'T' // attribute tag
	CS VR = 'C'<<8 | 'S' // code string
	DA VR = 'D'<<8 | 'A' // date
	DS VR = 'D'<<8 | 'S' // decimal string
	DT VR = 'D'<<8 | 'T' // date and time
	FD VR = 'F'<<8 | 'D' // double
	FL VR = 'F'<<8 | 'L' // float
	IS VR = 'I'<<8 | 'S' // integer string
	LO VR = 'L'<<8 | 'O' // long string
	LT VR = 'L'<<8 | 'T' // long text
	OB VR = 'O'<<8 | 'B' // bytes
	OD VR = 'O'<<8 | 'D' // doubles
	OF VR = 'O'<<8 | 'F' // floats
	OL VR = 'O'<<8 | 'L' // 32-bit words
	OV VR = 'O'<<8 | 'V' // 64-bit words
	OW VR = 'O'<<8 | 'W' // 16-bit words
	PN VR = 'P'<<8 | 'N' // person name
	SH VR = 'S'<<8 | 'H' // short string
	SL VR = 'S'<<8 | 'L' // signed 32 bits
	SQ VR = 'S'<<8 | 'Q' // sequence of items
	SS VR = 'S'<<8 | 'S' // signed 16 bits
	ST VR = 'S'<<8 | 'T' // short text
	SV VR = 'S'<<8 | 'V' // signed 64 bits
	TM VR = 'T'<<8 | 'M' // time of day
	UC VR = 'U'<<8 | 'C' // unlimited characters
	UI VR = 'U'<<8 | 'I' // unique identifier
	UL VR = 'U'<<8 | 'L' // unsigned 32 bits
	UN VR = 'U'<<8 | 'N' // unknown
	UR VR = 'U'<<8 | 'R' // URI
	US VR = 'U'<<8 | 'S' // unsigned 16 bits
	UT VR = 'U'<<8 | 'T' // unlimited text
	UV VR = 'U'<<8 | 'V' // unsigned 64 bits

	eitherShort VR = 'X'<<8 | 'S' // in the dictionary: US or SS, by PixelRepresentation
	eitherWord  VR = 'O'<<8 | 'X' // OB or OW, which implicit VR always has as OW (PS3.5 A.1)
	shortOrWord VR = 'O'<<8 | 'S' // US, SS or OW, of lookup tables
	noVR        VR = 'N'<<8 | 'A' // items and delimiters
)

// String returns the two letters.
func (v VR) String() string { return string([]byte{byte(v >> 8), byte(v)}) }

// Known tells the value representations of the standard.
func (v VR) Known() bool { return v == SQ || v == UN || v == OB || v.IsText() || v.Size() > 0 }

// Size is the number of bytes of one number of kind v, which is also what changes its order in big
// endian; 0 for what is no number. AT is two numbers of 2.
func (v VR) Size() int {
	switch v {
	case US, SS, OW, AT:
		return 2
	case UL, SL, FL, OF, OL:
		return 4
	case FD, OD, OV, UV, SV:
		return 8
	}
	return 0
}

// IsText tells values that are text, padded to an even length (PS3.5 6.2).
func (v VR) IsText() bool {
	switch v {
	case AE, AS, CS, DA, DS, DT, IS, TM, UI, UR:
		return true
	}
	return v.Translated()
}

// Translated tells text that is written in the data set's own character set; all other text is ASCII (PS3.5 6.1.2.3).
func (v VR) Translated() bool {
	switch v {
	case LO, LT, PN, SH, ST, UC, UT:
		return true
	}
	return false
}

// Single tells text in which a backslash is a character and separates nothing (PS3.5 6.4).
func (v VR) Single() bool { return v == LT || v == ST || v == UT || v == UR }

// isLong tells value representations whose length has 32 bits in explicit VR (PS3.5 7.1.2). One that the
// standard does not know is read as DCMTK does: a later edition's, with 32 bits, when it is two capital
// letters, and else 16 bits.
func (v VR) isLong() bool {
	switch v {
	case OB, OD, OF, OL, OV, OW, SQ, SV, UC, UN, UR, UT, UV:
		return true
	}
	return !v.Known() && isCapital(byte(v>>8)) && isCapital(byte(v))
}

func isCapital(c byte) bool { return 'A' <= c && c <= 'Z' }
