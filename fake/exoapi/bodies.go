package exoapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxKeptBody is how much of a body is kept, in bytes.
const maxKeptBody = 4 << 10

// withoutSecrets returns the text of a JSON body to be shown: values that are
// secret by their name are left out, the secrets of API keys are too, and long
// bodies are cut.
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
			if isSecret(name) && inner != nil {
				v[name] = fmt.Sprintf("(%d characters not shown)", len(fmt.Sprint(inner)))
				continue
			}
			v[name] = concealed(inner)
		}
	case []any:
		for i := range v {
			v[i] = concealed(v[i])
		}
	}
	return value
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
