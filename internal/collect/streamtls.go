package collect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// TLS is how connections are made private, and who may make them.
type TLS struct {
	// Certificate and Key are PEM files. They are read again within a minute when they change.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// Clients says whether clients show a certificate: none, optional or required. One that they show names the
	// sender, by its first DNS name, else by another of its alternative names, else by its common name.
	Clients ClientCertificates `yaml:"client_certificates"`
	// ClientCA is a PEM file with the authorities that sign the certificates of clients.
	ClientCA string `yaml:"client_ca"`
}

// ClientCertificates says whether clients show a certificate.
type ClientCertificates string

// Whether clients show a certificate.
const (
	None     ClientCertificates = "none"
	Optional ClientCertificates = "optional"
	Required ClientCertificates = "required"
)

func (t *TLS) check() error {
	switch {
	case t.Certificate == "" || t.Key == "":
		return errors.New("tls: name the files of certificate and key")
	case t.Clients != "" && t.Clients != None && t.Clients != Optional && t.Clients != Required:
		return errors.New("tls: client_certificates must be none, optional or required")
	case (t.Clients == Optional || t.Clients == Required) != (t.ClientCA != ""):
		return errors.New("tls: client_ca and client_certificates (optional or required) belong together")
	}
	return nil
}

// credentials is TLS as loaded.
type credentials struct {
	*TLS
	log    *slog.Logger
	mu     sync.Mutex
	config *tls.Config // guarded by mu
	read   time.Time   // guarded by mu
}

func (t *TLS) load(log *slog.Logger) (*credentials, error) {
	c := &credentials{TLS: t, log: log, read: time.Now()}
	var err error
	c.config, err = t.Read()
	return c, err
}

// Read reads the files.
func (t *TLS) Read() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: read certificate and key: %w", err)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}} // RFC 9662 section 4: 1.2 at least
	if t.ClientCA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(t.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("tls: read client_ca: %w", err)
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("tls: client_ca holds no certificate in PEM form")
	}
	c.ClientAuth = tls.VerifyClientCertIfGiven
	if t.Clients == Required {
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// Renewing is a configuration of a server that shows the certificate of two PEM files, which are read again within a minute
// when they change.
func Renewing(certificate, key string, log *slog.Logger) (*tls.Config, error) {
	c, err := (&TLS{Certificate: certificate, Key: key}).load(log)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return &c.current().Certificates[0], nil
	}}, nil
}

// current is the configuration, read again after a minute. Files that cannot be read, such as those that are just being replaced,
// leave it as it was.
func (c *credentials) current() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.read) > time.Minute {
		c.read = time.Now()
		fresh, err := c.Read()
		if err != nil {
			c.log.Error("certificates cannot be read again: those that were read before stay in use, until they expire. See the files", "error", err)
			return c.config
		}
		c.config = fresh
	}
	return c.config
}

// handshake makes a connection private and returns what the client's certificate names it.
func (c *credentials) handshake(ctx context.Context, raw net.Conn, within time.Duration) (net.Conn, string, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	conn := tls.Server(raw, c.current())
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, "", err
	}
	if peers := conn.ConnectionState().PeerCertificates; len(peers) > 0 {
		return conn, nameOf(peers[0]), nil
	}
	return conn, "", nil
}

// handshakeFault says why a handshake failed, in our words: what the library says may quote the peer's certificate.
func handshakeFault(err error) string {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var remote *net.OpError
	var timeout net.Error
	switch {
	case errors.As(err, &certificate):
		return "the client's certificate is not of client_ca, or not valid now"
	case errors.As(err, &record):
		return "the client does not speak TLS"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "it took too long"
	case errors.As(err, &remote) && remote.Op == "remote error": // an alert
		return "the client broke off: does it trust the authority of the certificate here?"
	case errors.Is(err, syscall.ECONNRESET):
		return "the client closed the connection"
	}
	return "no version, cipher or certificate in common"
}

// nameOf is what a certificate names its owner (RFC 5425 section 5.2, RFC 6125 section 6.4: alternative names first).
func nameOf(c *x509.Certificate) string {
	switch {
	case len(c.DNSNames) > 0:
		return c.DNSNames[0]
	case len(c.URIs) > 0:
		return c.URIs[0].String()
	case len(c.IPAddresses) > 0:
		return c.IPAddresses[0].String()
	case c.Subject.CommonName != "":
		return c.Subject.CommonName
	}
	return "serial-" + c.SerialNumber.Text(16)
}

// Listen opens a TCP address, or takes over the socket "systemd:NAME" (sd_listen_fds(3)).
func Listen(ctx context.Context, address string) (net.Listener, error) {
	name, inherited := strings.CutPrefix(address, "systemd:")
	if !inherited {
		lc := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}}
		return lc.Listen(ctx, "tcp", address)
	}
	const first = 3 // descriptor that systemd hands over
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil, errors.New("systemd handed over no socket: is the .socket unit enabled?")
	}
	for i, n := range strings.Split(os.Getenv("LISTEN_FDNAMES"), ":") {
		if n == name {
			f := os.NewFile(uintptr(first+i), name)
			defer f.Close() // FileListener has a descriptor of its own
			return net.FileListener(f)
		}
	}
	return nil, errors.New("systemd handed over no socket of that name: compare with FileDescriptorName in the .socket unit")
}
