"""What a person may send about themselves."""

from django import forms

from apps.permissions.models import Scope
from hewston.http import THEMES, ZONES


class DisplayForm(forms.Form):
    """How pages look: theme and time zone. What is not sent stays as it was."""

    theme = forms.ChoiceField(choices=[(name, name) for name in THEMES], required=False)
    zone = forms.ChoiceField(choices=[(name, name) for name in ZONES], required=False)


class TokenForm(forms.Form):
    """A token to make; every token may read."""

    name = forms.CharField(required=False)
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.label) for scope in Scope if scope != Scope.READ],
        required=False,
    )
    days = forms.TypedChoiceField(
        choices=[("7", "7 days"), ("90", "90 days"), ("365", "a year"), ("", "until revoked")],
        coerce=int,
        empty_value=None,
        initial="90",
        required=False,
    )
