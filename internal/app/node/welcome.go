package node

import (
	"context"
	"fmt"
	"io"
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
