package capture_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/format/dicom/dimse"
	"github.com/wardline/wardline/internal/collect/dicom/capture"
)

// Beyond its limits a listener tells less, and goes on.
func TestLimits(t *testing.T) {
	turns := dialogue(scan(8 << 10))
	frames := plain().frames(turns)
	other := recorder{port: 40002, size: 1400}.frames(turns)
	mixed := slices.Concat(frames[:6], other[:6], frames[6:], other[6:]) // both in the middle of their image
	t.Run("images", func(t *testing.T) {
		got, _, _ := list(t, capture.OpenWithin(bytes.NewReader(pcap(mixed, all)), options(t), 9, 1, 9))
		want := slices.Concat(whole[:1], whole[:1], whole[1:], whole[2:]) // the second image has no digests
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("(-got +want):\n%s", diff)
		}
	})
	t.Run("images one after the other", func(t *testing.T) {
		got, _, _ := list(t, capture.OpenWithin(bytes.NewReader(pcap(slices.Concat(frames, other), all)), options(t), 9, 1, 9))
		if diff := cmp.Diff(got, append(slices.Clone(whole), whole...)); diff != "" {
			t.Errorf("(-got +want):\n%s", diff)
		}
	})
	t.Run("connections", func(t *testing.T) {
		got, _, _ := list(t, capture.OpenWithin(bytes.NewReader(pcap(slices.Concat(frames[:6], other), all)), options(t), 1, 9, 9))
		want := append([]string{whole[0], "assoc C-STORE CT_1 ARCHIVE 1 unanswered true"}, whole...)
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("(-got +want):\n%s", diff)
		}
	})
	t.Run("requests", func(t *testing.T) {
		ask := func(id uint16) turn {
			return turn{false, say(1, dimse.Command{Field: dimse.CEcho, ID: id, Class: ct}, nil)}
		}
		many := plain().frames(slices.Concat(association(), []turn{ask(1), ask(2), ask(3)}, released()))
		got, events, _ := list(t, capture.OpenWithin(bytes.NewReader(pcap(many, all)), options(t), 9, 9, 2))
		if len(got) != 4 || events[1]["MessageID"] != 1.0 || events[1]["result"] != "unanswered" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("quiet", func(t *testing.T) {
		late := recorder{port: 40002, size: 1400, start: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}.frames(turns)
		got, _, _ := read(t, bytes.NewReader(pcap(slices.Concat(frames[:6], late), all)))
		want := append([]string{whole[0], "assoc C-STORE CT_1 ARCHIVE 1 unanswered true"}, whole...)
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("(-got +want):\n%s", diff)
		}
	})
}

// What waits for missing packets, and what has no end, costs no more than the limits.
func TestHolding(t *testing.T) {
	frames := plain().frames(slices.Concat(association(), stored(1, scan(20<<10)), released()))
	gap := slices.Delete(slices.Clone(frames), 6, 7)
	got, _, damages := list(t, capture.OpenHolding(bytes.NewReader(pcap(gap, all)), options(t), 1, 1<<20))
	if want := []string{whole[0], "assoc C-STORE CT_1 ARCHIVE 1 0000 true"}; cmp.Diff(got, want) != "" || damages != 1 {
		t.Errorf("%d damages, got %q", damages, got)
	}
	got, _, damages = list(t, capture.OpenHolding(bytes.NewReader(pcap(frames, all)), options(t), 1<<20, 10))
	if len(got) > 1 || damages != 1 {
		t.Errorf("%d damages, got %q", damages, got)
	}
}
