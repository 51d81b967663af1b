"""The status socket tells which jobs changed, whoever changed them."""

import asyncio
import json

import pytest

pytestmark = pytest.mark.asyncio


def open_status(site, name="ada"):
    return site.open("/status/ws", site.bearer(name))


async def hear(client):
    """The next message that is no heartbeat."""
    async with asyncio.timeout(30):
        while (message := json.loads(await client.recv())) == {"t": "hb"}:
            pass
    return message


async def watch(client, *names):
    await client.send(json.dumps({"watch": names}))
    return (await hear(client))["changed"]


def beat(site, name):
    statement = "UPDATE datasets_ingest SET beats = beats + 1 WHERE id = ?"
    site.write(statement, name.removeprefix("ingest:"))


async def test_it_answers_at_once_with_all_that_may_be_seen(site):
    people = site.people()
    mine, theirs = people["ada"]["ingest"], people["mallory"]["ingest"]
    async with open_status(site) as client:
        seen = await watch(client, mine, theirs, "ingest:nothing", "run:000000000000", "x", "jobs")
        assert seen == sorted([mine, "jobs"])


async def test_it_tells_what_another_process_changed(site):
    mine = site.people()["ada"]["ingest"]
    async with open_status(site) as client:
        await watch(client, mine)
        for _ in range(3):
            beat(site, mine)
            assert await hear(client) == {"changed": [mine]}


async def test_it_tells_nothing_of_what_others_own(site):
    people = site.people()
    async with open_status(site) as client:
        await watch(client, people["ada"]["ingest"], people["mallory"]["ingest"], "jobs")
        beat(site, people["mallory"]["ingest"])
        await asyncio.sleep(0.3)
        beat(site, people["ada"]["ingest"])
        assert await hear(client) == {"changed": sorted([people["ada"]["ingest"], "jobs"])}


async def test_a_list_replaces_the_one_before(site):
    mine = site.people()["ada"]["ingest"]
    async with open_status(site) as client:
        await watch(client, mine)
        assert await watch(client) == []
        beat(site, mine)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await hear(client)


async def test_any_of_my_jobs_is_one_name(site):
    mine = site.people()["dora"]["ingest"]
    async with open_status(site, "dora") as client:
        await watch(client, "jobs")
        beat(site, mine)
        assert await hear(client) == {"changed": ["jobs"]}
        job_id = mine.removeprefix("ingest:")
        site.write("UPDATE datasets_ingest SET status = 'CANCELLED' WHERE id = ?", job_id)
        assert await hear(client) == {"changed": ["jobs"]}


async def test_all_who_watch_are_told(site):
    mine = site.people()["ada"]["ingest"]
    async with open_status(site) as first, open_status(site) as second:
        await watch(first, mine)
        await watch(second, mine)
        beat(site, mine)
        assert await hear(first) == await hear(second) == {"changed": [mine]}


@pytest.mark.parametrize(
    "said", ["{", "[]", "7", '{"watch": 1}', '{"watch": [1]}', "[" * 5000, '{"t": "ack"}']
)
async def test_what_it_does_not_understand_changes_nothing(site, said):
    async with open_status(site) as client:
        await client.send(said)
        answer = await hear(client)
        assert (answer["t"], answer["code"]) == ("err", "VALIDATION")
        assert await watch(client) == []


async def test_too_many_names_are_refused(site):
    async with open_status(site) as client:
        await client.send(json.dumps({"watch": ["run:000000000000"] * 201}))
        assert "200" in (await hear(client))["msg"]


async def test_bytes_are_not_understood_either(site):
    async with open_status(site) as client:
        await client.send(b"{}")
        assert (await hear(client))["t"] == "err"


async def test_a_message_that_is_too_long_ends_the_socket(site):
    async with open_status(site) as client:
        await client.send("x" * 20_000)
        await client.wait_closed()
        assert client.close_code == 1009


async def test_it_shows_that_it_lives(site):
    async with open_status(site) as client:
        async with asyncio.timeout(30):
            assert json.loads(await client.recv()) == {"t": "hb"}
        await client.send('{"t": "hb"}')
        assert await watch(client) == []


async def test_one_person_has_so_many_sockets_and_no_more(site):
    clients = [await open_status(site, "mallory") for _ in range(100)]
    async with open_status(site, "mallory") as one_more:
        await one_more.wait_closed()
        assert one_more.close_code == 4429
    async with open_status(site) as another:
        assert await watch(another) == []
    for client in clients:
        await client.close()
    async with open_status(site, "mallory") as again:
        assert await watch(again) == []
