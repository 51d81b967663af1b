"""The sockets keep to the access table."""

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from apps.permissions.actions import create_token
from hewston.routing import sockets
from tests.access.test_table import PEOPLE, SCOPES, TABLE, fill, scene

__all__ = ["scene"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
SOCKETS = [row for row in TABLE if row.method == "WS"]
HOST = [(b"host", b"127.0.0.1"), (b"origin", b"http://127.0.0.1")]


def list_keys(scene):
    """Give what each of them signs in with."""
    keys: dict[str, list[tuple[bytes, bytes]]] = {"anonymous": []}
    for who, person in zip(PEOPLE, (scene.stranger, scene.ada, scene.owner), strict=True):
        client = Client()
        client.force_login(person, "django.contrib.auth.backends.ModelBackend")
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        keys[who] = [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={value}".encode())]
    for scope in SCOPES:
        _, secret = create_token(owner=scene.ada, name=scope, scopes=[scope])
        keys[scope] = [(b"authorization", f"Bearer {secret}".encode())]
    return keys


@pytest.fixture
def keys(scene):
    return list_keys(scene)


@pytest.fixture
def paths(scene):
    return {row.route: fill(row.route, scene) for row in SOCKETS}


@pytest.mark.parametrize("row", SOCKETS, ids=lambda row: row.name)
async def test_everybody_gets_what_the_table_says(keys, paths, row):
    got = {}
    for who, headers in keys.items():
        client = WebsocketCommunicator(sockets, paths[row.route], [*HOST, *headers])
        await client.connect(timeout=5)
        await client.send_to('{"watch": []}')
        said = await client.receive_output(timeout=5)
        got[who] = str(said["code"]) if said["type"] == "websocket.close" else "open"
        await client.disconnect()
    assert got == {who: getattr(row, who) for who in got}
