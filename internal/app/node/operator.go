package node

import (
	"context"
	"os/user"

	"github.com/wardline/wardline/internal/access"
)

// operator is whoever commands the node from its own machine. That takes the right to read the node's data folder, so
// there is nothing to be kept from them; what they do is sealed all the same.
func operator(ctx context.Context) context.Context {
	name := "operator"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return access.WithActor(ctx, access.Actor{
		ID: "local:" + name, Name: name + " on this machine", Roles: []access.Role{access.Admin, access.Senior, access.Privacy},
	})
}

// IssueSender makes a token by which a sender is known under that name. It is shown once.
func (n *Node) IssueSender(ctx context.Context, name string) (token string, err error) {
	return n.house.Issue(operator(ctx), access.TokenSpec{Name: name, Role: access.Sender, Source: name})
}
