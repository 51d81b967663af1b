"""Colours: every pair that meets on a page has contrast enough, in both themes."""

import itertools
import re
from pathlib import Path

import pytest
from django.conf import settings

TEXT, GRAPHIC = 4.5, 3.0
SURFACES = ("page", "surface", "raised")
TEXTS = ("text", "muted", "accent", "gain", "loss", "warn")
GRAPHICS = ("chart-up", "chart-down", "chart-line", "chart-line-2", "chart-line-3")
PAIRS = [
    *((one, other, TEXT) for one, other in itertools.product(TEXTS, SURFACES)),
    ("text", "selected", TEXT),
    ("accent", "selected", TEXT),
    ("gain", "selected", TEXT),
    ("loss", "selected", TEXT),
    ("on-accent", "accent", TEXT),
    ("chart-text", "chart-background", TEXT),
    *((one, "chart-background", GRAPHIC) for one in GRAPHICS),
    *(("control-border", surface, GRAPHIC) for surface in SURFACES),
]


def read_tokens():
    """Give each token's colours in the light and in the dark theme."""
    text = Path(settings.BASE_DIR, "static", "css", "tokens.css").read_text()
    found = re.findall(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6})[0-9a-f]*, (#[0-9a-f]{6})", text)
    return {name: {"light": light, "dark": dark} for name, light, dark in found}


def luminance(colour):
    """Relative luminance by WCAG 2.2."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Contrast ratio by WCAG 2.2."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_greatest_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_a_pair_has_contrast(front, back, least, theme):
    tokens = read_tokens()
    assert contrast(tokens[front][theme], tokens[back][theme]) >= least
