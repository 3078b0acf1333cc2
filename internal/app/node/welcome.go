package node

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
)

// Welcome says where the console is, and how the first person gets in.
func (n *Node) Welcome(ctx context.Context, w io.Writer) error {
	secret, open, err := n.house.SetupSecret(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Wardline keeps its data in %s.\n", n.config.Data)
	if open {
		_, err = fmt.Fprintf(w, "Nobody can sign in yet. The first person opens this link, once:\n\n    %s/setup/%s\n\n", n.consoleURL(), secret)
	} else {
		_, err = fmt.Fprintf(w, "The console is at %s\n", n.consoleURL())
	}
	if err == nil && n.config.Console.Certificate == "" {
		_, err = fmt.Fprintf(w, "Browsers do not know this site's own authority yet. Its certificate is %s/ca.pem, SHA-256:\n    %s\n", n.config.authority(), n.authority.Fingerprint())
	}
	return err
}

// consoleURL is where a browser reaches the console.
func (n *Node) consoleURL() string {
	host, port, err := net.SplitHostPort(n.config.Console.Listen)
	if ip := net.ParseIP(host); err != nil || host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
		if name, err := os.Hostname(); err == nil {
			host = name
		}
		if names := n.config.Console.Names; len(names) > 0 {
			host = names[0]
		}
	}
	if port == "443" {
		return "https://" + host
	}
	return "https://" + net.JoinHostPort(host, port)
}
