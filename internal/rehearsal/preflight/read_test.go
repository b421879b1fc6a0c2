package preflight_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/preflight"
)

// folder writes files, and returns where.
func folder(tb testing.TB, files map[string]string) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(tb, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(tb, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

const remote = `provisioner "remote-exec" { inline = ["true"] }`

// block returns a block of several lines.
func block(header string, lines ...string) string {
	return header + " {\n" + strings.Join(lines, "\n") + "\n}\n"
}

// null returns a resource with these lines.
func null(lines ...string) string { return block(`resource "null_resource" "x"`, lines...) }

// command returns a provisioner that runs a command here.
func command(text string) string {
	return block(`provisioner "local-exec"`, "command = "+strconv.Quote(text))
}

func TestLogins(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files     map[string]string
		arguments []string
		want      []string // "ADDRESS MEANS… maybe? variables…"
	}{
		"none":                  {map[string]string{"main.tf": null(command("echo ssh-free"))}, nil, nil},
		"remote-exec and file":  {map[string]string{"main.tf": null(`connection { host = "h" }`, `provisioner "file" { destination = "/x" }`, remote)}, nil, []string{"null_resource.x file remote-exec"}},
		"in an instance":        {map[string]string{"main.tf": block(`resource "exoscale_compute_instance" "m"`, remote)}, nil, []string{"exoscale_compute_instance.m remote-exec"}},
		"in JSON":               {map[string]string{"main.tf.json": `{"resource": {"null_resource": {"x": {"provisioner": [{"file": {"destination": "/x"}}]}}}}`}, nil, []string{"null_resource.x file"}},
		"by ssh":                {map[string]string{"main.tf": null(command("set -e; ssh -o X root@${self.id} true"))}, nil, []string{"null_resource.x ssh in local-exec"}},
		"by Ansible":            {map[string]string{"main.tf": null(command("/usr/bin/ansible-playbook site.yml"))}, nil, []string{"null_resource.x ansible-playbook in local-exec"}},
		"by a local":            {map[string]string{"main.tf": block("locals", `run = "scp a b:"`) + null(block(`provisioner "local-exec"`, "command = local.run"))}, nil, []string{"null_resource.x scp in local-exec"}},
		"by a type":             {map[string]string{"main.tf": block(`resource "ssh_resource" "x"`)}, nil, []string{"ssh_resource.x ssh_resource"}},
		"a word with ssh":       {map[string]string{"main.tf": null(command("exo compute ssh-key list > ~/.ssh"))}, nil, nil},
		"not made":              {map[string]string{"main.tf": null(remote, "count = 0")}, nil, nil},
		"made of nothing":       {map[string]string{"main.tf": null(remote, "for_each = {}")}, nil, nil},
		"made by a function":    {map[string]string{"main.tf": block(`variable "n"`, `default = "a"`) + null(remote, "count = length(var.n)")}, nil, []string{"null_resource.x remote-exec maybe n"}},
		"a variable":            {map[string]string{"main.tf": block(`variable "n"`, "default = true") + null(remote, "count = var.n ? 1 : 0")}, nil, []string{"null_resource.x remote-exec n"}},
		"a variable without":    {map[string]string{"main.tf": block(`variable "n"`) + null(remote, "count = var.n ? 1 : 0")}, nil, []string{"null_resource.x remote-exec maybe n"}},
		"an argument":           {map[string]string{"main.tf": block(`variable "n"`, "default = true") + null(remote, "count = var.n ? 1 : 0")}, []string{"-var", "n=false"}, nil},
		"an argument, joined":   {map[string]string{"main.tf": block(`variable "n"`, "default = 1") + null(remote, "count = var.n")}, []string{"--var=n=0"}, nil},
		"a list as an argument": {map[string]string{"main.tf": block(`variable "n"`, "type = set(string)") + null(remote, "for_each = var.n")}, []string{"-var=n=[]"}, nil},
		"a text as an argument": {map[string]string{
			"main.tf": block(`variable "n"`) + block(`variable "m"`, "type = string") + null(remote, `count = var.n == "1" && var.m == "2" ? 1 : 0`),
		}, []string{"-var=n=1", "-var=m=2"}, []string{"null_resource.x remote-exec m n"}},
		"a variable of a type": {map[string]string{
			"main.tf":   block(`variable "n"`, "type = string", "default = 1") + block(`module "m"`, `source = "./m"`, "is = var.n"),
			"m/main.tf": block(`variable "is"`, "type = number") + null(remote, "count = var.is == 1 ? 1 : 0"),
		}, nil, []string{"module.m.null_resource.x remote-exec n"}},
		"an optional attribute": {map[string]string{
			"main.tf": block(`variable "n"`, "type = object({on = optional(bool, true)})", "default = {}") + null(remote, "count = var.n.on == true ? 1 : 0"),
		}, nil, []string{"null_resource.x remote-exec n"}},
		"a value of another type": {map[string]string{
			"main.tf": block(`variable "n"`, "type = list(string)", "default = {}") + null(remote, "for_each = var.n"),
		}, nil, []string{"null_resource.x remote-exec maybe n"}},
		"a type that there is not": {map[string]string{"main.tf": block(`variable "n"`, "type = text", "default = 0") + null(remote, "count = var.n")}, nil, []string{"null_resource.x remote-exec maybe n"}},
		"in a hidden file":         {map[string]string{".old.tf": null(remote), "main.tf": ""}, nil, nil},
		"a file of variables": {map[string]string{
			"main.tf": block(`variable "n"`) + null(remote, "count = var.n ? 1 : 0"), "terraform.tfvars": "n = true", "z.auto.tfvars": "n = false",
		}, nil, nil},
		"a named file of variables": {map[string]string{
			"main.tf": block(`variable "n"`) + null(remote, "count = var.n ? 1 : 0"), "my.tfvars.json": `{"n": false}`,
		}, []string{"-var-file=my.tfvars.json"}, nil},
		"in modules": {map[string]string{
			"main.tf":        block(`variable "on"`, "default = true") + block(`module "a"`, `source = "./m/a"`, "with = var.on"),
			"m/a/main.tf":    block(`variable "with"`) + block("locals", "n = var.with ? 1 : 0") + block(`module "b"`, `source = "../b"`, "count = local.n"),
			"m/b/main.tf":    null(remote),
			"unused/main.tf": null(remote),
		}, nil, []string{"module.a.module.b.null_resource.x remote-exec on"}},
		"in modules that are left out": {map[string]string{
			"main.tf":     block(`variable "on"`, "default = true") + block(`module "a"`, `source = "./m/a"`, "with = var.on"),
			"m/a/main.tf": block(`variable "with"`) + null(remote, "count = var.with ? 1 : 0"),
		}, []string{"-var=on=false"}, nil},
		"in an installed module": {map[string]string{
			"main.tf":                         block(`module "a"`, `source = "example/a/b"`),
			".terraform/modules/modules.json": `{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"a","Source":"x","Dir":".terraform/modules/a"},{"Key":"z","Dir":"../z"}]}`,
			".terraform/modules/a/main.tf":    null(remote),
		}, nil, []string{"module.a.null_resource.x remote-exec"}},
		"a list of modules that is too long": {map[string]string{
			"main.tf":                         block(`module "a"`, `source = "example/a/b"`),
			".terraform/modules/modules.json": `{"Modules":[{"Key":"a","Source":"x","Dir":".terraform/modules/a"}]}` + strings.Repeat(" ", 4<<20),
			".terraform/modules/a/main.tf":    null(remote),
		}, nil, nil},
		"a module that calls itself": {map[string]string{"main.tf": block(`module "a"`, `source = "./"`)}, nil, nil},
		"with mistakes":              {map[string]string{"main.tf": null(remote, "count = local.a") + block("locals", "a = local.b", "b = local.a") + "resource {"}, nil, []string{"null_resource.x remote-exec maybe"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			setup, err := preflight.Read(folder(t, test.files), test.arguments, nil)
			require.NoError(t, err)
			var got []string
			for _, l := range setup.Logins {
				text := l.Address
				for _, m := range l.Means {
					text += " " + m
				}
				if l.Maybe {
					text += " maybe"
				}
				for _, v := range l.Variables {
					text += " " + v
				}
				got = append(got, text)
			}
			assert.Equal(t, test.want, got)
		})
	}
}

// TestVariablesOfTheEnvironment: they count before what files and arguments say.
func TestVariablesOfTheEnvironment(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"main.tf": block(`variable "n"`, "default = false") + null(remote, "count = var.n ? 1 : 0")})
	environ := []string{"TF_VAR_n=true", "n=false"}
	setup, err := preflight.Read(dir, nil, environ)
	require.NoError(t, err)
	require.Len(t, setup.Logins, 1)
	assert.False(t, setup.Logins[0].Maybe)

	setup, err = preflight.Read(dir, []string{"-var=n=false"}, environ)
	require.NoError(t, err)
	assert.Empty(t, setup.Logins)
}

func TestUserDataAndPlaces(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"main.tf":       "\n" + block(`resource "exoscale_instance_pool" "web"`, `user_data = "x"`) + block(`module "m"`, `source = "./m"`),
		"m/machines.tf": "# machines\n\n" + block(`resource "exoscale_compute_instance" "x"`, remote),
	})
	setup, err := preflight.Read(dir, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"exoscale_instance_pool.web"}, setup.UserData)
	require.Len(t, setup.Logins, 1)
	assert.Equal(t, "module.m.exoscale_compute_instance.x (remote-exec; m/machines.tf:3)", setup.Logins[0].String())

	_, err = preflight.Read(filepath.Join(dir, "missing"), nil, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestWithoutLogins(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"main.tf": `resource "terraform_data" "x" {
  provisioner "local-exec" {
    command = "echo ${self.id}"
  }
  ` + remote + `
}
resource "ssh_resource" "y" {}
module "m" {
  for_each = { a = 1, b = 2 }
  source   = "./m"
}
module "n" {
  source = "./m"
}`,
		"m/main.tf.json": `{"resource": {"null_resource": {"z": {"provisioner": [{"file": {"destination": "/x"}}, {"local-exec": {"command": "true"}}]}}}}`,
	})
	setup, err := preflight.Read(dir, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		dir:                     "resource \"terraform_data\" \"x\" {\n  provisioner \"local-exec\" {\n    command = \"echo ${self.id}\"\n  }\n}\n",
		filepath.Join(dir, "m"): "resource \"null_resource\" \"z\" {\n  provisioner \"local-exec\" {\n    command = \"exit 0\"\n  }\n}\n",
	}, setup.Without())
	for _, l := range setup.Logins {
		assert.Equal(t, l.Address != "ssh_resource.y", l.Removable(), l.Address)
	}
}

// FuzzRead: whatever a folder holds, reading it ends.
func FuzzRead(f *testing.F) {
	f.Add(null(remote, "count = var.n ? 1 : 0"), `{"resource": {}}`, "n = true", "n=false")
	f.Add(block("locals", "a = local.b")+block(`module "m"`, `source = "./"`, "for_each = local.a"), "[]", "n = [1", "n=[")
	f.Fuzz(func(t *testing.T, native, inJSON, values, argument string) {
		dir := folder(t, map[string]string{"main.tf": native, "more.tf.json": inJSON, "terraform.tfvars": values})
		setup, err := preflight.Read(dir, []string{"-var", argument}, []string{"TF_VAR_m=" + argument})
		if err == nil {
			setup.Without()
		}
	})
}
