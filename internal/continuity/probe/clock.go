package probe

import (
	"context"
	"net"
	"time"

	"github.com/beevik/ntp"
)

// ntp compares the server's clock with ours. How long the packets took may explain a part of the difference, which is taken off.
func (v *visit) ntp() error {
	answer, err := ntp.QueryWithOptions(v.target.Address, ntp.QueryOptions{
		Timeout: time.Until(v.began.Add(v.target.Timeout)),
		Dialer: func(_, address string) (net.Conn, error) {
			ctx, cancel := context.WithDeadline(context.Background(), v.began.Add(v.target.Timeout))
			defer cancel()
			return v.dial(ctx, "udp", address)
		},
	})
	if err != nil {
		return err
	}
	v.answer()
	if answer.IsKissOfDeath() {
		switch answer.KissCode { // RFC 5905 7.4
		case "DENY", "RSTR", "RATE":
			return because(Rejected, "answered that it is asked too often, or not to be asked by us")
		}
	}
	if answer.Validate() != nil {
		return because(Rejected, "answered, but does not know the time itself")
	}
	doubt := answer.RTT / 2
	switch ahead := answer.ClockOffset; { // of the server's clock
	case ahead > doubt:
		v.offset = ahead - doubt
	case ahead < -doubt:
		v.offset = ahead + doubt
	}
	return nil
}
