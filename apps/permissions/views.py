"""Signing in and out, tokens, how pages look, and whose work is inside them."""

import functools
import json
from pathlib import Path
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from apps.permissions.actions import create_token, revoke_token
from apps.permissions.forms import DisplayForm, TokenForm
from apps.permissions.models import Scope, SignInLink, Token, User
from hewston.pipeline.errors import HewstonError, InputError

_LOOPBACK = ("127.0.0.1", "::1")
_FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Real-IP")  # a proxy of this machine sets them
_YEAR_S = 365 * 24 * 3600


def _next_path(request: HttpRequest, wanted: str) -> str:
    """Keep a redirect on this site."""
    host = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(wanted, host, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") else settings.LOGIN_REDIRECT_URL


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by name and password."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    if request.user.is_authenticated:
        return redirect(_next_path(request, wanted))
    form = AuthenticationForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user())
        return redirect(_next_path(request, wanted))
    status = 422 if form.errors else 200
    page = {"form": form, "next": wanted, "has_passwords": User.any_has_password()}
    return render(request, "permissions/sign_in.html", page, status=status)


@login_not_required
@never_cache
@require_GET
def sign_in_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in by a one-time link, from this machine only."""
    is_passed_on = any(name in request.headers for name in _FORWARDING)
    if is_passed_on or request.META.get("REMOTE_ADDR") not in _LOOPBACK:
        return render(request, "permissions/link_refused.html", {"is_remote": True}, status=403)
    link = SignInLink.consume(token)
    if link is None or not link.user.is_active:
        return render(request, "permissions/link_refused.html", status=410)
    login(request, link.user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(_next_path(request, link.next_path))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@login_not_required
@require_POST
def set_display(request: HttpRequest) -> HttpResponse:
    """Remember theme and time zone in cookies, and go back."""
    form = DisplayForm(request.POST)
    response = redirect(_next_path(request, request.POST.get("next", "")))
    if form.is_valid():
        for name, value in form.cleaned_data.items():
            if value:
                response.set_cookie(
                    name, value, max_age=_YEAR_S, samesite="Lax", secure=settings.HTTPS
                )
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """List a person's tokens, and make one.

    The answer shows the secret and is stored nowhere: loading it again asks for the same name,
    which is refused.
    """
    form = TokenForm(request.POST if request.method == "POST" else None)
    page: dict[str, object] = {"form": form}
    status = 200
    if request.method == "POST":
        try:
            page["made"], page["secret"] = _make_token(request, form)
            page["form"], status = TokenForm(), 201
        except HewstonError as problem:
            page["problem"], status = problem, 422
    page["tokens"] = _own_tokens(request)
    return render(request, "permissions/tokens.html", page, status=status)


def _make_token(request: HttpRequest, form: TokenForm) -> tuple[Token, str]:
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise InputError(str(errors[0]), field=field)
    said = form.cleaned_data
    scopes = [Scope.READ, *said["scopes"]]
    owner = cast("User", request.user)
    return create_token(owner=owner, name=said["name"], scopes=scopes, days=said["days"])


def _own_tokens(request: HttpRequest) -> QuerySet[Token]:
    mine = Token.objects.visible_to(request.user).filter(owner=cast("User", request.user))
    return mine.filter(revoked_at=None)


@require_POST
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """End a token."""
    token = get_object_or_404(_own_tokens(request), pk=token_id)
    revoke_token(token=token)
    messages.success(request, f"{token.name} is revoked: nobody gets in with it any more.")
    return redirect("tokens")


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """Show the licences of what the pages are made with."""
    packages = _read_notices(settings.STATICFILES_DIRS[0] / "notices.json")
    return render(request, "permissions/notices.html", {"packages": packages})


@functools.cache
def _read_notices(path: Path) -> list[dict[str, str]]:
    """Read what the build of the front end found in its packages."""
    packages: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return packages
