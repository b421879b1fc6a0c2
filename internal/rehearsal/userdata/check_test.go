package userdata_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/userdata"
)

// good is user-data as the course teaches it.
const good = `#!/bin/bash
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y docker.io
docker run -d --restart=always -p 8080:8080 janoszen/http-load-generator:1.0.1
docker run -d --restart=always --net=host --pid=host -v "/:/host:ro,rslave" quay.io/prometheus/node-exporter --path.rootfs=/host
cat > /srv/config <<EOF
${HOME} and $(hostname)
EOF
`

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func message(encoding string, bodies ...string) string {
	text := "Content-Type: multipart/mixed; boundary=\"MIMEBOUNDARY\"\nMIME-Version: 1.0\n\n"
	for _, body := range bodies {
		text += "--MIMEBOUNDARY\nContent-Type: text/x-shellscript\nContent-Transfer-Encoding: " + encoding + "\n\n" + body + "\n"
	}
	return text + "--MIMEBOUNDARY--\n"
}

func check(t *testing.T, data []byte) (lines []string) {
	t.Helper()
	for _, a := range userdata.Check(data, userdata.Machine{Name: "web", CheckPort: 8080, Open: func(port int) bool { return port == 8080 }}) {
		assert.NotEmpty(t, a.Hints, a.Text)
		lines = append(lines, a.Text+" | "+a.Seen)
	}
	return lines
}

func TestGoodUserDataGetsNoAdvice(t *testing.T) {
	for name, data := range map[string][]byte{
		"script":                 []byte(good),
		"nothing":                nil,
		"gzip":                   gzipped(t, good),
		"MIME":                   []byte(message("7bit", good)),
		"MIME in base64 in gzip": gzipped(t, message("base64", base64.StdEncoding.EncodeToString([]byte(good)))),
		"cloud-config": []byte("#cloud-config\npackage_update: true\npackages: [docker.io]\nruncmd:\n  - set -e\n" +
			"  - docker run -d --restart always -p 8080:8080 web\n  - [systemctl, start, \"it's\"]\n"),
		"python":                     []byte("#!/usr/bin/python3\nprint('${x}')\n"),
		"template":                   []byte("## template: jinja\n#cloud-config\n{% if 1 %}\n"),
		"CR LF":                      []byte(strings.ReplaceAll(good, "\n", "\r\n")), // cloud-init converts it
		"read":                       []byte("#!/bin/sh\nset -e\nread name\necho ${name} ${other:-none}\n"),
		"for":                        []byte("#!/bin/bash -e\nfor i in 1 2; do echo $i; done\n"),
		"one shot":                   []byte("#!/bin/sh -e\ndocker run --rm alpine true\ndocker ps\n"),
		"exporter in the background": []byte("#!/bin/sh -e\n./node_exporter &\nsleep 1\n"),
	} {
		assert.Empty(t, check(t, data), name)
	}
}

func TestMistakes(t *testing.T) {
	const of = "user-data of web: "
	for name, c := range map[string]struct{ data, want string }{
		"no set -e":       {"#!/bin/bash\necho a\necho b\n", of + "the script stops at the first error | it goes on after errors, and fails only if its last command does"},
		"apt asks":        {"#!/bin/bash -e\napt update\nsudo apt install docker.io\n", of + "the script installs packages without a question | line 3: apt install"},
		"no update":       {"#!/bin/bash -e\napt-get install -y docker.io\n", of + "the script knows the packages of today | line 2: apt-get install"},
		"docker waits":    {"#!/bin/bash -e\ndocker run -p 8080:8080 web\ntrue\n", of + "the script does not wait for its containers | line 2: docker run"},
		"no restart":      {"#!/bin/bash -e\ndocker run -d -p 8080:8080 web\n", of + "containers of the script start again after a failure or a reboot | line 2: docker run"},
		"wrong port":      {strings.ReplaceAll(good, "8080:8080", "80:8080"), of + "the script publishes port 8080, which the load balancer's health check asks | it publishes 80"},
		"closed port":     {strings.ReplaceAll(good, "-p 8080", "-p 3000:3000 --publish=8080"), of + "what the script publishes is open to those who ask | no rule opens 3000"},
		"not filled in":   {"#!/bin/bash -e\necho ${exoscale_key}\n", of + "the script uses variables that are set | line 2: ${exoscale_key}"},
		"syntax":          {"#!/bin/bash\nif true; then\n", of + "the script can be parsed | line 2: "},
		"no shebang":      {"apt-get update\n", of + `is of a kind that cloud-init knows | it begins with "apt-get update\n"`},
		"blank line":      {"\n#!/bin/bash -e\ntrue\n", of + "begins with its first line | there is an empty line, a space or a byte order mark before it"},
		"encoded twice":   {base64.StdEncoding.EncodeToString([]byte(good)), of + "is encoded once | it is in base64"},
		"mixed line ends": {"#!/bin/bash -e\necho a\r\necho b\r\n", of + "has the line ends of Unix | some lines end with CR LF, which commands take for a part of their last argument"},
		"bad YAML":        {"#cloud-config\nruncmd:\n  - a\n bad: [\n", of + "is YAML | "},
		"misspelt key":    {"#cloud-config\nrun_cmd: [a]\n", of + "has keys that cloud-init knows | it has run_cmd"},
		"runcmd a string": {"#cloud-config\nruncmd: a\n", of + "runcmd is a list | it is a string"},
		"runcmd a map":    {"#cloud-config\nruncmd:\n  - echo a: b\n", of + "each entry of runcmd is a string or a list of strings | entry 1 is a map"},
		"runcmd goes on":  {"#cloud-config\nruncmd: [a, b]\n", of + "runcmd stops at the first error | it goes on after errors, and fails only if its last command does"},
		"part":            {message("7bit", good, "#!/bin/sh\na\nb\n"), "part 2 of the " + of + "the script stops at the first error | it goes on after errors, and fails only if its last command does"},
		"no boundary":     {"Content-Type: text/plain\n\nhi\n", of + `can be read | its Content-Type is "text/plain", not multipart/mixed with a boundary`},
		"broken gzip":     {"\x1f\x8b\x00", of + "can be read | it cannot be unpacked: unexpected EOF"},
	} {
		got := check(t, []byte(c.data))
		require.NotEmpty(t, got, name)
		assert.Contains(t, strings.Join(got, "\n"), c.want, name)
	}
}

func TestAdviceDoesNotQuoteSecrets(t *testing.T) {
	for _, data := range []string{
		"#!/bin/bash\napt install x EXOSCALE_SECRET=hidden\ndocker run -e SECRET=hidden -p 80:80 web\n",
		"#cloud-config\nruncmd: [docker run -e SECRET=hidden web, b]\n",
	} {
		assert.NotContains(t, strings.Join(check(t, []byte(data)), "\n"), "hidden")
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(message("base64", "IyEvYmluL3NoCg==")))
	f.Add([]byte("#cloud-config\nruncmd:\n  - [a, 1]\n  - {a: b}\nbootcmd: 3\n"))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, a := range userdata.Check(data, userdata.Machine{Name: "web", CheckPort: 8080, Open: func(int) bool { return false }}) {
			if len(a.Seen) > 10_000 || len(a.Hints) == 0 {
				t.Errorf("%+v", a)
			}
		}
	})
}
