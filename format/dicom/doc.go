// Package dicom reads and writes the form in which hospitals keep X-ray pictures, scans and all that is said about them: one file, or one
// message, for each picture.
//
// A data set (PS3.5 7) is a list of elements: a tag, how the value is represented, and the value, which may be a list of data sets
// again. Values are looked up where they stand; Text, Ints, Floats, Date and Name say what they mean, in UTF-8 whatever the character
// set. AppendRender writes a data set byte by byte as it was read, and AppendEncode in another transfer syntax:
//
//	f, err := dicom.ParseFile(data, dicom.DefaultLimits())
//	f.DataSet.Text(0x00100020)               // PatientID
//	for _, item := range f.DataSet.Sequence(0x00081115) { … }
//	f.DataSet.Private("ACME 1.1", 0x0029, 0x10) // (0029,xx10) in the block of ACME 1.1
//
// Stream reads objects of gigabytes: all but their pixel data, which it hands on as it comes. Package frame unpacks
// pictures, package digest makes fingerprints of them.
//
// What is taken though the standard forbids it is said at Parse and ParseFile. All else is an *Error, with offset and tag and without
// any value.
package dicom
