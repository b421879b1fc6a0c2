# Required variables, and those of the installation as a whole. The pool's
# variables are in variables_pool.tf, the monitoring machine's in
# variables_monitoring.tf. What two variables must not say together is refused by
# a precondition of the resource that it matters to: before 1.9, a validation
# refers to its own variable only.

variable "exoscale_key" {
  description = "Exoscale API key that creates everything; it starts with EXO."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = can(regex("^EXO[0-9A-Za-z]+$", var.exoscale_key))
    error_message = "An Exoscale API key starts with EXO, followed by letters and digits; create one in the portal under IAM, API keys."
  }
}

variable "exoscale_secret" {
  description = "Secret of the API key."
  type        = string
  sensitive   = true
  nullable    = false

  validation {
    condition     = can(regex("^\\S{8,}$", var.exoscale_secret))
    error_message = "The secret is the long text shown once when the API key was created; it has at least 8 characters and no spaces."
  }
}

variable "zone" {
  description = "Exoscale zone in which everything runs."
  type        = string
  default     = "at-vie-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]{3}-[0-9]$", var.zone))
    error_message = "A zone looks like at-vie-1, ch-gva-2 or de-fra-1."
  }
}

variable "name" {
  description = "Name of the installation, with which the name of everything that is created begins. Installations in one account need different names."
  type        = string
  default     = "exopool"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", var.name))
    error_message = "A name has 1 to 20 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen."
  }
}

variable "labels" {
  description = "Labels for everything that can have labels, in addition to installation = <name>."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$", key)) && length(value) <= 255])
    error_message = "The key of a label has 1 to 63 letters, digits, dots, slashes, hyphens and underscores; its value at most 255 characters."
  }

  validation {
    condition     = !contains(keys(var.labels), "installation")
    error_message = "The label \"installation\" is reserved for the name of the installation; choose another key."
  }
}

variable "template" {
  description = "Public Exoscale template of all machines: Debian 13, or another Debian or Ubuntu that has podman and prometheus packages."
  type        = string
  default     = "Linux Debian 13 (Trixie) 64-bit"
  nullable    = false

  validation {
    condition     = can(regex("^Linux (Debian|Ubuntu) ", var.template))
    error_message = "The machines install Debian packages: choose a template whose name begins with \"Linux Debian\" or \"Linux Ubuntu\"."
  }
}

variable "template_id" {
  description = "Id of a public template, which pins one build of an image; null for the newest template of the name in template."
  type        = string
  default     = null

  validation {
    condition     = var.template_id == null || can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.template_id))
    error_message = "The id of a template looks like 1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9."
  }
}

variable "disk_size" {
  description = "Disk of each machine in GB (2^30 bytes)."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.disk_size >= 10 && var.disk_size <= 51200 && floor(var.disk_size) == var.disk_size
    error_message = "A disk size is a whole number of GB from 10 to 51200."
  }
}

variable "ssh_key" {
  description = "Name of an SSH key registered at Exoscale that may log in to all machines, in addition to the generated one; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.ssh_key == null || can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$", var.ssh_key))
    error_message = "Give the name of the SSH key as the portal shows it, not the key itself."
  }
}

variable "deploy_cidrs" {
  description = "Networks that may log in by SSH. They must include the machine that runs Terraform, unless release_url is set."
  type        = list(string)
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = alltrue([for c in var.deploy_cidrs : try("${cidrhost(c, 0)}/${split("/", c)[1]}" == c, false)])
    error_message = "Write networks like 203.0.113.0/24, a single address like 203.0.113.7/32."
  }
}

variable "prices" {
  description = "Prices for the estimate of the cost per hour. The default is the list of the vendor's Karpenter provider of that date, which has no price for an instance's own IPv4 address: compare it with https://www.exoscale.com/pricing/."
  type = object({
    date     = string
    currency = string
    nlb      = number
    ipv4     = number
    disk_gb  = number
    types    = map(number)
  })
  default = {
    date     = "2025-08-22"
    currency = "EUR"
    nlb      = 0.03472
    ipv4     = 0
    disk_gb  = 0.00014
    types = {
      "standard.micro"       = 0.00729
      "standard.tiny"        = 0.01458
      "standard.small"       = 0.02333
      "standard.medium"      = 0.04666
      "standard.large"       = 0.09333
      "standard.extra-large" = 0.18667
      "standard.huge"        = 0.37334
      "standard.mega"        = 0.74667
      "standard.titan"       = 1.49333
      "standard.jumbo"       = 2.24
      "standard.colossus"    = 2.98666
      "cpu.extra-large"      = 0.23333
      "cpu.huge"             = 0.46666
      "cpu.mega"             = 0.93333
      "cpu.titan"            = 1.86667
      "memory.extra-large"   = 0.14
      "memory.huge"          = 0.28
      "memory.mega"          = 0.56
      "memory.titan"         = 1.12
      "storage.extra-large"  = 0.14
      "storage.huge"         = 0.28
      "storage.mega"         = 0.56
      "storage.titan"        = 1.12
      "storage.jumbo"        = 1.86667
    }
  }
  nullable = false

  validation {
    condition     = can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.prices.date))
    error_message = "The date of the price list looks like 2026-01-31."
  }

  validation {
    condition     = alltrue([for p in concat([var.prices.nlb, var.prices.ipv4, var.prices.disk_gb], values(var.prices.types)) : p >= 0])
    error_message = "A price per hour is zero or more."
  }
}
