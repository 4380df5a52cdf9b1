"""`planaris metrology`: virtual metrology tried on recorded data."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planaris.cli.output import (
    DEFAULT_HOME,
    PROCESS_FAILURE,
    HomeOption,
    JsonOption,
    emit_json,
    end_with,
    log,
    plain,
    refuse_input,
)

if TYPE_CHECKING:
    from planaris.cli.metrology_data import Recording
    from planaris.control.virtual_metrology import Evaluation, VirtualMetrology
    from planaris.formats.phm_files import PhmData

app = typer.Typer(help="Try virtual metrology on recorded data.", no_args_is_help=True)

_LONGEST_DELAY_H = 24.0 * 365


class Protocol(StrEnum):
    """How a recording is played: labels only when they would have been known, or all at once."""

    CAUSAL = "causal"
    CONTEST = "contest"


@app.callback()
def _group() -> None:
    """Try virtual metrology on recorded data."""


@app.command("evaluate")
def evaluate(
    data_dir: Annotated[Path, typer.Argument(help="Folder with the PHM 2016 challenge's files.", metavar="DATA_DIR")],
    *,
    protocol: Annotated[
        Protocol, typer.Option("--protocol", help="Labels as a fab gets them, or as the contest gave them.")
    ] = Protocol.CAUSAL,
    delay_h: Annotated[
        str, typer.Option("--delay-h", help="Hours from a step's end to its label, one or more.", metavar="H,...")
    ] = "0,0.25,1,4",
    learn: Annotated[
        str | None,
        typer.Option("--learn", help="Splits learned from (causal: train,test; contest: train).", metavar="SPLIT,..."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write tables and a picture here.", metavar="DIR")] = None,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Estimate every key's removal rate and score it, with intervals and baselines; without labels, only estimate."""
    del home  # every command takes it; an evaluation leaves nothing there
    from planaris.cli.metrology_data import document_of, lines_of, recording_of
    from planaris.control.virtual_metrology import MemoryOfFits, phm_method
    from planaris.formats.phm_files import read_phm_folder
    from planaris.model import InputError

    try:
        delays_h = _delays(delay_h)
        learned = _splits(learn, protocol)
        data = read_phm_folder(data_dir)
        recording = recording_of(data)
        labels = {name: value for split in learned for name, value in recording.labels.get(split, {}).items()}
        if not labels:
            _refuse("--learn", ",".join(learned), "has no labels in the folder", "give label files, or other splits")
    except InputError as error:
        refuse_input(error, as_json)
    log(_reading(data, recording))
    if out is not None:
        # A place that cannot be written is told before the work, not after it.
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            end_with("records", str(out), f"cannot write {out}: {error.strerror or error}", as_json, PROCESS_FAILURE)
    method = phm_method(MemoryOfFits(), both_sides=protocol is Protocol.CONTEST)
    made: list[tuple[str, Evaluation]] = []
    for delay in delays_h if protocol is Protocol.CAUSAL else (None,):
        title = "contest" if delay is None else f"causal, labels after {delay:g} h"
        evaluation = _evaluate(method, recording, labels, learned, delay, title)
        made.append((title, evaluation))
        if not as_json:
            typer.echo(title)
            for judged in evaluation.judged:
                typer.echo("\n".join(lines_of(judged)))
    files: list[Path] = []
    if out is not None:
        try:
            files = _write(out, data, recording, method, made)
        except OSError as error:
            end_with("records", str(out), f"cannot write {out}: {error.strerror or error}", as_json, PROCESS_FAILURE)
    if as_json:
        results = [
            {
                "protocol": e.protocol,
                "delay_h": None if e.delay_s is None else e.delay_s / 3600.0,
                "judged": document_of(e.judged),
            }
            for _, e in made
        ]
        emit_json(
            {
                "schema": "planaris/metrology-evaluate/1",
                "ok": True,
                "data": data_dir,
                "data_sha256": data.sha256,
                "keys": len(data.keys),
                "learned_splits": list(learned),
                "learned_labels": len(labels),
                "absurd_labels": recording.absurd_count,
                "results": results,
                "files": files,
            }
        )
    else:
        for file in files:
            typer.echo(f"written to {file}")


def _evaluate(
    method: VirtualMetrology,
    recording: Recording,
    labels: dict[str, float],
    learned: tuple[str, ...],
    delay_h: float | None,
    title: str,
) -> Evaluation:
    from planaris.cli.metrology_progress import Told
    from planaris.control.virtual_metrology import evaluate_causal, evaluate_contest

    others = {split: own for split, own in recording.labels.items() if split not in learned}
    with Told(title) as told:
        if delay_h is None:
            return evaluate_contest(method, recording.steps, labels, others, told)
        sets = {"+".join(learned): labels, **others}
        return evaluate_causal(method, recording.steps, labels, sets, 3600.0 * delay_h, told)


def _write(
    out: Path, data: PhmData, recording: Recording, method: VirtualMetrology, made: list[tuple[str, Evaluation]]
) -> list[Path]:
    from planaris.cli.metrology_data import write_predictions
    from planaris.cli.metrology_picture import draw

    files: list[Path] = []
    for _, evaluation in made:
        tail = "contest" if evaluation.delay_s is None else f"causal_{evaluation.delay_s / 3600.0:g}h"
        table = out / f"predictions_{tail}.csv"
        write_predictions(table, recording, evaluation)
        picture = out / f"rates_{tail}.png"
        draw(recording, evaluation, picture)
        files += [table, picture]
        for document in _artefacts(data, method, evaluation):
            model = out / f"model_{tail}_line_{document['line']}.json"
            model.write_text(json.dumps(plain(document), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            files.append(model)
    return files


def _artefacts(data: PhmData, method: VirtualMetrology, evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return the models as they stood at the recording's end."""
    if evaluation.state is None:
        return []
    from importlib.metadata import version

    from planaris.clock import utc_now
    from planaris.control.virtual_metrology import artefact_document, artefact_of

    libraries = {name: version(name) for name in ("planaris", "numpy", "scipy", "scikit-learn")}
    scores = {f"mse, {j.steps}, {j.span.name}": j.scores[0].error.mean for j in evaluation.judged}
    found = (
        artefact_of(
            model,
            evaluation.state.main[model.line],
            data_sha256=data.sha256,
            fitted_at=utc_now().isoformat(timespec="seconds"),
            libraries=libraries,
            scores=scores,
        )
        for model in method.models
    )
    return [artefact_document(one) for one in found if one is not None]


def _reading(data: PhmData, recording: Recording) -> str:
    labels = ", ".join(f"{split} {len(own)}" for split, own in recording.labels.items()) or "none"
    return (
        f"{len(data.keys)} keys from {len(data.files)} files ({data.empty_files_count} empty, "
        f"{data.repeated_rows_count} repeated rows left out); labels: {labels}; "
        f"{recording.absurd_count} absurd and {data.unknown_labels_count} without a trace left out"
    )


def _delays(text: str) -> tuple[float, ...]:
    found: list[float] = []
    for part in text.split(","):
        try:
            value_h = float(part)
        except ValueError:
            value_h = -1.0
        if not 0.0 <= value_h <= _LONGEST_DELAY_H:
            _refuse("--delay-h", part, "is no delay in hours", "give hours from 0 up, parted by commas: 0,0.25,1,4")
        found.append(value_h)
    return tuple(dict.fromkeys(found))


def _splits(text: str | None, protocol: Protocol) -> tuple[str, ...]:
    from planaris.formats.phm_files import SPLITS

    if text is None:
        return ("train", "test") if protocol is Protocol.CAUSAL else ("train",)
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for part in found:
        if part not in SPLITS:
            _refuse("--learn", part, "is no split", f"give some of {', '.join(SPLITS)}")
    return found


def _refuse(path: str, value: str, problem: str, remedy: str) -> None:
    from planaris.model import InputError, InputFault

    raise InputError(path, (InputFault(path, f'"{value}"', problem, remedy=remedy),))
