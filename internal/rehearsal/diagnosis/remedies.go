package diagnosis

import "regexp"

// remedies are what to do about what programs say. The first that fits counts; $1
// stands for the first group.
var remedies = []struct {
	said *regexp.Regexp
	do   string
}{
	{regexp.MustCompile(`Unable to locate package ([\w.+-]+)`), "check the name of the package $1, and that apt-get update comes before"},
	{regexp.MustCompile(`Failed to install the following packages: \{?'([\w.+-]+)`), "check the name of the package $1"},
	{regexp.MustCompile(`Package '?([\w.+-]+)'? has no installation candidate`), "check the name of the package $1: this template's distribution does not have it"},
	{regexp.MustCompile(`Could not get lock|dpkg frontend lock`), "another apt is at work: run apt-get -o DPkg::Lock::Timeout=300"},
	{regexp.MustCompile(`(docker(?:-compose)?|podman): (?:command )?not found|Unit docker\.service (?:could not be|not) found`), "install docker before it is used: apt-get update && apt-get install -y docker.io"},
	{regexp.MustCompile(`docker: '?compose'? is not a docker command|unknown shorthand flag: 'd' in -d`), "install docker compose: apt-get install -y docker-compose"},
	{regexp.MustCompile(`[\w.-]+/[\w./-]+(?::[\w.-]+|@sha256:\w+): not found|manifest unknown|manifest for \S+ not found|pull access denied|repository does not exist|requested access to the resource is denied|name unknown`), "check name and tag of the image; -image NAME=FOLDER serves one that is not public"},
	{regexp.MustCompile(`([\w./-]+): (?:command )?not found`), "install $1 before it is used, or correct its name"},
	{regexp.MustCompile(`toomanyrequests|rate limit`), "the registry has refused further pulls for now: serve the image with -image NAME=FOLDER"},
	{regexp.MustCompile(`dial tcp: lookup (\S+)|(?:Could not resolve|Temporary failure (?:in name resolution|resolving))(?: host)?:? '?([\w.-]*)`), "the name could not be resolved: check it, and whether this host reaches the internet; images can be served with -image, hosts with -host"},
	{regexp.MustCompile(`port is already allocated|address already in use`), "another program has this port: publish or listen on another one, or start only one of them"},
	{regexp.MustCompile(`certificate signed by unknown authority|certificate verify failed|SSL certificate problem`), "let the program use the machine's certificates: mount /etc/ssl/certs into the container, and do not replace them"},
	{regexp.MustCompile(`unbound variable|parameter not set`), "set the variable, or write $$${...} in a Terraform template for those of the shell"},
	{regexp.MustCompile(`syntax error`), "check the script with bash -n; in a Terraform template, look at what it becomes with terraform console"},
	{regexp.MustCompile(`neither with #cloud-config nor with #!`), "begin the user-data with #!/bin/bash or #cloud-config, without an empty line or spaces before it"},
	{regexp.MustCompile(`Invalid format at line (\d+)|while parsing a block|empty cloud config`), "correct the YAML of the user-data: indent with spaces, and use indent() or yamlencode() for what Terraform fills in"},
	{regexp.MustCompile(`its first line asks for the interpreter (\S+)`), "correct the first line of the script: there is no $1"},
	{regexp.MustCompile(`(?i)permission denied`), "check owner and mode of the file; sudo does not apply to a redirection (use tee), and programs in containers have other users"},
	{regexp.MustCompile(`yaml: |error parsing config file|couldn't load configuration`), "correct the configuration file of the program"},
	{regexp.MustCompile(`(?i)(/[\w./-]+):? (?:\w+ )*no such file or directory`), "make $1 before it is used"},
	{regexp.MustCompile(`Unit (\S+?)\.? (?:does not exist|not found|could not be found)`), "install what brings $1 before, and run systemctl daemon-reload after writing a unit"},
	{regexp.MustCompile(`(?i)(invalid|wrong|unauthori[sz]ed|forbidden).*(key|signature|credential)|\b40[13]\b`), "check key and secret that the program gets"},
	{regexp.MustCompile(`it wrote nothing that says why`), "begin the script with set -ex, so that it says what it does, and do not silence commands"},
}

// remedy returns what to do about a message; nothing if that is not known.
func remedy(message string) string {
	for _, r := range remedies {
		if at := r.said.FindStringSubmatchIndex(message); at != nil {
			return string(r.said.ExpandString(nil, r.do, message, at))
		}
	}
	return ""
}
