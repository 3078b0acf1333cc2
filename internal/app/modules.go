package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"os"
	"slices"

	"github.com/wardline/wardline/content"
	"github.com/wardline/wardline/internal/collect"
	"github.com/wardline/wardline/internal/collect/atna"
	"github.com/wardline/wardline/internal/collect/auditd"
	"github.com/wardline/wardline/internal/collect/canary"
	"github.com/wardline/wardline/internal/collect/cloudtrail"
	"github.com/wardline/wardline/internal/collect/dicom"
	"github.com/wardline/wardline/internal/collect/dicom/capture"
	"github.com/wardline/wardline/internal/collect/ehrcsv"
	"github.com/wardline/wardline/internal/collect/elastic"
	"github.com/wardline/wardline/internal/collect/entra"
	"github.com/wardline/wardline/internal/collect/eve"
	"github.com/wardline/wardline/internal/collect/evtx"
	"github.com/wardline/wardline/internal/collect/fhir"
	"github.com/wardline/wardline/internal/collect/files"
	"github.com/wardline/wardline/internal/collect/hl7"
	"github.com/wardline/wardline/internal/collect/httpin"
	"github.com/wardline/wardline/internal/collect/journald"
	"github.com/wardline/wardline/internal/collect/json"
	"github.com/wardline/wardline/internal/collect/jsonlines"
	"github.com/wardline/wardline/internal/collect/otlp"
	"github.com/wardline/wardline/internal/collect/restlog"
	"github.com/wardline/wardline/internal/collect/splunk"
	"github.com/wardline/wardline/internal/collect/syslog"
	"github.com/wardline/wardline/internal/collect/windows"
	"github.com/wardline/wardline/internal/collect/zeek"
)

// Formats is the catalogue of what can be read: a line for each format. Where two formats
// are equally sure of a content, the earlier one reads it. mappings is a folder of further
// mapping files for CSV exports, or "".
func Formats(mappings string) ([]collect.Format, error) {
	maps, err := loadMappings(mappings)
	if err != nil {
		return nil, err
	}
	return []collect.Format{
		evtx.Format(),
		dicom.Format(),
		capture.Format(),
		json.Format(shapes()),
		zeek.Format(),
		hl7.Format(),
		hl7.MLLP(),
		atna.Format(),
		fhir.XML(),
		journald.Format(),
		auditd.Format(),
		syslog.Format(bodies()...),
		ehrcsv.Format(maps),
	}, nil
}

// Host is what a node lends to its sources.
type Host struct {
	Options      collect.Options
	Formats      []collect.Format
	Positions    files.Positions
	Taps         hl7.TapSetup
	TLS          *tls.Config // the node's own certificate
	Authenticate func(ctx context.Context, secret string, remote netip.Addr) (sender string, err error)
}

// Sources is the catalogue of what can be received: a line for each kind of source.
func Sources(h Host) []collect.Kind {
	return []collect.Kind{
		syslog.Listener(bodies()...),
		hl7.Receiver(),
		hl7.Tap(h.Taps),
		dicom.Receiver(),
		capture.Kind(),
		files.Kind(files.Setup{Formats: h.Formats, Positions: h.Positions}),
		httpin.Kind(httpin.Setup{Routes: routes(), Authenticate: h.Authenticate, TLS: h.TLS}),
	}
}

// routes is the catalogue of ways to send over HTTP.
func routes() []collect.Route {
	return slices.Concat(
		fhir.Routes(),
		elastic.Routes(shapes()),
		splunk.Routes(shapes(), []collect.Format{syslog.Format(bodies()...)}),
		otlp.Routes(shapes()),
		jsonlines.Routes(json.Format(shapes())),
	)
}

// bodies are the documents that syslog messages may carry.
func bodies() []syslog.Body { return []syslog.Body{{Fits: atna.Fits, Event: atna.Event}} }

// shapes is the catalogue of what JSON objects can be. What is seen most comes first.
func shapes() []collect.Shape {
	return slices.Concat(
		windows.Shapes(),
		[]collect.Shape{eve.Shape(), zeek.Shape(), fhir.Shape(), journald.Shape(), cloudtrail.Shape(), restlog.Shape(), canary.Shape()},
		entra.Shapes(),
	)
}

// loadMappings reads those of a site before our own, so that a site can replace ours.
func loadMappings(dir string) ([]ehrcsv.Mapping, error) {
	own, err := ehrcsv.LoadMappings(content.Mappings())
	if err != nil || dir == "" {
		return own, err
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("read mappings: %w", err)
	}
	site, err := ehrcsv.LoadMappings(os.DirFS(dir))
	return append(site, own...), err
}
