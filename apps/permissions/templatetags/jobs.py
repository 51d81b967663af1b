"""Jobs under way, as people read them: how far, for how long, how long it may still take."""

from typing import Any

from django import template
from django.utils import timezone

from hewston.taskqueue import MAX_ATTEMPTS, Job, Status

register = template.Library()


@register.filter
def share(job: Job) -> float | None:
    """Give how much of a running job is done, 0 to 1; None where it has not said."""
    done = job.progress.get("share")
    known = job.status == Status.RUNNING and isinstance(done, int | float)
    return min(max(float(done), 0.0), 1.0) if known else None


@register.inclusion_tag("job.html", takes_context=True)
def job_progress(context: template.Context, job: Job, cancel_url: str) -> dict[str, Any]:
    """Show a job that is not over: what it does, times, the attempt, and a way to cancel it."""
    is_running = job.status == Status.RUNNING and job.started_at is not None
    begun = job.started_at if is_running and job.started_at else job.created_at
    elapsed = max((timezone.now() - begun).total_seconds(), 0.0)
    done = share(job)
    remaining = elapsed * (1 - done) / done if done and done < 1 else None
    return {
        "job": job,
        "share": done,
        "elapsed": _write_seconds(elapsed),
        "remaining": None if remaining is None else _write_seconds(max(remaining, 1)),
        "most_attempts": MAX_ATTEMPTS,
        "cancel_url": cancel_url,
        "csrf_token": context["csrf_token"],
    }


def _write_seconds(seconds: float) -> str:
    """Write a time that is still growing: 2 s, 1 min 5 s, 2 h 10 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, of_hour = divmod(minutes, 60)
    if hours:
        return f"{hours} h {of_hour} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
