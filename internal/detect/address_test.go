package detect_test

import (
	"net/netip"
	"testing"

	"github.com/wardline/wardline/internal/detect"
)

// FuzzParseAddress holds that addresses are read as the standard library reads them, apart
// from their zones.
func FuzzParseAddress(f *testing.F) {
	for _, text := range []string{
		"10.1.2.3", "255.255.255.255", "256.1.1.1", "01.2.3.4", "1.2.3", "1.2.3.4.5", "1.2.3.4%eth0", "",
		"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7",
		"fe80::1%eth0", "fe80::1%", "%eth0", "::ffff:10.1.2.3", "::FFFF:0a01:203", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5", "1.2.3.4::",
		":1", "1:", ":::", "::1::", "12345::", "g::", "[::1]", "::ffff:1.2.3.4%eth0", "::1.2.3", "0000:0000::0001", "::00001",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := netip.ParseAddr(text)
		got, ok := detect.ParseAddress([]byte(text))
		if ok != (err == nil) || ok && got != want.WithZone("") {
			t.Errorf("got %v %t, want %v %v", got, ok, want, err)
		}
	})
}
