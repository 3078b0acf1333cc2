package watch

import (
	"strings"

	"github.com/wardline/wardline/internal/detect/indicator"
	"github.com/wardline/wardline/internal/finding"
)

// indicatorRule is what a finding says of the indicator that it rests on. Hits of one entry, or else of one value, have one
// ID, so that a host has one finding for it; what the rule says then depends on nothing else.
func indicatorRule(h *indicator.Hit) finding.Rule {
	list := h.List
	if list == "" {
		list = h.File
	}
	kind := h.Kind.String()
	r := finding.Rule{
		ID: h.ID, Title: strings.ToUpper(kind[:1]) + kind[1:] + " on the list " + list + ": " + shorten(h.Value), Level: h.Level, Author: h.Author,
		Source: h.File, Type: "indicator", Summary: h.Description, References: h.References,
	}
	switch {
	case r.ID == "":
		r.ID = h.Value
	case h.Several && h.Title != "":
		r.Title = "Indicator on the list " + list + ": " + shorten(h.Title)
	case h.Several:
		r.Title = "Indicator on the list " + list + ": " + h.ID
	}
	if h.Title != "" && !h.Several {
		r.Summary = strings.TrimSuffix(h.Title+". "+h.Description, " ")
	}
	return r
}

// maxShown bounds what a title repeats of a list, in bytes.
const maxShown = 100

func shorten(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "..."
}
