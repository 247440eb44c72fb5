import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import sarcoma_review as sr

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        try:
            found.append((path.relative_to(ROOT), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def test_the_conda_environment_is_that_of_the_project() -> None:
    wanted = {Requirement(line).name.lower(): Requirement(line).specifier for line in PROJECT["dependencies"]}
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    found = {Requirement(line).name.lower(): Requirement(line).specifier for line in listed}
    assert str(found.pop("python")) == PROJECT["requires-python"]
    assert found == wanted
    assert {"jupyterlab", "pydicom", "simpleitk", "numpy", "ipywidgets", "nbval"} <= set(found)


def test_pins_cover_every_dependency_and_name_no_host() -> None:
    pins = (ROOT / "constraints.txt").read_text()
    assert not re.search(r"://|--index|--find", pins)
    pinned = {re.split(r"[=<>; ]", line)[0].lower() for line in pins.splitlines()}
    for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]:
        assert Requirement(line).name.lower() in pinned


def test_no_committed_file_names_a_package_index_or_a_place_on_a_machine() -> None:
    hosts = "|".join(
        ["py" + "pi.org", "pythonhos" + "ted", "registry.np" + "mjs", "deb.deb" + "ian", "conda.ana" + "conda"]
    )
    places = "|".join(f"/{folder}/[A-Za-z]" for folder in ("work", "root", "home", "Users"))
    for path, text in texts():
        assert not re.search(hosts, text), path
        assert not re.search(rf"(?<![\w.]){places}", text), path


def test_lock_files_name_no_host() -> None:
    for path, text in texts():
        if path.name in ("package-lock.json", "constraints.txt"):
            assert "://" not in re.sub(r'"url": "https://[^"]*"', "", text), path


def test_no_file_is_larger_than_a_few_megabytes() -> None:
    assert [path.name for path in tracked() if path.stat().st_size > 3e6] == []


def test_every_name_of_the_package_is_there_and_stands_in_the_stub() -> None:
    stub = (ROOT / "sarcoma_review" / "__init__.pyi").read_text()
    names = set(re.findall(r" as (\w+)$", stub, re.MULTILINE))
    assert names >= set(vars(sr)["__all__"])
    for name in names:
        assert getattr(sr, name) is not None
    for name in ("open_study", "check", "deidentify", "evaluate", "load_pathway", "resection_margins", "Registry"):
        assert name in names
    assert "lsesn-spinal-2024" in sr.pathways()


def test_every_error_is_one_of_ours() -> None:
    errors = [kind for kind in vars(sr.errors).values() if isinstance(kind, type)]
    assert len(errors) >= 12
    for kind in errors:
        assert issubclass(kind, sr.errors.SarcomaReviewError)
        assert kind.__name__ in (sr.errors.__doc__ or "")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_was_saved_after_a_full_run_and_holds_no_state(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert len(code) <= 15
    assert max(len(cell["source"]) for cell in code) <= 10
    assert not re.search(r"^\s*(def|class) ", "\n".join("".join(cell["source"]) for cell in code), re.MULTILINE)
    assert "widgets" not in notebook["metadata"]
    assert path.stat().st_size < 450_000


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS


def test_modules_stay_short() -> None:
    for path in (ROOT / "sarcoma_review").rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 400, path
