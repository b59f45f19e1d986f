"""What `import crmkit` costs beside pandas' own import, in CPU seconds: python tests/benchmarks/import_time.py."""

import json
import statistics
import subprocess
import sys

_MEASURE = """
import json, sys, time
start = time.process_time()
{imports}
print(json.dumps([time.process_time() - start, sorted(sys.modules)]))
"""
HEAVY = (
    "matplotlib",
    "seaborn",
    "duckdb",
    "scipy",
    "anywidget",
    "ipywidgets",
    "IPython",
    "pyarrow",
    "coursekit",
)


def measure(imports: str, runs: int = 7) -> tuple[float, set[str]]:
    """Median CPU seconds of the import in fresh interpreters, and the modules that it loaded."""
    seconds, modules = zip(
        *(
            json.loads(
                subprocess.run(
                    [sys.executable, "-c", _MEASURE.format(imports=imports)],
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout
            )
            for _ in range(runs)
        )
    )
    return statistics.median(seconds), set(modules[0])


def main() -> bool:
    pandas, _ = measure("import pandas")
    both, _ = measure("import pandas, crmkit")
    alone, modules = measure("import crmkit")
    loaded = [name for name in HEAVY if name in modules]
    passed = both - pandas <= 0.2 and not loaded
    print(
        f"import pandas {pandas:.3f} s CPU | import pandas, crmkit {both:.3f} s | import crmkit alone {alone:.3f} s"
    )
    print(
        f"crmkit adds {both - pandas:+.3f} s (at most 0.2); loaded of the heavy ones: {', '.join(loaded) or 'none'}"
        f" -> {'pass' if passed else 'FAIL'}"
    )
    return passed


if __name__ == "__main__":
    sys.exit(not main())
