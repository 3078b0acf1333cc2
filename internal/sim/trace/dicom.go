package trace

import "time"

// Image is one operation between application entities as a tap on the wire saw it: an association, and what was asked
// in it (PS3.7, PS3.8).
type Image struct {
	ID               uint64
	Command          string // A-ASSOCIATE, C-ECHO, C-FIND, C-MOVE, C-STORE
	Calling, Called  string // AE titles
	From, To         string // addresses
	Port             int    // 0 is 104
	Implementation   string // implementation class UID and version name of the caller
	Level            string // of a query: PATIENT STUDY SERIES
	Query            map[string]string
	Destination      string // of C-MOVE
	Study, SOPClass  string
	Patient          string
	Accession        string
	Status           string // four digits of hexadecimal
	Matches          int    // answers to C-FIND
	Completed        int    // sub-operations of C-MOVE
	Instances        int
	Bytes            int64
	Result           string // of an association: accepted, rejected, aborted
	OriginatorAE     string // of C-STORE that a C-MOVE caused
	OriginatorID     int
	MessageID        int
	PreambleNotEmpty bool // the file's preamble was neither empty nor a TIFF's
	Preamble         string
}

// JSON is the row, in the form of Zeek's logs.
func (i Image) JSON(at time.Time) []byte {
	port := i.Port
	if port == 0 {
		port = 104
	}
	f := zeek("dicom", at, i.ID, i.From, i.To, port)
	f["command"], f["CallingAETitle"], f["CalledAETitle"] = i.Command, i.Calling, i.Called
	for name, value := range map[string]string{
		"ImplementationClassUID": i.Implementation, "QueryRetrieveLevel": i.Level, "MoveDestination": i.Destination, "StudyInstanceUID": i.Study,
		"SOPClassUID": i.SOPClass, "PatientID": i.Patient, "AccessionNumber": i.Accession, "Status": i.Status, "result": i.Result,
		"MoveOriginatorAETitle": i.OriginatorAE, "preamble": i.Preamble,
	} {
		if value != "" {
			f[name] = value
		}
	}
	for name, value := range map[string]int64{
		"matches": int64(i.Matches), "NumberOfCompletedSuboperations": int64(i.Completed), "instances": int64(i.Instances), "bytes": i.Bytes,
		"MessageID": int64(i.MessageID), "MoveOriginatorMessageID": int64(i.OriginatorID),
	} {
		if value > 0 {
			f[name] = value
		}
	}
	if len(i.Query) > 0 {
		f["query"] = i.Query
	}
	return object(f)
}
