package collect_test

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wardline/wardline/internal/collect"
)

// With IPv6 whoever has one address has as many as there are in a network: they are one.
func TestCrowd(t *testing.T) {
	enter := func(c *collect.Crowd, address string) *collect.Guest {
		g, _ := c.Enter(netip.MustParseAddr(address))
		return g
	}
	for name, tt := range map[string]struct {
		addresses []string
		in        int // of them
	}{
		"one address":              {[]string{"10.0.0.1", "10.0.0.1", "10.0.0.1"}, 2},
		"neighbours":               {[]string{"10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2"}, 4},
		"one network":              {[]string{"2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3"}, 2},
		"neighbouring networks":    {[]string{"2001:db8::1", "2001:db8::2", "2001:db8:0:1::3"}, 3},
		"more than there are room": {[]string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"}, 5},
	} {
		c := collect.NewCrowd(5, 2, 3)
		in := 0
		for _, a := range tt.addresses {
			if enter(c, a) != nil {
				in++
			}
		}
		if in != tt.in {
			t.Errorf("%s: %d are let in, want %d", name, in, tt.in)
		}
	}

	c := collect.NewCrowd(100, 2, 3)
	var named []*collect.Guest
	for i := range 4 {
		g := enter(c, "10.0.0.1")
		if g == nil {
			t.Fatalf("connection %d is turned away: those before have shown a certificate", i)
		}
		if ok := g.Named("pacs"); ok != (i < 3) {
			t.Errorf("connection %d by one certificate: %v", i, ok)
		}
		if named = append(named, g); i < 3 && !g.Named("pacs") {
			t.Error("a connection that shows it again")
		}
	}
	named[0].Leave()
	named[0].Leave()
	if !named[3].Named("pacs") || enter(c, "10.0.0.1") == nil || enter(c, "10.0.0.1") == nil || enter(c, "10.0.0.1") != nil {
		t.Error("a connection that left has a place, and no more than one")
	}
	if named[0].Named("lab") {
		t.Error("a connection that left counts again")
	}
}

// What a peer can cause without end is spoken of at once and then once a minute, and all of it is counted.
func TestSparing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s collect.Sparing
		said := ""
		for range 300 { // one in a second
			if n, speak := s.Again(); speak {
				said += fmt.Sprint(n, " ")
			}
			time.Sleep(time.Second)
		}
		if want := "1 61 61 61 61 "; said != want {
			t.Errorf("got %s, want %s", said, want)
		}
	})
}
