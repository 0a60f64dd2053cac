"""Writes what stands in forms by the dozen: a template for each input, and two for each option, took a third of the
time of a page of forms. The rest is left to Django's templates, and so is what both write."""

from collections.abc import Callable, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.formats import localize
from django.utils.safestring import mark_safe

from inventory.templatetags.components import escaped

Parts = Mapping[str, Any]  # what a widget says of itself


class FormRenderer(DjangoTemplates):
    """Django's renderer, with the usual widgets written here."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        write = _WRITTEN.get(template_name)
        if write is None:
            return super().render(template_name, context, request)
        return mark_safe(write(context["widget"]))  # noqa: S308 - every part is escaped


def _attributes(parts: Parts) -> str:
    return "".join(
        f" {escaped(name)}" if value is True else f' {escaped(name)}="{escaped(value)}"'
        for name, value in parts["attrs"].items()
        if value is not False
    )


def _input(parts: Parts) -> str:
    value = "" if parts["value"] is None else f' value="{escaped(parts["value"])}"'
    return f'<input type="{escaped(parts["type"])}" name="{escaped(parts["name"])}"{value}{_attributes(parts)}>'


def _textarea(parts: Parts) -> str:
    text = escaped(localize(parts["value"])) if parts["value"] else ""
    return f'<textarea name="{escaped(parts["name"])}"{_attributes(parts)}>\n{text}</textarea>'


def _select(parts: Parts) -> str:
    written = [f'<select name="{escaped(parts["name"])}"{_attributes(parts)}>']
    for group, options, _place in parts["optgroups"]:
        if group:
            written.append(f'\n  <optgroup label="{escaped(localize(group))}">')
        written += (_option(one) for one in options)
        if group:
            written.append("\n  </optgroup>")
    written.append("\n</select>")
    return "".join(written)


def _option(parts: Parts) -> str:
    value, label = escaped(parts["value"]), escaped(localize(parts["label"]))
    return f'\n  <option value="{value}"{_attributes(parts)}>{label}</option>\n'


_INPUTS = ("text", "number", "email", "url", "password", "hidden", "date", "checkbox")
_FOLDER = "django/forms/widgets/"
_WRITTEN: dict[str, Callable[[Parts], str]] = {
    **{f"{_FOLDER}{name}.html": _input for name in _INPUTS},
    f"{_FOLDER}textarea.html": _textarea,
    f"{_FOLDER}select.html": _select,
}
