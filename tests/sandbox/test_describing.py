"""What a source says of itself is found in the sandbox, or refused with its line."""

import subprocess
import sys

import pytest

from hewston.pipeline.errors import InputError
from hewston.pipeline.sandbox.client import Client
from hewston.pipeline.strategies.describing import describe_source

FUNCTION = "\n\ndef run_strategy(frame):\n    raise ValueError('nobody calls me')\n"


def refusal_of(source: str, client: Client) -> InputError:
    with pytest.raises(InputError) as refusal:
        describe_source(source.encode(), client)
    return refusal.value


def test_it_declares_rules_options_and_a_docstring(locked: Client) -> None:
    source = (
        '"""Mine.\n\nMore."""\nimport math\nimport numpy as np\nprint("hello\\x1b[2J")\n'
        'PARAMS = {"n": {"type": "int", "default": np.int64(3), "max": math.inf,'
        ' "choices": (1, 3), "help": "How many.", "colour": "red"}}\n'
    )
    described = describe_source((source + FUNCTION).encode(), locked)
    assert described.params == {
        "n": {"type": "int", "default": 3, "choices": [1, 3], "help": "How many."}
    }
    assert described.options == {"bracket_from": "next_bar"}
    assert described.docstring == "Mine.\n\nMore."
    assert described.printed == ["The strategy printed: hello[2J"]


def test_a_source_that_does_not_load_says_in_which_line(locked: Client) -> None:
    problem = refusal_of("import math\n\nx = math.absent\n" + FUNCTION, locked)
    assert problem.message == (
        "The strategy does not load in line 3: AttributeError: module 'math' has no attribute "
        "'absent'"
    )
    assert problem.details["line"] == 3
    assert problem.details["source_line"] == "x = math.absent"
    assert refusal_of("def f(:\n", locked).details["line"] == 1


@pytest.mark.parametrize(
    ("declared", "field", "sentence"),
    [
        ("PARAMS = {}", "strategy", "no function run_strategy"),
        ("PARAMS = 5", "PARAMS", "no dictionary"),
        ("PARAMS = {'n': 5}", "PARAMS.n", "no type and default"),
        ("PARAMS = {'n': {'type': int, 'default': 5}}", "PARAMS.n.type", "one of int, float"),
        ("PARAMS = {'n': {'type': 'date', 'default': None}}", "PARAMS.n.type", "one of int"),
        ("PARAMS = {'n': {'type': 'int', 'default': [5]}}", "PARAMS.n.default", "a number, a"),
        ("PARAMS = {'n': {'type': 'int', 'default': 5, 'min': 'a'}}", "PARAMS.n.min", "a number"),
        ("PARAMS = {'n': {'type': 'str', 'default': 'a', 'min': 3}}", "PARAMS.n.min", "that is"),
        ("PARAMS = {'n': {'type': 'int', 'default': 5, 'choices': 5}}", "PARAMS.n.choices", "list"),
        ("PARAMS = {'n': {'type': 'int', 'default': 5, 'choices': []}}", "PARAMS.n.choices", "1"),
        ("PARAMS = {'n': {'type': 'int', 'default': 5, 'help': 5}}", "PARAMS.n.help", "a text"),
        (
            "PARAMS = {'n': {'type': 'int', 'default': 5, 'less_than': 'm'}}",
            "PARAMS.n.less_than",
            "another parameter",
        ),
        (
            "M = {'type': 'int', 'default': 3}\nPARAMS = {'n': M | {'less_than': 'm'}, 'm': M}",
            "params.n",
            "must be less than m",
        ),
        ("PARAMS = {'a\\nb': {'type': 'int', 'default': 5}}", "PARAMS", "can be printed"),
        (
            "PARAMS = {f'n{n}': {'type': 'int', 'default': 5} for n in range(201)}",
            "PARAMS",
            "200 are the most",
        ),
        ("PARAMS = {'n': {'type': 'str', 'default': 'x' * 70_000}}", "PARAMS.n.default", "a text"),
        ("OPTIONS = {'bracket': 1}", "OPTIONS.bracket", "Did you mean bracket_from"),
        ("OPTIONS = {'bracket_from': ['next_bar']}", "OPTIONS.bracket_from", "must be one of"),
    ],
)
def test_what_cannot_be_declared_is_refused_by_name(
    declared: str, field: str, sentence: str, locked: Client
) -> None:
    function = "" if field == "strategy" else FUNCTION
    problem = refusal_of(f"{declared}\n{function}", locked)
    assert problem.details["field"] == field
    assert sentence in problem.message


def test_a_declaration_that_is_too_long_is_refused(locked: Client) -> None:
    many = "PARAMS = {f'n{n}': {'type': 'str', 'default': 'x' * 900} for n in range(100)}\n"
    assert "65,536 bytes are the most" in refusal_of(many + FUNCTION, locked).message


def test_describing_loads_no_pandas() -> None:
    code = "import sys, hewston.pipeline.strategies.describing; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
