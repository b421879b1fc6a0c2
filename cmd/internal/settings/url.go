package settings

import (
	"errors"
	"net/url"
	"strings"
)

// URL returns the kind of addresses of HTTP servers: absolute http or https
// addresses, kept without a slash at the end, or none. They may hold a password by
// mistake, which no message must repeat.
func URL() Kind[string] {
	return Kind[string]{Arg: "URL", Remedy: "give an absolute address such as http://127.0.0.1:8080", Parse: parseURL}
}

func parseURL(text string) (string, error) {
	if text == "" { // an empty flag overrides the variable
		return "", nil
	}
	if strings.Contains(text, "@") { // what stands before it may be a password
		return "", Hidden("has a user name or a password in it")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", errors.New("is not an address")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("does not start with http:// or https://")
	case u.Hostname() == "":
		return "", errors.New("names no host")
	case u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("has a query or a fragment")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u.String(), nil
}
