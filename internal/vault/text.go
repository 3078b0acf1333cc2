package vault

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// sealedText begins a text that SealText made.
const sealedText = "sealed:"

// SealText is Seal for a column of text. Nothing stays nothing: that there is no text is no secret.
func (v *Vault) SealText(plain, purpose string) (string, error) {
	if plain == "" {
		return "", nil
	}
	sealed, err := v.Seal([]byte(plain), purpose)
	if err != nil {
		return "", err
	}
	return sealedText + base64.RawStdEncoding.EncodeToString(sealed), nil
}

// OpenText gives back what SealText was given. A text that was never sealed, as those of earlier versions, comes back as it is.
func (v *Vault) OpenText(text, purpose string) (string, error) {
	encoded, ok := strings.CutPrefix(text, sealedText)
	if !ok {
		return text, nil
	}
	sealed, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return "", ErrOpen
	}
	plain, err := v.Open(sealed, purpose)
	return string(plain), err
}

// sealedBlob begins bytes that SealBlob made. Neither JSON nor packed bytes begin so.
const sealedBlob = "\x00sealed:"

// SealBlob is Seal for a column of bytes that earlier versions did not seal.
func (v *Vault) SealBlob(plain []byte, purpose string) ([]byte, error) {
	sealed, err := v.Seal(plain, purpose)
	if err != nil {
		return nil, err
	}
	return append([]byte(sealedBlob), sealed...), nil
}

// OpenBlob gives back what SealBlob was given. What was never sealed comes back as it is.
func (v *Vault) OpenBlob(blob []byte, purpose string) ([]byte, error) {
	sealed, ok := bytes.CutPrefix(blob, []byte(sealedBlob))
	if !ok {
		return blob, nil
	}
	return v.Open(sealed, purpose)
}

// SealOld seals a text that an earlier version may not have sealed.
func (v *Vault) SealOld(text, purpose string) (string, error) {
	plain, err := v.OpenText(text, purpose)
	if err != nil {
		return "", err
	}
	return v.SealText(plain, purpose)
}

// SealOldBlob seals bytes that an earlier version may not have sealed.
func (v *Vault) SealOldBlob(blob []byte, purpose string) ([]byte, error) {
	plain, err := v.OpenBlob(blob, purpose)
	if err != nil {
		return nil, err
	}
	return v.SealBlob(plain, purpose)
}
