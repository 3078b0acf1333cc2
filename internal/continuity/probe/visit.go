package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/wardline/wardline/content/strict"
)

// Ask looks once at a target that Config.Check completed, and returns within its timeout and a second to close. modality says of an AE title, a host name or an address
// whether it belongs to a device that is never to be probed; nil knows none. It may be called by several goroutines at once.
func Ask(ctx context.Context, t Target, modality func(string) bool) Result {
	v := &visit{target: t, modality: modality}
	r := Result{Target: t.Name, Component: t.Component, At: time.Now(), State: Up}
	v.began = r.At
	limited, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	err := v.ask(limited)
	if err == nil {
		v.answer()
	}
	r.Took = v.took
	if err != nil {
		r.Took = time.Since(r.At)
		why := v.explain(limited, err)
		r.State, r.Cause, r.Why = why.cause.state(), why.cause, why.words
	}
	if end := v.expires.Load(); end != 0 {
		r.Expires = time.Unix(end, 0).UTC()
	}
	r.Offset, r.closes, r.lingers, r.waited = v.offset, v.closes, v.lingers, v.waited
	return r
}

// state is what a cause makes of a target.
func (c Cause) state() State {
	switch c {
	case Forbidden:
		return Refused
	case Own:
		return Unasked
	}
	return Down
}

// visit is one attempt. The atomic fields are written by what dials and shakes hands, which may outlive the attempt by a moment.
type visit struct {
	target   Target
	modality func(string) bool
	began    time.Time
	took     time.Duration // until the answer, once it came

	connected atomic.Bool
	expires   atomic.Int64          // Unix time of the certificate's end
	seen      atomic.Pointer[error] // by what reading from the connection ended first

	offset          time.Duration
	closes, lingers bool
	waited          time.Duration
}

func (v *visit) ask(ctx context.Context) error {
	for _, name := range []string{v.target.host(), v.target.CalledAE} {
		if name != "" && v.forbidden(name) {
			return errForbidden
		}
	}
	switch v.target.Kind {
	case TCP, MLLP, Kerberos, TLS:
		return v.connect(ctx)
	case DICOM:
		return v.dicom(ctx)
	case FHIR:
		return v.fhir(ctx)
	case QIDO:
		return v.qido(ctx)
	case HTTPS:
		return v.page(ctx)
	case DNS:
		return v.dns(ctx)
	case LDAP:
		return v.ldap(ctx)
	case NTP:
		return v.ntp()
	}
	return because(Own, "wardline: internal error: a target that was not checked")
}

var errForbidden = because(Forbidden, "not asked: it is a modality or a pump, and Wardline never probes modalities or pumps; take it out of the list")

func (v *visit) forbidden(name string) bool { return v.modality != nil && v.modality(name) }

// answer marks the moment in which it was clear that the target answers.
func (v *visit) answer() {
	if v.took == 0 {
		v.took = max(time.Since(v.began), 1)
	}
}

// dial opens a connection that ends with the attempt. What a name leads to is held against the rule at the last moment, so that no entry of DNS leads to a modality.
func (v *visit) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{KeepAlive: -1, Control: func(_, address string, _ syscall.RawConn) error {
		if a, err := netip.ParseAddrPort(address); err == nil && v.forbidden(a.Addr().WithZone("").String()) {
			return errForbidden
		}
		return nil
	}}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	v.connected.Store(true)
	until := v.began.Add(v.target.Timeout)
	if err := c.SetDeadline(until); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if network == "udp" {
		return c, nil // what comes is one datagram
	}
	l := &line{Conn: c, visit: v, until: until}
	l.left.Store(mostBytes)
	return l, nil
}

// open connects to the target's address, with TLS where it is declared.
func (v *visit) open(ctx context.Context) (net.Conn, error) {
	c, err := v.dial(ctx, "tcp", v.target.Address)
	if err != nil || !v.target.secured() {
		return c, err
	}
	config, err := v.tlsConfig()
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	s := tls.Client(c, config)
	if err := s.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// tlsConfig takes any certificate, to see when it ends, and holds it against the authority where one is declared. Old versions of TLS are spoken, too, for a
// server that knows no other is not down; nothing that must be kept secret is sent but credentials, and with these they are not.
func (v *visit) tlsConfig() (*tls.Config, error) {
	t := &v.target
	config := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}
	if config.ServerName == "" {
		config.ServerName = t.host()
	}
	if t.Credentials != "" {
		config.MinVersion = tls.VersionTLS12
	}
	if t.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
		if err != nil {
			return nil, because(Own, "our own certificate or its key cannot be read: see certificate and key")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	roots, err := v.authorities()
	if err != nil {
		return nil, err
	}
	name := config.ServerName
	config.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 {
			return nil
		}
		v.expires.Store(s.PeerCertificates[0].NotAfter.Unix())
		if roots == nil {
			return nil
		}
		between := x509.NewCertPool()
		for _, c := range s.PeerCertificates[1:] {
			between.AddCert(c)
		}
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: name})
		return err
	}
	return config, nil
}

// authorities reads the certificates that are trusted; nil when any is.
func (v *visit) authorities() (*x509.CertPool, error) {
	path := v.target.CA
	if path == "" && v.target.Credentials != "" {
		return systemRoots()
	}
	if path == "" {
		return nil, nil
	}
	text, err := strict.ReadFile(path, 4<<20)
	if err != nil {
		return nil, because(Own, "the file of authorities cannot be read: see ca")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, because(Own, "the file of authorities holds no certificate that can be read: PEM is wanted, see ca")
	}
	return pool, nil
}

// systemRoots are those that the operating system trusts: credentials are sent to nobody else.
func systemRoots() (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, because(Own, "the authorities of this operating system cannot be read: name those of the server under ca")
	}
	return pool, nil
}
