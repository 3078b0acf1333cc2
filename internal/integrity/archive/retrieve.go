package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/wardline/wardline/format/dicom"
	"github.com/wardline/wardline/format/dicom/digest"
)

// Limits of what is retrieved.
const (
	largestHeader = 64 << 20  // bytes of an instance without its pixels, and one frame where that has to be unpacked
	largest       = 16 << 30  // bytes of an instance
	mostPassed    = 256 << 20 // bytes that are passed over behind what cannot be read of one
	mostInstances = 100_000   // of a series
	mostPages     = 1 << 20   // of a list
	pageSize      = 200
)

// What the archive is asked to answer with.
const (
	acceptJSON = "application/dicom+json"
	// acceptAny asks for instances as they are kept, and acceptPlain for their pixels unpacked (PS3.18 8.7.3.3).
	acceptAny   = `multipart/related; type="application/dicom"; transfer-syntax=*`
	acceptPlain = `multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1`
)

// list asks for a list page by page, and hands on what is on it. It ends at a page on which take has found nothing that it did not know: at an empty one, and
// at one that an archive without pages repeats.
func (s *Source) list(ctx context.Context, path string, query url.Values, take func(match) (fresh bool, err error), page func() error) (odd int, err error) {
	for offset, n := 0, 0; n < mostPages; n++ {
		query.Set("limit", strconv.Itoa(pageSize))
		query.Set("offset", strconv.Itoa(offset))
		fresh, size := 0, 0
		strange, err := s.ask(ctx, path, query, func(m match) error {
			size++
			isFresh, err := take(m)
			if isFresh {
				fresh++
			}
			return err
		})
		odd += strange
		if err != nil {
			return odd, err
		}
		if err := page(); err != nil {
			return odd, err
		}
		if fresh == 0 {
			return odd, nil
		}
		offset += size + strange
	}
	return odd, fmt.Errorf("the archive answers with more than %d pages", mostPages)
}

// ask reads one page.
func (s *Source) ask(ctx context.Context, path string, query url.Values, take func(match) error) (odd int, err error) {
	a, err := s.get(ctx, path, query, acceptJSON)
	if err != nil {
		return 0, err
	}
	defer a.close()
	return parseMatches(a, take)
}

// errElse says that the archive does not list what it was asked for.
var errElse = errors.New("the archive lists something else than it was asked for")

// all returns a list about a study that is as long as a series or shorter, without what stands there twice.
func (s *Source) all(ctx context.Context, study, path string, query url.Values, uid func(*match) string) (found []match, odd int, err error) {
	seen := map[string]bool{}
	odd, err = s.list(ctx, path, query, func(m match) (bool, error) {
		id := uid(&m)
		switch {
		case id == "" || m.study != study:
			return false, errElse
		case seen[id]:
			return false, nil
		case len(found) == mostInstances:
			return false, fmt.Errorf("the archive lists more than %d things where fewer can be", mostInstances)
		}
		seen[id] = true
		found = append(found, m)
		return true, nil
	}, func() error { return nil })
	switch {
	case errors.Is(err, errAbsent):
		return nil, odd, nil
	case err == nil && len(found) == 0 && odd > 0:
		return nil, odd, errElse // a list of which nothing can be read is no empty one
	}
	return found, odd, err
}

func studyPath(study string) string { return path.Join("studies", study) }
func seriesPath(study, series string) string {
	return path.Join(studyPath(study), "series", series)
}
func instancePath(study, series, instance string) string {
	return path.Join(seriesPath(study, series), "instances", instance)
}

// with asks for fields besides those that a list has anyhow.
func with(fields ...string) url.Values { return url.Values{"includefield": fields} }

// aboutStudies asks for the counts of studies, and for who gave their patients numbers.
func aboutStudies() url.Values { return with("00201206", "00201208", "00100021") }

// study asks for a study by its name; nil when the archive does not list it.
func (s *Source) study(ctx context.Context, uid string) (*match, int, error) {
	query := aboutStudies()
	query.Set("StudyInstanceUID", uid)
	found, odd, err := s.all(ctx, uid, "studies", query, func(m *match) string { return m.study })
	if err != nil || len(found) == 0 {
		return nil, odd, err
	}
	return &found[0], odd, nil
}

func (s *Source) series(ctx context.Context, study string) ([]match, int, error) {
	return s.all(ctx, study, path.Join(studyPath(study), "series"), with("00080060", "00201209"), func(m *match) string { return m.series })
}

func (s *Source) instances(ctx context.Context, study, series string) ([]match, int, error) {
	return s.all(ctx, study, path.Join(seriesPath(study, series), "instances"), with(), func(m *match) string { return m.instance })
}

// hasInstance asks for one instance by its name.
func (s *Source) hasInstance(ctx context.Context, study, series, instance string) (bool, error) {
	a, err := s.get(ctx, path.Join(instancePath(study, series, instance), "metadata"), nil, acceptJSON)
	if errors.Is(err, errAbsent) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer a.close()
	var some [1]byte
	n, err := io.ReadAtLeast(a, some[:], 1)
	if err != nil && err != io.EOF {
		return false, err
	}
	return n > 0, nil
}

// picture is one instance as it was retrieved: its header, and the digests of its pixels.
type picture struct {
	instance digest.Instance
	file     dicom.File
}

// retrieve reads the instances behind a path, and hands each on as soon as it is hashed. What cannot be read of one is counted in broken, and the others
// are read all the same.
func (s *Source) retrieve(ctx context.Context, path, accept string, most int, take func(*picture) error) (broken int, err error) {
	a, err := s.get(ctx, path, nil, accept)
	if err != nil {
		return 0, err
	}
	defer a.close()
	kind, parameters, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") || parameters["boundary"] == "" {
		return 0, errors.New("the archive answers with something else than parts (multipart/related)")
	}
	parts := multipart.NewReader(a, parameters["boundary"])
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		switch {
		case err == io.EOF:
			return broken, nil
		case err != nil:
			return broken, partError(err)
		case n == most:
			return broken, fmt.Errorf("the archive delivers more than %d instances where fewer can be", most)
		}
		p, err := readPart(part)
		if errors.Is(err, errDamaged) {
			broken++
			err = passOver(part)
			if err == nil {
				continue
			}
		}
		if err != nil {
			return broken, err
		}
		if err := take(p); err != nil {
			return broken, err
		}
	}
}

// passOver reads the rest of a part.
func passOver(part io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(part, mostPassed))
	if err == nil && n == mostPassed {
		return errLong
	}
	if err != nil {
		return partError(err)
	}
	return nil
}

// errDamaged says that something is no instance, and that what follows can be read.
var errDamaged = errors.New("an instance that cannot be read")

func readPart(part io.Reader) (*picture, error) {
	lim := dicom.DefaultLimits()
	lim.Bytes = largestHeader
	whole := &io.LimitedReader{R: part, N: largest}
	in, file, err := digest.ReadHeader(whole, digest.DefaultMutable(), lim)
	var damage *dicom.Error
	switch {
	case whole.N <= 0:
		return nil, errLong
	case errors.As(err, &damage), err == nil && !isUID(in.SOPInstance):
		return nil, errDamaged
	case err != nil:
		return nil, partError(err)
	}
	return &picture{in, file}, nil
}

// partError leaves out what package multipart quotes.
func partError(err error) error {
	var network interface{ Timeout() bool }
	switch {
	case errors.Is(err, errSlow), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.As(err, &network):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("ask the archive: the answer broke off: %w", io.ErrUnexpectedEOF)
	}
	return errors.New("the parts of the answer cannot be told apart")
}
