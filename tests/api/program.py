"""A script that speaks JSON with a token."""

import json

from django.test import Client

from apps.permissions.actions import create_token


class Program:
    """Speaks JSON with a token, as a script does."""

    def __init__(self, user, *scopes):
        _, secret = create_token(owner=user, name="-".join(scopes), scopes=scopes)
        self._client = Client(
            enforce_csrf_checks=True, headers={"Authorization": f"Bearer {secret}"}
        )
        self.secret = secret

    def let_fail(self):
        """Get the answer to a failure, and not the failure itself."""
        self._client.raise_request_exception = False

    def get(self, path, **query):
        return self._client.get(path, query)

    def post(self, path, body=None, **headers):
        return self.send("POST", path, json.dumps({} if body is None else body), **headers)

    def upload(self, path, fields):
        return self._client.post(path, fields)  # as multipart

    def send(self, method, path, text="", content_type="application/json", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.generic(method, path, text, content_type, headers=named)


def error_of(answer, status):
    """Check the uniform shape of an error and give what is in it."""
    assert answer.status_code == status, answer.content
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    assert set(error) <= {"code", "message", "details"}
    assert error["message"].partition(" Try: ")[0].endswith((".", "?", "…"))
    return error
