"""Makes the expected results of the template tests with Python's jinja2, under the settings of transformers' chat templates.

    pip install jinja2==3.1.6
    python generate.py <folder of llama.cpp's models/templates>

corpus.json: for each template and each of conversations.json the first 24 hexadecimal digits of the SHA-256 of what jinja2 renders,
or the exception's name after an exclamation mark. snippets.jsonl: each line's template "t" gets the output "o" or the error "e".
To add a snippet, add a line {"t": "..."} and run this again.
"""
import datetime
import functools
import hashlib
import json
import pathlib
import sys

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2026, 2, 3, 4, 5, 6, 789)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


class TemplateDict:
    def __call__(self, *args, **kwargs):
        return dict(*args, **kwargs)


class TemplateNamespace(jinja2.utils.Namespace):
    def __init__(*args, **kwargs):
        self, args = args[0], args[1:]
        attributes = dict(*args, **kwargs)
        for name in attributes:
            TemplateNamespace.check(name)
        jinja2.utils.Namespace.__init__(self, attributes)

    def __setitem__(self, name, value):
        TemplateNamespace.check(name)
        jinja2.utils.Namespace.__setitem__(self, name, value)

    @staticmethod
    def check(name):
        if isinstance(name, str) and name.startswith("_"):
            raise jinja2.exceptions.SecurityError(f"underscore-prefixed attribute {name!r}")


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda format: NOW.strftime(format)
    env.globals["dict"] = TemplateDict()
    env.globals["namespace"] = TemplateNamespace
    return env


@functools.lru_cache
def compiled(env, source):
    return env.from_string(source)


def render(env, source, variables):
    """The output and None, or None and the error's class."""
    try:
        return compiled(env, source).render(**variables), None
    except Exception as error:  # whatever a template does to Python is its result here
        return None, type(error).__name__


def corpus(folder):
    env = environment()
    cases = json.loads((HERE / "conversations.json").read_text(encoding="utf-8"))
    result = {}
    for path in sorted(folder.glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        result[path.name] = digests = {}
        for case in cases:
            variables = {"tools": None, "documents": None, **TOKENS, **case["variables"]}
            output, error = render(env, source, variables)
            digests[case["name"]] = (
                "!" + error if output is None else hashlib.sha256(output.encode("utf-8")).hexdigest()[:24]
            )
    (HERE / "corpus.json").write_text(json.dumps(result, indent=0) + "\n", encoding="utf-8")


def snippets():
    env = environment()
    variables = json.loads((HERE / "variables.json").read_text(encoding="utf-8"))
    path = HERE / "snippets.jsonl"
    seen = set()
    lines = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        template = json.loads(line)["t"] if line else None
        if template is None or template in seen:
            continue
        seen.add(template)
        output, error = render(env, template, variables)
        expected = {"e": error} if output is None else {"o": output}
        lines.append(json.dumps({"t": template, **expected}, ensure_ascii=True))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    corpus(pathlib.Path(sys.argv[1]))
    snippets()
