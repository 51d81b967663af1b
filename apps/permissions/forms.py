"""What a person may send about themselves."""

from django import forms

from hewston.http import THEMES, ZONES


class DisplayForm(forms.Form):
    """How pages look: theme and time zone. What is not sent stays as it was."""

    theme = forms.ChoiceField(choices=[(name, name) for name in THEMES], required=False)
    zone = forms.ChoiceField(choices=[(name, name) for name in ZONES], required=False)
