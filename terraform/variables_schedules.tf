variable "schedules" {
  description = "Bounds of the size by the time, within minimum and maximum. Each begins at the times of cron (minute, hour, day of the month, month, weekday) by the clocks of a time zone, and is in force for a duration such as 8h, 90m or 1h30m, up to 168h. Members are started so early that they serve when their minimum begins. Of several minimums the largest counts, of maximums the smallest; a minimum comes before a maximum."
  type = list(object({
    name      = string
    cron      = string
    time_zone = string
    duration  = string
    minimum   = optional(number)
    maximum   = optional(number)
  }))
  default  = []
  nullable = false

  validation {
    condition     = length(var.schedules) <= 50
    error_message = "There are up to 50 schedules."
  }

  validation {
    condition     = alltrue([for s in var.schedules : can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", s.name)) && try(length(s.name) <= 40, false)]) && length(distinct(var.schedules[*].name)) == length(var.schedules)
    error_message = "Each schedule has a name of its own, of up to 40 lower-case letters and digits with single dashes between them, such as monday-morning."
  }

  validation {
    condition     = alltrue([for s in var.schedules : can(regex("^[0-9A-Za-z*,/-]+( [0-9A-Za-z*,/-]+){4}$", s.cron)) && try(length(s.cron) <= 100, false)])
    error_message = "The cron of a schedule is a minute, an hour, a day of the month, a month and a weekday, with single spaces between them, such as 30 7 * * mon-fri."
  }

  validation {
    condition     = alltrue([for s in var.schedules : can(regex("^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", s.time_zone)) && s.time_zone != "Local" && try(length(s.time_zone) <= 40, false)])
    error_message = "The time_zone of a schedule is a name such as Europe/Vienna or UTC."
  }

  validation {
    condition = alltrue([for s in var.schedules : can(regex("^([0-9]{1,3}h)?([0-9]{1,5}m)?$", s.duration)) && try(
      60 * tonumber(try(regex("([0-9]+)h", s.duration)[0], "0")) + tonumber(try(regex("([0-9]+)m", s.duration)[0], "0")) >= 1 &&
      60 * tonumber(try(regex("([0-9]+)h", s.duration)[0], "0")) + tonumber(try(regex("([0-9]+)m", s.duration)[0], "0")) <= 10080,
    false)])
    error_message = "The duration of a schedule is hours and minutes from 1m to 168h, such as 8h or 1h30m."
  }

  validation {
    condition = alltrue([for s in var.schedules : (s.minimum != null || s.maximum != null) && alltrue([
      for members in [s.minimum, s.maximum] : members == null ? true : members >= 1 && members <= 10000 && floor(members) == members
    ]) && (s.minimum == null || s.maximum == null ? true : s.minimum <= s.maximum)])
    error_message = "A schedule has a minimum, a maximum or both, which are whole numbers from 1 to 10000, and the minimum is not above the maximum."
  }
}

locals {
  schedules = join("; ", [for s in var.schedules : join(" ", compact([
    "${s.name}: ${s.cron} ${s.time_zone} for ${s.duration}",
    s.minimum == null ? "" : "at least ${s.minimum}",
    s.maximum == null ? "" : "at most ${s.maximum}",
  ]))])
}
