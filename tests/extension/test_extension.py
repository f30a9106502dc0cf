"""The extension's own tests run under node; here they are one of the tests of the whole."""

import subprocess
from pathlib import Path

from tests.servers import require_or_skip

HERE = Path(__file__).parent


def test_the_modules_of_the_extension_pass_their_own_tests():
    require_or_skip("node")
    tests = sorted(HERE.glob("*/*.test.js"))
    assert tests
    ran = subprocess.run(["node", "--test", *tests], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout
