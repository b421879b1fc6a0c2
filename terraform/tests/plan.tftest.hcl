# What a plan contains, with the cloud played by a mock.

mock_provider "exoscale" {
  mock_data "exoscale_template" {
    defaults = { default_user = "debian" }
  }
  mock_resource "exoscale_compute_instance" {
    defaults = { public_ip_address = "203.0.113.7" }
  }
  mock_resource "exoscale_nlb" {
    defaults = { ip_address = "203.0.113.8" }
  }
}

mock_provider "tls" {
  mock_resource "tls_private_key" {
    defaults = { private_key_openssh = "a private key", public_key_openssh = "ssh-ed25519 AAAA\n" }
  }
}

variables {
  exoscale_key    = "EXO0123456789abcdef"
  exoscale_secret = "not-a-real-secret"
  # The mock cannot look a template up.
  template_id = "11111111-1111-4111-8111-111111111111"
}

run "two_variables_are_enough" {
  command = plan

  assert {
    condition     = exoscale_instance_pool.members.size == 1 && exoscale_instance_pool.members.min_available == 1
    error_message = "The pool begins with its minimum, one member."
  }
  assert {
    condition     = exoscale_instance_pool.members.zone == "at-vie-1" && exoscale_instance_pool.members.instance_type == "standard.micro" && exoscale_instance_pool.members.disk_size == 10
    error_message = "Members are standard.micro with 10 GB in at-vie-1."
  }
  assert {
    condition     = exoscale_compute_instance.monitoring.type == "standard.small"
    error_message = "The monitoring machine is a standard.small."
  }
  assert {
    condition     = var.template == "Linux Debian 13 (Trixie) 64-bit"
    error_message = "Machines run Debian 13."
  }
  assert {
    condition     = length(terraform_data.deployment) == 1
    error_message = "The programs are deployed."
  }
}

run "one_service_sends_port_80_to_8080" {
  command = plan

  assert {
    condition     = exoscale_nlb_service.http.port == 80 && exoscale_nlb_service.http.target_port == 8080 && exoscale_nlb_service.http.protocol == "tcp"
    error_message = "The load balancer sends TCP port 80 to port 8080."
  }
  assert {
    condition     = one(exoscale_nlb_service.http.healthcheck).mode == "http" && one(exoscale_nlb_service.http.healthcheck).uri == "/health" && one(exoscale_nlb_service.http.healthcheck).port == 8080
    error_message = "Health is checked by HTTP on /health."
  }
}

run "members_show_the_exporter_to_the_monitoring_machine_only" {
  command = plan

  assert {
    condition     = exoscale_security_group_rule.members_exporter.start_port == 9100 && exoscale_security_group_rule.members_exporter.end_port == 9100
    error_message = "The exporter has port 9100."
  }
  assert {
    condition     = exoscale_security_group_rule.members_drain.start_port == 9101 && exoscale_security_group_rule.members_drain.end_port == 9101
    error_message = "Members are told to drain on port 9101."
  }
  assert {
    condition     = exoscale_security_group_rule.members_application.cidr == "0.0.0.0/0" && exoscale_security_group_rule.members_application.start_port == 8080
    error_message = "The application is open to the load balancer's clients."
  }
  assert {
    condition     = length(exoscale_security_group_rule.members_ssh) == 0
    error_message = "Members have no SSH as long as no key is named."
  }
}

run "networks_narrow_who_reaches_the_monitoring_machine" {
  command = plan

  variables {
    admin_cidrs  = ["198.51.100.0/24"]
    deploy_cidrs = ["203.0.113.9/32"]
  }

  assert {
    condition = toset([for rule in exoscale_security_group_rule.monitoring : "${rule.start_port}-${rule.end_port} ${rule.cidr}"]) == toset([
      "3000-3000 198.51.100.0/24", "9090-9090 198.51.100.0/24", "22-22 203.0.113.9/32",
    ])
    error_message = "Grafana and Prometheus for admin_cidrs, SSH for deploy_cidrs, nothing else."
  }
}

run "private_leaves_ssh_alone" {
  command = plan

  variables {
    private      = true
    deploy_cidrs = ["203.0.113.9/32", "2001:db8::/32"]
  }

  assert {
    condition     = toset([for rule in exoscale_security_group_rule.monitoring : "${rule.start_port}-${rule.end_port} ${rule.cidr}"]) == toset(["22-22 203.0.113.9/32", "22-22 2001:db8::/32"])
    error_message = "Nothing but SSH reaches the monitoring machine."
  }
  assert {
    condition     = exoscale_security_group_rule.members_application.cidr == "0.0.0.0/0" && length(exoscale_security_group_rule.members_ssh) == 0
    error_message = "Members are as they are."
  }
  assert {
    condition     = length(output.warnings) == 0
    error_message = "There is nothing to warn of."
  }
}

run "what_is_open_is_warned_of" {
  command = plan

  assert {
    condition     = length(output.warnings) == 2 && strcontains(output.warnings[0], "private = true") && strcontains(output.warnings[1], "deploy_cidrs")
    error_message = "By default, both the web pages and SSH are open."
  }
}

run "private_with_ssh_for_all_is_warned_of" {
  command = plan

  variables {
    private      = true
    deploy_cidrs = ["203.0.113.9/32", "::/0"]
  }

  assert {
    condition     = length(output.warnings) == 1 && strcontains(output.warnings[0], "SSH")
    error_message = "SSH is open to all who have IPv6."
  }
}

run "keys_that_may_more_are_warned_of" {
  command = plan

  variables {
    private      = true
    deploy_cidrs = ["203.0.113.9/32"]
    pinned_key   = false
  }

  assert {
    condition     = length(output.warnings) == 1 && strcontains(output.warnings[0], "every pool")
    error_message = "The key is not pinned."
  }
}

run "an_unrestricted_key_is_warned_of" {
  command = plan

  variables {
    private        = true
    deploy_cidrs   = ["203.0.113.9/32"]
    restricted_key = false
  }

  assert {
    condition     = length(output.warnings) == 1 && strcontains(output.warnings[0], "your own API key")
    error_message = "The machine holds the account's key."
  }
}

run "a_registered_key_opens_members_to_deploy_cidrs" {
  command = plan

  variables {
    ssh_key      = "laptop"
    deploy_cidrs = ["203.0.113.9/32"]
  }

  assert {
    condition     = exoscale_instance_pool.members.key_pair == "laptop" && contains(exoscale_compute_instance.monitoring.ssh_keys, "laptop")
    error_message = "The key is on all machines."
  }
  assert {
    condition     = [for rule in exoscale_security_group_rule.members_ssh : rule.cidr] == ["203.0.113.9/32"]
    error_message = "SSH to members is open for deploy_cidrs."
  }
}

run "without_a_restricted_key_there_is_no_role" {
  command = plan

  variables {
    restricted_key = false
  }

  assert {
    condition     = length(exoscale_iam_role.restricted_key) == 0 && length(exoscale_iam_api_key.restricted_key) == 0
    error_message = "Neither role nor key is made."
  }
  assert {
    condition     = local.machine_key == var.exoscale_key && local.machine_secret == var.exoscale_secret
    error_message = "The machine gets the key that was given."
  }
}

run "without_provision_nothing_is_built_or_uploaded" {
  command = plan

  variables {
    provision    = false
    deploy_cidrs = []
  }

  assert {
    condition     = length(terraform_data.deployment) == 0
    error_message = "Only infrastructure is made."
  }
}

run "a_release_needs_neither_go_nor_ssh" {
  command = plan

  variables {
    release_url    = "https://example.com/exopool.tar.gz"
    release_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
    deploy_cidrs   = []
  }

  assert {
    condition     = length(terraform_data.deployment) == 0
    error_message = "Nothing is built or uploaded."
  }
}

run "images_get_a_full_name" {
  command = plan

  assert {
    condition     = local.image == "docker.io/janoszen/http-load-generator:1.0.1"
    error_message = "An image without a registry comes from docker.io."
  }
}

run "images_of_one_word_are_official_ones" {
  command = plan

  variables {
    application_image = "nginx:1.29"
  }

  assert {
    condition     = local.image == "docker.io/library/nginx:1.29"
    error_message = "An image of one word comes from docker.io/library."
  }
}

run "own_application" {
  command = plan

  variables {
    application_image = "registry.example.com:5000/shop/web@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    application_port  = 3000
    health_path       = "/healthz"
  }

  assert {
    condition     = local.image == var.application_image
    error_message = "A full name stays."
  }
  assert {
    condition     = exoscale_nlb_service.http.target_port == 3000 && one(exoscale_nlb_service.http.healthcheck).uri == "/healthz" && exoscale_security_group_rule.members_application.start_port == 3000
    error_message = "Load balancer, health check and security group follow the application."
  }
}

run "costs_are_estimated_at_both_ends" {
  command = plan

  variables {
    prices = {
      date  = "2026-01-31", currency = "CHF", nlb = 1, ipv4 = 0.1, disk_gb = 0.01
      types = { "standard.micro" = 10, "standard.small" = 100 }
    }
  }

  assert {
    condition     = output.estimated_cost_per_hour.minimum == 111.4 && output.estimated_cost_per_hour.maximum == 152.2
    error_message = "Load balancer + monitoring machine + members, each with address and disk."
  }
  assert {
    condition     = output.estimated_cost_per_hour.currency == "CHF" && strcontains(output.estimated_cost_per_hour.note, "2026-01-31")
    error_message = "The estimate states its currency and date."
  }
}

run "costs_of_unknown_types_are_not_guessed" {
  command = plan

  variables {
    member_type = "gpu2.small"
  }

  assert {
    condition     = output.estimated_cost_per_hour.minimum == null && output.estimated_cost_per_hour.maximum == null
    error_message = "A type that is not in the table has no estimate."
  }
}

run "limits_come_from_their_file" {
  command = plan

  assert {
    condition     = local.prometheus_files["/etc/exopool/rules/limits.yml"] == file("./files/monitoring/etc/exopool/rules/limits.yml")
    error_message = "Without variables the file goes out as it is."
  }
}

run "what_counts_comes_from_its_file" {
  command = plan

  assert {
    condition     = local.prometheus_files["/etc/exopool/rules/counting.yml"] == file("./files/monitoring/etc/exopool/rules/counting.yml")
    error_message = "Without variables the file goes out as it is."
  }
  assert {
    condition = yamldecode(local.prometheus_files["/etc/exopool/rules/counting.yml"]) == yamldecode(templatefile("./templates/counting.yml.tftpl", {
      iowait = 0, steal = 1, age = 0
    }))
    error_message = "The variables have the defaults of the file."
  }
}

run "limits_can_be_set" {
  command = plan

  variables {
    cpu_high = 65.5
  }

  assert {
    condition     = { for rule in yamldecode(local.prometheus_files["/etc/exopool/rules/limits.yml"]).groups[0].rules : rule.record => rule.expr }["exopool:cpu_high:percent"] == "65.5"
    error_message = "The upper limit is the one that was set."
  }
  assert {
    condition     = local.limits["exopool:cpu_low:percent"] == local.default_limits["exopool:cpu_low:percent"]
    error_message = "The lower limit stays."
  }
}

run "prices_go_to_the_dashboard" {
  command = plan

  variables {
    prices = {
      date  = "2026-01-31", currency = "CHF", nlb = 1, ipv4 = 0.1, disk_gb = 0.01
      types = { "standard.micro" = 10, "standard.small" = 100 }
    }
  }

  assert {
    condition = yamldecode(local.prometheus_files["/etc/exopool/rules/prices.yml"]).groups[0].rules == [
      { record = "exopool:base_price:per_hour", expr = "101.200000", labels = { currency = "CHF" } },
      { record = "exopool:member_price:per_hour", expr = "10.200000", labels = { currency = "CHF" } },
    ]
    error_message = "Prometheus knows what a member costs, and what the rest does."
  }
}

run "without_a_price_there_is_no_estimate" {
  command = plan

  variables {
    member_type = "gpu2.small"
  }

  assert {
    condition     = length(yamldecode(local.prometheus_files["/etc/exopool/rules/prices.yml"]).groups[0].rules) == 0
    error_message = "Half a price would be a wrong estimate."
  }
}

run "an_application_with_metrics_is_asked_for_them" {
  command = plan

  variables {
    application_port         = 3000
    application_metrics_path = "/internal/metrics"
  }

  assert {
    condition = one([
      for job in yamldecode(local.prometheus_files["/etc/exopool/prometheus.yml"]).scrape_configs :
      [job.metrics_path, job.file_sd_configs, job.relabel_configs[0].replacement] if job.job_name == "application"
      ]) == [
      "/internal/metrics",
      one([for job in yamldecode(local.static_files["/etc/exopool/prometheus.yml"]).scrape_configs : job.file_sd_configs if job.job_name == "pool"]),
      "$1:3000",
    ]
    error_message = "All members are asked, on the port of the application."
  }
}
