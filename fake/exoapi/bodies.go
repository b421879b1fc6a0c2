package exoapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxKeptBody is how much of a body is kept, in bytes.
const maxKeptBody = 4 << 10

// withoutSecrets returns the text of a JSON body to be shown: values that are
// secret by their name are left out, so are queries of addresses and the secrets
// of API keys, and long bodies are cut.
func (c *Cloud) withoutSecrets(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Sprintf("(%d bytes that are not JSON)", len(body))
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(concealed(value)); err != nil {
		return fmt.Sprintf("(%d bytes)", len(body))
	}
	text := c.keyring.Redact(strings.TrimSuffix(b.String(), "\n"))
	if len(text) <= maxKeptBody {
		return text
	}
	end := maxKeptBody
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s… (%d bytes in all)", text[:end], len(text))
}

// concealed returns a JSON value without what is secret by its name.
func concealed(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if _, flag := inner.(bool); isSecret(name) && inner != nil && !flag {
				v[name] = fmt.Sprintf("(%d characters not shown)", len(fmt.Sprint(inner)))
				continue
			}
			v[name] = concealed(inner)
		}
	case []any:
		for i := range v {
			v[i] = concealed(v[i])
		}
	case string:
		return withoutQuery(v)
	}
	return value
}

// withoutQuery returns an address without its query and its user, which may be
// what opens it; any other text as it is.
func withoutQuery(text string) string {
	address, err := url.Parse(text)
	if err != nil || address.Scheme == "" && !strings.HasPrefix(text, "/") || address.RawQuery == "" && address.User == nil {
		return text
	}
	if address.User = nil; address.RawQuery != "" {
		address.RawQuery = fmt.Sprintf("(%d characters not shown)", len(address.RawQuery))
	}
	return address.String()
}

// isSecret reports whether a field, by its name, may hold a secret.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"secret", "password", "private-key", "user-data", "token", "kubeconfig", "credential"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
