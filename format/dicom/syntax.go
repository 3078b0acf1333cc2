package dicom

// Syntax is the unique identifier of a transfer syntax: how a data set is written as bytes (PS3.5 10, A).
type Syntax string

// Transfer syntaxes (PS3.6 A). Any other is taken for an encapsulated one, as all that were added for long are.
const (
	ImplicitLE       Syntax = "1.2.840.10008.1.2"
	ExplicitLE       Syntax = "1.2.840.10008.1.2.1"
	DeflatedLE       Syntax = "1.2.840.10008.1.2.1.99"
	ExplicitBE       Syntax = "1.2.840.10008.1.2.2"
	JPEGBaseline     Syntax = "1.2.840.10008.1.2.4.50"
	JPEGExtended     Syntax = "1.2.840.10008.1.2.4.51"
	JPEGLossless     Syntax = "1.2.840.10008.1.2.4.57"
	JPEGLosslessSV1  Syntax = "1.2.840.10008.1.2.4.70"
	JPEGLS           Syntax = "1.2.840.10008.1.2.4.80"
	JPEGLSNear       Syntax = "1.2.840.10008.1.2.4.81"
	JPEG2000Lossless Syntax = "1.2.840.10008.1.2.4.90"
	JPEG2000         Syntax = "1.2.840.10008.1.2.4.91"
	RLELossless      Syntax = "1.2.840.10008.1.2.5"
)

// Implicit tells whether elements do not say their value representation.
func (s Syntax) Implicit() bool { return s == ImplicitLE }

// BigEndian tells whether numbers begin with their high byte.
func (s Syntax) BigEndian() bool { return s == ExplicitBE }

// Deflated tells whether the data set is compressed as a whole (PS3.5 A.5).
func (s Syntax) Deflated() bool { return s == DeflatedLE }

// Encapsulated tells whether pixel data is compressed and comes in fragments (PS3.5 A.4).
func (s Syntax) Encapsulated() bool {
	switch s {
	case ImplicitLE, ExplicitLE, DeflatedLE, ExplicitBE:
		return false
	}
	return true
}
