"""Who may open a socket, and how long they keep it."""

import asyncio

import pytest
from websockets.exceptions import InvalidStatus

from tests.sockets.conftest import CSRF

pytestmark = pytest.mark.asyncio
STATUS = "/status/ws"
SIGNED_OUT = 4401


async def answers(client):
    await client.send('{"watch": []}')
    return await client.recv() == '{"changed": []}'


async def closing_code(client):
    async with asyncio.timeout(30):
        await client.wait_closed()
    return client.close_code


async def test_a_page_of_this_site_gets_in_with_its_session(site):
    async with site.open(STATUS, site.cookie("ada"), origin=site.origin) as client:
        assert await answers(client)


async def test_a_program_gets_in_with_a_token_and_no_origin(site):
    async with site.open(STATUS, site.bearer("ada")) as client:
        assert await answers(client)


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:1", "http://127.0.0.1", "http://evil.example", "null", "file://"]
)
@pytest.mark.parametrize("way", ["cookie", "bearer"])
async def test_another_site_is_refused_also_on_another_port_of_this_host(site, origin, way):
    headers = getattr(site, way)("ada")
    with pytest.raises(InvalidStatus) as refused:
        async with site.open(STATUS, headers, origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_another_scheme_is_refused(site):
    with pytest.raises(InvalidStatus):
        async with site.open(STATUS, site.cookie("ada"), origin=f"ftp://{site.host}"):
            pass


async def test_behind_https_only_its_pages_get_in(strict_site):
    headers = strict_site.bearer("ada")
    async with strict_site.open(STATUS, headers, origin=f"https://{strict_site.host}") as client:
        assert await answers(client)
    with pytest.raises(InvalidStatus):
        async with strict_site.open(STATUS, headers, origin=strict_site.origin):
            pass


async def test_a_session_without_an_origin_is_refused(site):
    with pytest.raises(InvalidStatus):
        async with site.open(STATUS, site.cookie("ada")):
            pass


async def test_a_host_that_is_not_this_one_is_refused_though_the_origin_is_the_same(site):
    request = (
        "GET /status/ws HTTP/1.1\nHost: evil.example\nOrigin: http://evil.example\n"
        "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"
    )
    with site.connect(request) as client:
        assert client.recv(100).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cookie": "hewston_session=nobody"},
        {"Authorization": "Bearer nobody"},
        {"Authorization": "Basic YTpi"},
    ],
)
async def test_who_is_not_signed_in_is_closed_with_a_code_of_its_own(site, headers):
    async with site.open(STATUS, headers, origin=site.origin) as client:
        assert await closing_code(client) == SIGNED_OUT


async def test_a_session_does_not_help_a_token_that_is_not_valid(site):
    headers = site.cookie("ada") | {"Authorization": "Bearer nobody"}
    async with site.open(STATUS, headers, origin=site.origin) as client:
        assert await closing_code(client) == SIGNED_OUT


async def test_an_address_without_a_socket_is_closed_cleanly(site):
    async with site.open("/nothing/ws", site.bearer("ada")) as client:
        assert await closing_code(client) == 4404


async def test_signing_out_closes_the_sockets_of_that_session_alone(site):
    async with (
        site.open(STATUS, site.cookie("emil"), origin=site.origin) as client,
        site.open(STATUS, site.bearer("emil")) as program,
    ):
        assert await answers(client)
        cookies = f"{site.cookie('emil')['Cookie']}; hewston_csrf={CSRF}"
        headers = {"Cookie": cookies, "X-CSRFToken": CSRF}
        status, _ = await asyncio.to_thread(site.request, "POST", "/sign-out/", headers=headers)
        assert status == 302
        assert await closing_code(client) == SIGNED_OUT
        assert await answers(program)


@pytest.mark.parametrize(
    ("name", "way", "statement"),
    [
        ("bob", "cookie", "UPDATE permissions_user SET is_active = 0 WHERE username = 'bob'"),
        ("gus", "cookie", "UPDATE permissions_user SET is_superuser = 0 WHERE username = 'gus'"),
        ("cleo", "cookie", "UPDATE permissions_user SET password = '!' WHERE username = 'cleo'"),
        (
            "fay",
            "bearer",
            "UPDATE permissions_token SET revoked_at = '2024-01-01' WHERE name = 'fay'",
        ),
    ],
    ids=["deactivated", "demoted", "new-password", "revoked-token"],
)
async def test_a_socket_ends_when_what_let_it_in_does(site, name, way, statement):
    origin = site.origin if way == "cookie" else None
    async with site.open(STATUS, getattr(site, way)(name), origin=origin) as client:
        assert await answers(client)
        site.write(statement)
        assert await closing_code(client) == SIGNED_OUT
