"""The catalogue of spoken texts: what is wrong in it is told with its place; what dialogs say is in it."""

from pathlib import Path

import pytest

from core.errors import ConfigurationError
from ivr.prompts import load, parse


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "x.yaml, línea 1, clave «(todo el archivo)»: se esperan claves"),
        ("{}", "x.yaml, línea 1, clave «(todo el archivo)»: no hay ningún texto"),
        ("- a\n- b\n", "x.yaml, línea 1, clave «(todo el archivo)»: se esperan claves"),
        ("a: b\nc: [d\n", "x.yaml, línea 3: no es YAML"),
        ("a: \x00\n", "x.yaml: no es YAML"),
        ("uno: Uno.\n\nUno: Dos.\n", "x.yaml, línea 3, clave «Uno»: use solo minúsculas"),
        ("uno: Uno.\nuno: Dos.\n", "x.yaml, línea 2, clave «uno»: está repetida"),
        ("uno: ''\n", "x.yaml, línea 1, clave «uno»: falta el valor"),
        ("uno:\n  a: b\n", "x.yaml, línea 1, clave «uno»: falta el valor"),
        ("? [a]\n: b\n", "x.yaml, línea 1"),
        ("uno: Opción inválida.\n", "x.yaml, línea 1, clave «uno»: no diga «inválida»"),
        ("uno: Marque & espere.\n", "x.yaml, línea 1, clave «uno»: el carácter '&' no se puede decir"),
        ("uno: " + "palabra " * 21, "x.yaml, línea 1, clave «uno»: una frase tiene 21 palabras"),
    ],
)
def test_what_is_wrong_in_a_catalogue_is_told_with_file_line_and_key(source: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse(source, "x.yaml")
    assert str(error.value).startswith(message)


def test_catalogue_that_is_not_there_or_not_utf8(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no se puede leer"):
        load(tmp_path / "es.yaml")
    (tmp_path / "es.yaml").write_bytes(b"uno: Jos\xe9\n")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load(tmp_path / "es.yaml")
