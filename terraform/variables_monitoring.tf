# The monitoring machine, and how the programs get there.

variable "monitoring_type" {
  description = "Instance type of the monitoring machine."
  type        = string
  default     = "standard.small"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+\\.[a-z0-9-]+$", var.monitoring_type))
    error_message = "An instance type is family.size, like standard.small."
  }
}

variable "private" {
  description = "Close Grafana and Prometheus to the network: only SSH, from deploy_cidrs, reaches the monitoring machine. The output tunnel is the command that makes both available on your own machine."
  type        = bool
  default     = false
  nullable    = false
}

variable "admin_cidrs" {
  description = "Networks that reach Grafana (which has a password) and Prometheus (which has none)."
  type        = list(string)
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = alltrue([for c in var.admin_cidrs : try("${cidrhost(c, 0)}/${split("/", c)[1]}" == c, false)])
    error_message = "Write networks like 203.0.113.0/24, a single address like 203.0.113.7/32."
  }
}

variable "interval" {
  description = "Seconds from one turn of the autoscaler to the next; each turn adds or removes at most one step. Above 240, members are not drained before they go."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.interval >= 10 && var.interval <= 3600 && floor(var.interval) == var.interval
    error_message = "The interval is a whole number of seconds from 10 to 3600."
  }
}

variable "step" {
  description = "Members that the autoscaler adds or removes in one turn."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.step >= 1 && var.step <= 10000 && floor(var.step) == var.step
    error_message = "A step is a whole number of members from 1 to 10000."
  }
}

variable "boot_aware_age" {
  description = "Seconds for which a new member is left out of the average CPU, and longer until the load balancer has found it healthy; null counts every member from its first measurement, except for shrinking, where members that were not healthy yet never count."
  type        = number
  default     = null

  validation {
    condition     = var.boot_aware_age == null || try(var.boot_aware_age >= 1 && var.boot_aware_age <= 3600 && floor(var.boot_aware_age) == var.boot_aware_age, false)
    error_message = "The age is a whole number of seconds from 1 to 3600; leave it out to count all members."
  }
}

variable "count_iowait" {
  description = "Count the time in which a CPU is idle because it waits for a disk as use. It is no use: the CPU could do other work, and more members make no disk faster."
  type        = bool
  default     = false
  nullable    = false
}

variable "count_steal" {
  description = "Count the time that the hypervisor gave to other machines as use. It is work that waited, so that a member without any time left is not taken for half idle."
  type        = bool
  default     = true
  nullable    = false
}

variable "cpu_high" {
  description = "Average CPU use of the pool, in percent, above which it gets more members; null for the limit in files/monitoring/etc/exopool/rules/limits.yml."
  type        = number
  default     = null

  validation {
    condition     = var.cpu_high == null ? true : var.cpu_high > 0 && var.cpu_high <= 100
    error_message = "The upper limit is a percentage, more than 0 and at most 100."
  }
}

variable "cpu_low" {
  description = "Average CPU use of the pool, in percent, below which it loses members; null for the limit in files/monitoring/etc/exopool/rules/limits.yml."
  type        = number
  default     = null

  validation {
    condition     = var.cpu_low == null ? true : var.cpu_low >= 0
    error_message = "The lower limit is a percentage, 0 or more; with 0 the pool never shrinks."
  }
}

variable "grafana_major" {
  description = "Major version of Grafana to install and to keep."
  type        = number
  default     = 12
  nullable    = false

  validation {
    condition     = contains([10, 11, 12, 13], var.grafana_major)
    error_message = "The configuration is written for Grafana 10, 11, 12 and 13."
  }
}

variable "restricted_key" {
  description = "Create an IAM role and an API key that allow the monitoring machine only the calls it makes. False gives it exoscale_key itself, for accounts in which that key may not create roles."
  type        = bool
  default     = true
  nullable    = false
}

variable "pinned_key" {
  description = "Restrict the machine's own key to this pool and to sizes up to key_maximum. False allows it every pool of the account, for accounts whose policies cannot distinguish pools."
  type        = bool
  default     = true
  nullable    = false
}

variable "key_maximum" {
  description = "Largest size that the machine's own key may give the pool, which limits the cost of a stolen key. Null for twice the maximum. A pool that was made larger than this can only be made smaller by hand."
  type        = number
  default     = null

  validation {
    condition     = var.key_maximum == null ? true : var.key_maximum >= 1 && floor(var.key_maximum) == var.key_maximum
    error_message = "key_maximum is a whole number of members, 1 or more."
  }
}

variable "provision" {
  description = "Install the programs and their secrets on the monitoring machine. False creates only the infrastructure."
  type        = bool
  default     = true
  nullable    = false
}

variable "release_url" {
  description = "Address of a .tar.gz with the programs autoscaler and discovery (linux/amd64), which the monitoring machine downloads; null uploads them by SSH, or their source if there is no Go to build them."
  type        = string
  default     = null

  validation {
    condition     = var.release_url == null || can(regex("^https://[^\\s'\"\\\\$`]+\\.tar\\.gz$", var.release_url))
    error_message = "The address of a release begins with https:// and ends in .tar.gz."
  }
}

variable "release_sha256" {
  description = "SHA-256 of the archive at release_url, in hexadecimal."
  type        = string
  default     = null

  validation {
    condition     = var.release_sha256 == null || can(regex("^[0-9a-f]{64}$", var.release_sha256))
    error_message = "The checksum has 64 lower-case hexadecimal digits, as sha256sum prints it."
  }
}
