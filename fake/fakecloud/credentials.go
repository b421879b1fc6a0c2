package fakecloud

import (
	"regexp"
	"slices"
	"strings"
)

// usualNames returns the names under which clients look for the key of an
// account first. An account's key is good for its object storage, too, whose
// clients are those of S3.
func usualNames() []string {
	return []string{
		"EXOSCALE_KEY", "EXOSCALE_SECRET", "EXOSCALE_SECRET_KEY", "EXOSCALE_API_KEY", "EXOSCALE_API_SECRET",
		"EXOSCALE_CONFIG", "EXOSCALE_ACCOUNT", "EXOSCALE_API_ENDPOINT", "EXOSCALE_API_ENVIRONMENT",
		"EXOSCALE_SOS_ENDPOINT", "EXOSCALE_STORAGE_API_ENDPOINT",
		"CLOUDSTACK_KEY", "CLOUDSTACK_API_KEY", "CLOUDSTACK_SECRET", "CLOUDSTACK_SECRET_KEY", "CLOUDSTACK_CONFIG", "CLOUDSTACK_ENDPOINT",
		"TF_VAR_exoscale_key", "TF_VAR_exoscale_secret",
		"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
	}
}

// isHarmless reports whether a variable of AWS' clients holds no key, no place
// to find one and no address to send one to.
func isHarmless(name string) bool {
	return slices.Contains([]string{
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_DEFAULT_OUTPUT", "AWS_PAGER", "AWS_CLI_AUTO_PROMPT", "AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS",
		"AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION", "AWS_EC2_METADATA_DISABLED", "AWS_CA_BUNDLE",
	}, name)
}

// setsProxy reports whether a variable says which proxy to use.
func setsProxy(name string) bool {
	return slices.Contains([]string{"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"}, strings.ToUpper(name))
}

// namesCredential reports whether a variable, by its name, may hold a key of a
// real account or say where one is.
func namesCredential(name string) bool {
	for _, prefix := range []string{
		"EXOSCALE_", "CLOUDSTACK_", "TF_VAR_exoscale_",
		// Clients of S3: minio's, rclone, s3cmd, boto.
		"S3_", "MC_HOST_", "MC_CONFIG", "MINIO_ACCESS_", "MINIO_SECRET_", "RCLONE_", "S3CMD_", "BOTO_",
	} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return strings.HasPrefix(name, "AWS_") && !isHarmless(name)
}

var (
	// keyShape is that of an account's key.
	keyShape = regexp.MustCompile(`\bEXO[0-9A-Za-z]{20,}\b`)
	// databaseAddress is that of a managed database. Its clients use no proxy,
	// so nothing else would stop them.
	databaseAddress = regexp.MustCompile(`(?i)(^|[@/,=\s])[a-z0-9.-]+\.aivencloud\.com($|[:/?,\s])`)
)

// leaks returns the names of the variables that may lead to a real account.
// Those of Terraform's variables are replaced instead.
func leaks(environ []string) (names []string) {
	keys, secrets := credentialsIn(environ)
	for _, assignment := range environ {
		name, value, _ := strings.Cut(assignment, "=")
		switch {
		case namesCredential(name):
		case strings.HasPrefix(name, "TF_VAR_"), setsProxy(name):
			continue
		case strings.HasPrefix(name, "TF_CLI_ARGS") && (strings.Contains(value, "-var") || strings.Contains(value, "-backend-config")):
		case keyShape.MatchString(value), databaseAddress.MatchString(value), containsAny(value, keys), containsAny(value, secrets):
		default:
			continue
		}
		names = append(names, name)
	}
	return names
}

// replacedVariables returns those of Terraform's variables that hold a key or a
// secret of a real account, with that of the cloud instead: a configuration
// that needs them still gets some.
func (c Connection) replacedVariables(environ []string) (replaced []string) {
	keys, secrets := credentialsIn(environ)
	for _, assignment := range environ {
		name, value, _ := strings.Cut(assignment, "=")
		if !strings.HasPrefix(name, "TF_VAR_") || namesCredential(name) {
			continue
		}
		fake := keyShape.ReplaceAllLiteralString(value, c.Key)
		for _, key := range keys {
			fake = strings.ReplaceAll(fake, key, c.Key)
		}
		for _, secret := range secrets {
			fake = strings.ReplaceAll(fake, secret, c.Secret)
		}
		if namesSecret(name) && value != "" && !strings.ContainsAny(value, " {}[]\"\n") {
			fake = c.Secret
		}
		if fake != value {
			replaced = append(replaced, name+"="+fake)
		}
	}
	return replaced
}

// replacedNames returns the names of the variables that
// [Connection.replacedVariables] replaces.
func replacedNames(environ []string) (names []string) {
	for _, assignment := range (Connection{}).replacedVariables(environ) {
		name, _, _ := strings.Cut(assignment, "=")
		names = append(names, name)
	}
	return names
}

// namesSecret reports whether a variable of Terraform, by its name, holds the
// secret that belongs to a key.
func namesSecret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"secret", "secret_key", "secret_access_key"}, func(suffix string) bool {
		return strings.HasSuffix(name, "_"+suffix)
	})
}

// minSecret is the minimum length of a secret. Shorter text, such as a word in a
// test, may be in any variable by chance.
const minSecret = 16

// credentialsIn returns the keys and secrets in an environment: the user may
// have put them into other variables, too.
func credentialsIn(environ []string) (keys, secrets []string) {
	for _, assignment := range environ {
		name, value, _ := strings.Cut(assignment, "=")
		switch {
		case !namesCredential(name), len(value) < minSecret, strings.HasSuffix(name, "_FILE"):
		case strings.Contains(name, "SECRET"), strings.Contains(name, "TOKEN"):
			secrets = append(secrets, value)
		case strings.Contains(name, "KEY"):
			keys = append(keys, value)
		}
	}
	return keys, secrets
}

// containsAny reports whether one of the words is in a value.
func containsAny(value string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(value, word) })
}
