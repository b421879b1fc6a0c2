# What the machines are told at their first boot. The mocked cloud creates
# everything, so that the user-data is complete; ../test/userdata_test.go runs
# this file too, and judges what comes out with the tools that will read it.

mock_provider "exoscale" {
  mock_data "exoscale_template" {
    defaults = { default_user = "debian" }
  }
  mock_resource "exoscale_instance_pool" {
    defaults = { id = "22222222-2222-4222-8222-222222222222" }
  }
  mock_resource "exoscale_security_group" {
    defaults = { id = "33333333-3333-4333-8333-333333333333" }
  }
  mock_resource "exoscale_iam_role" {
    defaults = { id = "44444444-4444-4444-8444-444444444444" }
  }
  mock_resource "exoscale_iam_api_key" {
    defaults = { key = "EXOrestricted", secret = "secret-of-the-restricted-key" }
  }
  mock_resource "exoscale_nlb" {
    defaults = { id = "55555555-5555-4555-8555-555555555555", ip_address = "203.0.113.8" }
  }
  mock_resource "exoscale_compute_instance" {
    defaults = { public_ip_address = "203.0.113.7" }
  }
}

mock_provider "tls" {
  mock_resource "tls_private_key" {
    defaults = { private_key_openssh = "a private key\n", public_key_openssh = "ssh-ed25519 AAAA\n" }
  }
}

variables {
  exoscale_key    = "EXO0123456789abcdef"
  exoscale_secret = "secret-of-the-given-key"
  # The mock cannot look a template up.
  template_id = "11111111-1111-4111-8111-111111111111"
}

run "infrastructure_alone" {
  variables {
    provision = false
  }

  assert {
    condition     = alltrue([for data in [local.member_user_data, local.monitoring_user_data] : length(data) < 26624])
    error_message = "User-data keeps well below the 32768 characters of the API."
  }
  assert {
    condition     = length(nonsensitive(output.grafana_password)) == 41 && startswith(nonsensitive(output.grafana_password), "x")
    error_message = "A generated secret begins with a letter: one of digits alone would be read as a number."
  }
  assert {
    condition = alltrue([
      for secret in values(nonsensitive(local.secret_files)) :
      !strcontains(nonsensitive(local.monitoring_cloud_config), secret)
    ])
    error_message = "Without a release to fetch, no secret file is in the user-data."
  }
  assert {
    condition     = exoscale_security_group_rule.members_exporter.user_security_group_id == exoscale_security_group.monitoring.id
    error_message = "Only the monitoring machine reaches the exporter."
  }
  assert {
    condition     = exoscale_security_group_rule.members_drain.user_security_group_id == exoscale_security_group.monitoring.id
    error_message = "Only the monitoring machine tells members to drain."
  }
  assert {
    condition     = endswith(local.settings_files["/etc/exopool/exopool.env"], "\nAUTOSCALER_START_TIMEOUT=600s\nAUTOSCALER_REPAIR_AFTER=600s\nAUTOSCALER_EVICT=newest\nAUTOSCALER_ROLLING_CHANGE=false\nAUTOSCALER_PROMETHEUS_URL=http://127.0.0.1:9090\nAUTOSCALER_POLICY=step\nAUTOSCALER_CPU_OBJECTIVE=80\nAUTOSCALER_INTERVAL=60s\nAUTOSCALER_DRAIN_PORT=9101\n")
    error_message = "The autoscaler measures members and drains them."
  }
  assert {
    condition     = strcontains(local.member_cloud_config, "/usr/local/lib/exopool/drain.py 8080 /sys/")
    error_message = "A drain is about the port of the application."
  }
  assert {
    condition     = output.application_url == "http://203.0.113.8/" && output.grafana_url == "http://203.0.113.7:3000/" && output.prometheus_url == "http://203.0.113.7:9090/"
    error_message = "Outputs name the addresses."
  }
}

run "a_policy_by_the_load" {
  variables {
    provision       = false
    policy          = "target"
    cpu_objective   = null
    load_query      = "sum(rate(requests_total{job=\"pool\"}[1m]))"
    load_per_member = 25
  }

  assert {
    condition     = strcontains(local.settings_files["/etc/exopool/exopool.env"], "\nAUTOSCALER_POLICY=target\nAUTOSCALER_CPU_OBJECTIVE=none\nAUTOSCALER_LOAD_QUERY=sum(rate(requests_total{job=\"pool\"}[1m]))\nAUTOSCALER_LOAD_PER_MEMBER=25\n")
    error_message = "The autoscaler learns its policy and its signal."
  }
}

# Whatever Terraform writes for Prometheus, promtool judges it with the rest.
run "rules_of_ones_own" {
  variables {
    provision                = false
    private                  = true
    application_metrics_path = "/metrics"
    boot_aware_age           = 180
    count_iowait             = true
    count_steal              = false
    cpu_high                 = 72.5
    cpu_low                  = 0
    interval                 = 241
    rolling_change           = true
    budget                   = 40
    schedules = [
      { name = "morning", cron = "30 7 * * mon-fri", time_zone = "Europe/Vienna", duration = "2h", minimum = 4 },
      { name = "night", cron = "0 22 * * *", time_zone = "UTC", duration = "7h30m", minimum = 1, maximum = 2 },
    ]
  }

  assert {
    condition     = endswith(local.settings_files["/etc/exopool/exopool.env"], "\nAUTOSCALER_INTERVAL=241s\n")
    error_message = "Turns that are too rare for drains do without."
  }
  assert {
    condition     = strcontains(local.settings_files["/etc/exopool/exopool.env"], "\nAUTOSCALER_BUDGET=40.00\nAUTOSCALER_BUDGET_CURRENCY=EUR\nAUTOSCALER_BUDGET_PERIOD=month\nAUTOSCALER_MEMBER_PRICE=0.0")
    error_message = "The autoscaler knows the budget and the price of a member."
  }
  assert {
    condition     = strcontains(local.settings_files["/etc/exopool/exopool.env"], "\nAUTOSCALER_SCHEDULES=\"morning: 30 7 * * mon-fri Europe/Vienna for 2h at least 4; night: 0 22 * * * UTC for 7h30m at least 1 at most 2\"\n")
    error_message = "The autoscaler knows the schedules."
  }
  assert {
    condition     = strcontains(local.settings_files["/etc/exopool/exopool.env"], "\nAUTOSCALER_ROLLING_CHANGE=true\n")
    error_message = "The autoscaler replaces outdated members."
  }
  assert {
    condition = [for rule in yamldecode(local.settings_files["/etc/exopool/rules/counting.yml"]).groups[0].rules : [rule.record, rule.expr, try(rule.labels.mode, "")]] == [
      ["exopool:cpu_mode_counts:bool", "1", "iowait"],
      ["exopool:cpu_mode_counts:bool", "0", "steal"],
      ["exopool:boot_aware_age:seconds", "180", ""],
    ]
    error_message = "The rules of the signal read what counts."
  }
  assert {
    condition     = strcontains(nonsensitive(local.monitoring_cloud_config), "exopool:boot_aware_age:seconds")
    error_message = "The machine gets them."
  }
  assert {
    condition     = output.grafana_url == "http://127.0.0.1:3000/" && output.prometheus_url == "http://127.0.0.1:9090/"
    error_message = "What is private is reached through the tunnel."
  }
  assert {
    condition     = output.tunnel == "terraform output -raw ssh_private_key | ssh-add -q - && ssh -o StrictHostKeyChecking=yes -o KnownHostsCommand='/bin/echo 203.0.113.7 ssh-ed25519 AAAA' -N -o ExitOnForwardFailure=yes -L 3000:127.0.0.1:3000 -L 9090:127.0.0.1:9090 debian@203.0.113.7"
    error_message = "The tunnel is one command."
  }
  assert {
    condition     = endswith(output.ssh_command, "'/bin/echo 203.0.113.7 ssh-ed25519 AAAA' debian@203.0.113.7")
    error_message = "So is the login."
  }
  assert {
    condition = alltrue([
      for path, content in merge(local.static_files, local.settings_files) :
      jsondecode(content) == jsondecode(local.packed_files[path]) if endswith(path, ".json")
    ])
    error_message = "Dashboards say the same without indentation."
  }
  assert {
    condition = alltrue([
      for path, content in merge(local.static_files, local.settings_files) :
      yamldecode(content) == yamldecode(local.packed_files[path]) if length(regexall("(limits|signal|health|policies)\\.ya?ml$", path)) > 0
    ])
    error_message = "Rules and alerts say the same without comments."
  }
  assert {
    condition = alltrue([
      for path, content in merge(local.static_files, local.settings_files) :
      content == local.packed_files[path] if length(regexall("\\.(json|ya?ml)$", path)) == 0
    ])
    error_message = "All other files are as they were."
  }
}

run "release" {
  variables {
    release_url    = "https://example.com/exopool.tar.gz"
    release_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
    deploy_cidrs   = []
  }

  assert {
    condition     = length(local.monitoring_user_data) < 26624
    error_message = "User-data keeps well below the 32768 characters of the API."
  }
  assert {
    condition     = strcontains(nonsensitive(local.monitoring_cloud_config), "secret-of-the-restricted-key")
    error_message = "The machine gets the secret of its own key."
  }
  assert {
    condition     = !strcontains(nonsensitive(local.monitoring_cloud_config), "secret-of-the-given-key")
    error_message = "The key that was given stays at home."
  }
}
