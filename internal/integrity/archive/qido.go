package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// match is one study, series or instance of a list (PS3.18 10.6.3.3). What was not said is empty, a count -1.
type match struct {
	study, series, instance string
	modality, date          string
	patient, issuer         string
	images                  int64 // instances of the study, or series
	parts                   int64 // series of the study
}

// Limits of an answer in JSON.
const (
	longestList = 16 << 20 // bytes
	longestUID  = 64       // PS3.5 9.1
	longestText = 256      // of what else is read of a match
)

// errLong says that an answer is longer than the limit.
var errLong = errors.New("the answer is longer than the limit")

// attribute is the first value of an attribute in the DICOM JSON model (PS3.18 F.2): a text, a number, or nothing. Others are passed over.
type attribute struct {
	Value first `json:"Value"`
}

type first string

// UnmarshalJSON reads the first value of a list, however long that is, and allocates no more.
func (f *first) UnmarshalJSON(list []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(list))
	decoder.UseNumber()
	if open, err := decoder.Token(); err != nil || open != json.Delim('[') || !decoder.More() {
		return nil
	}
	value, err := decoder.Token()
	if err != nil {
		return nil // a number beyond all limits; what is no JSON was refused before
	}
	text := ""
	switch v := value.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	}
	if len(text) <= longestText {
		*f = first(strings.TrimRight(text, " \x00"))
	}
	return nil
}

// parseMatches reads a list and hands on its matches one by one. Those that have no identifiers that can be are counted in odd. An error says at which
// byte, and never what stands there.
func parseMatches(r io.Reader, take func(match) error) (odd int, err error) {
	limited := &io.LimitedReader{R: r, N: longestList + 1}
	decoder := json.NewDecoder(limited)
	wrong := func(err error) error {
		if limited.N == 0 {
			return errLong
		}
		if err != nil && !isJSON(err) {
			return err // of the connection
		}
		return fmt.Errorf("the answer is no list in JSON at byte %d", decoder.InputOffset())
	}
	open, err := decoder.Token()
	if err == io.EOF && limited.N > longestList {
		return 0, nil // nothing at all: an empty list, as with 204
	}
	if err != nil || open != json.Delim('[') {
		return 0, wrong(err)
	}
	for decoder.More() {
		var item struct {
			Study    attribute `json:"0020000D"`
			Series   attribute `json:"0020000E"`
			Instance attribute `json:"00080018"`
			Modality attribute `json:"00080060"`
			Date     attribute `json:"00080020"`
			Patient  attribute `json:"00100020"`
			Issuer   attribute `json:"00100021"`
			Parts    attribute `json:"00201206"`
			OfStudy  attribute `json:"00201208"`
			OfSeries attribute `json:"00201209"`
		}
		if err := decoder.Decode(&item); err != nil {
			return odd, wrong(err)
		}
		m := match{
			study: string(item.Study.Value), series: string(item.Series.Value), instance: string(item.Instance.Value), modality: string(item.Modality.Value),
			date: string(item.Date.Value), patient: string(item.Patient.Value), issuer: string(item.Issuer.Value), images: count(item.OfStudy.Value), parts: count(item.Parts.Value),
		}
		if m.series != "" {
			m.images = count(item.OfSeries.Value)
		}
		if !m.fits() {
			odd++
			continue
		}
		if err := take(m); err != nil {
			return odd, err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return odd, wrong(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return odd, wrong(err)
	}
	return odd, nil
}

// isJSON tells an error about what stands there from one about getting it.
func isJSON(err error) bool {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &kind) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func count(text first) int64 {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// fits tells whether the identifiers of a match can be, and can stand in an address.
func (m *match) fits() bool {
	return isUID(m.study) && (m.series == "" || isUID(m.series)) && (m.instance == "" || isUID(m.instance))
}

// isUID is lenient with zeros at the beginning of components, which some machines write (PS3.5 9.1 forbids them).
func isUID(s string) bool {
	return s != "" && len(s) <= longestUID && strings.Trim(s, "0123456789.") == "" && s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}
