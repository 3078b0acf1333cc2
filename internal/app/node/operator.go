package node

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
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

// Link is a link that lets a person in once.
type Link struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// rescue makes a link for a person who lost the second factor.
func (n *Node) rescue(ctx context.Context, r *http.Request) (any, error) {
	var l Link
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<10)).Decode(&l); err != nil {
		return nil, errors.New("say {\"name\": ...}")
	}
	secret, err := n.house.Rescue(ctx, l.Name)
	l.URL = n.consoleURL() + "/invite/" + secret
	return l, err
}
