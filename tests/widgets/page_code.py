"""The page's own code, run by Node beside Python's."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.conftest import require

ROOT = Path(__file__).parents[2]


def node(program: str, asked: object) -> Any:
    """What a program, which imports from ./js, prints as JSON; it finds what is asked in ``process.argv[1]``."""
    program_file = shutil.which("node")
    require(program_file is not None, "node")
    assert program_file is not None
    command = [program_file, "--input-type=module", "--eval", program, json.dumps(asked)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(run.stdout)
