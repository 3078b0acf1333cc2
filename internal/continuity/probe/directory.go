package probe

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/miekg/dns"
)

// dns asks for a name over UDP, and over TCP when the answer does not fit.
func (v *visit) dns(ctx context.Context) error {
	c, err := v.dial(ctx, "udp", v.target.Address)
	if err != nil {
		return err
	}
	v.connected.Store(false) // a datagram has no connection
	answer, err := v.exchange(ctx, c)
	if err == nil && answer.Truncated {
		if c, err = v.dial(ctx, "tcp", v.target.Address); err != nil {
			return err
		}
		answer, err = v.exchange(ctx, c)
	}
	if err != nil {
		return v.dnsTrouble(err)
	}
	switch {
	case answer.Rcode == dns.RcodeNameError:
		return because(Rejected, "answered, but knows no such name")
	case answer.Rcode == dns.RcodeServerFailure:
		return because(Rejected, "answered, but cannot find out (SERVFAIL)")
	case answer.Rcode == dns.RcodeRefused:
		return because(Rejected, "answered, but refuses to tell us (REFUSED)")
	case answer.Rcode != dns.RcodeSuccess:
		return because(Rejected, "answered with an error")
	}
	for _, record := range answer.Answer {
		if record.Header().Rrtype == dns.StringToType[v.target.Type] {
			return nil
		}
	}
	return because(Rejected, "answered, but has no such record for the name")
}

func (v *visit) exchange(ctx context.Context, c net.Conn) (*dns.Msg, error) {
	conn := dns.Conn{Conn: c}
	defer conn.Close()
	client := dns.Client{Timeout: time.Until(v.began.Add(v.target.Timeout))}
	question := new(dns.Msg).SetQuestion(dns.Fqdn(v.target.Query), dns.StringToType[v.target.Type])
	answer, _, err := client.ExchangeWithConnContext(ctx, question, &conn)
	return answer, err
}

// dnsTrouble tells a server that is frozen from one whose packets are dropped, when a datagram is not answered: every server listens for connections, too (RFC 7766 5).
func (v *visit) dnsTrouble(err error) error {
	var wait net.Error
	if !errors.As(err, &wait) || !wait.Timeout() {
		v.connected.Store(true)
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), min(v.target.Timeout, parting))
	defer cancel()
	if c, refused := v.dial(ctx, "tcp", v.target.Address); refused == nil {
		_ = c.Close()
	}
	return err
}

// mostEntries is how many entries a search for one may bring.
const mostEntries = 1

// ldap reads what the server says of itself, which it tells everybody (RFC 4512 5.1).
func (v *visit) ldap(ctx context.Context) error {
	rw, err := v.open(ctx)
	if err != nil {
		return err
	}
	c := ldap.NewConn(rw, v.target.secured())
	c.SetTimeout(time.Until(v.began.Add(v.target.Timeout)))
	c.Start()
	defer func() { _ = c.Unbind() }() // it has answered, or it does not listen any more
	_, err = c.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, mostEntries, int(v.target.Timeout.Seconds())+1, false,
		"(objectClass=*)", []string{"supportedLDAPVersion"}, nil))
	v.answer()
	var said *ldap.Error
	switch {
	case err == nil:
		return nil // also when it tells strangers nothing
	case errors.As(err, &said) && said.ResultCode == ldap.LDAPResultBusy:
		return because(Rejected, "answered that it is too busy")
	case errors.As(err, &said) && said.ResultCode == ldap.LDAPResultUnavailable:
		return because(Rejected, "answered that it is not available, or going down")
	case errors.As(err, &said) && said.ResultCode < ldap.ErrorNetwork:
		return nil // it is there, and says so
	}
	return err
}
