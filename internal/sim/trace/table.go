package trace

import (
	"strconv"
	"strings"
	"time"
)

// row is one line of comma-separated values (RFC 4180) without its end.
func row(cells ...string) []byte {
	for i, c := range cells {
		if strings.ContainsAny(c, "\",\r\n") {
			cells[i] = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
	}
	return []byte(strings.Join(cells, ","))
}

// CabinetHeader heads the log of the drug cabinets.
const CabinetHeader = "TRANSACTION_TIME,STATION,TRANSACTION_TYPE,USER_ID,WITNESS_ID,PATIENT_ID,ENCOUNTER,DRUG_ID,DRUG_NAME,AMOUNT,UNIT,EXPECTED_COUNT,ACTUAL_COUNT,ORDER_ID"

// Cabinet is a transaction at a drug cabinet.
type Cabinet struct {
	Station           string
	Kind              string // REMOVE OVERRIDE WASTE RETURN CANCEL COUNT REFILL
	User, Witness     string
	Patient, Visit    string
	Drug, Name        string
	Amount            string
	Unit              string
	Expected, Counted int // pieces in the pocket afterwards: as the cabinet's books have it, and as somebody counted
	Order             string
}

// Row is the transaction in the site's own clock.
func (c Cabinet) Row(at time.Time, zone *time.Location) []byte {
	return row(at.In(zone).Format("2006-01-02 15:04:05"), c.Station, c.Kind, c.User, c.Witness, c.Patient, c.Visit, c.Drug, c.Name, c.Amount, c.Unit,
		strconv.Itoa(c.Expected), strconv.Itoa(c.Counted), c.Order)
}

// BadgeHeader heads the log of the doors.
const BadgeHeader = "EVENT_TIME,READER,DOOR,STAFF_ID,CARD,RESULT"

// Badge is a card held to a door.
func Badge(at time.Time, zone *time.Location, reader, door, staff, card string, opened bool) []byte {
	result := "GRANTED"
	if !opened {
		result = "DENIED"
	}
	return row(at.In(zone).Format("2006-01-02 15:04:05"), reader, door, staff, card, result)
}

// CertificateHeader heads the list of certificates.
const CertificateHeader = "SCAN_TIME,ENDPOINT,SUBJECT,ISSUER,SERIAL,NOT_BEFORE,NOT_AFTER,SERVICE"

// Certificate is one that a scan of the house's own servers found.
func Certificate(at time.Time, endpoint, subject, serial string, from, until time.Time, service string) []byte {
	return row(millis(at), endpoint, "CN="+subject, "CN=Example Hospital Issuing CA", serial, millis(from), millis(until), service)
}

// ResultHeader heads a snapshot of the laboratory's table of results.
const ResultHeader = "READ_TIME,RESULT_ID,PATIENT_ID,SPECIMEN_ID,TEST_CODE,VALUE,UNIT,STATUS,VERSION,VERIFIED_AT,VERIFIED_BY,LAST_UPDATED"

// ResultRow is a row of that table as a read-only account sees it.
type ResultRow struct {
	ID, Patient, Specimen, Test, Value, Unit, Status string
	Version                                          int
	Verified                                         time.Time
	By                                               string
	Updated                                          time.Time
}

// Row is the row as it stood at a time.
func (r ResultRow) Row(at time.Time) []byte {
	return row(millis(at), r.ID, r.Patient, r.Specimen, r.Test, r.Value, r.Unit, r.Status, strconv.Itoa(r.Version), millis(r.Verified), r.By, millis(r.Updated))
}

// DrugHeader heads a snapshot of the drug dictionary.
const DrugHeader = "READ_TIME,DRUG_ID,DRUG_NAME,STRENGTH,STRENGTH_UNIT,MAX_SINGLE_DOSE,MAX_DAILY_DOSE,DOSE_UNIT,ROUTE,LAST_UPDATED,UPDATED_BY"

// DrugRow is a drug of the dictionary.
type DrugRow struct {
	ID, Name, Strength, StrengthUnit, MaxSingle, MaxDaily, DoseUnit, Route string
	Updated                                                                time.Time
	By                                                                     string
}

// Row is the row as it stood at a time.
func (d DrugRow) Row(at time.Time) []byte {
	return row(millis(at), d.ID, d.Name, d.Strength, d.StrengthUnit, d.MaxSingle, d.MaxDaily, d.DoseUnit, d.Route, millis(d.Updated), d.By)
}

// CountHeader heads what a read-back of the archive and of its audit table counted.
const CountHeader = "READ_TIME,SYSTEM,OBJECT,KEY,COUNT,FIRST_ROW,LAST_ROW"

// Count is one such count: how many images a study has, which numbers a table's rows go from and to.
func Count(at time.Time, system, object, key string, count int, first, last uint64) []byte {
	return row(millis(at), system, object, key, strconv.Itoa(count), strconv.FormatUint(first, 10), strconv.FormatUint(last, 10))
}
