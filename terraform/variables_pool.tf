# The application and the pool that runs it.

variable "application_image" {
  description = "Container image of the application; without the name of a registry, from docker.io."
  type        = string
  default     = "janoszen/http-load-generator:1.0.1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.:_/-]*[a-z0-9]((:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})|(@sha256:[0-9a-f]{64}))$", var.application_image))
    error_message = "Give the image with its tag or digest, like registry.example.com/shop/web:1.4.2."
  }
}

variable "application_port" {
  description = "TCP port on which the application listens."
  type        = number
  default     = 8080
  nullable    = false

  validation {
    condition     = var.application_port >= 1 && var.application_port <= 65535 && floor(var.application_port) == var.application_port
    error_message = "A port is a whole number from 1 to 65535."
  }

  validation {
    condition     = !contains([22, 9100, 9101], var.application_port)
    error_message = "Ports 22 (SSH), 9100 (node exporter) and 9101 (draining) are in use on each member; choose another port."
  }
}

variable "health_path" {
  description = "HTTP path that answers with status 2xx while the application is healthy."
  type        = string
  default     = "/health"
  nullable    = false

  validation {
    condition     = can(regex("^/[A-Za-z0-9._~/-]{0,254}$", var.health_path))
    error_message = "A path begins with a slash and has at most 255 letters, digits and . _ ~ / - characters."
  }
}

variable "application_metrics_path" {
  description = "HTTP path on which the application serves metrics for Prometheus, such as /metrics; the dashboard then shows the requests of each member. Null if it serves none."
  type        = string
  default     = null

  validation {
    condition     = var.application_metrics_path == null || can(regex("^/[A-Za-z0-9._~/-]{0,254}$", var.application_metrics_path))
    error_message = "A path begins with a slash and has at most 255 letters, digits and . _ ~ / - characters."
  }
}

variable "member_type" {
  description = "Instance type of the pool's members."
  type        = string
  default     = "standard.micro"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]+\\.[a-z0-9-]+$", var.member_type))
    error_message = "An instance type is family.size, like standard.micro."
  }
}

variable "minimum" {
  description = "Minimum size of the pool, which is also its first size."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.minimum >= 1 && var.minimum <= 10000 && floor(var.minimum) == var.minimum
    error_message = "The minimum is a whole number from 1 to 10000."
  }
}

variable "maximum" {
  description = "Maximum size of the pool."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.maximum >= 1 && var.maximum <= 10000 && floor(var.maximum) == var.maximum
    error_message = "The maximum is a whole number from 1 to 10000."
  }
}

variable "start_timeout" {
  description = "How long a new member may take until the load balancer finds it healthy, in seconds. Then it counts as failed; after three that fail the pool stops growing."
  type        = number
  default     = 600
  nullable    = false

  validation {
    condition     = var.start_timeout >= 60 && var.start_timeout <= 86400 && floor(var.start_timeout) == var.start_timeout
    error_message = "The time to start is a whole number of seconds from 60 to 86400."
  }
}

variable "repair_after" {
  description = "How long a member may be unhealthy or failed until it is replaced, in seconds; null for ever. One is replaced at a time, three an hour at most, and none while nobody is healthy."
  type        = number
  default     = 600

  validation {
    condition     = var.repair_after == null ? true : var.repair_after >= 60 && var.repair_after <= 86400 && floor(var.repair_after) == var.repair_after
    error_message = "The time until a repair is a whole number of seconds from 60 to 86400, or null."
  }
}

variable "evict" {
  description = "Which of the members that are healthy goes first when the pool shrinks: newest, oldest or least-busy, which has used the least CPU time in the last minute."
  type        = string
  default     = "newest"
  nullable    = false

  validation {
    condition     = contains(["newest", "oldest", "least-busy"], var.evict)
    error_message = "Members are evicted newest, oldest or least-busy first."
  }
}

variable "rolling_change" {
  description = "Whether members that were made with another template, type, disk size or user-data than the pool has now are replaced, one by one. There is one member more meanwhile, also at the maximum."
  type        = bool
  default     = false
  nullable    = false
}

variable "policy" {
  description = "What decides about the size: step, by the alerts; steps or target, by the load of the members; follow, by a forecast of it."
  type        = string
  default     = "step"
  nullable    = false

  validation {
    condition     = contains(["step", "steps", "target", "follow"], var.policy)
    error_message = "The policy is step, steps, target or follow."
  }
}

variable "cpu_objective" {
  description = "CPU use in percent that a policy by the load is to keep members at; null if CPU use is no signal."
  type        = number
  default     = 80

  validation {
    condition     = var.cpu_objective == null ? true : var.cpu_objective >= 1 && var.cpu_objective <= 100
    error_message = "The CPU objective is 1 to 100 percent, or null."
  }
}

variable "load_query" {
  description = "PromQL for the load of the pool as one value that does not saturate, such as requests per second, for a policy by the load; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.load_query == null ? true : can(regex("^[^\"'\\s\\\\][^\\n\\r\\\\]*$", var.load_query))
    error_message = "The query is one line without backslashes, and does not begin with a quotation mark: record a rule for one that needs them."
  }
}

variable "load_per_member" {
  description = "How much of load_query one member can take."
  type        = number
  default     = null

  validation {
    condition     = var.load_per_member == null ? true : var.load_per_member > 0
    error_message = "The load that a member can take is above 0."
  }
}

variable "report_outdated" {
  description = "Whether each plan asks which members are outdated, which takes a call for each instance in the zone; false if the key may not list instances, or there are hundreds."
  type        = bool
  default     = true
  nullable    = false
}
