package feed

import (
	"strconv"
	"time"
)

// AccessHead names the columns of the record system's access log.
const AccessHead = "ACCESS_INSTANT,ACCESS_TIME,SYSTEM_LOGIN,USER_NAME,PROV_TYPE,PAT_MRN_ID,PAT_ENC_CSN_ID,METRIC_NAME,WORKSTATION_ID,CLIENT_IP,PROCESS_NAME,BTG_REASON,BTG_EXPLANATION,SEARCH_TEXT,PATIENT_COUNT,SESSION"

// AccessRow is one row of the access log. What is empty is not stated.
type AccessRow struct {
	At          time.Time
	Zone        *time.Location // of the wall clock in ACCESS_TIME
	Login       string
	Name        string
	Type        string // what kind of person: NURSE, PHYSICIAN ...
	MRN, Visit  string
	Metric      string // what was done, in the record system's words
	Workstation string
	IP          string
	Process     string // part of the record system: HYPERSPACE, HAIKU ...
	Reason      string // chosen when the glass was broken
	Explanation string // typed then
	Search      string
	Patients    int // how many a search, list or report gave; 0 is not stated
	Session     string
}

// AppendAccess appends r as a line of CSV.
func AppendAccess(dst []byte, r *AccessRow) []byte {
	dst = r.At.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	dst = append(dst, ',')
	dst = r.At.In(r.Zone).AppendFormat(dst, "2006-01-02 15:04:05")
	for _, cell := range [...]string{r.Login, r.Name, r.Type, r.MRN, r.Visit, r.Metric, r.Workstation, r.IP, r.Process, r.Reason, r.Explanation, r.Search} {
		dst = append(dst, ',')
		dst = AppendCell(dst, cell)
	}
	dst = append(dst, ',')
	if r.Patients > 0 {
		dst = strconv.AppendInt(dst, int64(r.Patients), 10)
	}
	dst = append(dst, ',')
	dst = append(dst, r.Session...)
	return append(dst, '\n')
}

// AppendCell appends a cell of CSV, in quotes where RFC 4180 wants them.
func AppendCell(dst []byte, cell string) []byte {
	plain := true
	for i := range len(cell) {
		if c := cell[i]; c == ',' || c == '"' || c == '\n' || c == '\r' {
			plain = false
			break
		}
	}
	if plain {
		return append(dst, cell...)
	}
	dst = append(dst, '"')
	for i := range len(cell) {
		if cell[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, cell[i])
	}
	return append(dst, '"')
}

// AppendRow appends cells as a line of CSV.
func AppendRow(dst []byte, cells ...string) []byte {
	for i, cell := range cells {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendCell(dst, cell)
	}
	return append(dst, '\n')
}
