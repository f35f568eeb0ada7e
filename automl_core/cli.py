"""The command line: `python -m automl_core COMMAND`. With `--json` the last line of standard output is one JSON object.

Human text goes to standard error. Exit codes: 0 done, 1 done with warnings, 2 refused, 3 failed.
"""
from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core import cli_search
from automl_core.cli_problem import add_class, add_problem, add_search, parts_of, request_of
from automl_core.codec import to_json
from automl_core.errors import ClarionError
from automl_core.settings import read_settings
from automl_core.workspace.searched import positive_words, warnings_of

if TYPE_CHECKING:
    from automl_core import Workspace

Arguments = argparse.Namespace
STREAMS = ("What a command says for people goes to standard error; with --json the last line of standard output is one JSON "
           "object, and nothing else is written there. Exit codes: 0 done, 1 done with warnings, 2 refused (one sentence says "
           "why; with --json it is the object's “error”), 3 failed or stopped. "
           "What ends with 1 is written all the same.")
UNENDING = ("What a command says for people goes to standard error; with --json a refusal is one JSON object on standard output. "
            "Exit codes: 0 done, 2 refused, 3 failed or stopped.")
ARGUMENTS = {  # what stands behind a command without a name of its own
    "data": "a file (csv, tsv, xlsx, parquet, json, sqlite) or sample:NAME", "batch": "a file of new rows",
    "bundle": "a model.zip, as train, more and choose write it", "run_id": "a search, by the id that train names at its end",
    "rung": "rule, linear, legible, small, student, single or ensemble"}
WRITTEN = ("out", "ranked")  # arguments that name files to write
BUNDLE = "where the model's bundle is written, such as model.zip"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command gives: its JSON object, its sentence for people, and its exit code."""

    data: dict[str, Any]
    sentence: str
    code: int = 0


Command = Callable[[Arguments], Answer | None]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    command: Command = arguments.run
    try:
        _spare(arguments)
        answer = command(arguments)
    except ClarionError as error:
        print(error, file=sys.stderr)
        if getattr(arguments, "json", False):
            print(json.dumps({"error": str(error)}, ensure_ascii=False))
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 3
    if answer is None:
        return 0
    print(answer.sentence, file=sys.stderr)
    if arguments.json:
        print(json.dumps(to_json(answer.data), ensure_ascii=False))
    return answer.code


def _spare(arguments: Arguments) -> None:
    """BadInput when a file that is named to be read is to be written, too."""
    named = {name: value for name, value in vars(arguments).items() if isinstance(value, str) and value}
    outs = [value for name, value in named.items() if name in WRITTEN]
    if outs:
        from automl_core.workspace.out_files import check_not_read

        check_not_read(outs, (value for name, value in named.items() if name not in WRITTEN))


def _open() -> Workspace:
    from automl_core import Workspace

    return Workspace.open()


def _samples(arguments: Arguments) -> Answer:
    workspace = _open()
    listed = []
    for sample in workspace.projects.samples():
        main_table = workspace.files.open(f"sample:{sample.name}")
        listed.append({"name": sample.name, "rows": main_table.rows, "columns": len(main_table.columns), "target": sample.target,
                       "story": sample.story, "made_up": sample.made_up})
    lines = [f"sample:{item['name']}  {item['rows']:,} rows x {item['columns']} columns, predicts {item['target']}"
             for item in listed]
    return Answer({"samples": listed}, "\n".join(lines))


def _profile(arguments: Arguments) -> Answer:
    table, findings = _open().files.profile(arguments.data)
    columns = [{"name": c.name, "kind": c.kind, "role": c.role, "missing": c.missing, "distinct": c.distinct,
                "coerced": c.coerced, "original_name": c.original_name, "note": c.note} for c in table.columns]
    found = [{"kind": f.kind, "column": f.column, "severity": f.severity, "count": f.count, "fix": f.fix.kind if f.fix else "",
              "safe": f.safe, "sentence": f.sentence} for f in findings]
    data = {"rows": table.rows, "columns": columns, "findings": found, "encoding": table.origin.encoding,
            "delimiter": table.origin.delimiter, "sheets": table.origin.sheets, "warnings": table.warnings}
    lines = [f"{table.rows:,} rows x {len(columns)} columns.", *table.warnings, *(f.sentence for f in findings)]
    return Answer(data, "\n".join(lines), 1 if table.warnings else 0)


def _check(arguments: Arguments) -> Answer:
    verdict = _open().files.check(arguments.data, request_of(arguments))
    red, warnings = any(leak.severity == "red" for leak in verdict.leaks), warnings_of(verdict, options=True)
    data = {**to_json(verdict), "warnings": warnings}
    said = [verdict.sentence, *positive_words(verdict, options=True), *warnings]
    return Answer(data, "\n".join(said), 1 if red or warnings else 0)


def _train(arguments: Arguments) -> Answer:
    return Answer(*cli_search.train(arguments))


def _more(arguments: Arguments) -> Answer:
    return Answer(*cli_search.more(_open(), arguments))


def _choose(arguments: Arguments) -> Answer:
    return Answer(*cli_search.choose(_open(), arguments))


def _predict(arguments: Arguments) -> Answer:
    from automl_core.workspace.out_files import check_table_out

    files, out = _open().files, Path(arguments.out)
    check_table_out(out)
    begin = time.perf_counter()
    found = files.predict(arguments.bundle, arguments.data, arguments.reasons)
    seconds, scored = time.perf_counter() - begin, found.rows
    files.write_table(scored, out)
    quality = scored["_quality"]
    refused, flagged = int((quality == "reject").sum()), int((quality == "warn").sum())
    data = {"rows": len(scored), "refused": refused, "flagged": flagged, "seconds": seconds, "note": found.note,
            "warnings": list(found.warnings)}
    sentence = f"Scored {len(scored):,} rows; {flagged:,} flagged, {refused:,} refused."
    if refused:
        sentence += f" Most often: {scored.loc[quality == 'reject', '_reasons'].mode().iloc[0]}."
    warned = refused or flagged or found.warnings
    return Answer(data, " ".join([sentence, *filter(None, (found.note, *found.warnings))]), 1 if warned else 0)


def _explain(arguments: Arguments) -> Answer:
    from automl_core import cli_explain

    return Answer(*cli_explain.explain(_open(), arguments))


def _act(arguments: Arguments) -> Answer:
    from automl_core import cli_act

    return Answer(*cli_act.act(_open(), arguments))


def _happened(arguments: Arguments) -> Answer:
    from automl_core import cli_findings

    return Answer(*cli_findings.happened(_open(), arguments.data, request_of(arguments), arguments.label))


def _compare(arguments: Arguments) -> Answer:
    from automl_core import cli_findings

    return Answer(*cli_findings.compare(_open(), arguments.data, request_of(arguments), arguments))


def _fairness(arguments: Arguments) -> Answer:
    from automl_core import cli_findings

    return Answer(*cli_findings.fairness(_open(), arguments.run_id, parts_of(arguments.protected)))


def _monitor(arguments: Arguments) -> Answer:
    report = _open().files.monitor(arguments.bundle, arguments.batch, arguments.outcomes)
    warned = report.status != "ok" or report.reading
    return Answer(to_json(report), " ".join([report.sentence, *report.reading]), 1 if warned else 0)


def _report(arguments: Arguments) -> Answer:
    workspace = _open()
    run = workspace.search.run(arguments.run_id)
    report = workspace.share.make_report(run.project_id, run.id)
    out = Path(arguments.out)
    workspace.files.write(out, workspace.share.html(report.id))
    _, link = workspace.share.create_link(report.id)
    return Answer({"path": str(out), "link": link}, f"{report.answer}\nThe report opens at {link} while the app runs.")


def _serve(arguments: Arguments) -> None:
    import uvicorn

    from automl_core.api import make_server

    uvicorn.run(make_server(_open()), host=arguments.host, port=arguments.port, log_level="warning", timeout_keep_alive=5)


def _worker(arguments: Arguments) -> None:
    from automl_core.jobs import run_worker

    run_worker(read_settings(), arguments.parent)


def _run_job(arguments: Arguments) -> None:
    from automl_core.jobs.child import run_child
    from automl_core.workspace.running import run_job, warm_up

    def run(job_id: str) -> None:
        run_job(_open(), job_id)

    sys.exit(run_child(None if arguments.wait else arguments.job_id, run, read_settings(), warm_up))


def _doctor(arguments: Arguments) -> Answer:
    from automl_core.workspace.doctor import examine

    checks = examine(_open())
    bad = [check for check in checks if not check.ok]
    lines = [f"{'ok ' if check.ok else 'BAD'} {check.name}: {check.sentence}" for check in checks]
    return Answer({"ok": not bad, "checks": checks}, "\n".join(lines), 1 if bad else 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m automl_core", description="AutoML that ends in a decision.", epilog=STREAMS)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Command, words: str, *arguments: str, ends: bool = True) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words, description=words, epilog=STREAMS if ends else UNENDING)
        for argument in arguments:
            command.add_argument(argument, help=ARGUMENTS[argument])
        command.add_argument("--json", action="store_true", help="print one JSON object as the last line" if ends else
                             "print a refusal as one JSON object")
        command.set_defaults(run=run)
        return command

    add("samples", _samples, "list the samples")
    add("profile", _profile, "describe a table and what is wrong with it", "data")
    add_problem(add("check", _check, "say whether machine learning is needed", "data"))
    train = add("train", _train, "search for the best model and write its bundle", "data")
    add_search(add_problem(train))
    train.add_argument("--out", required=True, metavar="FILE", help=BUNDLE)
    more = add("more", _more, "give a finished search more time", "run_id")
    more.add_argument("--budget", type=float, default=300.0, metavar="SECONDS", help="how much more; 300 unless it is given")
    more.add_argument("--hand-over", default="", metavar="RUNG",
                      help="as for train; without it a rung that was chosen before stays chosen")
    more.add_argument("--out", required=True, metavar="FILE", help=BUNDLE)
    choose = add("choose", _choose, "hand over another rung of a search", "run_id", "rung")
    choose.add_argument("--out", required=True, metavar="FILE", help=BUNDLE)
    predict = add("predict", _predict, "score a file with a bundle", "bundle", "data")
    predict.add_argument("--out", required=True, metavar="FILE", help="CSV or XLSX: the rows as they are, with what is predicted")
    predict.add_argument("--reasons", action="store_true", help="say why for each row")
    told = add("explain", _explain, "explain a bundle's model on a file", "bundle", "data")
    add_class(told, "; of a row the one it is called")
    told.add_argument("--row", type=int, metavar="N",
                      help="why this row, counted from 0, gets its prediction, how sure that is, and past rows like it")
    act = add("act", _act, "who to act on, and what to change", "bundle", "data")
    act.add_argument("--goal", required=True, metavar="GOAL.TOML", help="outcome, money, roles, levers, limits: see docs/act.md")
    act.add_argument("--out", default="", metavar="FILE", help="CSV or XLSX: a line for each row of a card, with what to change")
    act.add_argument("--ranked", default="", metavar="FILE", help="CSV or XLSX: the rows by risk and money, whatever a card says")
    add_class(add_problem(add("happened", _happened, "which groups differ, confirmed on rows that did not find them", "data")))
    compare = add_class(add_problem(add("compare", _compare, "why two groups or two periods differ", "data")))
    for name in ("first", "second"):
        compare.add_argument(f"--{name}", action="append", default=[], metavar="COLUMN=VALUE",
                             help=f"a condition of the {name} group; again for more")
    compare.add_argument("--when", default="", metavar="COLUMN", help="the column that says when")
    compare.add_argument("--since", default="", metavar="DAY", help="the first day of the later period")
    fairness = add("fairness", _fairness, "a run's answers and errors by groups of people", "run_id")
    fairness.add_argument("--protected", required=True, metavar="A,B", help="the columns that tell groups, quoted as in --drop")
    monitor = add("monitor", _monitor, "compare a batch with training", "bundle", "batch")
    monitor.add_argument("--outcomes", default="", metavar="FILE",
                         help="what came true of these rows: by their ids, else in the same order")
    report = add("report", _report, "write a run's report and make its link", "run_id")
    report.add_argument("--out", required=True, metavar="FILE", help="where the page is written, such as report.html")
    serve = add("serve", _serve, "serve REST and report links alone", ends=False)
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen at; 127.0.0.1 (this machine) unless given")
    serve.add_argument("--port", type=int, default=8502, help="8502 unless given")
    worker = add("worker", _worker, "run queued jobs", ends=False)
    worker.add_argument("--parent", type=int, default=None, help="stop when this process is gone")
    job = add("run-job", _run_job, "run one job in this process", ends=False)
    job.add_argument("job_id", nargs="?", default="", help="the job's id")
    job.add_argument("--wait", action="store_true", help="read the job's id from standard input")
    add("doctor", _doctor, "check that this installation works")
    return parser
