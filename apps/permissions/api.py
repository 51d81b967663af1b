"""Tokens through the API."""

from typing import cast

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Field, Router, Schema

from apps.permissions.actions import TOKEN_DAYS, create_token, revoke_token
from apps.permissions.models import Scope, Token, User
from hewston.access import PERSON, READ
from hewston.body import read_object, read_query, read_text
from hewston.openapi import describe_body, describe_field, refusals
from hewston.pipeline.errors import HewstonError, InputError
from hewston.pipeline.fields import Rule, read_fields, suggest

router = Router(tags=["Tokens"])
DAYS: dict[str, Rule] = {
    "days": {
        "type": "int",
        "default": None,
        "min": 1,
        "max": TOKEN_DAYS,
        "help": "how long it lasts; else until it is revoked",
    }
}
_KEYS = ["name", "scopes", "days"]


class TokenOut(Schema):
    """A token; its secret is shown once, when it is made."""

    token_id: int
    name: str
    hint: str = Field(description="how the secret begins")
    scopes: list[str]
    created_at: str
    last_used_at: str | None
    expires_at: str | None


class NewToken(TokenOut):
    """A token that was just made, with its secret."""

    token: str


class TokenList(Schema):
    """Your tokens that are not revoked."""

    items: list[TokenOut]
    total: int


@router.api_operation(
    ["GET", "HEAD"],
    "/api/tokens",
    auth=READ,
    summary="List your tokens",
    response={200: TokenList, **refusals()},
    url_name="tokens",
)
def show_tokens(request: HttpRequest) -> HttpResponse:
    """Without their secrets, which nothing can show again."""
    read_query(request, {})
    items = [_describe(token) for token in _list(request)]
    return JsonResponse({"items": items, "total": len(items)})


@router.post(
    "/api/tokens",
    auth=PERSON,
    summary="Make a token",
    response={201: NewToken, **refusals(409, 422, 429)},
    openapi_extra={
        "requestBody": describe_body(
            {
                "name": {"type": "string", "maxLength": 80},
                "scopes": {
                    "type": "array",
                    "items": {"type": "string", "enum": Scope.values},
                    "description": "run and ingest include read",
                },
                "days": describe_field(DAYS["days"]),
            },
            required=["name", "scopes"],
            example={"name": "laptop", "scopes": ["run"], "days": 90},
        )
    },
)
def make_token(request: HttpRequest) -> HttpResponse:
    """Its secret is in this answer and never again. A person does this, not a token."""
    body = read_object(request)
    for name in body:
        if name not in _KEYS:
            message = f"{name} is not a key of a token. {suggest(name, _KEYS)}"
            raise InputError(message, field=name, allowed=_KEYS)
    scopes = body.get("scopes", [])
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise InputError("scopes must be a list.", field="scopes", allowed=Scope.values)
    days = {"days": body["days"]} if body.get("days") is not None else {}
    token, secret = create_token(
        owner=cast("User", request.user),
        name=read_text(body, "name", longest=200),
        scopes=scopes,
        days=read_fields(DAYS, days, of="key of a token")["days"],
    )
    return JsonResponse(_describe(token) | {"token": secret}, status=201)


@router.delete(
    "/api/tokens/{token_id}",
    auth=PERSON,
    summary="Revoke a token",
    response={204: None, **refusals(404, 429)},
    url_name="token",
)
def remove_token(request: HttpRequest, token_id: str) -> HttpResponse:
    """It lets nobody in from now on. A person does this, not a token."""
    is_number = token_id.isascii() and token_id.isdigit() and len(token_id) <= len(str(2**62))
    token = _list(request).filter(pk=int(token_id)).first() if is_number else None
    if token is None:
        raise HewstonError(f"There is no token {token_id[:40]}.", code="NOT_FOUND")
    revoke_token(token=token)
    return HttpResponse(status=204)


def _list(request: HttpRequest) -> QuerySet[Token]:
    mine = Token.objects.visible_to(request.user).filter(revoked_at=None)
    return mine.filter(owner=cast("User", request.user))


def _describe(token: Token) -> dict[str, object]:
    return {
        "token_id": token.pk,
        "name": token.name,
        "hint": token.hint,
        "scopes": token.scopes,
        "created_at": token.created_at,
        "last_used_at": token.last_used_at,
        "expires_at": token.expires_at,
    }
