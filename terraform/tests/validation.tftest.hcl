# Each validation and each precondition refuses what it should. The messages say what to type.

mock_provider "exoscale" {}
mock_provider "tls" {}

variables {
  exoscale_key    = "EXO0123456789abcdef"
  exoscale_secret = "not-a-real-secret"
  # The mock cannot look a template up.
  template_id = "11111111-1111-4111-8111-111111111111"
}

run "refuses_keys_of_other_clouds" {
  command = plan

  variables {
    exoscale_key = "AKIA0123456789"
  }

  expect_failures = [var.exoscale_key]
}

run "refuses_secrets_with_spaces" {
  command = plan

  variables {
    exoscale_secret = "two words"
  }

  expect_failures = [var.exoscale_secret]
}

run "refuses_zones_in_words" {
  command = plan

  variables {
    zone = "vienna"
  }

  expect_failures = [var.zone]
}

run "refuses_names_with_capitals_or_underscores" {
  command = plan

  variables {
    name = "Web_Shop"
  }

  expect_failures = [var.name]
}

run "refuses_names_that_are_too_long" {
  command = plan

  variables {
    name = "a-name-that-is-far-too-long"
  }

  expect_failures = [var.name]
}

run "refuses_label_keys_with_spaces" {
  command = plan

  variables {
    labels = { "two words" = "x" }
  }

  expect_failures = [var.labels]
}

run "refuses_the_label_that_is_taken" {
  command = plan

  variables {
    labels = { installation = "mine" }
  }

  expect_failures = [var.labels]
}

run "refuses_templates_without_apt" {
  command = plan

  variables {
    template = "Windows Server 2022"
  }

  expect_failures = [var.template]
}

run "refuses_names_in_place_of_template_ids" {
  command = plan

  variables {
    template_id = "debian"
  }

  expect_failures = [var.template_id]
}

run "refuses_disks_that_are_too_small" {
  command = plan

  variables {
    disk_size = 9
  }

  expect_failures = [var.disk_size]
}

run "refuses_disks_of_broken_numbers" {
  command = plan

  variables {
    disk_size = 10.5
  }

  expect_failures = [var.disk_size]
}

run "refuses_public_keys_in_place_of_names" {
  command = plan

  variables {
    ssh_key = "ssh-ed25519 AAAA me@laptop"
  }

  expect_failures = [var.ssh_key]
}

run "refuses_addresses_in_place_of_networks_for_ssh" {
  command = plan

  variables {
    deploy_cidrs = ["203.0.113.7"]
  }

  expect_failures = [var.deploy_cidrs]
}

run "refuses_uploads_from_nowhere" {
  command = plan

  variables {
    deploy_cidrs = []
  }

  expect_failures = [exoscale_security_group.monitoring]
}

run "refuses_networks_with_host_bits" {
  command = plan

  variables {
    admin_cidrs = ["203.0.113.7/24"]
  }

  expect_failures = [var.admin_cidrs]
}

run "refuses_networks_in_words" {
  command = plan

  variables {
    admin_cidrs = ["everyone"]
  }

  expect_failures = [var.admin_cidrs]
}

run "refuses_price_lists_without_a_date" {
  command = plan

  variables {
    prices = { date = "today", currency = "EUR", nlb = 0, ipv4 = 0, disk_gb = 0, types = {} }
  }

  expect_failures = [var.prices]
}

run "refuses_negative_prices" {
  command = plan

  variables {
    prices = { date = "2026-01-31", currency = "EUR", nlb = -1, ipv4 = 0, disk_gb = 0, types = {} }
  }

  expect_failures = [var.prices]
}

run "refuses_images_without_a_tag" {
  command = plan

  variables {
    application_image = "shop/web"
  }

  expect_failures = [var.application_image]
}

run "refuses_images_with_options" {
  command = plan

  variables {
    application_image = "shop/web:1 --privileged"
  }

  expect_failures = [var.application_image]
}

run "refuses_ports_that_do_not_exist" {
  command = plan

  variables {
    application_port = 65536
  }

  expect_failures = [var.application_port]
}

run "refuses_the_port_of_the_exporter" {
  command = plan

  variables {
    application_port = 9100
  }

  expect_failures = [var.application_port]
}

run "refuses_the_port_of_draining" {
  command = plan

  variables {
    application_port = 9101
  }

  expect_failures = [var.application_port]
}

run "refuses_paths_without_a_slash" {
  command = plan

  variables {
    health_path = "health"
  }

  expect_failures = [var.health_path]
}

run "refuses_member_types_without_a_family" {
  command = plan

  variables {
    member_type = "micro"
  }

  expect_failures = [var.member_type]
}

run "refuses_pools_without_members" {
  command = plan

  variables {
    minimum = 0
  }

  expect_failures = [var.minimum]
}

run "refuses_a_maximum_below_the_minimum" {
  command = plan

  variables {
    minimum = 4
    maximum = 3
  }

  expect_failures = [exoscale_instance_pool.members]
}

run "refuses_a_maximum_that_the_autoscaler_refuses" {
  command = plan

  variables {
    maximum = 10001
  }

  expect_failures = [var.maximum]
}

run "refuses_monitoring_types_without_a_family" {
  command = plan

  variables {
    monitoring_type = "small"
  }

  expect_failures = [var.monitoring_type]
}

run "refuses_odd_demands_on_members" {
  command = plan

  variables {
    start_timeout   = 59
    repair_after    = 0
    evict           = "any"
    policy          = "best"
    cpu_objective   = 0
    load_query      = "'sum(up)'"
    load_per_member = 0
  }

  expect_failures = [var.start_timeout, var.repair_after, var.evict, var.policy, var.cpu_objective, var.load_query, var.load_per_member]
}

run "refuses_intervals_that_are_too_short" {
  command = plan

  variables {
    interval = 5
  }

  expect_failures = [var.interval]
}

run "refuses_steps_of_nothing" {
  command = plan

  variables {
    step = 0
  }

  expect_failures = [var.step]
}

run "refuses_versions_of_grafana_that_are_too_old" {
  command = plan

  variables {
    grafana_major = 9
  }

  expect_failures = [var.grafana_major]
}

run "refuses_releases_without_https" {
  command = plan

  variables {
    release_url    = "http://example.com/exopool.tar.gz"
    release_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
  }

  expect_failures = [var.release_url]
}

run "refuses_checksums_of_the_wrong_length" {
  command = plan

  variables {
    release_url    = "https://example.com/exopool.tar.gz"
    release_sha256 = "abc"
  }

  expect_failures = [var.release_sha256]
}

run "refuses_releases_without_a_checksum" {
  command = plan

  variables {
    release_url = "https://example.com/exopool.tar.gz"
  }

  expect_failures = [exoscale_compute_instance.monitoring]
}

run "refuses_boot_ages_that_are_fractions" {
  command = plan

  variables {
    boot_aware_age = 1.5
  }

  expect_failures = [var.boot_aware_age]
}

run "refuses_upper_limits_that_nothing_exceeds" {
  command = plan

  variables {
    cpu_high = 101
  }

  expect_failures = [var.cpu_high]
}

run "refuses_lower_limits_that_are_negative" {
  command = plan

  variables {
    cpu_low = -1
  }

  expect_failures = [var.cpu_low]
}

run "refuses_limits_that_leave_no_rest_between_them" {
  command = plan

  variables {
    cpu_high = 50
    cpu_low  = 50
  }

  expect_failures = [exoscale_compute_instance.monitoring]
}

run "refuses_a_lower_limit_above_the_upper_one_of_the_file" {
  command = plan

  variables {
    cpu_low = 99
  }

  expect_failures = [exoscale_compute_instance.monitoring]
}

run "refuses_addresses_in_place_of_paths_of_metrics" {
  command = plan

  variables {
    application_metrics_path = "http://localhost/metrics"
  }

  expect_failures = [var.application_metrics_path]
}

run "refuses_a_key_that_cannot_reach_the_maximum" {
  command = plan

  variables {
    maximum     = 6
    key_maximum = 5
  }

  expect_failures = [exoscale_iam_role.restricted_key]
}

run "refuses_a_key_that_cannot_reach_one_more_for_a_rolling_change" {
  command = plan

  variables {
    maximum        = 6
    key_maximum    = 6
    rolling_change = true
  }

  expect_failures = [exoscale_iam_role.restricted_key]
}

run "refuses_networks_for_what_is_closed" {
  command = plan

  variables {
    private     = true
    admin_cidrs = ["198.51.100.0/24"]
  }

  expect_failures = [exoscale_security_group.monitoring]
}

run "refuses_a_machine_that_nothing_reaches" {
  command = plan

  variables {
    private      = true
    provision    = false
    deploy_cidrs = []
  }

  expect_failures = [exoscale_security_group.monitoring]
}

run "refuses_schedules_of_one_name" {
  command = plan

  variables {
    schedules = [{ name = "a", cron = "0 8 * * *", time_zone = "UTC", duration = "8h", minimum = 2 }, { name = "a", cron = "0 8 * * *", time_zone = "UTC", duration = "8h", minimum = 2 }]
  }

  expect_failures = [var.schedules]
}

run "refuses_a_schedule_without_a_weekday" {
  command = plan

  variables {
    schedules = [{ name = "a", cron = "0 8 * *", time_zone = "UTC", duration = "8h", minimum = 2 }]
  }

  expect_failures = [var.schedules]
}

run "refuses_a_schedule_without_a_time_zone" {
  command = plan

  variables {
    schedules = [{ name = "a", cron = "0 8 * * *", time_zone = "", duration = "8h", minimum = 2 }]
  }

  expect_failures = [var.schedules]
}

run "refuses_a_schedule_without_a_duration" {
  command = plan

  variables {
    schedules = [{ name = "a", cron = "0 8 * * *", time_zone = "UTC", duration = "", minimum = 2 }]
  }

  expect_failures = [var.schedules]
}

run "refuses_a_schedule_of_more_than_a_week" {
  command = plan

  variables {
    schedules = [{ name = "a", cron = "0 8 * * *", time_zone = "UTC", duration = "168h1m", minimum = 2 }]
  }

  expect_failures = [var.schedules]
}

run "refuses_a_schedule_without_bounds" {
  command = plan

  variables {
    schedules = [{ name = "a", cron = "0 8 * * *", time_zone = "UTC", duration = "8h" }]
  }

  expect_failures = [var.schedules]
}

run "refuses_a_schedule_whose_minimum_is_above_its_maximum" {
  command = plan

  variables {
    schedules = [{ name = "a", cron = "0 8 * * *", time_zone = "UTC", duration = "8h", minimum = 2, maximum = 1 }]
  }

  expect_failures = [var.schedules]
}

run "refuses_a_budget_of_nothing" {
  command = plan

  variables {
    budget = 0
  }

  expect_failures = [var.budget]
}

run "refuses_a_budget_for_a_year" {
  command = plan

  variables {
    budget        = 100
    budget_period = "year"
  }

  expect_failures = [var.budget_period]
}

run "refuses_a_budget_for_an_hour_that_is_negative" {
  command = plan

  variables {
    budget_hourly = -1
  }

  expect_failures = [var.budget_hourly]
}

run "refuses_a_budget_for_members_without_a_price" {
  command = plan

  variables {
    budget      = 40
    member_type = "gpu3.small"
  }

  expect_failures = [exoscale_compute_instance.monitoring]
}
