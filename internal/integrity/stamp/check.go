package stamp

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/wardline/wardline/format/evidence"
	"github.com/wardline/wardline/format/rfc3161"
)

// Check returns what checks the time stamps of a bundle whole: that the stamp is of the imprint and the answer to its request, the signature,
// the certificate that is signed for, and the way from that to a root. For evidence.Trust. With nil for authority the
// root is the bundle's own alone: then the stamp was made by whom it names, who may be anybody.
func Check(authority *rfc3161.Trust) func(evidence.Stamp, [sha256.Size]byte) (evidence.Stamped, error) {
	return func(s evidence.Stamp, imprint [sha256.Size]byte) (evidence.Stamped, error) {
		request, err := rfc3161.ParseRequest(s.Request)
		if err != nil {
			return evidence.Stamped{}, err
		}
		if request.Digest != imprint || request.Nonce == nil {
			return evidence.Stamped{}, fmt.Errorf("%w: the authority was asked about something else, or without a nonce", rfc3161.ErrStamp)
		}
		token, err := rfc3161.ParseResponse(s.Response)
		if err != nil {
			return evidence.Stamped{}, err
		}
		carried, err := rfc3161.ParseTrust(s.Chain)
		if err != nil {
			return evidence.Stamped{}, err
		}
		chain, err := token.Verify(request, carried)
		if err != nil {
			return evidence.Stamped{}, err
		}
		if !bytes.Equal(rfc3161.FormatChain(chain), s.Chain) {
			return evidence.Stamped{}, fmt.Errorf("%w: the certificates beside the stamp are not those that lead from it to a root", rfc3161.ErrStamp)
		}
		if authority != nil {
			trust := rfc3161.Trust{Roots: authority.Roots, Intermediates: append(chain[:len(chain):len(chain)], authority.Intermediates...)}
			if _, err := token.Verify(request, trust); err != nil {
				return evidence.Stamped{}, err
			}
		}
		return evidence.Stamped{Time: token.Time, Authority: chain[0].Subject.CommonName, Trusted: authority != nil}, nil
	}
}
