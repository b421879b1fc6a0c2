package fakecloud

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/vendordomains"
)

// variables returns the variables that lead clients to the cloud, under all the
// names they look for, and keep them from the real one. Some of them add to
// those that are present, or are those with another value.
//
// There are two ways to the cloud, and a client may use both: its address,
// which is the endpoint here and in the list of zones, and the proxy, which
// answers for the real addresses.
func (c Connection) variables(present []string) []string {
	direct := directHosts(present)
	return append([]string{
		"EXOSCALE_API_KEY=" + c.Key,
		"EXOSCALE_API_SECRET=" + c.Secret,
		"EXOSCALE_KEY=" + c.Key,
		"EXOSCALE_SECRET=" + c.Secret,
		"EXOSCALE_ZONE=" + c.Zone,
		"EXOSCALE_API_ENDPOINT=" + c.APIEndpoint(),
		// For programs that break and watch the cloud, in whatever language.
		"FAKECLOUD_URL=" + c.URL,
		"FAKECLOUD_TOKEN=" + c.Token,
		"HTTPS_PROXY=" + c.URL,
		"https_proxy=" + c.URL,
		"HTTP_PROXY=" + c.URL,
		"http_proxy=" + c.URL,
		"NO_PROXY=" + direct,
		"no_proxy=" + direct,
		"SSL_CERT_FILE=" + c.CertFile,
		// curl, Python's requests and AWS' clients look here first.
		"CURL_CA_BUNDLE=" + c.CertFile,
		"REQUESTS_CA_BUNDLE=" + c.CertFile,
		"AWS_CA_BUNDLE=" + c.CertFile,
		// An account's key is also that of its object storage. Clients that
		// find one here look for no other in the user's files or on the host,
		// and reach the proxy, which answers why not.
		"AWS_ACCESS_KEY_ID=" + c.Key,
		"AWS_SECRET_ACCESS_KEY=" + c.Secret,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + c.file("aws-config"),
		"AWS_SHARED_CREDENTIALS_FILE=" + c.file("aws-credentials"),
		"BOTO_CONFIG=" + c.file("boto.cfg"),
		"MC_CONFIG_DIR=" + c.file("mc"),
		"RCLONE_CONFIG=" + c.file("rclone.conf"),
		"S3CMD_CONFIG=" + c.file("s3cfg"),
		// For the Terraform module of this repository, and for Terraform
		// itself, which otherwise asks its maker about newer versions.
		"TF_VAR_exoscale_key=" + c.Key,
		"TF_VAR_exoscale_secret=" + c.Secret,
		"CHECKPOINT_DISABLE=1",
		// A state that lists real resources would otherwise be compared with
		// this cloud, where there are none, and forget them.
		"TF_WORKSPACE=fakecloud",
	}, c.replacedVariables(present)...)
}

// file returns the name of a file that belongs to the cloud.
func (c Connection) file(name string) string { return filepath.Join(filepath.Dir(c.CertFile), name) }

// clientFiles returns what is in the files that variables name, for clients
// that would otherwise look for credentials in those of the user.
func (c Connection) clientFiles() map[string]string {
	host, port, _ := strings.Cut(strings.TrimPrefix(c.URL, "http://"), ":")
	return map[string]string{
		"aws-config": "", "aws-credentials": "", "boto.cfg": "", "rclone.conf": "",
		// s3cmd ignores the variables for proxies.
		"s3cfg": "[default]\naccess_key = " + c.Key + "\nsecret_key = " + c.Secret +
			"\nhost_base = sos-" + c.Zone + ".exo.io\nhost_bucket = %(bucket)s.sos-" + c.Zone + ".exo.io" +
			"\nproxy_host = " + host + "\nproxy_port = " + port + "\nca_certs_file = " + c.CertFile + "\nmax_retries = 1\n",
	}
}

// directHosts returns the hosts to reach without a proxy: this one, and those
// named already, less the real cloud.
func directHosts(environ []string) string {
	hosts := []string{"127.0.0.0/8", "127.0.0.1", "localhost"}
	for _, assignment := range environ {
		name, value, _ := strings.Cut(assignment, "=")
		if !strings.EqualFold(name, "NO_PROXY") {
			continue
		}
		for _, host := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }) {
			if !meansVendor(host) && !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
	}
	return strings.Join(hosts, ",")
}

// meansVendor reports whether a word of NO_PROXY may mean a host of the vendor
// to some client: they differ in how they read asterisks, dots and ports.
func meansVendor(word string) bool {
	suffix := strings.TrimRight(strings.ToLower(strings.TrimLeft(word, "*.")), ".")
	return strings.Contains(suffix, "*") || slices.ContainsFunc(vendordomains.All(), func(domain string) bool {
		return strings.Contains(suffix, domain) || strings.HasSuffix(domain, suffix)
	})
}

// environ is [Cloud.Environ].
func (c Connection) environ(environ []string) []string {
	added := c.variables(environ)
	gone := map[string]bool{}
	for _, name := range leaks(environ) {
		gone[name] = true
	}
	for _, assignment := range added {
		name, _, _ := strings.Cut(assignment, "=")
		gone[name] = true
	}
	kept := slices.DeleteFunc(slices.Clone(environ), func(assignment string) bool {
		name, _, _ := strings.Cut(assignment, "=")
		return gone[name] || setsProxy(name)
	})
	return append(kept, added...)
}

// Withheld returns, sorted, the names of the variables that a command misses
// in [Cloud.Environ] or finds with another value. The vendor's own are
// left out: every user expects those to change.
func Withheld(environ []string) []string {
	names := slices.Concat(leaks(environ), replacedNames(environ))
	names = slices.DeleteFunc(names, func(name string) bool {
		return variable(environ, name) == "" || strings.HasPrefix(name, "EXOSCALE_") || strings.HasPrefix(name, "CLOUDSTACK_") || strings.HasPrefix(name, "TF_VAR_exoscale_")
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// ShellCommands returns commands that bring a POSIX shell with the given
// environment into that of [Cloud.Environ].
func (c Connection) ShellCommands(present []string) string {
	var b strings.Builder
	b.WriteString(unsetCommand(present, "ALL_PROXY", "all_proxy"))
	for _, assignment := range c.variables(present) {
		name, value, _ := strings.Cut(assignment, "=")
		if strings.Trim(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,[]") != "" {
			value = "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		}
		fmt.Fprintf(&b, "export %s=%s\n", name, value)
	}
	return b.String()
}

// Assignments returns what [Connection.ShellCommands] does as assignments, for
// readers that cannot unset a variable: it is empty there. Variables that have
// no value yet and would get none are left out.
func (c Connection) Assignments(present []string) []string {
	assignments := c.variables(present)
	set := map[string]bool{}
	for _, assignment := range assignments {
		name, _, _ := strings.Cut(assignment, "=")
		set[name] = true
	}
	for _, name := range unsetNames(present, "ALL_PROXY", "all_proxy") {
		if !set[name] && variable(present, name) != "" {
			assignments = append(assignments, name+"=")
		}
	}
	return assignments
}

// identifier is the name of a variable that shells can unset.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// UnsetCommand returns a command that takes out of a POSIX shell with the given
// environment what could lead to a real account.
func UnsetCommand(present []string) string {
	return unsetCommand(present, replacedNames(present)...)
}

// unsetCommand unsets what could lead to a real account now, the usual names in
// any case, and others that are given.
func unsetCommand(present []string, others ...string) string {
	return "unset " + strings.Join(unsetNames(present, others...), " ") + "\n"
}

func unsetNames(present []string, others ...string) []string {
	names := slices.Concat(leaks(present), usualNames(), others)
	names = slices.DeleteFunc(names, func(name string) bool { return !identifier.MatchString(name) })
	slices.Sort(names)
	return slices.Compact(names)
}

// variable returns the value of a variable, of its last assignment if there
// are several.
func variable(environ []string, name string) (value string) {
	for _, assignment := range environ {
		if n, v, _ := strings.Cut(assignment, "="); n == name {
			value = v
		}
	}
	return value
}
