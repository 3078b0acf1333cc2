package httpin

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/wardline/wardline/internal/collect"
)

// serverTLS makes the server's side of TLS from the files of c, or else from what the node has.
func serverTLS(c Config, own *tls.Config, log *slog.Logger) (conf *tls.Config, err error) {
	switch {
	case c.Certificate != "":
		if conf, err = collect.Renewing(c.Certificate, c.Key, log); err != nil {
			return nil, err
		}
	case own != nil:
		conf = own.Clone()
	default:
		return nil, errors.New("no certificate: name certificate and key, or say plain: true to receive without TLS")
	}
	conf.NextProtos = []string{"h2", "http/1.1"}
	if c.ClientCA == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(c.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("read the authorities of senders: %w", err)
	}
	conf.ClientCAs = x509.NewCertPool()
	if !conf.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("client_ca holds no certificate in PEM")
	}
	conf.ClientAuth = tls.VerifyClientCertIfGiven // who has none sends a token
	return conf, nil
}

// peer is the name that a verified certificate gives to its holder; "" when there is none.
func peer(state *tls.ConnectionState) string {
	if state == nil || len(state.VerifiedChains) == 0 {
		return ""
	}
	cert := state.PeerCertificates[0]
	switch {
	case len(cert.URIs) > 0:
		return cert.URIs[0].String()
	case len(cert.DNSNames) > 0:
		return cert.DNSNames[0]
	case len(cert.IPAddresses) > 0:
		return cert.IPAddresses[0].String()
	}
	return cert.Subject.CommonName
}
